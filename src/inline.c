/*
 * inline.c
 *		A finder's query in the place of its call, on PostgreSQL 19.
 *
 * From 19 on a finder in FROM whose arguments come from other tables gives its
 * query to the planner, which plans it as a part of the join.
 *
 * The rows, the errors and the privileges must be those of the call, so it
 * stays a call wherever the query could differ: where an argument that is not
 * known yet may be an error, where a value of the relation may be one by a cast
 * that an outer query does not need, where two rows of one key are to be an
 * error, under row-level security (a kept plan of the outer query would not see
 * that row_security is turned off), and where the caller may not read the
 * relation (a call that is never made is no error).
 */
#include "compat.h"

#if PG_VERSION_NUM >= 190000

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "finder.h"
#include "inline.h"
#include "settings.h"
#include "signature.h"

/*
 * Has an expression a value of another table, of this query or of one around?
 */
static bool
has_variable(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, Var) || expression_tree_walker(node, has_variable, context);
}

static bool
not_leakproof(Oid function, void *context)
{
	return !get_func_leakproof(function);
}

/* Could the evaluation of some expression, or of a join's condition, fail? */
static bool
may_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_Param:
		case T_RangeTblRef:
			return false;
		case T_List:
		case T_TargetEntry:
		case T_FromExpr:
		case T_JoinExpr:
		case T_RelabelType:
		case T_BoolExpr:
		case T_NullTest:
			break;
		case T_FuncExpr:
		case T_OpExpr:
			if (check_functions_in_node(node, not_leakproof, context))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, may_fail, context);
}

/* Does the outer query expect other columns than the row type has now? */
typedef struct Expectation
{
	const FcaModel *model;
	int			varno;
	Index		levels_up;
} Expectation;

static bool
is_unexpected(Node *node, void *context)
{
	Expectation *expected = context;
	bool		found;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		expected->levels_up++;
		found = query_tree_walker((Query *) node, is_unexpected, context, 0);
		expected->levels_up--;
		return found;
	}
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		Form_pg_attribute column;

		if (var->varno != expected->varno || var->varlevelsup != expected->levels_up)
			return false;
		if (var->varattno == 0)
			return var->vartype != expected->model->rowtype;
		if (var->varattno < 0 || var->varattno > expected->model->rowdesc->natts)
			return true;
		column = TupleDescAttr(expected->model->rowdesc, var->varattno - 1);
		return var->vartype != column->atttypid || var->vartypmod != column->atttypmod ||
			var->varcollid != column->attcollation;
	}
	return expression_tree_walker(node, is_unexpected, context);
}

/*
 * A statement that was prepared before the row type has changed still has the
 * columns of before.
 */
static bool
is_expected(PlannerInfo *root, RangeTblFunction *call, const FcaModel *model)
{
	Expectation expected = {.model = model};
	ListCell   *cell;

	if (call->funccolcount != model->rowdesc->natts)
		return false;
	foreach(cell, root->parse->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_FUNCTION && linitial(entry->functions) == call)
			expected.varno = foreach_current_index(cell) + 1;
	}
	return expected.varno > 0 &&
		!query_tree_walker(root->parse, is_unexpected, &expected, 0);
}

/*
 * Has the relation every column of the row type, in a type whose text needs no
 * more than a harmless cast?
 */
static bool
has_plain_columns(const FcaModel *model)
{
	for (int i = 0; i < model->rowdesc->natts; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(model->rowdesc, i);
		Oid			type;
		AttrNumber	attnum;

		/* of a dropped one the query would have no column */
		if (wanted->attisdropped || wanted->atttypid >= FirstNormalObjectId)
			return false;
		attnum = get_attnum(RelationGetRelid(model->rel), NameStr(wanted->attname));
		if (attnum <= 0)
			return false;
		type = TupleDescAttr(RelationGetDescr(model->rel), attnum - 1)->atttypid;
		if (type != wanted->atttypid &&
			!(wanted->atttypid == TEXTOID && type == VARCHAROID) &&
			!(wanted->atttypid == INT8OID && (type == INT4OID || type == INT2OID)))
			return false;
	}
	return true;
}

/* Has a table columns whose values are made when they are read? */
static bool
has_virtual_columns(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);
	TupleConstr *constr = RelationGetDescr(rel)->constr;
	bool		found = constr != NULL && constr->has_generated_virtual;

	relation_close(rel, NoLock);
	return found;
}

/*
 * Is this query, of a finder or of a view that it reads, the same as part of
 * another?  (A call may not lock rows, as a view can.)
 */
static bool
is_plain_query(Query *query, bool in_view)
{
	ListCell   *cell;

	if (query->hasRowSecurity || query->hasForUpdate || query->hasSubLinks ||
		query->cteList != NIL ||
		!ExecCheckPermissions(query->rtable, query->rteperminfos, false) ||
		may_fail((Node *) query->targetList, NULL) ||
		(!in_view && may_fail((Node *) query->jointree, NULL)))
		return false;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_RELATION && has_virtual_columns(entry->relid))
			return false;
		if (entry->rtekind == RTE_SUBQUERY &&
			!is_plain_query(entry->subquery, in_view || OidIsValid(entry->relid)))
			return false;
	}
	return true;
}

/* Parses, analyzes and rewrites the text; NULL where it must stay a call. */
static Query *
query_of_text(const FcaQuery *query)
{
	List	   *parsed = pg_parse_query(query->text.data);
	List	   *rewritten =
	pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, parsed), query->text.data,
									   query->types, query->nparams, NULL);
	Query	   *result;

	if (list_length(rewritten) != 1)
		return NULL;
	result = linitial_node(Query, rewritten);
	if (result->commandType != CMD_SELECT || !is_plain_query(result, false) ||
		contain_volatile_functions((Node *) result))
		return NULL;
	return result;
}

/*
 * The types of the arguments, and the value of max_rows, which the text
 * depends on; the other values are not known yet.  Each parameter has the
 * number of its argument, as the planner will replace it.  False where the
 * call may be an error, or is for a page behind a position.
 */
static bool
read_expressions(const FcaFinder *finder, const FcaResource *resource, List *expressions,
				 const Oid *types, FcaGiven *given)
{
	FcaArgument argument;

	for (int n = 0; fca_finder_argument(finder, n, &argument); n++)
	{
		Const	   *constant = list_nth(expressions, n);
		const FcaColumn *column;

		given[n].type = types[n];
		given[n].value.isnull = true;
		switch (argument.kind)
		{
			case FCA_ARG_CONDITION:
				column = fca_resource_column(resource, argument.column);
				if (fca_finder_origin(finder)->where[argument.index].test == FCA_CONTAINS ||
					(column != NULL && column->one_of != NULL))
					return false;
				break;
			case FCA_ARG_MAX_ROWS:
				if (!IsA(constant, Const) ||
					(!constant->constisnull && DatumGetInt64(constant->constvalue) <= 0))
					return false;
				given[n].value.value = constant->constvalue;
				given[n].value.isnull = constant->constisnull;
				break;
			case FCA_ARG_AFTER:
				if (!IsA(constant, Const) || !constant->constisnull)
					return false;
				break;
		}
	}
	return true;
}

/* The finder's query over an open relation, or NULL. */
static Query *
query_of_model(PlannerInfo *root, RangeTblFunction *function, FcaFinderCall *call,
			   const FcaResource *resource, const FcaFinder *finder, const Oid *types)
{
	FcaGiven	given[FCA_MAX_ARGUMENTS];

	if (call->model.rel->rd_rel->relrowsecurity ||
		!RelationIsPopulated(call->model.rel) ||
		!is_expected(root, function, &call->model) ||
		!has_plain_columns(&call->model) ||
		(fca_finder_gives_one(finder) &&
		 !fca_model_is_unique(&call->model,
							  fca_model_column(&call->model, finder->where[0].column))))
		return NULL;
	if (!read_expressions(finder, resource, ((FuncExpr *) function->funcexpr)->args,
						  types, given))
		return NULL;
	fca_finder_call_begin(call, finder, given, true);
	fca_finder_call_write(call);
	return query_of_text(&call->query);
}

/* The finder that may be called by its query, and its resource; or NULL. */
static const FcaFinder *
finder_of_call(FuncExpr *call, HeapTuple proc, const FcaResource **resource)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(proc);
	const FcaFinder *finder;

	/* with constants alone the call's kept plan is quicker than planning */
	if (!has_variable((Node *) call->args, NULL) ||
		contain_leaked_vars((Node *) call->args))
		return NULL;

	/* ALTER FUNCTION may have changed what the call does */
	if (form->prolang != ClanguageId || form->provolatile == PROVOLATILE_VOLATILE ||
		form->prosecdef || form->proisstrict || !form->proretset)
		return NULL;
	finder = fca_finder_of_symbol(TextDatumGetCString(SysCacheGetAttrNotNull(PROCOID, proc,
																			 Anum_pg_proc_prosrc)),
								  resource);
	if (finder == NULL || finder->for_update_of != NULL ||
		!fca_finder_signature_fits(proc, *resource, finder) ||
		list_length(call->args) != form->pronargs)
		return NULL;
	return finder;
}

/*
 * The relation, locked; InvalidOid where there is none that the caller could
 * name or that can be read.  Of a foreign table the call's plan fetches a
 * page, but as part of another query all rows of a key may be fetched and
 * sorted.
 */
static Oid
find_relation(const FcaResource *resource)
{
	Oid			schema = get_namespace_oid(FCA_SCHEMA, true);
	Oid			relid;

	if (!OidIsValid(schema) ||
		object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		return InvalidOid;
	relid = fca_resource_relid(resource, AccessShareLock);
	switch (OidIsValid(relid) ? get_rel_relkind(relid) : '\0')
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			return relid;
		default:
			return InvalidOid;
	}
}

/*
 * The query that says the same as the call, or NULL where it must stay a call.
 * It is locked and rewritten as the planner needs it.
 */
Query *
fca_inline_query(SupportRequestInlineInFrom *request)
{
	PlannerInfo *root = request->root;
	FuncExpr   *call = (FuncExpr *) request->rtfunc->funcexpr;
	FcaFinderCall finder_call = {0};
	const FcaFinder *finder;
	const FcaResource *resource;
	Query	   *query;
	MemoryContext old;

	if (!fca_enable_inlining || root == NULL || !IsA(call, FuncExpr))
		return NULL;
	finder = finder_of_call(call, request->proc, &resource);
	if (finder == NULL || !OidIsValid(find_relation(resource)))
		return NULL;
	fca_model_open_resource(&finder_call.model, resource, call->funcresulttype,
							AccessShareLock);
	query = query_of_model(root, request->rtfunc, &finder_call, resource, finder,
						   ((Form_pg_proc) GETSTRUCT(request->proc))->proargtypes.values);
	if (query != NULL)
	{
		/*
		 * The plan must be made again when the row type changes, and for
		 * another role, who may perhaps not execute the function.
		 */
		old = MemoryContextSwitchTo(root->planner_cxt);
		root->glob->relationOids = lappend_oid(root->glob->relationOids,
											   get_typ_typrelid(call->funcresulttype));
		root->glob->dependsOnRole = true;
		MemoryContextSwitchTo(old);
	}
	fca_model_close(&finder_call.model);
	return query;
}

#endif							/* PG_VERSION_NUM >= 190000 */
