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

extern FcaPlan *fca_plan_find(const FcaQuery *query);
extern FcaPlan *fca_plan_keep(const FcaQuery *query, int options);
extern FcaPlan *fca_plan_hold(FcaPlan *plan);

/*
 * A plan that is held from row to row of a call, so that it is made once also
 * where it cannot be kept.  When another one replaces it, its memory is freed:
 * so a call of many rows does not collect plans.
 */
typedef struct FcaHeldPlan
{
	FcaPlan    *plan;			/* or NULL */
	MemoryContext context;		/* holds it */
} FcaHeldPlan;

extern void fca_held_plan_begin(FcaHeldPlan *held);
extern FcaPlan *fca_held_plan_find(const FcaHeldPlan *held, const FcaQuery *query);
extern FcaPlan *fca_held_plan_replace(FcaHeldPlan *held, FcaPlan *plan);
extern void fca_plan_init(void);
extern void fca_plan_check(FcaPlan *plan);
extern double fca_plan_estimate(FcaPlan *plan, const FcaQuery *query);
extern bool fca_plan_reads_foreign(const FcaPlan *plan);
extern SPIPlanPtr fca_plan_spi(const FcaPlan *plan);
extern uint64 fca_plan_run(FcaPlan *plan, const FcaQuery *query, bool read_only,
						   uint64 count, DestReceiver *dest);
extern Portal fca_plan_open(FcaPlan *plan, const FcaQuery *query, const char *name);

#endif							/* FCA_PLAN_H */
