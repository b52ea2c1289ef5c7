/*
 * finder.h
 *		A finder from its declaration (see resource.h).
 */
#ifndef FCA_FINDER_H
#define FCA_FINDER_H

#include "compat.h"

#include "plan.h"
#include "query.h"

/* An argument of a finder. */
typedef struct FcaArgument
{
	Oid			type;
	NullableDatum value;
} FcaArgument;

#define FCA_MAX_ARGUMENTS (FCA_MAX_CONDITIONS + 1 + FCA_MAX_ORDER)

/* One call of a finder. */
typedef struct FcaFinding
{
	const FcaFinder *finder;
	FcaModel	model;
	FcaQuery	query;
	FcaWindow	window;
	bool		for_cursor;
	int			limit;			/* number of the parameter of a LIMIT, or 0 */
	int			params[FCA_MAX_CONDITIONS]; /* number of each condition's, or
											 * 0 where it need not be tested */
	FcaSortKey	keys[FCA_MAX_ORDER + 1];
	int			nkeys;
	bool		led;			/* is the first key a condition's column? */
	bool		by_trigrams;	/* is a text searched for that has some? */
} FcaFinding;

/* The finder that has the conditions and the order: itself, or its origin. */
extern const FcaFinder *fca_finder_origin(const FcaFinder *finder);

/* How many conditions and sort keys a declaration has. */
extern int	fca_count_conditions(const FcaFinder *finder);
extern int	fca_count_order(const FcaFinder *finder);

/* Has it the argument max_rows; those of a place behind which a page starts? */
extern bool fca_finder_has_max_rows(const FcaFinder *finder);
extern bool fca_finder_has_place(const FcaFinder *finder);

/* The finder whose C function has that symbol, or NULL. */
extern const FcaFinder *fca_finder_of_symbol(const char *symbol);

/*
 * Opens the finder's relation and reads the arguments.  For a cursor, which
 * cannot be told a number of rows, max_rows becomes a part of the text.
 */
extern void fca_finding_begin(FcaFinding *finding, const FcaFinder *finder,
							  Oid rowtype, const FcaArgument *arguments,
							  bool for_cursor);

/* Writes the query's text. */
extern void fca_finding_write(FcaFinding *finding);

#endif							/* FCA_FINDER_H */
