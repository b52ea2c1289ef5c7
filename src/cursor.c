/*
 * cursor.c
 *		Streams: a cursor over a model's rows, or over a finder's.
 *
 * The cursor belongs to the caller's transaction, which ends it; it is read by
 * FETCH, and the rows are worked out as they are read.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/portal.h"
#include "utils/syscache.h"

#include "call.h"
#include "filter.h"
#include "finder.h"
#include "rows.h"
#include "sort.h"
#include "value.h"

/*
 * Error 25P01 where the cursor would be gone before it could be read: in a
 * statement of its own.  A function that calls us may read it; it has told the
 * server what to say of an error in it, which nobody else but the parameters
 * of the client's statement does.
 */
static void
check_transaction(void)
{
	if (IsTransactionBlock())
		return;
	for (ErrorContextCallback *context = error_context_stack; context != NULL;
		 context = context->previous)
		if (context->callback != ParamsErrorCallback)
			return;
	ereport(ERROR,
			(errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
			 errmsg("a cursor can only be opened in a transaction block"),
			 errdetail("It would be closed when this statement ends."),
			 errhint("BEGIN first.")));
}

/* Within SPI: opens a cursor of the given name, or of one that is made up. */
static Datum
open_plan(FunctionCallInfo fcinfo, int argno, FcaPlan *plan, const FcaQuery *query)
{
	const char *name = NULL;
	Portal		portal;
	text	   *opened;

	if (!PG_ARGISNULL(argno))
		name = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	if (name != NULL && strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("cursor name \"%s\" is too long", name),
				 errdetail("It must be less than %d bytes.", NAMEDATALEN)));
	check_transaction();
	portal = fca_plan_open(plan, query, name);
	opened = SPI_palloc(strlen(portal->name) + VARHDRSZ);
	SET_VARSIZE(opened, strlen(portal->name) + VARHDRSZ);
	memcpy(VARDATA(opened), portal->name, strlen(portal->name));
	return PointerGetDatum(opened);
}

/*
 * open_cursor(model, filters, sort_by, cursor_name): a cursor over the rows
 * that match; its name.  The plan is one for a fast first row.
 */
FCA_FUNCTION(fca_open_cursor, REFCURSOROID,
			 ANYELEMENTOID, JSONBOID, TEXTOID, TEXTOID);

Datum
fca_open_cursor(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaFilter  *filter;
	FcaSort    *sort;
	FcaLimit	all = {0};
	FcaPlan    *plan;
	Datum		name;

	fca_call_begin(&call, fcinfo, &fca_open_cursor_signature, &fca_to_read);
	filter = fca_filter_read(&call.query, fcinfo, 1, false);
	sort = fca_sort_read(&call.query, fcinfo, 2);
	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		fca_model_check(&call.model);
		fca_append_list(&call.query, fca_filter_text(filter), sort->keys,
						sort->nkeys, &all);
		plan = fca_plan_keep(&call.query, CURSOR_OPT_FAST_PLAN);
	}
	name = open_plan(fcinfo, 3, plan, &call.query);
	SPI_finish();
	fca_call_end(&call);
	return name;
}

/* The finders' SQL functions, for a hint. */
static const char *
finder_names(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; fca_resources[i] != NULL; i++)
		for (const FcaFinder *const *finder = fca_resources[i]->finders; *finder != NULL; finder++)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", (*finder)->name);
	return names.data;
}

/* A finder's SQL function, by which its arguments have names and defaults. */
typedef struct FinderFunction
{
	const FcaFinder *finder;
	const FcaResource *resource;
	Oid			oid;
	int			nargs;
	Oid		   *types;
	char	  **names;
	List	   *defaults;		/* of the last arguments */
} FinderFunction;

static void
look_up_finder(const char *name, FinderFunction *function)
{
	CatCList   *functions;
	Oid			schema = get_namespace_oid(FCA_SCHEMA, false);

	/* a longer name is none, and the cache may not be asked for it */
	functions = SearchSysCacheList1(PROCNAMEARGSNSP,
									CStringGetDatum(strlen(name) < NAMEDATALEN ? name : ""));
	memset(function, 0, sizeof(FinderFunction));
	for (int i = 0; i < functions->n_members; i++)
	{
		HeapTuple	tuple = &functions->members[i]->tuple;
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
		const FcaFinder *finder;
		const FcaResource *resource;
		Datum		datum;
		bool		isnull;

		if (form->pronamespace != schema)
			continue;
		finder = fca_finder_of_function(form->oid, &resource);
		if (finder == NULL)
			continue;
		function->finder = finder;
		function->resource = resource;
		function->oid = form->oid;
		datum = SysCacheGetAttr(PROCNAMEARGSNSP, tuple, Anum_pg_proc_proargdefaults, &isnull);
		if (!isnull)
			function->defaults = castNode(List, stringToNode(TextDatumGetCString(datum)));
	}
	ReleaseCatCacheList(functions);

	if (function->finder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("finder \"%s\" does not exist", name),
				 errhint("The finders are: %s.", finder_names())));
	if (object_aclcheck(ProcedureRelationId, function->oid, GetUserId(),
						ACL_EXECUTE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, name);
}

/* The default of an argument; false where it has none. */
static bool
argument_default(const FinderFunction *function, int i, NullableDatum *value)
{
	int			n = i - (function->nargs - list_length(function->defaults));
	ExprContext *econtext;
	ExprState  *state;

	if (n < 0)
		return false;
	state = ExecInitExpr(expression_planner(list_nth(function->defaults, n)), NULL);
	econtext = CreateStandaloneExprContext();
	value->value = ExecEvalExpr(state, econtext, &value->isnull);
	if (!value->isnull)
		value->value = datumCopy(value->value, get_typbyval(function->types[i]),
								 get_typlen(function->types[i]));
	FreeExprContext(econtext, true);
	return true;
}

/* An argument is a single value, or an array of these. */
static void
check_kind(const char *name, Oid type, const JsonbValue *json)
{
	JsonbIterator *it = NULL;
	JsonbValue	element;
	bool		is_array = OidIsValid(get_element_type(type));

	if (fca_json_is_object(json) || (fca_json_is_array(json) && !is_array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"%s\"", name),
				 errdetail("Got %s.", fca_json_kind(json))));
	if (fca_json_is_array(json))
		while (fca_json_next(json->val.binary.data, &it, NULL, &element))
			check_kind(name, get_element_type(type), &element);
}

/* The arguments of a finder from a JSON object of their names. */
static void
read_arguments(FinderFunction *function, JsonbContainer *given, FcaGiven *arguments)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function->oid));
	char	   *modes;
	StringInfoData names;
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;
	bool		has[FCA_MAX_ARGUMENTS] = {false};

	/* to read the arguments can take a while */
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("finder with OID %u does not exist", function->oid),
				 errdetail("It was dropped after the call had begun.")));
	function->nargs = get_func_arg_info(tuple, &function->types, &function->names,
										(char **) &modes);
	ReleaseSysCache(tuple);
	initStringInfo(&names);
	for (int i = 0; i < function->nargs; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", function->names[i]);

	while (fca_json_next(given, &it, &key, &value))
	{
		char	   *name = fca_json_string(&key);
		int			i = 0;

		while (i < function->nargs && strcmp(function->names[i], name) != 0)
			i++;
		if (i == function->nargs)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("finder \"%s\" has no argument \"%s\"",
							get_func_name(function->oid), name),
					 errhint("Its arguments are: %s.", names.data)));
		check_kind(name, function->types[i], &value);
		arguments[i].value.value =
			fca_input_value(fca_input(function->types[i], -1, name), &value, 0,
							&arguments[i].value.isnull);
		has[i] = true;
	}
	for (int i = 0; i < function->nargs; i++)
	{
		arguments[i].type = function->types[i];
		if (!has[i] && !argument_default(function, i, &arguments[i].value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("finder \"%s\" needs the argument \"%s\"",
							get_func_name(function->oid), function->names[i]),
					 errhint("Its arguments are: %s.", names.data)));
	}
}

/*
 * open_finder(finder, arguments, cursor_name): a cursor over the rows of a
 * finder, whose arguments are the members of an object; those that are absent
 * have the SQL function's defaults.  EXECUTE on that function is needed.
 */
FCA_FUNCTION(fca_open_finder, REFCURSOROID, TEXTOID, JSONBOID, TEXTOID);

Datum
fca_open_finder(PG_FUNCTION_ARGS)
{
	FinderFunction function;
	FcaGiven	arguments[FCA_MAX_ARGUMENTS] = {0};
	FcaFinderCall call = {0};
	FcaPlan    *plan;
	Datum		name;

	fca_check_signature(fcinfo, &fca_open_finder_signature);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("finder must not be null"),
				 errhint("The finders are: %s.", finder_names())));
	look_up_finder(text_to_cstring(PG_GETARG_TEXT_PP(0)), &function);
	read_arguments(&function, fca_object_argument(fcinfo, 1, "arguments"), arguments);

	fca_finder_call_open(&call, function.resource, function.finder, function.oid);
	fca_finder_call_begin(&call, function.finder, arguments, true);
	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		fca_finder_call_write(&call);
		plan = fca_plan_keep(&call.query, CURSOR_OPT_FAST_PLAN);
	}
	if (function.finder->for_update_of != NULL)
		fca_check_lockable(plan, &call.model, "SKIP LOCKED");
	name = open_plan(fcinfo, 2, plan, &call.query);
	SPI_finish();
	fca_model_close(&call.model);
	return name;
}
