/*
 * plan.c
 *		Kept plans: found, validated, rebuilt, evicted.
 *
 * A backend keeps one plan for each shape of query, shared by all calls.  The
 * key of a plan is the query's shape, which begins with the row type, the
 * relation and the operation.  A plan is thrown away, text and all, when the
 * server has invalidated it or the row type has changed, since names and types
 * in the text may be others now.
 *
 * The memory of the kept plans is bounded, but for a few: those that were not
 * used for longest make room.  A plan that a call has in hand (what runs in between, such as a
 * default or a trigger, may call a repository) is only taken out of the table,
 * and freed when that call's memory is: so also after an error.
 *
 * Everything here lives in one memory context under CacheMemoryContext; the
 * plans' own memory belongs to SPI.
 */
#include "compat.h"

#include "access/transam.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi_priv.h"
#include "lib/ilist.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "plan.h"

/* Bytes of memory for all kept plans; one of a dozen columns takes 30 to 100 kB. */
#define FCA_MAX_MEMORY (2 * 1024 * 1024)

/* So many are kept whatever they take. */
#define FCA_MIN_PLANS 32

typedef struct PlanKey
{
	const char *shape;
	Size		length;
} PlanKey;

struct FcaPlan
{
	dlist_node	node;			/* in "recent", unless orphaned */
	PlanKey		key;
	SPIPlanPtr	plan;
	Size		memory;			/* bytes */
	uint64		version;		/* of the row type the text was written for */
	bool		stale;			/* has a type changed that the text names? */
	int			users;			/* calls that have it in hand */
	bool		orphaned;		/* no longer in the table */
	bool		may_overtake;	/* are there parts that could come too early? */
	int			ntypes;			/* types that the text may name and that can */
	uint32	   *types;			/* change: their hash values in the cache */
};

typedef struct PlanEntry
{
	PlanKey		key;
	FcaPlan    *plan;
} PlanEntry;

static HTAB *plans = NULL;
static MemoryContext plan_context = NULL;
static dlist_head recent = DLIST_STATIC_INIT(recent);	/* most recent first */
static int	nplans = 0;
static Size memory_used = 0;

/*
 * A type or an enum's label has changed.  The server does not tell a plan of
 * these, but a text that names them must follow.
 */
static void
type_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	dlist_iter	iter;

	dlist_foreach(iter, &recent)
	{
		/* cppcheck-suppress nullPointer ; an offset, which nothing is read from */
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

	return hash_bytes((const unsigned char *) plan->shape, plan->length);
}

static int
match_key(const void *key1, const void *key2, Size size)
{
	const PlanKey *a = key1;
	const PlanKey *b = key2;

	return a->length != b->length || memcmp(a->shape, b->shape, a->length) != 0;
}

static void
create_table(void)
{
	HASHCTL		control = {0};

	plan_context = AllocSetContextCreate(CacheMemoryContext, "fca_repo plans",
										 ALLOCSET_DEFAULT_SIZES);
	control.keysize = sizeof(PlanKey);
	control.entrysize = sizeof(PlanEntry);
	control.hash = hash_key;
	control.match = match_key;
	control.hcxt = plan_context;
	plans = hash_create("fca_repo plans", 64, &control,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	CacheRegisterSyscacheCallback(TYPEOID, type_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, type_changed, (Datum) 0);
}

static void
free_plan(FcaPlan *plan)
{
	SPI_freeplan(plan->plan);
	pfree(plan->types);
	pfree(plan);
}

static void
end_hold(void *arg)
{
	FcaPlan    *plan = arg;

	if (--plan->users == 0 && plan->orphaned)
		free_plan(plan);
}

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

/* Adds the types of columns that can change, and what these are domains over. */
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

/* Takes a plan out of the table; frees it, now or when it has ended. */
static void
forget(FcaPlan *plan)
{
	hash_search(plans, &plan->key, HASH_REMOVE, NULL);
	dlist_delete(&plan->node);
	nplans--;
	memory_used -= plan->memory;
	plan->orphaned = true;
	if (plan->users == 0)
		free_plan(plan);
}

static PlanKey
query_key(const FcaQuery *query)
{
	PlanKey		key;

	key.shape = query->shape.data;
	key.length = query->shape.len;
	return key;
}

FcaPlan *
fca_plan_find(const FcaQuery *query)
{
	PlanKey		key = query_key(query);
	PlanEntry  *entry;
	FcaPlan    *plan;

	if (plans == NULL)
		return NULL;
	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry == NULL)
		return NULL;

	plan = entry->plan;
	if (plan->version != query->model->version || plan->stale ||
		!SPI_plan_is_valid(plan->plan))
	{
		forget(plan);
		return NULL;
	}
	dlist_move_head(&recent, &plan->node);
	return fca_plan_hold(plan);
}

/*
 * The memory of a plan is known when it has been planned: then others make room.
 * (Unless it was forgotten meanwhile, by what ran when it was planned.)
 */
static void
make_room(FcaPlan *plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan->plan));

	if (plan->orphaned)
		return;
	plan->memory = MemoryContextMemAllocated(plan->plan->plancxt, true) +
		MemoryContextMemAllocated(source->context, true);
	if (source->gplan != NULL)
		plan->memory += MemoryContextMemAllocated(source->gplan->context, true);
	memory_used += plan->memory;
	while (memory_used > FCA_MAX_MEMORY && nplans > FCA_MIN_PLANS)
		/* cppcheck-suppress nullPointer ; an offset, which nothing is read from */
		forget(dlist_tail_element(FcaPlan, node, &recent));
}

/*
 * Begins settings under which rows come in the order of the text: the parts of
 * a page one after the other; and with "no_bitmaps" by an index in order, since
 * a bitmap of few rows seems to cost the same, but they must be sorted then.
 * AtEOXact_GUC() ends them.
 */
static int
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

/*
 * Could parts of the text be fetched at the same time?  Only from foreign
 * tables, which may be below a view or a parent.
 */
static bool
may_overtake(const FcaQuery *query)
{
	Form_pg_class relation = query->model->rel->rd_rel;

	return query->in_parts &&
		(relation->relkind != RELKIND_RELATION || relation->relhassubclass);
}

FcaPlan *
fca_plan_keep(const FcaQuery *query, int options)
{
	SPIPlanPtr	spi_plan;
	FcaPlan    *plan;
	PlanKey		key = query_key(query);
	PlanEntry  *entry;

	/*
	 * One generic plan for all values, unless asked for otherwise: the second
	 * call of a shape plans nothing.
	 */
	if ((options & CURSOR_OPT_CUSTOM_PLAN) == 0)
		options |= CURSOR_OPT_GENERIC_PLAN;

	/*
	 * A cursor is read in pieces, for which workers cannot be started; and a
	 * Parallel Append gives the parts of a page as their costs are, not as the
	 * text has them.
	 */
	if ((options & CURSOR_OPT_FAST_PLAN) == 0 && !query->in_parts)
		options |= CURSOR_OPT_PARALLEL_OK;
	spi_plan = SPI_prepare_cursor(query->text.data, query->nparams, query->types,
								  options);
	if (spi_plan == NULL)
		elog(ERROR, "could not prepare query: %s",
			 SPI_result_code_string(SPI_result));

	if (plans == NULL)
		create_table();
	plan = MemoryContextAllocZero(plan_context, sizeof(FcaPlan) + key.length);
	memcpy((char *) (plan + 1), key.shape, key.length);
	key.shape = (const char *) (plan + 1);
	plan->key = key;
	plan->version = query->model->version;
	plan->types = MemoryContextAlloc(plan_context, sizeof(uint32) * 2 *
									 (query->model->rowdesc->natts +
									  RelationGetNumberOfAttributes(query->model->rel) + 1));
	if (fca_model_has_user_types(query->model))
	{
		add_types(plan, query->model->rowdesc);
		add_types(plan, RelationGetDescr(query->model->rel));
	}

	/*
	 * From here on nothing but lack of memory can fail: the entry is made
	 * last, when the plan in it is whole.
	 */
	if (SPI_keepplan(spi_plan) != 0)
		elog(ERROR, "could not keep plan");
	plan->plan = spi_plan;

	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry != NULL)
		forget(entry->plan);	/* kept meanwhile, by a call within this one */
	entry = hash_search(plans, &key, HASH_ENTER, NULL);
	entry->plan = plan;
	dlist_push_head(&recent, &plan->node);
	nplans++;
	fca_plan_hold(plan);

	plan->may_overtake = may_overtake(query);
	if (query->no_bitmaps || query->in_parts)
	{
		int			nest_level = begin_in_order(query->no_bitmaps);

		ReleaseCachedPlan(SPI_plan_get_cached_plan(spi_plan), CurrentResourceOwner);
		AtEOXact_GUC(true, nest_level);
	}
	else if ((options & CURSOR_OPT_CUSTOM_PLAN) == 0)
		ReleaseCachedPlan(SPI_plan_get_cached_plan(spi_plan), CurrentResourceOwner);
	make_room(plan);
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

void
fca_plan_check(FcaPlan *plan)
{
	check_cached(SPI_plan_get_cached_plan(plan->plan));
}

double
fca_plan_estimate(FcaPlan *plan, const FcaQuery *query)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan->plan));

	return check_cached(GetCachedPlan(source, fca_query_params(query),
									  CurrentResourceOwner, NULL));
}

SPIPlanPtr
fca_plan_spi(const FcaPlan *plan)
{
	return plan->plan;
}

/*
 * Around each run: the server may plan anew by itself, where search_path or the
 * role under row-level security is another one, or for these values only.
 */
static int
begin_run(const FcaPlan *plan)
{
	return plan->may_overtake ? begin_in_order(false) : 0;
}

static void
end_run(int nest_level)
{
	if (nest_level > 0)
		AtEOXact_GUC(true, nest_level);
}

Portal
fca_plan_open(FcaPlan *plan, const FcaQuery *query, const char *name)
{
	int			nest_level = begin_run(plan);
	Portal		portal = SPI_cursor_open_with_paramlist(name, plan->plan,
														fca_query_params(query), false);

	end_run(nest_level);
	if (portal == NULL)
		elog(ERROR, "could not open cursor: %s", SPI_result_code_string(SPI_result));
	return portal;
}

uint64
fca_plan_run(FcaPlan *plan, const FcaQuery *query, bool read_only, uint64 count,
			 DestReceiver *dest)
{
	SPIExecuteOptions options = {0};
	int			nest_level;
	int			result;

	options.params = fca_query_params(query);
	options.read_only = read_only && !fca_model_is_newer(query->model);
	options.tcount = count;
	options.dest = dest;
	nest_level = begin_run(plan);
	result = SPI_execute_plan_extended(plan->plan, &options);
	end_run(nest_level);
	if (result < 0)
		elog(ERROR, "could not execute plan: %s", SPI_result_code_string(result));
	return SPI_processed;
}
