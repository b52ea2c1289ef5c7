/*
 * declaration.c
 *		What a finder is: its conditions, its order, what it gives.
 *
 * These functions read nothing but the declaration.
 */
#include "declaration.h"

/* The finder that has the conditions and the order: itself, or another one. */
const FcaFinder *
fca_finder_origin(const FcaFinder *finder)
{
	return finder->batch_of != NULL ? finder->batch_of
		: finder->for_update_of != NULL ? finder->for_update_of : finder;
}

/* What it gives: a batch for each key, one that locks without a position. */
FcaForm
fca_finder_form(const FcaFinder *finder)
{
	return finder->for_update_of != NULL
		? FCA_LIMITED : fca_finder_origin(finder)->form;
}

/* How many conditions it has. */
int
fca_finder_conditions(const FcaFinder *finder)
{
	const FcaFinder *origin = fca_finder_origin(finder);
	int			count = 0;

	while (count < FCA_MAX_CONDITIONS && origin->where[count].column != NULL)
		count++;
	return count;
}

/* How many sort keys it has. */
int
fca_finder_sort_keys(const FcaFinder *finder)
{
	const FcaFinder *origin = fca_finder_origin(finder);
	int			count = 0;

	while (count < FCA_MAX_ORDER &&
		   (origin->order[count].column != NULL ||
			origin->order[count].expression != NULL))
		count++;
	return count;
}

/* Is more than one row an error? */
bool
fca_finder_gives_one(const FcaFinder *finder)
{
	return finder->batch_of == NULL && fca_finder_form(finder) == FCA_ONE_ROW;
}

static bool
set_argument(FcaArgument *argument, FcaArgumentKind kind, int index, const char *column)
{
	argument->kind = kind;
	argument->index = index;
	argument->column = column;
	return true;
}

/*
 * The argument n (from 0) of the finder's SQL function; false where it has no
 * such.  There is one for each condition that compares with an argument, in
 * order, then max_rows, then the keyset position, in the order of the sort
 * keys. This is the only place that knows the rule.
 */
bool
fca_finder_argument(const FcaFinder *finder, int n, FcaArgument *argument)
{
	const FcaFinder *origin = fca_finder_origin(finder);
	FcaForm		form = fca_finder_form(finder);
	int			nconditions = fca_finder_conditions(finder);

	for (int i = 0; i < nconditions; i++)
		if (origin->where[i].test != FCA_IS && n-- == 0)
			return set_argument(argument, FCA_ARG_CONDITION, i, origin->where[i].column);
	if (form >= FCA_LIMITED && n-- == 0)
		return set_argument(argument, FCA_ARG_MAX_ROWS, 0, NULL);
	if (form == FCA_KEYSET && finder->batch_of == NULL && n < fca_finder_sort_keys(finder))
		return set_argument(argument, FCA_ARG_AFTER, n, origin->order[n].column);
	return false;
}
