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

#include "access/genam.h"
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
#include "nodes/makefuncs.h"
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
#include "utils/typcache.h"

#include "finder.h"
#include "inline.h"
#include "signature.h"

/* Has an expression a value of another table, of this query or of one around? */
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

/* Is there a unique index by which two rows cannot have one value? */
static bool
is_unique(const FcaModel *model, const char *name)
{
	Form_pg_attribute column = fca_model_column(model, name);
	Oid			family = lookup_type_cache(column->atttypid, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	List	   *indexes;
	ListCell   *cell;
	bool		found = false;

	/* the index of a table has no rows of those that inherit from it */
	if (model->rel->rd_rel->relkind == RELKIND_RELATION &&
		has_subclass(RelationGetRelid(model->rel)))
		return false;
	indexes = RelationGetIndexList(model->rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		Form_pg_index form = index->rd_index;

		if (form->indisunique && form->indimmediate && form->indisvalid &&
			form->indnkeyatts == 1 && form->indkey.values[0] == column->attnum &&
			index->rd_opfamily[0] == family &&
			index->rd_indcollation[0] == column->attcollation &&
			RelationGetIndexPredicate(index) == NIL)
			found = true;
		index_close(index, NoLock);
	}
	list_free(indexes);
	return found;
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
 * Reads the arguments as finder.c does, by their expressions.  Each becomes the
 * parameter of its own number, as the planner will replace it.  False where the
 * call may be an error, or is for a page behind a place.
 */
static bool
read_expressions(FcaFinding *finding, List *arguments, const Oid *types)
{
	const FcaFinder *finder = finding->finder;
	const FcaFinder *from = fca_finder_origin(finder);
	ListCell   *cell = list_head(arguments);

	for (int i = 0; i < fca_count_conditions(from); i++)
	{
		const FcaColumn *column = fca_resource_column(finder->resource, from->where[i].column);

		if (from->where[i].test == FCA_IS)
			continue;
		if (from->where[i].test == FCA_CONTAINS ||
			(column != NULL && column->one_of != NULL))
			return false;
		finding->params[i] = fca_query_param(&finding->query, types[finding->query.nparams],
											 (Datum) 0, true);
		cell = lnext(arguments, cell);
	}
	if (fca_finder_has_max_rows(finder))
	{
		Const	   *limit = lfirst(cell);
		int			param;

		if (!IsA(limit, Const) ||
			(!limit->constisnull && DatumGetInt64(limit->constvalue) <= 0))
			return false;
		param = fca_query_param(&finding->query, INT8OID, (Datum) 0, true);
		if (!limit->constisnull || from->paging == FCA_NEWEST)
			finding->limit = param;
		cell = lnext(arguments, cell);
	}
	for (; cell != NULL; cell = lnext(arguments, cell))
	{
		if (!IsA(lfirst(cell), Const) || !((Const *) lfirst(cell))->constisnull)
			return false;
	}
	finding->nkeys = fca_count_order(from);
	return true;
}

/* The finder's query over an open relation, or NULL. */
static Query *
query_of_model(PlannerInfo *root, RangeTblFunction *call, FcaFinding *finding,
			   const Oid *types)
{
	const FcaFinder *finder = finding->finder;

	if (finding->model.rel->rd_rel->relrowsecurity ||
		!RelationIsPopulated(finding->model.rel) ||
		!is_expected(root, call, &finding->model) ||
		!has_plain_columns(&finding->model) ||
		(finder->paging == FCA_ONE_ROW && finder->each_of == NULL &&
		 !is_unique(&finding->model, finder->where[0].column)))
		return NULL;
	fca_query_begin(&finding->query, &finding->model, FCA_OP_FIND);
	if (!read_expressions(finding, ((FuncExpr *) call->funcexpr)->args, types))
		return NULL;
	fca_finding_write(finding);
	return query_of_text(&finding->query);
}

/* The finder that may be called by its query, or NULL. */
static const FcaFinder *
finder_of_call(FuncExpr *call, HeapTuple proc)
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
																			 Anum_pg_proc_prosrc)));
	if (finder == NULL || finder->locks != NULL ||
		!fca_signature_fits(proc, finder) ||
		list_length(call->args) != form->pronargs)
		return NULL;
	return finder;
}

/*
 * The relation, locked; InvalidOid where there is none that the caller could
 * name or that can be read.  Of a foreign table the call's plan fetches a page,
 * but as part of another query all rows of a key may be fetched and sorted.
 */
static Oid
find_relation(const FcaFinder *finder)
{
	Oid			schema = get_namespace_oid(FCA_SCHEMA, true);
	Oid			relid;

	if (!OidIsValid(schema) ||
		object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		return InvalidOid;
	relid = RangeVarGetRelid(makeRangeVar(FCA_SCHEMA,
										  unconstify(char *, finder->resource->relation), -1),
							 AccessShareLock, true);
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

Query *
fca_inline_query(SupportRequestInlineInFrom *request)
{
	PlannerInfo *root = request->root;
	FuncExpr   *call = (FuncExpr *) request->rtfunc->funcexpr;
	FcaFinding	finding = {0};
	Query	   *query;
	MemoryContext old;

	if (root == NULL || !IsA(call, FuncExpr))
		return NULL;
	finding.finder = finder_of_call(call, request->proc);
	if (finding.finder == NULL || !OidIsValid(find_relation(finding.finder)))
		return NULL;
	fca_model_open_resource(&finding.model, finding.finder->resource,
							call->funcresulttype, AccessShareLock);
	query = query_of_model(root, request->rtfunc, &finding,
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
	fca_model_close(&finding.model);
	return query;
}

#endif							/* PG_VERSION_NUM >= 190000 */
