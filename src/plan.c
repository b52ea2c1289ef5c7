/*
 * plan.c
 *		Kept plans: found, validated, rebuilt, evicted.
 *
 * A backend keeps one plan for each key, shared by all calls.  The key holds
 * all that the text depends on, beginning with the row type, the relation and
 * the purpose, and what else decides how it is planned.  A plan is thrown
 * away, text and all, when the server has invalidated it or the row type has
 * changed, since names and types in the text may be others now.
 *
 * A text is planned before it is put into the table.  So a statement that fails
 * to be planned leaves nothing behind, and fails in the same way again.
 *
 * The memory of the plans in the table is bounded by a setting, whatever their
 * number; plans that have not been used for long make room.  A plan is not freed
 * while a call uses it, though a default or a trigger that runs meanwhile may
 * throw it out of the table: it is freed with that call's memory, which is reset
 * after an error too.
 *
 * At DEBUG2 the log says which plans are made and thrown away.  Their text holds
 * no value of a call.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "common/hashfn.h"
#include "common/pg_prng.h"
#include "executor/executor.h"
#include "executor/spi_priv.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "plan.h"
#include "settings.h"

typedef struct PlanKey
{
	const char *data;
	Size		length;
	Oid			role;			/* for which it was planned; 0: for any */
	bool		index_order;	/* fca_repo.enable_index_order, when planned */
} PlanKey;

/* Lives in the memory of its SPI plan. */
struct FcaPlan
{
	dlist_node	node;			/* in "recent", unless orphaned */
	PlanKey		key;
	SPIPlanPtr	plan;
	Size		memory;			/* bytes, when it was measured */
	int			generation;		/* the source's number of plans made, then */
	uint64		version;		/* of the row type the text was written for */
	bool		stale;			/* has a type changed that the text names? */
	uint64		changes;		/* type_changes when it was planned */
	int			users;			/* calls that use it */
	bool		orphaned;		/* not in the table, or no longer */
	bool		may_run_async;	/* are there parts that could come too early? */
	List	   *functions;		/* that the planner may have worked out */
	int			ntypes;
	uint32	   *types;			/* types that the text may name and that can
								 * change: their hash values in the cache */
};

typedef struct PlanEntry
{
	PlanKey		key;
	FcaPlan    *plan;
} PlanEntry;

static HTAB *plans = NULL;
static ProcessUtility_hook_type next_utility_hook = NULL;
static dlist_head recent = DLIST_STATIC_INIT(recent);	/* most recent first */
static int	nplans = 0;
static Size memory_used = 0;
static uint64 type_changes = 0;

/*
 * A type or an enum's label has changed.  The server does not invalidate a
 * plan for these, but a text that names them must be written anew.  Whatever
 * runs may be interrupted by this, so it only sets flags.
 */
static void
type_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	dlist_iter	iter;

	type_changes++;
	dlist_foreach(iter, &recent)
	{
		/* cppcheck-suppress nullPointer ; only an offset */
		FcaPlan    *plan = dlist_container(FcaPlan, node, iter.cur);

		for (int i = 0; i < plan->ntypes; i++)
			if (cacheid != TYPEOID || hashvalue == 0 || hashvalue == plan->types[i])
				plan->stale = true;
	}
}

static uint32
hash_key(const void *key, Size size)
{
	const PlanKey *plan = key;

	return hash_combine(plan->role,
						hash_bytes((const unsigned char *) plan->data, plan->length));
}

static int
match_key(const void *key1, const void *key2, Size size)
{
	const PlanKey *a = key1;
	const PlanKey *b = key2;

	return a->role != b->role || a->index_order != b->index_order ||
		a->length != b->length ||
		memcmp(a->data, b->data, a->length) != 0;
}

static void
create_table(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(PlanKey);
	control.entrysize = sizeof(PlanEntry);
	control.hash = hash_key;
	control.match = match_key;
	plans = hash_create("fca_repo plans", 64, &control,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE);
	CacheRegisterSyscacheCallback(TYPEOID, type_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, type_changed, (Datum) 0);
}

/* The prepared statement of a plan: every text is one. */
static CachedPlanSource *
source_of(const FcaPlan *plan)
{
	return linitial(SPI_plan_get_plan_sources(plan->plan));
}

static void
end_hold(void *arg)
{
	FcaPlan    *plan = arg;

	if (--plan->users == 0 && plan->orphaned)
		SPI_freeplan(plan->plan);
}

/* The plan can be used until the current memory context is reset. */
FcaPlan *
fca_plan_hold(FcaPlan *plan)
{
	MemoryContextCallback *held = palloc(sizeof(MemoryContextCallback));

	held->func = end_hold;
	held->arg = plan;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, held);
	plan->users++;
	return plan;
}

/*
 * Adds the types of columns that can change, and what these are domains over.
 */
static void
add_types(FcaPlan *plan, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		if (TupleDescAttr(desc, i)->attisdropped || type < FirstNormalObjectId)
			continue;
		plan->types[plan->ntypes++] = GetSysCacheHashValue1(TYPEOID, ObjectIdGetDatum(type));
		plan->types[plan->ntypes++] =
			GetSysCacheHashValue1(TYPEOID, ObjectIdGetDatum(getBaseType(type)));
	}
}

/*
 * Takes a plan out of the table; frees it, now or when no call uses it any
 * more.
 */
static void
forget(FcaPlan *plan, const char *why)
{
	/* first, since sending it may fail */
	elog(DEBUG2, "fca_repo: discarded a plan (%s): %s", why,
		 source_of(plan)->query_string);
	hash_search(plans, &plan->key, HASH_REMOVE, NULL);
	dlist_delete(&plan->node);
	nplans--;
	memory_used -= plan->memory;
	plan->orphaned = true;
	if (plan->users == 0)
		SPI_freeplan(plan->plan);
}

/* Why the server or a type makes a plan wrong for every call; or NULL. */
static const char *
why_invalid(const FcaPlan *plan)
{
	if (plan->stale)
		return "a type has changed";
	return SPI_plan_is_valid(plan->plan) ? NULL : "invalidated";
}

/*
 * Forgets all plans, for that reason; where it is NULL, those that are wrong.
 */
static void
sweep(const char *why_all)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &recent)
	{
		/* cppcheck-suppress nullPointer ; only an offset */
		FcaPlan    *plan = dlist_container(FcaPlan, node, iter.cur);

		const char *why = why_all != NULL ? why_all : why_invalid(plan);

		if (why != NULL)
			forget(plan, why);
	}
}

static Size
max_memory(void)
{
	return (Size) fca_plan_cache_size * 1024;
}

/*
 * The plan that makes room next, or NULL: one of the half that has not been
 * used for longest, by chance.  If it were always the very last, then of more
 * keys than there is room for, used in turn, each would be gone when its turn
 * comes.
 */
static FcaPlan *
next_victim(void)
{
	uint64		skip = pg_prng_uint64_range(&pg_global_prng_state, 0, nplans / 2);
	FcaPlan    *victim = NULL;
	dlist_iter	iter;

	dlist_reverse_foreach(iter, &recent)
	{
		/* cppcheck-suppress nullPointer ; only an offset */
		FcaPlan    *plan = dlist_container(FcaPlan, node, iter.cur);

		if (plan->users > 0)
			continue;
		victim = plan;
		if (skip-- == 0)
			break;
	}
	return victim;
}

/* Makes room for so many bytes more; false where they do not fit. */
static bool
make_room(Size memory)
{
	FcaPlan    *victim;

	while (memory_used + memory > max_memory() && (victim = next_victim()) != NULL)
		forget(victim, "evicted");
	return memory_used + memory <= max_memory();
}

/* Measures a plan, which the server may have made again by itself. */
static void
measure(FcaPlan *plan)
{
	CachedPlanSource *source = source_of(plan);

	plan->generation = source->generation;
	plan->memory = MemoryContextMemAllocated(plan->plan->plancxt, true) +
		MemoryContextMemAllocated(source->context, true);
	if (source->gplan != NULL)
		plan->memory += MemoryContextMemAllocated(source->gplan->context, true);
}

/* A plan that leaves no room for others is used once. */
static bool
is_too_large(const FcaPlan *plan)
{
	return plan->memory > max_memory() / 2;
}

static PlanKey
query_key(const FcaQuery *query)
{
	PlanKey		key;

	key.data = query->plan_key.data;
	key.length = query->plan_key.len;
	key.role = InvalidOid;
	key.index_order = fca_enable_index_order;
	return key;
}

/* Has the plan, as it would run now, a foreign table? */
bool
fca_plan_reads_foreign(const FcaPlan *plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan->plan);
	bool		found = false;
	ListCell   *cell;

	foreach(cell, cached->stmt_list)
	{
		ListCell   *entry;

		foreach(entry, lfirst_node(PlannedStmt, cell)->rtable)
		{
			RangeTblEntry *rte = lfirst_node(RangeTblEntry, entry);

			if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_FOREIGN_TABLE)
				found = true;
		}
	}
	ReleaseCachedPlan(cached, CurrentResourceOwner);
	return found;
}

/*
 * A worker runs a function that is declared PARALLEL SAFE.  The planner of the
 * calling statement could not see what is below it: a policy or a view with a
 * function that answers otherwise in a worker, or a foreign table, to which a
 * worker has another connection.
 */
static void
check_worker(const FcaPlan *plan, const FcaModel *model)
{
	bool		safe;
	ListCell   *cell;

	if (!IsParallelWorker())
		return;
	/* this also rewrites the query for the current role */
	safe = !fca_plan_reads_foreign(plan);
	foreach(cell, source_of(plan)->query_list)
	{
		if (max_parallel_hazard(lfirst_node(Query, cell)) != PROPARALLEL_SAFE)
			safe = false;
	}
	if (!safe)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("relation \"%s\" cannot be read in a parallel worker",
						RelationGetRelationName(model->rel)),
				 errdetail("A policy or a view of it is not parallel safe, or it has a foreign table."),
				 errhint("Declare the function as it was installed, with ALTER FUNCTION ... PARALLEL RESTRICTED."),
				 errtable(model->rel)));
}

/* A function that not everybody may execute, or may not be able to later. */
static bool
add_function(Oid function, void *context)
{
	List	  **functions = context;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (HeapTupleIsValid(tuple))
	{
		if (function >= FirstNormalObjectId ||
			!heap_attisnull(tuple, Anum_pg_proc_proacl, NULL))
			*functions = list_append_unique_oid(*functions, function);
		ReleaseSysCache(tuple);
	}
	return false;
}

static bool
add_functions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, add_function, context);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, add_functions, context, 0);
	return expression_tree_walker(node, add_functions, context);
}

/*
 * May the current role execute the functions of a plan?  The executor asks for
 * those that are left in it, but not for what the planner has inlined or
 * worked out.  What is in their bodies is not known here: so a plan with
 * functions is for the role that it was made for.
 */
static bool
may_execute(const FcaPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->functions)
	{
		if (object_aclcheck(ProcedureRelationId, lfirst_oid(cell), GetUserId(),
							ACL_EXECUTE) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/*
 * Why a plan is wrong for a query of its key; or NULL.  One that is not in the
 * table is not told which types change, so there any change counts.
 */
static const char *
why_outdated(const FcaPlan *plan, const FcaQuery *query)
{
	const char *why = why_invalid(plan);

	if (why != NULL)
		return why;
	if (plan->orphaned && plan->ntypes > 0 && plan->changes != type_changes)
		return "a type has changed";
	return plan->version != query->model->version ? "the row type has changed" : NULL;
}

/*
 * The kept plan of the query's key, or NULL: then write the query's text and
 * keep it; within SPI.  It can be used until the current memory context, which
 * is SPI's or one below, is reset.  The model's relation is locked, so no
 * change of it can make the plan wrong meanwhile.
 */
FcaPlan *
fca_plan_find(const FcaQuery *query)
{
	PlanKey		key = query_key(query);
	PlanEntry  *entry;
	FcaPlan    *plan;
	const char *why;

	if (plans == NULL)
		return NULL;
	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry == NULL)
	{
		key.role = GetUserId();
		entry = hash_search(plans, &key, HASH_FIND, NULL);
	}
	if (entry == NULL)
		return NULL;

	plan = entry->plan;
	why = why_outdated(plan, query);
	if (why != NULL)
	{
		forget(plan, why);
		return NULL;
	}
	if (!may_execute(plan))
		return NULL;			/* and is planned anew, but not kept */
	dlist_move_head(&recent, &plan->node);
	fca_plan_hold(plan);
	if (plan->generation != source_of(plan)->generation)
	{
		memory_used -= plan->memory;
		measure(plan);
		memory_used += plan->memory;
		if (is_too_large(plan) || !make_room(0))
			forget(plan, "too large");
	}
	check_worker(plan, query->model);
	return plan;
}

/* Begins with no plan; ends with the current memory context. */
void
fca_held_plan_begin(FcaHeldPlan *held)
{
	held->plan = NULL;
	held->context = AllocSetContextCreate(CurrentMemoryContext, "fca_repo held plan",
										  ALLOCSET_SMALL_SIZES);
}

/* Is this the plan that fca_plan_find() would give, or that would be made? */
static bool
serves(const FcaPlan *plan, const FcaQuery *query)
{
	PlanKey		key = query_key(query);

	if (OidIsValid(plan->key.role))
		key.role = GetUserId();
	return match_key(&plan->key, &key, sizeof(PlanKey)) == 0 &&
		why_outdated(plan, query) == NULL && may_execute(plan);
}

/*
 * The held plan where it is still right for the query; else fca_plan_find().
 */
FcaPlan *
fca_held_plan_find(const FcaHeldPlan *held, const FcaQuery *query)
{
	return held->plan != NULL && serves(held->plan, query)
		? held->plan : fca_plan_find(query);
}

/* Holds this plan instead of the one before, and gives it. */
FcaPlan *
fca_held_plan_replace(FcaHeldPlan *held, FcaPlan *plan)
{
	MemoryContext old;

	if (held->plan == plan)
		return plan;
	held->plan = NULL;
	MemoryContextReset(held->context);
	old = MemoryContextSwitchTo(held->context);
	held->plan = fca_plan_hold(plan);
	MemoryContextSwitchTo(old);
	return plan;
}

/*
 * Begins settings under which the parts of a page come one after the other, as
 * they must; and with "no_bitmaps" rows come from an index in order, since a
 * bitmap scan of few rows seems to cost the same, but they must be sorted
 * then. end_settings() ends them.  (Not inline: GCC 15 warns that a longjmp
 * might clobber its level.)
 */
static pg_noinline int
begin_in_order(bool no_bitmaps)
{
	int			nest_level = NewGUCNestLevel();

	if (no_bitmaps)
		(void) set_config_option("enable_bitmapscan", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_async_append", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}

static void
end_settings(int nest_level)
{
	if (nest_level > 0)
		AtEOXact_GUC(true, nest_level);
}

/*
 * Could parts of the text be fetched at the same time?  Only from foreign
 * tables, which may be below a view or a parent.
 */
static bool
may_run_async(const FcaQuery *query)
{
	Form_pg_class relation = query->model->rel->rd_rel;

	return query->has_branches &&
		(relation->relkind != RELKIND_RELATION || relation->relhassubclass);
}

/*
 * Puts a plan that has been planned into the table, if there is room for it.
 * (It may be there by now, by a call within this one.)
 */
static void
enter(FcaPlan *plan)
{
	PlanEntry  *entry = hash_search(plans, &plan->key, HASH_FIND, NULL);

	if (!may_execute(plan))
		return;
	if (entry != NULL)
		forget(entry->plan, "replaced");
	sweep(NULL);
	measure(plan);
	if (is_too_large(plan) || !make_room(plan->memory))
		return;
	entry = hash_search(plans, &plan->key, HASH_ENTER, NULL);
	entry->plan = plan;
	dlist_push_head(&recent, &plan->node);
	nplans++;
	memory_used += plan->memory;
	plan->orphaned = false;
}

/* What to do about an error whose own hint is for who writes SQL; or NULL. */
static const char *
hint_at_data(int sqlerrcode)
{
	switch (sqlerrcode)
	{
		case ERRCODE_GENERATED_ALWAYS:
			return "Leave the column out of the data: the database alone gives it a value.";
		case ERRCODE_INVALID_COLUMN_REFERENCE:
			return "Make a unique index on the conflict columns, or give columns that have one.";
		default:
			return NULL;
	}
}

/*
 * Throws the caught error on without the text of a statement of ours: the
 * caller has not written it, and it may be long.
 */
pg_noreturn static void
throw_without_text(const char *text, MemoryContext context, bool planning)
{
	ErrorData  *error;
	char	   *found;
	bool		own = false;	/* is it the statement's, and no function's in
								 * it? */

	if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_INSUFFICIENT_RESOURCES)
		PG_RE_THROW();			/* there may be no memory for a copy */
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->internalquery != NULL && strcmp(error->internalquery, text) == 0)
	{
		error->internalquery = NULL;
		error->internalpos = 0;
		own = true;
	}
	found = error->context != NULL ? strstr(error->context, text) : NULL;
	if (found != NULL)
	{
		char	   *end = found + strlen(text);

		/* the lines that it is in, whatever the language says around it */
		while (found > error->context && found[-1] != '\n')
			found--;
		own = own || found == error->context;
		end += strcspn(end, "\n");
		if (*end == '\n')
			end++;
		else if (found > error->context)
			found--;
		memmove(found, end, strlen(end) + 1);
		if (*error->context == '\0')
			error->context = NULL;
	}
	if (planning && own && hint_at_data(error->sqlerrcode) != NULL)
		error->hint = pstrdup(hint_at_data(error->sqlerrcode));
	ReThrowError(error);
}

/* Prepares and plans a query's text, and enters it. */
static FcaPlan *
plan_text(const FcaQuery *query, int options)
{
	SPIPlanPtr	spi_plan;
	FcaPlan    *plan;
	PlanKey		key = query_key(query);
	MemoryContext context = CurrentMemoryContext;
	bool		no_bitmaps = query->no_bitmaps && key.index_order;
	int			nest_level = 0;
	uint64		changes = type_changes;

	/*
	 * One generic plan for all values, unless asked for otherwise: the second
	 * call of a key plans nothing.
	 */
	if ((options & CURSOR_OPT_CUSTOM_PLAN) == 0)
		options |= CURSOR_OPT_GENERIC_PLAN;

	/*
	 * A cursor is read in pieces, for which workers cannot be started; and a
	 * Parallel Append gives the parts of a page as their costs are, not as
	 * the text has them.
	 */
	if ((options & CURSOR_OPT_FAST_PLAN) == 0 && !query->has_branches)
		options |= CURSOR_OPT_PARALLEL_OK;
	spi_plan = SPI_prepare_cursor(query->text.data, query->nparams, query->types,
								  options);
	if (spi_plan == NULL)
		elog(ERROR, "could not prepare query: %s",
			 SPI_result_code_string(SPI_result));

	if (plans == NULL)
		create_table();
	MemoryContextSwitchTo(spi_plan->plancxt);
	plan = palloc0(sizeof(FcaPlan));
	plan->plan = spi_plan;
	plan->key.data = memcpy(palloc(key.length), key.data, key.length);
	plan->key.length = key.length;
	plan->key.index_order = key.index_order;
	plan->version = query->model->version;
	plan->may_run_async = may_run_async(query);
	if (fca_model_has_user_types(query->model))
	{
		plan->types = palloc(sizeof(uint32) * 2 *
							 (query->model->rowdesc->natts +
							  RelationGetNumberOfAttributes(query->model->rel)));
		add_types(plan, query->model->rowdesc);
		add_types(plan, RelationGetDescr(query->model->rel));
	}
	/* that of SPI, which lives until SPI_finish */
	MemoryContextSwitchTo(context);

	/*
	 * Used, but not in the table: if the planner fails, it goes with the
	 * call.
	 */
	plan->orphaned = true;
	fca_plan_hold(plan);
	if (SPI_keepplan(spi_plan) != 0)
		elog(ERROR, "could not keep plan");
	if (no_bitmaps || query->has_branches)
		nest_level = begin_in_order(no_bitmaps);
	if ((options & CURSOR_OPT_CUSTOM_PLAN) == 0)
		ReleaseCachedPlan(SPI_plan_get_cached_plan(spi_plan), CurrentResourceOwner);
	end_settings(nest_level);
	MemoryContextSwitchTo(spi_plan->plancxt);
	(void) add_functions((Node *) source_of(plan)->query_list, &plan->functions);
	MemoryContextSwitchTo(context);
	plan->key.role = plan->functions != NIL ? GetUserId() : InvalidOid;
	plan->changes = type_changes;
	plan->stale = plan->ntypes > 0 && type_changes != changes;
	enter(plan);
	elog(DEBUG2, "fca_repo: made a plan (%s): %s",
		 plan->orphaned ? "not kept" : "kept", query->text.data);
	check_worker(plan, query->model);
	return plan;
}

/*
 * Prepares and plans the query's text, and keeps it; within SPI.  "options"
 * are cursor options to plan with, or 0; with CURSOR_OPT_CUSTOM_PLAN, it is
 * planned at each call, for its values.  What is wrong with the statement is
 * an error here, and nothing is kept then.
 */
FcaPlan *
fca_plan_keep(const FcaQuery *query, int options)
{
	FcaPlan    *plan = NULL;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		plan = plan_text(query, options);
	}
	PG_CATCH();
	{
		throw_without_text(query->text.data, context, true);
	}
	PG_END_TRY();
	return plan;
}

/* Checks the privileges of a plan, releases it, and gives its estimate. */
static double
check_cached(CachedPlan *cached)
{
	double		rows = 0;
	ListCell   *cell;

	/* a rule may have made several statements of one, or none */
	foreach(cell, cached->stmt_list)
	{
		PlannedStmt *statement = lfirst_node(PlannedStmt, cell);

		if (statement->commandType == CMD_UTILITY)
			continue;
		ExecCheckPermissions(statement->rtable, statement->permInfos, true);
		rows = statement->planTree->plan_rows;
	}
	ReleaseCachedPlan(cached, CurrentResourceOwner);
	return rows;
}

/*
 * Plans without running, within SPI: so what is wrong with the statement as a
 * whole shows, and the privileges that it needs are checked.
 */
void
fca_plan_check(FcaPlan *plan)
{
	check_cached(SPI_plan_get_cached_plan(plan->plan));
}

/* Plans for the values of the query; the planner's estimate of its rows. */
double
fca_plan_estimate(FcaPlan *plan, const FcaQuery *query)
{
	return check_cached(GetCachedPlan(source_of(plan), fca_query_params(query),
									  CurrentResourceOwner, NULL));
}

/* The prepared plan. */
SPIPlanPtr
fca_plan_spi(const FcaPlan *plan)
{
	return plan->plan;
}

/*
 * Around each run: the server may plan anew by itself, where search_path or
 * the role under row-level security is another one, or for these values only.
 */
static int
begin_run(const FcaPlan *plan)
{
	return plan->may_run_async ? begin_in_order(false) : 0;
}

/* Opens a cursor, of that name or of one that is made up where it is NULL. */
Portal
fca_plan_open(FcaPlan *plan, const FcaQuery *query, const char *name)
{
	MemoryContext context = CurrentMemoryContext;
	int			nest_level = begin_run(plan);
	Portal		portal = NULL;

	PG_TRY();
	{
		portal = SPI_cursor_open_with_paramlist(name, plan->plan,
												fca_query_params(query), false);
	}
	PG_CATCH();
	{
		throw_without_text(source_of(plan)->query_string, context, false);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	end_settings(nest_level);
	if (portal == NULL)
		elog(ERROR, "could not open cursor: %s", SPI_result_code_string(SPI_result));
	return portal;
}

/*
 * Runs a plan within SPI, at most "count" rows (0: all), and gives the number
 * of rows processed.  Rows go to "dest", or to SPI_tuptable where it is NULL.
 *
 * "read_only" uses the snapshot of the calling statement; but where that had
 * to wait for the relation to be rewritten, a new one, as the same SELECT
 * would have, which waits before it takes a snapshot.
 */
uint64
fca_plan_run(FcaPlan *plan, const FcaQuery *query, bool read_only, uint64 count,
			 DestReceiver *dest)
{
	MemoryContext context = CurrentMemoryContext;
	SPIExecuteOptions options = {0};
	int			nest_level;
	int			result = 0;

	options.params = fca_query_params(query);
	options.read_only = read_only && !fca_model_is_newer(query->model);
	options.tcount = count;
	options.dest = dest;
	nest_level = begin_run(plan);
	PG_TRY();
	{
		result = SPI_execute_plan_extended(plan->plan, &options);
	}
	PG_CATCH();
	{
		throw_without_text(source_of(plan)->query_string, context, false);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	end_settings(nest_level);
	if (result < 0)
		elog(ERROR, "could not execute plan: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/* DISCARD PLANS and ALL discard the plans that are kept here too. */
static void
discard_plans(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc)
{
	bool		discards = IsA(pstmt->utilityStmt, DiscardStmt) &&
	(((DiscardStmt *) pstmt->utilityStmt)->target == DISCARD_ALL ||
	 ((DiscardStmt *) pstmt->utilityStmt)->target == DISCARD_PLANS);

	(next_utility_hook != NULL ? next_utility_hook : standard_ProcessUtility)
		(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	if (discards)
		sweep("DISCARD");
}

/* Follows DISCARD. */
void
fca_plan_init(void)
{
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = discard_plans;
}
