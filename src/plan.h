/*
 * plan.h
 *		Kept plans: found, validated, rebuilt, evicted.
 */
#ifndef FCA_PLAN_H
#define FCA_PLAN_H

#include "compat.h"

#include "executor/spi.h"

#include "query.h"

typedef struct FcaPlan FcaPlan;

/*
 * The kept plan of the query's key, or NULL: then write the query's text and keep
 * it; within SPI.  It can be used until the current memory context, which is
 * SPI's or one below, is reset.  The model's relation is locked, so no change
 * of it can make the plan wrong meanwhile.
 */
extern FcaPlan *fca_plan_find(const FcaQuery *query);

/*
 * Prepares and plans the query's text, and keeps it; within SPI.  "options" are
 * cursor options to plan with, or 0; with CURSOR_OPT_CUSTOM_PLAN, it is planned
 * at each call, for its values.  What is wrong with the statement is an error
 * here, and nothing is kept then.
 */
extern FcaPlan *fca_plan_keep(const FcaQuery *query, int options);

/* The plan can be used until the current memory context is reset. */
extern FcaPlan *fca_plan_hold(FcaPlan *plan);

/*
 * A plan that is held from row to row of a call, so that it is made once also
 * where it cannot be kept.  When another one replaces it, its memory is freed: so a call of many rows does not collect plans.
 */
typedef struct FcaHeldPlan
{
	FcaPlan    *plan;			/* or NULL */
	MemoryContext context;		/* holds it */
}			FcaHeldPlan;

/* Begins with no plan; ends with the current memory context. */
extern void fca_held_plan_begin(FcaHeldPlan * held);

/* The held plan where it is still right for the query; else fca_plan_find(). */
extern FcaPlan *fca_held_plan_find(const FcaHeldPlan * held, const FcaQuery *query);

/* Holds this plan instead of the one before, and gives it. */
extern FcaPlan *fca_held_plan_replace(FcaHeldPlan * held, FcaPlan *plan);

/* Follows DISCARD. */
extern void fca_plan_init(void);

/*
 * Plans without running, within SPI: so what is wrong with the statement as a
 * whole shows, and the privileges that it needs are checked.
 */
extern void fca_plan_check(FcaPlan *plan);

/* The same for the values of the query; the planner's estimate of its rows. */
extern double fca_plan_estimate(FcaPlan *plan, const FcaQuery *query);

/* Has the plan, as it would run now, a foreign table? */
extern bool fca_plan_reads_foreign(const FcaPlan *plan);

/* The prepared plan. */
extern SPIPlanPtr fca_plan_spi(const FcaPlan *plan);

/*
 * Runs a plan within SPI, at most "count" rows (0: all), and gives the number
 * of rows processed.  Rows go to "dest", or to SPI_tuptable where it is NULL.
 *
 * "read_only" uses the snapshot of the calling statement; but where that had to
 * wait for the relation to be rewritten, a new one, as the same SELECT would
 * have, which waits before it takes a snapshot.
 */
extern uint64 fca_plan_run(FcaPlan *plan, const FcaQuery *query, bool read_only,
						   uint64 count, DestReceiver *dest);

/* Opens a cursor, of that name or of one that is made up where it is NULL. */
extern Portal fca_plan_open(FcaPlan *plan, const FcaQuery *query, const char *name);

#endif							/* FCA_PLAN_H */
