/*
 * declaration.h
 *		What a finder is: its conditions, its order, what it gives.
 *
 * A finder's SQL function, its query and its keyset form, its estimates and its
 * index all derive from this.  Whoever uses a declaration asks the functions
 * below, and does not care where it was written.
 */
#ifndef FCA_DECLARATION_H
#define FCA_DECLARATION_H

#include "compat.h"

#define FCA_MAX_CONDITIONS 16
#define FCA_MAX_ORDER 32

/* How a finder compares a column. */
typedef enum FcaTest
{
	FCA_IS,						/* equals the literal of the declaration */
	FCA_EQ,						/* equals an argument */
	FCA_GE,						/* >= an argument */
	FCA_LE,						/* <= an argument */
	FCA_LT,						/* < an argument */
	FCA_CONTAINS				/* it or the second column contains an
								 * argument as literal text, in any case */
} FcaTest;

typedef struct FcaCondition
{
	FcaTest		test;
	const char *column;
	const char *other;			/* FCA_IS: the literal; FCA_CONTAINS: the
								 * second column */
} FcaCondition;

/*
 * A sort key is a column or, where a ranking is wanted, an SQL expression over
 * {columns}, as text, and the parameters of the conditions.
 */
typedef struct FcaOrder
{
	const char *column;
	bool		descending;
	const char *expression;
} FcaOrder;

typedef enum FcaForm
{
	FCA_ONE_ROW,				/* a unique key: at most one row */
	FCA_ALL_ROWS,				/* a list without a limit */
	FCA_LIMITED,				/* the first max_rows rows */
	FCA_NEWEST,					/* the first max_rows rows, given in the
								 * reverse order */
	FCA_KEYSET					/* the max_rows rows after a keyset position */
} FcaForm;

/*
 * A finder has conditions, an order and a form, or it takes them from another
 * one.  "batch_of" does the same for every key of an array, given in the order
 * of the keys: the first argument is that array.  "for_update_of" gives the rows
 * of a page locked, without those that others have locked.
 *
 * A keyset form sorts by columns alone.  The last sort key of every form is
 * unique and never NULL.  Kept plans are told apart by the address of a
 * declaration, which so lives as long as the backend.
 */
typedef struct FcaFinder
{
	const char *name;
	const struct FcaFinder *batch_of;	/* or NULL */
	const struct FcaFinder *for_update_of;	/* or NULL */
	FcaCondition where[FCA_MAX_CONDITIONS];
	FcaOrder	order[FCA_MAX_ORDER];
	FcaForm		form;
} FcaFinder;

/* What an argument of a finder's SQL function is for. */
typedef enum FcaArgumentKind
{
	FCA_ARG_CONDITION,			/* what a condition compares its column with */
	FCA_ARG_MAX_ROWS,			/* how many rows; of a batch, for each key */
	FCA_ARG_AFTER				/* the keyset position: a sort key's value */
} FcaArgumentKind;

typedef struct FcaArgument
{
	FcaArgumentKind kind;
	int			index;			/* of the condition or of the sort key */
	const char *column;			/* whose type it has; NULL: a number of rows */
	bool		is_array;		/* of that type: the keys of a batch */
} FcaArgument;

/* The most arguments that a finder can have. */
#define FCA_MAX_ARGUMENTS (FCA_MAX_CONDITIONS + 1 + FCA_MAX_ORDER)

extern const FcaFinder *fca_finder_origin(const FcaFinder *finder);
extern FcaForm fca_finder_form(const FcaFinder *finder);
extern int	fca_finder_conditions(const FcaFinder *finder);
extern int	fca_finder_sort_keys(const FcaFinder *finder);
extern bool fca_finder_gives_one(const FcaFinder *finder);
extern bool fca_finder_argument(const FcaFinder *finder, int n, FcaArgument *argument);

#endif							/* FCA_DECLARATION_H */
