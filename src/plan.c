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
 * The number of kept plans is bounded: the one that was not used for longest
 * makes room.  A plan that is running (a trigger may call a repository) is only
 * taken out of the table, and freed when it ends.
 *
 * Everything here lives in one memory context under CacheMemoryContext; the
 * plans' own memory belongs to SPI.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "plan.h"

#define FCA_MAX_PLANS 256

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
	uint64		version;		/* of the row type the text was written for */
	uint64		generation;		/* of the types that it names, or 0 */
	int			users;			/* calls that are running it */
	bool		orphaned;		/* no longer in the table */
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

/*
 * Counts the changes of types and of enum labels.  The server does not tell a
 * plan of these, but a text that names such a type or label must follow them.
 */
static uint64 type_generation = 1;

static void
type_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	type_generation++;
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
	plans = hash_create("fca_repo plans", FCA_MAX_PLANS, &control,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	CacheRegisterSyscacheCallback(TYPEOID, type_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, type_changed, (Datum) 0);
}

static void
free_plan(FcaPlan *plan)
{
	SPI_freeplan(plan->plan);
	pfree(plan);
}

/* Takes a plan out of the table; frees it, now or when it has ended. */
static void
forget(FcaPlan *plan)
{
	hash_search(plans, &plan->key, HASH_REMOVE, NULL);
	dlist_delete(&plan->node);
	nplans--;
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
	if (plan->version != query->model->version ||
		(plan->generation != 0 && plan->generation != type_generation) ||
		!SPI_plan_is_valid(plan->plan))
	{
		forget(plan);
		return NULL;
	}
	dlist_move_head(&recent, &plan->node);
	return plan;
}

/*
 * Plans now, without bitmap scans: a bitmap of few rows seems to cost the same
 * as an index scan that gives them in order, but they must be sorted then.
 */
static void
plan_in_order(SPIPlanPtr plan)
{
	int			nest_level = NewGUCNestLevel();
	CachedPlan *cached;

	(void) set_config_option("enable_bitmapscan", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	cached = SPI_plan_get_cached_plan(plan);
	if (cached != NULL)
		ReleaseCachedPlan(cached, CurrentResourceOwner);
	AtEOXact_GUC(true, nest_level);
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
	if (fca_model_has_user_types(query->model))
		plan->generation = type_generation;

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

	if (nplans > FCA_MAX_PLANS)
		forget(dlist_tail_element(FcaPlan, node, &recent));
	if (query->in_order)
		plan_in_order(spi_plan);
	return plan;
}

/* Checks the privileges of a plan, releases it, and gives its estimate. */
static double
check_cached(CachedPlan *cached)
{
	PlannedStmt *statement = linitial_node(PlannedStmt, cached->stmt_list);
	double		rows = 0;

	if (statement->commandType != CMD_UTILITY)
	{
		ExecCheckPermissions(statement->rtable, statement->permInfos, true);
		rows = statement->planTree->plan_rows;
	}
	ReleaseCachedPlan(cached, CurrentResourceOwner);
	return rows;
}

void
fca_plan_check(FcaPlan *plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan->plan);

	/* NULL where a rule has made several statements of it */
	if (cached != NULL)
		check_cached(cached);
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

uint64
fca_plan_run(FcaPlan *plan, const FcaQuery *query, bool read_only, uint64 count,
			 DestReceiver *dest)
{
	SPIExecuteOptions options = {0};
	volatile int result = 0;

	options.params = fca_query_params(query);
	options.read_only = read_only;
	options.tcount = count;
	options.dest = dest;

	plan->users++;
	PG_TRY();
	{
		result = SPI_execute_plan_extended(plan->plan, &options);
	}
	PG_FINALLY();
	{
		plan->users--;
		if (plan->orphaned && plan->users == 0)
			free_plan(plan);
	}
	PG_END_TRY();

	if (result < 0)
		elog(ERROR, "could not execute plan: %s", SPI_result_code_string(result));
	return SPI_processed;
}
