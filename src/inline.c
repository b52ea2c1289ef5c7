/*
 * inline.c
 *		A finder's query in the place of its call.
 *
 * The planner gets the query of a call in FROM where the plan is made once and
 * run often: in a join, whose arguments come from other tables, and in a plan
 * for all values of a statement's parameters.  Elsewhere the kept plan of the
 * call is quicker than planning.
 *
 * The rows, the errors and the privileges must be those of the call, so it
 * stays a call wherever the query could differ: where a value of the relation
 * may be an error by a cast that an outer query does not need, where two rows of
 * one key are to be an error, under row-level security (a kept plan of the outer
 * query would not see that row_security is turned off), and where the caller may
 * not read the relation (a call that is never made is no error).  What is wrong
 * with an argument is an error when the query runs; see fca_checked_max_rows().
 *
 * A plan that is made for one role serves all where everybody may execute the
 * finder and use the schema.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
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
#include "nodes/plannodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base_repository.h"
#include "finder.h"
#include "inline.h"
#include "settings.h"
#include "signature.h"
#include "subtransaction.h"

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

/*
 * Could a function fail, or tell what it is given?  A leakproof one cannot; nor
 * can these, of which arguments are often made.
 */
static bool
not_harmless(Oid function, void *context)
{
	switch (function)
	{
		case F_NOW:
		case F_TEXTCAT:
		case F_LOWER_TEXT:
		case F_UPPER_TEXT:
		case F_BTRIM_TEXT:
			return false;
		default:
			return !get_func_leakproof(function);
	}
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
		case T_SQLValueFunction:
			return false;
		case T_List:
		case T_TargetEntry:
		case T_FromExpr:
		case T_JoinExpr:
		case T_RelabelType:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CoalesceExpr:
			break;
		case T_ArrayExpr:
			if (((ArrayExpr *) node)->multidims)
				return true;
			break;
		case T_FuncExpr:
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_DistinctExpr:
		case T_RowCompareExpr:
			if (check_functions_in_node(node, not_harmless, context))
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
is_expected(PlannerInfo *root, RangeTblFunction *call, int varno, const FcaModel *model)
{
	Expectation expected = {.model = model, .varno = varno};

	return call->funccolcount == model->rowdesc->natts &&
		!query_tree_walker(root->parse, is_unexpected, &expected, 0);
}

/* An entry of FROM in a query that is planned. */
typedef struct EntryOfQuery
{
	PlannerInfo *root;
	int			varno;
} EntryOfQuery;

/*
 * Has an expression, so many levels below the query, columns of the entry?  A
 * join's, or those of GROUP BY, may be those.
 */
static bool
has_columns_of(const EntryOfQuery *of, Node *node, int level)
{
	Relids		entries = pull_varnos_of_level(of->root, node, level);
	int			varno = -1;

	while ((varno = bms_next_member(entries, varno)) > 0)
	{
		RTEKind		kind = rt_fetch(varno, of->root->parse->rtable)->rtekind;

		if (varno == of->varno || kind == RTE_JOIN || kind == RTE_GROUP)
			return true;
	}
	return false;
}

/* Is there a condition on the entry that may fail, or tell what it sees? */
static bool
is_telling(Node *node, void *context)
{
	if (node == NULL || IsA(node, RangeTblRef))
		return false;
	if (IsA(node, List) || IsA(node, FromExpr) || IsA(node, JoinExpr) || is_andclause(node))
		return expression_tree_walker(node, is_telling, context);
	return may_fail(node, NULL) && has_columns_of(context, node, 0);
}

/*
 * Does the query around tell what the entry's rows are before it has them all?
 * It shall see none that the call does not give, so the query of the call gets
 * an OFFSET then, which is a fence.  (A condition that stands further out, around
 * a subquery, is not seen here: it may be evaluated on any row of the relation,
 * as in a join of tables.)
 */
static bool
needs_fence(PlannerInfo *root, int varno)
{
	EntryOfQuery of = {root, varno};
	ListCell   *cell;

	if (is_telling((Node *) root->parse->jointree, &of) ||
		is_telling(root->parse->havingQual, &of))
		return true;
	foreach(cell, root->parse->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (!entry->lateral || foreach_current_index(cell) + 1 == varno)
			continue;
		if (entry->rtekind == RTE_SUBQUERY
			? has_columns_of(&of, (Node *) entry->subquery, 1)
			: entry->rtekind != RTE_FUNCTION ||
			has_columns_of(&of, (Node *) entry->functions, 0))
			return true;
	}
	return false;
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

		if (wanted->attisdropped)
			continue;
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
#if PG_VERSION_NUM < 180000
	return false;
#else
	Relation	rel = relation_open(relid, NoLock);
	TupleConstr *constr = RelationGetDescr(rel)->constr;
	bool		found = constr != NULL && constr->has_generated_virtual;

	relation_close(rel, NoLock);
	return found;
#endif
}

/*
 * Are these the server's own functions in FROM?  A view that calls a finder of
 * what it stands for would be replaced in itself without end.
 */
static bool
are_builtin(List *functions)
{
	ListCell   *cell;

	foreach(cell, functions)
	{
		FuncExpr   *call = (FuncExpr *) lfirst_node(RangeTblFunction, cell)->funcexpr;

		if (!IsA(call, FuncExpr) || call->funcid >= FirstNormalObjectId)
			return false;
	}
	return true;
}

/*
 * Is this query, of a finder or of a view that it reads, the same as part of
 * another?  (A call may not lock rows, as a view can.)  Below its LIMIT nothing
 * of another is evaluated.
 */
static bool
is_plain_query(Query *query)
{
	ListCell   *cell;

	if (query->hasRowSecurity || query->hasForUpdate || query->hasSubLinks ||
		query->cteList != NIL ||
		!ExecCheckPermissions(query->rtable, query->rteperminfos, false) ||
		may_fail((Node *) query->targetList, NULL) ||
		(query->limitCount == NULL && may_fail((Node *) query->jointree, NULL)))
		return false;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->security_barrier ||
			(entry->rtekind == RTE_RELATION && has_virtual_columns(entry->relid)))
			return false;
		if (entry->rtekind == RTE_FUNCTION && !are_builtin(entry->functions))
			return false;
		if (entry->rtekind == RTE_SUBQUERY &&
			!is_plain_query(entry->subquery))
			return false;
	}
	return true;
}

/* The row type's dropped columns, which a text leaves out, are NULL. */
static void
add_dropped_columns(Query *query, TupleDesc row)
{
	ListCell   *cell;

	for (int i = 0; i < row->natts; i++)
		if (TupleDescAttr(row, i)->attisdropped)
			query->targetList =
				list_insert_nth(query->targetList, i,
								makeTargetEntry((Expr *) makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
																   (Datum) 0, true, true),
												0, NULL, false));
	foreach(cell, query->targetList)
		lfirst_node(TargetEntry, cell)->resno = foreach_current_index(cell) + 1;
}

/*
 * Parses, analyzes and rewrites the text, and limits it where a limit is given;
 * NULL where it must stay a call.
 */
static Query *
query_of_text(const FcaQuery *query, Node *limit)
{
	List	   *parsed;
	List	   *rewritten;
	Query	   *result;

	/* its parts could be run by workers, in any order */
	if (query->has_branches)
		return NULL;
	parsed = pg_parse_query(query->text.data);
	rewritten = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, parsed), query->text.data,
												   query->types, query->nparams, NULL);
	if (list_length(rewritten) != 1)
		return NULL;
	result = linitial_node(Query, rewritten);
	if (limit != NULL)
		result->limitCount = limit;
	if (result->commandType != CMD_SELECT || !is_plain_query(result) ||
		contain_volatile_functions((Node *) result))
		return NULL;
	add_dropped_columns(result, query->model->rowdesc);
	return result;
}

/*
 * What is known of the arguments: of max_rows and of a position, a constant.
 * False where it must stay a call: a text to search for, of which the query
 * depends on what is in it; and a position that may be NULL in a list that ends
 * at an argument, where the query would begin to read at that end.
 */
static bool
read_expressions(const FcaFinder *finder, List *expressions, const Oid *types,
				 FcaGiven *given)
{
	const FcaFinder *origin = fca_finder_origin(finder);
	bool		has_position = false;
	bool		has_end = false;
	FcaArgument argument;

	for (int n = 0; fca_finder_argument(finder, n, &argument); n++)
	{
		Const	   *constant = list_nth(expressions, n);
		bool		is_known = argument.kind != FCA_ARG_CONDITION && IsA(constant, Const);

		given[n].type = types[n];
		given[n].unknown = !is_known;
		given[n].value.value = is_known ? constant->constvalue : (Datum) 0;
		given[n].value.isnull = !is_known || constant->constisnull;
		switch (argument.kind)
		{
			case FCA_ARG_CONDITION:
				if (origin->where[argument.index].test == FCA_CONTAINS)
					return false;
				if (origin->where[argument.index].test == FCA_LT)
					has_end = true;
				break;
			case FCA_ARG_MAX_ROWS:
				/* a constant that is an error, or means no row */
				if (is_known && !constant->constisnull &&
					DatumGetInt64(constant->constvalue) <= 0)
					return false;
				break;
			case FCA_ARG_AFTER:
				if (!given[n].value.isnull || !is_known)
					has_position = true;
				break;
		}
	}
	if (!has_position)
		return true;
	for (int n = 0; fca_finder_argument(finder, n, &argument); n++)
		if (argument.kind == FCA_ARG_AFTER)
		{
			given[n].unknown = given[n].value.isnull = true;
			given[n].value.value = (Datum) 0;
		}
	return !has_end;
}

static Node *
constant_of_type(Oid type, const NullableDatum *value)
{
	int16		length;
	bool		by_value;

	get_typlenbyval(type, &length, &by_value);
	return (Node *) makeConst(type, -1, get_typcollation(type), length, value->value,
							  value->isnull, by_value);
}

static Node *
int8_constant(int64 value)
{
	NullableDatum datum = {Int64GetDatum(value), false};

	return constant_of_type(INT8OID, &datum);
}

/*
 * This module's checked_max_rows(), if the caller may execute it; InvalidOid in an
 * older version of the extension.
 */
static Oid
checking_function(void)
{
	Oid			types[] = {OIDOID, ANYOID};
	Oid			function =
	GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("checked_max_rows"),
					PointerGetDatum(buildoidvector(types, lengthof(types))),
					ObjectIdGetDatum(get_namespace_oid(FCA_SCHEMA, true)));
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		is_ours = false;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId)
		is_ours = strcmp(TextDatumGetCString(SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull)),
						 "fca_checked_max_rows") == 0;
	ReleaseSysCache(tuple);
	return is_ours &&
		object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK
		? function : InvalidOid;
}

static Node *
parameter(int number, Oid type)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = number;
	param->paramtype = type;
	param->paramtypmod = -1;
	param->paramcollid = get_typcollation(type);
	param->location = -1;
	return (Node *) param;
}

/*
 * The LIMIT of a finder's query, by a function that checks the arguments: it is
 * evaluated once, before anything is read.
 */
static Node *
checked_limit(Oid function, const FcaFinderCall *call)
{
	NullableDatum finder = {ObjectIdGetDatum(call->function), false};
	List	   *arguments = list_make1(constant_of_type(OIDOID, &finder));

	for (int n = 0; n < call->query.nparams; n++)
		arguments = lappend(arguments, parameter(n + 1, call->query.types[n]));
	return (Node *) makeFuncExpr(function, INT8OID, arguments, InvalidOid, InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

/* The finder's query over an open relation, or NULL. */
static Query *
query_of_finder(FcaFinderCall *call, const FcaFinder *finder, List *arguments,
				const Oid *types)
{
	FcaGiven	given[FCA_MAX_ARGUMENTS];
	Oid			check;

	if ((fca_finder_gives_one(finder) &&
		 !fca_model_is_unique(&call->model,
							  fca_model_column(&call->model, finder->where[0].column))) ||
		!read_expressions(finder, arguments, types, given))
		return NULL;
	fca_finder_call_begin(call, finder, given, true);
	fca_finder_call_write(call);
	if (!call->checked)
		return query_of_text(&call->query, NULL);
	check = checking_function();
	return OidIsValid(check)
		? query_of_text(&call->query, checked_limit(check, call)) : NULL;
}

/* The expressions that the parameters of a query stand for. */
typedef struct Substitution
{
	List	   *expressions;
	int			levels_up;
} Substitution;

static Node *
substitute(Node *node, void *context)
{
	Substitution *with = context;
	Node	   *result;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
	{
		with->levels_up++;
		result = (Node *) query_tree_mutator((Query *) node, substitute, context, 0);
		with->levels_up--;
		return result;
	}
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		result = copyObject(list_nth(with->expressions, ((Param *) node)->paramid - 1));
		IncrementVarSublevelsUp(result, with->levels_up, 0);
		return result;
	}
	return expression_tree_mutator(node, substitute, context);
}

/* The query with these expressions, of the query around, as its parameters. */
static Query *
with_parameters(Query *query, List *expressions)
{
	Substitution with = {expressions, 1};	/* the query itself is a level */

	return query_tree_mutator(query, substitute, &with, 0);
}

/* A call that may be planned by its query. */
typedef struct PlannedCall
{
	PlannerInfo *root;
	RangeTblFunction *function; /* as it stands in FROM */
	int			varno;
	FuncExpr   *call;
	const Oid  *types;			/* of the arguments, as declared */
	const FcaFinder *finder;	/* that is called, and its resource; or NULL */
	const FcaResource *resource;
	const FcaRead *read;		/* that is called otherwise */
	Oid			relid;			/* of the relation, once it is known */
	Query	   *query;			/* or NULL: it must stay a call */
	const char *text;			/* of the query */
} PlannedCall;

/*
 * Can the rows of the model be read by a part of another query?  Of a foreign
 * table the call's plan fetches a page, but as such a part all rows of a key may
 * be fetched and sorted.
 */
static bool
is_plannable(const PlannedCall *planned, const FcaModel *model)
{
	Form_pg_class rel = model->rel->rd_rel;

	return !rel->relrowsecurity && RelationIsPopulated(model->rel) &&
		(rel->relkind == RELKIND_RELATION || rel->relkind == RELKIND_PARTITIONED_TABLE ||
		 rel->relkind == RELKIND_VIEW || rel->relkind == RELKIND_MATVIEW) &&
		is_expected(planned->root, planned->function, planned->varno, model) &&
		has_plain_columns(model);
}

/* A finder of a resource. */
static void
plan_finder(PlannedCall *planned)
{
	FcaFinderCall call = {.function = planned->call->funcid, .is_part = true};

	fca_model_open_resource(&call.model, planned->resource, planned->call->funcresulttype,
							AccessShareLock);
	planned->relid = RelationGetRelid(call.model.rel);
	if (is_plannable(planned, &call.model))
		planned->query = query_of_finder(&call, planned->finder, planned->call->args,
										 planned->types);
	planned->text = call.query.text.data;
	fca_model_close(&call.model);
}

/* The parameters of a read's query: the one of the key, by its argument's number. */
static List *
expressions_of_read(const FcaRead *read, const FcaQuery *query)
{
	List	   *expressions = NIL;

	for (int i = 0; i < query->nparams; i++)
	{
		bool		is_key = i == 0 && read->key > 0;

		expressions = lappend(expressions,
							  is_key ? parameter(read->key + 1, query->types[i])
							  : constant_of_type(query->types[i], &query->params[i]));
	}
	return expressions;
}

/*
 * A read of the base repository whose arguments are constants, but perhaps for
 * the key.
 */
static void
plan_read(PlannedCall *planned)
{
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	const FcaRead *read = planned->read;
	FmgrInfo	flinfo = {
		.fn_oid = planned->call->funcid,
		.fn_expr = (Node *) planned->call,
		.fn_mcxt = CurrentMemoryContext
	};
	FcaCall		call;
	FcaReading	reading = {0};
	ListCell   *cell;

	InitFunctionCallInfoData(*fcinfo, &flinfo, list_length(planned->call->args),
							 InvalidOid, NULL, NULL);
	foreach(cell, planned->call->args)
	{
		Const	   *constant = lfirst(cell);
		NullableDatum *argument = &fcinfo->args[foreach_current_index(cell)];

		argument->isnull = foreach_current_index(cell) == read->key || constant->constisnull;
		argument->value = argument->isnull ? (Datum) 0 : constant->constvalue;
	}
	fca_call_begin(&call, fcinfo, read->signature, &fca_to_read);
	planned->relid = RelationGetRelid(call.model.rel);
	/* to plan is not to run what reads the values of somebody's type */
	if (is_plannable(planned, &call.model) &&
		(read->key > 0 || !fca_model_has_user_types(&call.model)))
	{
		read->read(&call, &reading);
		if (!reading.limit.empty &&
			(read->key == 0 || call.query.types[0] == exprType(list_nth(planned->call->args, read->key))) &&
			(read->is_unique == NULL || read->is_unique(&call, &reading)))
		{
			fca_model_check(&call.model);
			read->write(&call, &reading);
			planned->query = query_of_text(&call.query,
										   read->check_count == NULL && reading.limit.count > 0
										   ? int8_constant(reading.limit.count) : NULL);
			planned->text = call.query.text.data;
		}
		if (planned->query != NULL)
			planned->query = with_parameters(planned->query,
											 expressions_of_read(read, &call.query));
	}
	fca_call_end(&call);
}

/* Has a plan, or one below it, a node of somebody else? */
static bool
has_custom_scan(Plan *plan)
{
	List	   *below = NIL;
	ListCell   *cell;

	if (plan == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(plan))
	{
		case T_CustomScan:
			return true;
		case T_Append:
			below = ((Append *) plan)->appendplans;
			break;
		case T_MergeAppend:
			below = ((MergeAppend *) plan)->mergeplans;
			break;
		case T_SubqueryScan:
			below = list_make1(((SubqueryScan *) plan)->subplan);
			break;
		default:
			break;
	}
	foreach(cell, below)
	{
		if (has_custom_scan(lfirst(cell)))
			return true;
	}
	return has_custom_scan(plan->lefttree) || has_custom_scan(plan->righttree);
}

/*
 * Has the query a planner of its own, as one of distributed tables?  That has
 * seen the statement before the call was replaced, and may refuse it.
 */
static bool
has_own_planner(Query *query, const char *text)
{
	PlannedStmt *statement;

	if (planner_hook == NULL)
		return false;
	statement = pg_plan_query(copyObject(query), text, CURSOR_OPT_PARALLEL_OK, NULL, NULL);
	return has_custom_scan(statement->planTree);
}

/*
 * Writes the query and plans it as far as that is needed.  What is wrong is an
 * error here, and later one of the call.
 */
static void
plan_step(void *arg)
{
	PlannedCall *planned = arg;

	if (planned->finder != NULL)
		plan_finder(planned);
	else
		plan_read(planned);
	if (planned->query != NULL && has_own_planner(planned->query, planned->text))
		planned->query = NULL;
}

static bool
is_everybodys(Oid function)
{
	return object_aclcheck(ProcedureRelationId, function, ACL_ID_PUBLIC, ACL_EXECUTE) == ACLCHECK_OK;
}

/*
 * May everybody execute the function and what checks its arguments, and use the
 * schema of the relation?  A view may have functions, which the planner works
 * out for who may execute them.
 */
static bool
is_public(Oid function, Oid relid)
{
	Oid			check = checking_function();

	return get_rel_relkind(relid) != RELKIND_VIEW && is_everybodys(function) &&
		OidIsValid(check) && is_everybodys(check) &&
		object_aclcheck(NamespaceRelationId, get_rel_namespace(relid), ACL_ID_PUBLIC,
						ACL_USAGE) == ACLCHECK_OK;
}

/*
 * Has this session planned calls for several roles?  Its plans for all values
 * are made without what only one role may know or do, since each switch would
 * make them again.
 */
bool
fca_has_several_roles(void)
{
	static Oid	first_role = InvalidOid;
	static bool several = false;

	if (!OidIsValid(first_role))
		first_role = GetUserId();
	several = several || first_role != GetUserId();
	return several;
}

/* The plan must be made again when the relation changes. */
static void
depend_on_relation(PlannerInfo *root, Oid relid)
{
	MemoryContext old = MemoryContextSwitchTo(root->planner_cxt);

	root->glob->relationOids = lappend_oid(root->glob->relationOids, relid);
	MemoryContextSwitchTo(old);
}

/* Has an expression a parameter of the statement? */
static bool
has_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN) ||
		expression_tree_walker(node, has_parameter, context);
}

/*
 * Is the plan made once and run often?  So it is in a join over the arguments,
 * and where a prepared statement is planned for all values of its parameters.
 * A list of constant filters is worth it in any join, for what the planner then
 * knows of its rows.  Before 18, an SQL function is planned for each query that
 * calls it.
 */
static bool
is_worth(PlannerInfo *root, List *arguments, bool is_list)
{
#if PG_VERSION_NUM < 180000
	if (strcmp(root->planner_cxt->name, "SQL function") == 0)
		return false;
#endif
	return has_variable((Node *) arguments, NULL) ||
		(root->glob->boundParams == NULL && has_parameter((Node *) arguments, NULL)) ||
		(is_list && list_length(root->parse->rtable) > 1);
}

/* Are all arguments constants, but perhaps for that one? */
static bool
are_constants(List *arguments, int except)
{
	ListCell   *cell;

	foreach(cell, arguments)
	{
		if (foreach_current_index(cell) != except && !IsA(lfirst(cell), Const))
			return false;
	}
	return true;
}

/* The read that a function is, or NULL. */
static const FcaRead *
read_of_function(HeapTuple proc)
{
	bool		isnull;
	Datum		symbol = SysCacheGetAttr(PROCOID, proc, Anum_pg_proc_prosrc, &isnull);

	return isnull || ((Form_pg_proc) GETSTRUCT(proc))->prolang != ClanguageId
		? NULL : fca_read_of_symbol(TextDatumGetCString(symbol));
}

/*
 * The query that says the same as the call, or NULL where it must stay a call.
 * It is locked and rewritten as the planner needs it, with the arguments of the
 * call as parameters.
 *
 * Also where it stays a call the plan depends on what decided that.
 */
static Query *
query_of_call(PlannerInfo *root, RangeTblFunction *function, int varno, HeapTuple proc)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(proc);
	FuncExpr   *call = (FuncExpr *) function->funcexpr;
	PlannedCall planned = {
		.root = root,
		.function = function,
		.varno = varno,
		.call = call,
		.types = form->proargtypes.values
	};
	const FcaFinder *finder;
	const FcaRead *read;

	/* ALTER FUNCTION may have changed what the call does */
	if (may_fail((Node *) call->args, NULL) || form->provolatile == PROVOLATILE_VOLATILE ||
		form->prosecdef || form->proisstrict || !heap_attisnull(proc, Anum_pg_proc_proconfig, NULL) ||
		list_length(call->args) != form->pronargs)
		return NULL;
	finder = fca_finder_of_function(call->funcid, &planned.resource);
	read = finder == NULL ? read_of_function(proc) : NULL;
	if (!is_worth(root, call->args,
				  read != NULL && read->key == 0 && read->check_count == NULL))
		return NULL;
	if (object_aclcheck(ProcedureRelationId, call->funcid, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK &&
		!IsInParallelMode() &&
		(finder != NULL ? finder->for_update_of == NULL
		 : read != NULL && are_constants(call->args, read->key)))
	{
		planned.finder = finder;
		planned.read = read;
		if (fca_try(plan_step, &planned) != NULL)
			planned.query = NULL;
	}

	if (!OidIsValid(planned.relid) || !is_public(call->funcid, planned.relid))
	{
		if (!has_variable((Node *) call->args, NULL) && fca_has_several_roles())
			planned.query = NULL;
		else
			root->glob->dependsOnRole = true;
	}
	depend_on_relation(root, get_typ_typrelid(call->funcresulttype));
	if (OidIsValid(planned.relid))
		depend_on_relation(root, planned.relid);
	if (planned.query != NULL && planned.query->limitCount == NULL && needs_fence(root, varno))
		planned.query->limitOffset = int8_constant(0);
	return planned.query;
}

#if PG_VERSION_NUM < 190000

/*
 * Before 19 the planner asks no function for its query.  But it asks to simplify
 * each call of FROM, before it looks at the subqueries there: at that time the
 * entry of the call is replaced by one of a subquery.
 *
 * The server looks for no such change, but is safe from it: it takes the entries
 * one by one from the list, and what it still does with the one before has no
 * effect.  It simplifies calls again later, when an entry must not change any
 * more; see is_too_late().  (A planner_hook could do the same, but only from the
 * second statement of a session on, as this module is loaded by its first call.)
 */

/*
 * Is the planner beyond the step in which it prepares the entries of FROM?  A
 * call in FROM that is lateral is simplified once more then, and one in the
 * target list may equal it.
 */
static bool
is_too_late(const PlannerInfo *root)
{
	return root->hasLateralRTEs || root->parse->hasTargetSRFs ||
		root->simple_rel_array != NULL;
}

/* The entry of FROM that is this call alone, from 1 on; 0 where there is none. */
static int
find_entry(PlannerInfo *root, FuncExpr *call, HeapTuple proc)
{
	ListCell   *cell;

	foreach(cell, root->parse->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);
		RangeTblFunction *function;
		FuncExpr   *other;
		List	   *arguments;

		if (entry->rtekind != RTE_FUNCTION || entry->funcordinality ||
			list_length(entry->functions) != 1)
			continue;
		function = linitial_node(RangeTblFunction, entry->functions);
		other = (FuncExpr *) function->funcexpr;
		if (!IsA(other, FuncExpr) || other->funcid != call->funcid ||
			function->funccolnames != NIL)
			continue;
		arguments = expand_function_arguments(other->args, false, other->funcresulttype, proc);
		if (equal(arguments, call->args) ||
			equal(eval_const_expressions(root, (Node *) arguments), call->args))
			return foreach_current_index(cell) + 1;
	}
	return 0;
}

/* Puts the query in the place of that entry, where it says the same. */
static void
replace_entry(PlannerInfo *root, int varno, FuncExpr *call, HeapTuple proc)
{
	ListCell   *cell = list_nth_cell(root->parse->rtable, varno - 1);
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	RangeTblFunction *function;
	Query	   *query;

	*entry = *lfirst_node(RangeTblEntry, cell);
	function = copyObject(linitial_node(RangeTblFunction, entry->functions));
	function->funcexpr = (Node *) call;
	query = query_of_call(root, function, varno, proc);
	if (query == NULL)
		return;
	entry->rtekind = RTE_SUBQUERY;
	entry->subquery = with_parameters(query, call->args);
	entry->functions = list_make1(function);	/* for whole rows of it */
	entry->security_barrier = false;
	lfirst(cell) = entry;
	record_plan_function_dependency(root, call->funcid);
}

/*
 * Puts the query of a call in FROM in its place, where it says the same.  What
 * was asked for, a simpler expression of the call, there is none in any case.
 */
void
fca_inline_call(SupportRequestSimplify *request)
{
	PlannerInfo *root = request->root;
	Oid			function = request->fcall->funcid;
	FuncExpr   *call;
	HeapTuple	proc;
	int			varno;

	if (!fca_enable_inlining || root == NULL || is_too_late(root) ||
		!request->fcall->funcretset || FmgrHookIsNeeded(function) ||
		!is_worth(root, request->fcall->args, true))
		return;
	proc = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	call = copyObject(request->fcall);	/* the request's is on the stack */
	varno = find_entry(root, call, proc);
	if (varno > 0)
		replace_entry(root, varno, call, proc);
	ReleaseSysCache(proc);
}

#else

/* The query of a call in FROM, or NULL where it must stay a call. */
Query *
fca_inline_query(SupportRequestInlineInFrom *request)
{
	ListCell   *cell;

	if (!fca_enable_inlining || request->root == NULL ||
		!IsA(request->rtfunc->funcexpr, FuncExpr))
		return NULL;
	foreach(cell, request->root->parse->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_FUNCTION && linitial(entry->functions) == request->rtfunc)
			return query_of_call(request->root, request->rtfunc,
								 foreach_current_index(cell) + 1, request->proc);
	}
	return NULL;
}

#endif							/* PG_VERSION_NUM < 190000 */
