/*
 * finder.h
 *		A finder's call: its query from its declaration.
 */
#ifndef FCA_FINDER_H
#define FCA_FINDER_H

#include "compat.h"

#include "plan.h"
#include "query.h"

/* The value of an argument. */
typedef struct FcaGiven
{
	Oid			type;
	NullableDatum value;
	bool		unknown;		/* known only when the query runs: NULL here */
} FcaGiven;

typedef struct FcaFinderCall
{
	const FcaFinder *finder;
	Oid			function;		/* the SQL function, for messages */
	FcaModel	model;
	FcaQuery	query;
	FcaLimit	limit;
	int			limit_param;	/* number of the parameter of a LIMIT, or 0 */
	int			params[FCA_MAX_CONDITIONS]; /* number of each condition's, or
											 * 0 where it need not be tested */
	FcaSortKey	keys[FCA_MAX_ORDER + 1];
	int			nkeys;
	bool		prefix_key;		/* is the first key a condition's column? */
	bool		by_trigrams;	/* is a text searched for that has some? */
	bool		is_part;		/* does the planner see more than this query? */
	bool		checked;		/* must arguments be checked that are not
								 * known? */
} FcaFinderCall;

extern void fca_finder_call_open(FcaFinderCall *call, const FcaResource *resource,
								 const FcaFinder *finder, Oid function);
extern void fca_finder_call_begin(FcaFinderCall *call, const FcaFinder *finder,
								  const FcaGiven *given, bool limit_in_text);
extern void fca_finder_call_write(FcaFinderCall *call);
extern Datum fca_find(FunctionCallInfo fcinfo, const FcaResource *resource,
					  const FcaFinder *finder);

/*
 * Defines the C function of a finder, whose symbol is fca_ and the finder's
 * name.
 */
#define FCA_FINDER(resource, finder) \
	PG_FUNCTION_INFO_V1(fca_##finder); \
	Datum \
	fca_##finder(PG_FUNCTION_ARGS) \
	{ \
		return fca_find(fcinfo, &(resource), &(finder)); \
	} \
	extern Datum fca_##finder(PG_FUNCTION_ARGS)

#endif							/* FCA_FINDER_H */
