/*
 * other_planner.c
 *		A planner_hook that behaves as one of distributed tables does.
 *
 * The relations named in other_planner.owns are its own.  A statement that
 * names one is planned here: its plan comes below a node of this module.  One
 * that names none, but whose plan reads one nevertheless, is an error.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static planner_hook_type next_planner;
static char *owns;				/* names of relations, with commas between */

static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;

	node->custom_ps = list_make1(ExecInitNode(linitial(scan->custom_plans), estate, eflags));
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecProcNode(linitial(node->custom_ps));
}

static void
end_scan(CustomScanState *node)
{
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan(CustomScanState *node)
{
	PlanState  *below = linitial(node->custom_ps);

	UpdateChangedParamSet(below, node->ss.ps.chgParam);
	ExecReScan(below);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "other_planner",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan
};

static Node *
create_state(CustomScan *scan)
{
	CustomScanState *state = makeNode(CustomScanState);

	state->methods = &exec_methods;
	return (Node *) state;
}

static const CustomScanMethods scan_methods = {
	.CustomName = "other_planner",
	.CreateCustomScanState = create_state
};

/* The plan below a node that passes its rows on. */
static Plan *
wrapped(Plan *plan)
{
	CustomScan *scan = makeNode(CustomScan);
	ListCell   *cell;

	scan->scan.plan = *plan;
	scan->scan.plan.type = T_CustomScan;
	scan->scan.plan.lefttree = scan->scan.plan.righttree = NULL;
	scan->scan.plan.initPlan = scan->scan.plan.qual = NIL;
	scan->scan.plan.targetlist = NIL;
	scan->custom_plans = list_make1(plan);
	scan->methods = &scan_methods;
	foreach(cell, plan->targetlist)
	{
		TargetEntry *entry = copyObject(lfirst_node(TargetEntry, cell));
		Oid			type = exprType((Node *) entry->expr);
		int32		typmod = exprTypmod((Node *) entry->expr);
		Oid			collation = exprCollation((Node *) entry->expr);

		/* nobody evaluates these: they give the types */
		scan->custom_scan_tlist =
			lappend(scan->custom_scan_tlist,
					makeTargetEntry((Expr *) makeNullConst(type, typmod, collation),
									entry->resno, entry->resname, false));
		entry->expr = (Expr *) makeVar(INDEX_VAR, entry->resno, type, typmod, collation, 0);
		scan->scan.plan.targetlist = lappend(scan->scan.plan.targetlist, entry);
	}
	return (Plan *) scan;
}

static bool
is_own(RangeTblEntry *entry)
{
	List	   *names;
	ListCell   *cell;

	if (entry->rtekind != RTE_RELATION ||
		!SplitIdentifierString(pstrdup(owns), ',', &names))
		return false;
	foreach(cell, names)
	{
		List	   *name = list_make2(makeString("fca"), makeString(lfirst(cell)));

		if (entry->relid == RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true))
			return true;
	}
	return false;
}

/* Does a query, or one in it, name a relation of ours? */
static bool
names_own(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
		return is_own((RangeTblEntry *) node);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, names_own, context, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, names_own, context);
}

#if PG_VERSION_NUM < 190000
#define EXPLAIN_PARAMETER
#define EXPLAIN_ARGUMENT
#else
#define EXPLAIN_PARAMETER , ExplainState *es
#define EXPLAIN_ARGUMENT , es
#endif

static PlannedStmt *
plan_query(Query *query, const char *text, int options, ParamListInfo params EXPLAIN_PARAMETER)
{
	bool		named = names_own((Node *) query, NULL);
	planner_hook_type planner = next_planner ? next_planner : standard_planner;
	PlannedStmt *statement = planner(query, text, options, params EXPLAIN_ARGUMENT);
	ListCell   *cell;

	if (named && statement->commandType == CMD_SELECT)
		statement->planTree = wrapped(statement->planTree);
	if (!named)
		foreach(cell, statement->rtable)
			if (is_own(lfirst_node(RangeTblEntry, cell)))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("parameterized queries for SQL functions referencing distributed tables"
								" are not supported")));
	return statement;
}

void
_PG_init(void)
{
	DefineCustomStringVariable("other_planner.owns", "Relations of the schema fca that are planned here.",
							   NULL, &owns, "", PGC_USERSET, 0, NULL, NULL, NULL);
	RegisterCustomScanMethods(&scan_methods);
	next_planner = planner_hook;
	planner_hook = plan_query;
}
