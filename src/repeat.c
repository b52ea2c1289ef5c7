/*
 * repeat.c
 *		A call repeated by one query: its executor is kept from call to call.
 *
 * What makes this safe:
 *
 * - The executor belongs to the query that calls: its memory to the query's
 *	 memory, its buffers, relations and snapshot to the query's resource owner.
 *	 It ends with an ExprContext of that query, which the server shuts down at
 *	 the query's end, and does not after an error: then the resource owner
 *	 gives back what is held, and memory goes with the query's.
 * - Only plans whose every rescan reads the parameters anew are repeated: a scan
 *	 of one table, sorted and limited or not (a sort keeps its rows only where
 *	 its executor was told of a rewind at the start).  Nodes that remember rows
 *	 or a choice of partitions from one scan to the next do so until an internal
 *	 parameter of the executor changes; ours are those of the statement, and a
 *	 change of them is not noticed.
 * - Its parameters have values only while it runs.  Those are in the memory of a
 *	 call, which is freed before the executor ends, and a hook may read parameters
 *	 at that end, as auto_explain of 16 and newer does.  (After an error no
 *	 executor is ended.)
 * - It is not started within a savepoint that is younger than the query: what
 *	 it opens could be gone when that is rolled back.
 * - It is used again only while plan, role, snapshot and resource owner are the
 *	 same.  Otherwise it ends, and the query's other calls run as the first did.
 */
#include "compat.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "repeat.h"
#include "settings.h"

/* In fn_extra of the query's function; zeros after the first call. */
typedef struct Repeat
{
	bool		refused;		/* can this query keep none? */
	int			level;			/* of subtransactions, at the first call */
	FcaPlan    *plan;
	MemoryContext memory;		/* of all that follows; NULL: there is none */
	CachedPlan *cached;
	QueryDesc  *desc;
	ParamListInfo params;
	ResourceOwner owner;
	Oid			role;
	int			security;
	bool		row_security;
} Repeat;

/* Ends the executor. */
static void
end_repeat(Repeat *repeat)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext memory = repeat->memory;

	if (memory == NULL)
		return;
	repeat->memory = NULL;
	CurrentResourceOwner = repeat->owner;
	/* a hook that prints parameters shall not print that all were NULL */
	repeat->desc->params = NULL;
	ExecutorFinish(repeat->desc);
	ExecutorEnd(repeat->desc);
	FreeQueryDesc(repeat->desc);
	ReleaseCachedPlan(repeat->cached, repeat->owner);
	CurrentResourceOwner = owner;
	MemoryContextDelete(memory);
}

static void
end_with_query(Datum arg)
{
	end_repeat((Repeat *) DatumGetPointer(arg));
}

/* Does every rescan of the plan read the parameters anew? */
static bool
can_repeat(const PlannedStmt *statement)
{
	const Plan *plan = statement->planTree;

	if (statement->commandType != CMD_SELECT || statement->hasModifyingCTE ||
		statement->subplans != NIL || statement->rowMarks != NIL ||
		statement->parallelModeNeeded || statement->jitFlags != 0)
		return false;
	while (plan->initPlan == NIL && (IsA(plan, Limit) || IsA(plan, Sort)))
		plan = outerPlan(plan);
	return plan->initPlan == NIL && (IsA(plan, IndexScan) || IsA(plan, SeqScan));
}

/* The prepared statement of a plan; a plan with several is never repeated. */
static CachedPlanSource *
plan_source(const FcaPlan *plan)
{
	return linitial(SPI_plan_get_plan_sources(fca_plan_spi(plan)));
}

/* Is this the plan for all values, and the current one? */
static bool
is_current(const CachedPlanSource *source, const CachedPlan *cached)
{
	return source->is_valid && source->gplan == cached && cached->is_valid &&
		!TransactionIdIsValid(cached->saved_xmin);
}

/* Starts an executor for the plan; false where it cannot be repeated. */
static bool
begin_repeat(Repeat *repeat, FcaPlan *plan, const FcaQuery *query, EState *estate)
{
	CachedPlanSource *source = plan_source(plan);
	CachedPlan *cached;
	PlannedStmt *statement;
	MemoryContext memory;
	MemoryContext old;

	memory = AllocSetContextCreate(estate->es_query_cxt, "fca_repo repeated call",
								   ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(memory);
	repeat->params = fca_query_params(query);
	cached = GetCachedPlan(source, repeat->params, CurrentResourceOwner, NULL);
	statement = linitial_node(PlannedStmt, cached->stmt_list);
	if (!is_current(source, cached) || list_length(cached->stmt_list) != 1 ||
		!can_repeat(statement))
	{
		ReleaseCachedPlan(cached, CurrentResourceOwner);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(memory);
		return false;
	}

	repeat->plan = fca_plan_hold(plan);
	repeat->cached = cached;
	repeat->owner = CurrentResourceOwner;
	GetUserIdAndSecContext(&repeat->role, &repeat->security);
	repeat->row_security = row_security;
	repeat->desc = CreateQueryDesc(statement, source->query_string,
								   GetActiveSnapshot(), InvalidSnapshot,
								   None_Receiver, repeat->params, NULL, 0);
	ExecutorStart(repeat->desc, EXEC_FLAG_SKIP_TRIGGERS);
	MemoryContextSwitchTo(old);

	repeat->memory = memory;
	RegisterExprContextCallback(CreateExprContext(estate), end_with_query,
								PointerGetDatum(repeat));
	return true;
}

/* Is what the executor was started with as it was? */
static bool
still_valid(const Repeat *repeat, const FcaPlan *plan)
{
	Oid			role;
	int			security;

	GetUserIdAndSecContext(&role, &security);
	return repeat->plan == plan && is_current(plan_source(plan), repeat->cached) &&
		repeat->role == role && repeat->security == security &&
		repeat->row_security == row_security &&
		repeat->owner == CurrentResourceOwner &&
		repeat->desc->snapshot == GetActiveSnapshot();
}

/*
 * Runs the plan, at most "count" rows (0: all) to "dest", if this is not the
 * query's first call and the plan is one that can be rescanned; gives their
 * number in "processed".  Else does nothing and gives false.
 *
 * For set-returning functions that only read.
 */
bool
fca_repeat_run(FunctionCallInfo fcinfo, FcaPlan *plan, const FcaQuery *query,
			   uint64 count, DestReceiver *dest, uint64 *processed)
{
	EState	   *estate = ((ReturnSetInfo *) fcinfo->resultinfo)->econtext->ecxt_estate;
	Repeat	   *repeat = fcinfo->flinfo->fn_extra;

	/* The first call prepares nothing: most queries make no other. */
	if (repeat == NULL)
	{
		repeat = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Repeat));
		repeat->level = GetCurrentTransactionNestLevel();
		fcinfo->flinfo->fn_extra = repeat;
		return false;
	}
	if (repeat->refused || !fca_enable_rescan)
		return false;

	if (repeat->memory == NULL)
	{
		/* The executor that calls us ends ours, and its memory is ours. */
		repeat->refused = estate == NULL ||
			GetCurrentTransactionNestLevel() != repeat->level ||
			fcinfo->flinfo->fn_mcxt != estate->es_query_cxt ||
			fca_model_is_newer(query->model) ||
			!begin_repeat(repeat, plan, query, estate);
	}
	else if (still_valid(repeat, plan))
	{
		for (int i = 0; i < query->nparams; i++)
		{
			repeat->params->params[i].value = query->params[i].value;
			repeat->params->params[i].isnull = query->params[i].isnull;
		}
		ExecutorRewind(repeat->desc);
	}
	else
	{
		end_repeat(repeat);
		repeat->refused = true;
	}
	if (repeat->refused)
		return false;

	repeat->desc->dest = dest;
	ExecutorRun(repeat->desc, ForwardScanDirection, count);
	repeat->desc->dest = None_Receiver;
	for (int i = 0; i < query->nparams; i++)
	{
		repeat->params->params[i].value = (Datum) 0;
		repeat->params->params[i].isnull = true;
	}
	*processed = repeat->desc->estate->es_processed;
	return true;
}
