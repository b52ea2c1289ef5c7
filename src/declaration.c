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
	bool		is_batch = finder->batch_of != NULL;
	bool		is_first = n == 0;
	int			nconditions = fca_finder_conditions(finder);

	memset(argument, 0, sizeof(FcaArgument));
	for (int i = 0; i < nconditions; i++)
	{
		if (origin->where[i].test == FCA_IS || n-- > 0)
			continue;
		argument->kind = FCA_ARG_CONDITION;
		argument->index = i;
		argument->column = origin->where[i].column;
		argument->is_array = is_batch && is_first;
		return true;
	}
	if (form >= FCA_LIMITED && n-- == 0)
	{
		argument->kind = FCA_ARG_MAX_ROWS;
		return true;
	}
	if (form != FCA_KEYSET || is_batch || n >= fca_finder_sort_keys(finder))
		return false;
	argument->kind = FCA_ARG_AFTER;
	argument->index = n;
	argument->column = origin->order[n].column;
	return true;
}
