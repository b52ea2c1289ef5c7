/*
 * support.c
 *		What the planner asks of a function: how many rows, at what cost.
 *
 * The ROWS of a declaration is one number for every call.  Here the arguments
 * of the call are seen: a constant limit, the number of keys, and for a finder
 * the statistics of the columns that it compares.  So a join over a finder is
 * planned for what it will give.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "inline.h"
#include "resource.h"
#include "settings.h"

/* Where a number of keys is not known, as the planner itself assumes it. */
#define UNKNOWN_KEYS 10

/* What is known of a call. */
typedef struct CallEstimate
{
	double		declared;		/* ROWS of the function */
	bool		limited;		/* has it a limit argument? */
	double		limit;			/* infinity: none; -1: not known */
	bool		keyed;			/* has it an array of keys? */
	double		keys;			/* of that; else 1 */
	const FcaFinder *finder;	/* or NULL */
	const FcaResource *resource;	/* of the finder */
} CallEstimate;

static double
keys_of_array(Node *array)
{
	if (!IsA(array, Const))
		return UNKNOWN_KEYS;
	if (((Const *) array)->constisnull)
		return 0;
	return ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(((Const *) array)->constvalue)),
						  ARR_DIMS(DatumGetArrayTypeP(((Const *) array)->constvalue)));
}

static void
read_limit(CallEstimate *estimate, Node *limit)
{
	if (exprType(limit) != INT8OID)
		return;
	estimate->limited = true;
	if (IsA(limit, Const))
		estimate->limit = ((Const *) limit)->constisnull
			? INFINITY : Max((double) DatumGetInt64(((Const *) limit)->constvalue), 0);
}

static void
read_keys(CallEstimate *estimate, Node *array)
{
	if (!type_is_array(exprType(array)))
		return;
	estimate->keyed = true;
	estimate->keys = keys_of_array(array);
}

/*
 * What the arguments of a finder say.  The planner asks before the call compares
 * its signature, so they may be of any type.
 */
static void
read_finder_call(CallEstimate *estimate, List *arguments)
{
	FcaArgument argument;

	for (int n = 0; n < list_length(arguments) &&
		 fca_finder_argument(estimate->finder, n, &argument); n++)
		if (argument.kind == FCA_ARG_MAX_ROWS)
			read_limit(estimate, list_nth(arguments, n));
		else if (argument.is_array)
			read_keys(estimate, list_nth(arguments, n));
}

/*
 * The same of a function of the base repository, whose limits have these
 * names.
 */
static void
read_base_call(CallEstimate *estimate, List *arguments, HeapTuple function)
{
	Oid		   *types;
	char	  **names;
	char	   *modes;
	int			count = get_func_arg_info(function, &types, &names, &modes);

	for (int i = 0; i < Min(count, list_length(arguments)); i++)
	{
		Node	   *argument = list_nth(arguments, i);

		read_keys(estimate, argument);
		if (names != NULL &&
			(strcmp(names[i], "max_rows") == 0 || strcmp(names[i], "per_parent") == 0))
			read_limit(estimate, argument);
	}
}

static void
read_call(FuncExpr *call, CallEstimate *estimate)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	Datum		source;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", call->funcid);
	memset(estimate, 0, sizeof(CallEstimate));
	estimate->keys = 1;
	estimate->limit = -1;
	estimate->declared = ((Form_pg_proc) GETSTRUCT(tuple))->prorows;
	source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	estimate->finder = fca_finder_of_symbol(TextDatumGetCString(source),
											&estimate->resource);
	if (estimate->finder != NULL)
		read_finder_call(estimate, call->args);
	else
		read_base_call(estimate, call->args, tuple);
	ReleaseSysCache(tuple);
}

/* How many different values a column has, by the statistics; at least one. */
static double
distinct_values(Oid relid, const char *column, double rows)
{
	Datum		attnum = Int16GetDatum(get_attnum(relid, column));
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid),
										attnum, BoolGetDatum(false));
	double		distinct = 1;

	/* of a partitioned table there are only those over all of it */
	if (!HeapTupleIsValid(tuple))
		tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), attnum,
								BoolGetDatum(true));
	if (HeapTupleIsValid(tuple))
	{
		distinct = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
		if (distinct < 0)
			distinct *= -rows;
		ReleaseSysCache(tuple);
	}
	return Max(distinct, 1);
}

/*
 * The rows that a finder has for one key; -1 where nothing is known of them.
 * What statistics tell is for this role only, and so is a plan that is made
 * with it; it matters where there is more to plan than the call.
 */
static double
rows_of_key(const CallEstimate *estimate, PlannerInfo *root)
{
	const FcaFinder *origin = fca_finder_origin(estimate->finder);
	Oid			relid = fca_resource_relid(estimate->resource, NoLock);
	HeapTuple	tuple;
	double		all_rows;
	double		rows;

	if (root == NULL ||
		(list_length(root->parse->rtable) == 1 && fca_has_several_roles()))
		return -1;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return -1;
	root->glob->dependsOnRole = true;
	all_rows = rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);

	/* who may not read the table shall not see its statistics in a plan */
	if (rows <= 0 || origin->where[0].test == FCA_CONTAINS ||
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return -1;
	for (int i = 0; i < fca_finder_conditions(origin); i++)
		if (origin->where[i].test == FCA_EQ || origin->where[i].test == FCA_IS)
			rows /= distinct_values(relid, origin->where[i].column, all_rows);
	return rows;
}

/*
 * How many rows a call gives; in *of_key how many its relation has for a key,
 * as far as that is known.
 */
static double
estimate_rows(FuncExpr *call, PlannerInfo *root, double *of_key)
{
	CallEstimate estimate;
	double		rows;

	read_call(call, &estimate);
	if (estimate.finder == NULL)
		rows = estimate.keyed && !estimate.limited ? 1 : -1;
	else if (fca_finder_form(estimate.finder) == FCA_ONE_ROW)
		rows = 1;
	else
		rows = rows_of_key(&estimate, root);
	*of_key = Max(rows, 0) * estimate.keys;

	if (estimate.limit >= 0)
		rows = rows < 0 ? estimate.limit : Min(rows, estimate.limit);
	else if (estimate.limited && rows > estimate.declared)
		rows = estimate.declared;
	if (rows < 0 || isinf(rows))
		return estimate.declared;
	return clamp_row_est(rows * estimate.keys);
}

/* Is the statement no more than this call, planned for these values only? */
static bool
is_alone_for_values(const PlannerInfo *root)
{
	const Query *parse = root->parse;

	return root->glob->boundParams != NULL && root->query_level == 1 &&
		root->parent_root == NULL && list_length(parse->rtable) == 1 &&
		!parse->hasSubLinks && parse->setOperations == NULL && parse->cteList == NIL;
}

/*
 * An index is gone down, and each row is read by it.
 *
 * In a plan for one statement's values that is no more than the call, nothing
 * depends on the cost but whether the server will come to plan the statement for
 * all values, when the finder's query takes the place of the call; see inline.c.
 * It will if this is what that query costs at most: by an index, each row on a
 * page of its own, where of a limit that is not known a tenth of the rows are
 * reckoned with.  (Less than compiling would need.)
 */
static double
call_cost(FuncExpr *call, PlannerInfo *root)
{
	double		of_key;
	double		rows = estimate_rows(call, root, &of_key);
	double		cost = random_page_cost + 100 * cpu_operator_cost +
	rows * (cpu_tuple_cost + cpu_index_tuple_cost);

	if (fca_enable_inlining && root != NULL && is_alone_for_values(root))
	{
		double		most = 10 * random_page_cost +
		Max(rows, of_key / 10) * (random_page_cost + 5 * cpu_tuple_cost);

		cost = Max(cost, jit_above_cost > 0 ? Min(most, 0.9 * jit_above_cost) : most);
	}
	return cost;
}

/*
 * The planner's questions about a call: how many rows it gives, at what cost,
 * and by which query.  None is answered by running code of others.
 */
PG_FUNCTION_INFO_V1(fca_planner_support);

Datum
fca_planner_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (!fca_enable_estimates &&
		(IsA(request, SupportRequestRows) || IsA(request, SupportRequestCost)))
		PG_RETURN_POINTER(NULL);
	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		if (rows->node != NULL && IsA(rows->node, FuncExpr))
		{
			double		of_key;

			rows->rows = estimate_rows((FuncExpr *) rows->node, rows->root, &of_key);
			PG_RETURN_POINTER(request);
		}
	}
	else if (IsA(request, SupportRequestCost))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		if (cost->node != NULL && IsA(cost->node, FuncExpr))
		{
			cost->startup = 0;
			cost->per_tuple = call_cost((FuncExpr *) cost->node, cost->root);
			PG_RETURN_POINTER(request);
		}
	}
#if PG_VERSION_NUM < 190000
	else if (IsA(request, SupportRequestSimplify))
		fca_inline_call((SupportRequestSimplify *) request);
#else
	else if (IsA(request, SupportRequestInlineInFrom))
		PG_RETURN_POINTER(fca_inline_query((SupportRequestInlineInFrom *) request));
#endif
	PG_RETURN_POINTER(NULL);
}
