/*
 * finder.c
 *		A finder from its declaration.
 *
 * The query's text, its keyset form and the meaning of the SQL arguments all
 * derive from the declaration (see resource.h).
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "model.h"
#include "plan.h"
#include "rows.h"

const FcaResource *const fca_resources[] = {
	&fca_customers,
	&fca_products,
	&fca_accounts,
	&fca_transactions,
	&fca_conversations,
	&fca_messages,
	&fca_faqs,
	NULL
};

const FcaColumn *
fca_resource_column(const FcaResource *resource, const char *name)
{
	for (const FcaColumn *column = resource->columns; column->name != NULL; column++)
		if (strcmp(column->name, name) == 0)
			return column;
	return NULL;
}

/* One call of a finder. */
typedef struct Call
{
	FunctionCallInfo fcinfo;
	const FcaFinder *finder;
	FcaModel	model;
	FcaQuery	query;
	FcaWindow	window;
	int			limit;			/* FCA_NEWEST: number of the parameter */
	int			params[FCA_MAX_CONDITIONS]; /* number of each condition's */
	FcaSortKey	keys[FCA_MAX_ORDER];
	int			nkeys;
} Call;

static int
count_conditions(const FcaFinder *finder)
{
	int			count = 0;

	while (count < FCA_MAX_CONDITIONS && finder->where[count].column != NULL)
		count++;
	return count;
}

static int
count_order(const FcaFinder *finder)
{
	int			count = 0;

	while (count < FCA_MAX_ORDER &&
		   (finder->order[count].column != NULL ||
			finder->order[count].expression != NULL))
		count++;
	return count;
}

/* The relation's column of a declaration; that it is there was checked. */
static Form_pg_attribute
declared_column(const Call *call, const char *name)
{
	return fca_model_column(&call->model, name);
}

/* "text" contained in anything, as a LIKE pattern in which nothing is special. */
static Datum
containing_pattern(text *text)
{
	StringInfoData pattern;
	char	   *at = VARDATA_ANY(text);
	char	   *end = at + VARSIZE_ANY_EXHDR(text);

	initStringInfo(&pattern);
	appendStringInfoChar(&pattern, '%');
	for (; at < end; at++)
	{
		if (*at == '%' || *at == '_' || *at == '\\')
			appendStringInfoChar(&pattern, '\\');
		appendStringInfoChar(&pattern, *at);
	}
	appendStringInfoChar(&pattern, '%');
	return PointerGetDatum(cstring_to_text_with_len(pattern.data, pattern.len));
}

/* Error 22023 where the column takes other values only. */
static void
check_value(const FcaFinder *finder, const FcaCondition *condition, const char *value)
{
	const FcaColumn *column = fca_resource_column(finder->resource, condition->column);
	StringInfoData valid;

	if (column == NULL || column->one_of == NULL)
		return;
	initStringInfo(&valid);
	for (const char *const *one = column->one_of; *one != NULL; one++)
	{
		if (strcmp(*one, value) == 0)
			return;
		appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "", *one);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s \"%s\"", condition->column, value),
			 errhint("Valid values are: %s.", valid.data)));
}

/*
 * Reads the arguments of the conditions.  False where one of them can match
 * nothing: a NULL, or a value that the relation's enum does not have.
 */
static bool
read_conditions(Call *call, int *argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	bool		possible = true;

	for (int i = 0; i < count_conditions(call->finder); i++)
	{
		const FcaCondition *condition = &call->finder->where[i];
		int			arg;
		Oid			type;
		Datum		value;

		if (condition->test == FCA_IS)
			continue;
		arg = (*argno)++;
		type = get_fn_expr_argtype(fcinfo->flinfo, arg);
		if (PG_ARGISNULL(arg))
		{
			possible = false;
			continue;
		}
		value = PG_GETARG_DATUM(arg);
		if (condition->test == FCA_CONTAINS)
		{
			text	   *wanted = DatumGetTextPP(value);

			if (VARSIZE_ANY_EXHDR(wanted) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the text to search for must not be empty"),
						 errhint("Use a list finder to see every row.")));
			value = containing_pattern(wanted);
		}
		else if (condition->test == FCA_EQUALS && type == TEXTOID)
		{
			char	   *wanted = TextDatumGetCString(value);

			check_value(call->finder, condition, wanted);
			if (!fca_column_takes(declared_column(call, condition->column), wanted))
				possible = false;
		}
		call->params[i] = fca_query_param(&call->query, type, value, false);
	}
	return possible;
}

/* The sort keys, and the place behind which the page starts. */
static void
read_order(Call *call, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	const FcaFinder *finder = call->finder;
	int			given = 0;

	call->nkeys = count_order(finder);
	for (int i = 0; i < call->nkeys; i++)
	{
		FcaSortKey *key = &call->keys[i];
		const FcaOrder *order = &finder->order[i];

		memset(key, 0, sizeof(FcaSortKey));
		key->expression = order->expression;
		key->descending = key->nulls_first = order->descending;
		if (order->column != NULL)
		{
			key->column = declared_column(call, order->column);

			/* the last key is the id, which is unique and so never NULL */
			key->nullable = !key->column->attnotnull && i < call->nkeys - 1;
		}
		if (finder->paging == FCA_KEYSET && !PG_ARGISNULL(argno + i))
		{
			key->after = fca_query_param(&call->query,
										 get_fn_expr_argtype(fcinfo->flinfo, argno + i),
										 PG_GETARG_DATUM(argno + i), false);
			given++;
		}
	}
	if (given > 0 && given < call->nkeys)
	{
		StringInfoData names;

		initStringInfo(&names);
		for (int i = 0; i < call->nkeys; i++)
			appendStringInfo(&names, "%safter_%s",
							 i == 0 ? "" : i < call->nkeys - 1 ? ", " : " and ",
							 finder->order[i].column);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be given together", names.data),
				 errdetail("Some of them are NULL."),
				 errhint("Give the values of the last row of the page before; give none for the first page.")));
	}
	fca_query_shape(&call->query, given);
}

/*
 * The SQL function must have the arguments of the declaration: the install
 * script of another version may have others, and they are read by number.
 */
static void
check_arguments(FunctionCallInfo fcinfo, const FcaFinder *finder)
{
	int			nargs = 0;

	for (int i = 0; i < count_conditions(finder); i++)
		nargs += finder->where[i].test != FCA_IS;
	if (finder->paging >= FCA_LIMITED)
		nargs++;
	if (finder->paging == FCA_KEYSET)
		nargs += count_order(finder);
	if (fcinfo->nargs != nargs)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %s does not match the loaded module",
						format_procedure(fcinfo->flinfo->fn_oid)),
				 errdetail("It has %d arguments where the module expects %d.",
						   fcinfo->nargs, nargs),
				 errhint("Run ALTER EXTENSION fca_repo UPDATE, and connect again.")));
}

static const char *
condition_text(const Call *call, const FcaCondition *condition, int param)
{
	Form_pg_attribute column = declared_column(call, condition->column);
	char	   *operand = psprintf("$%d", param);
	Oid			type = param > 0 ? call->query.types[param - 1] : InvalidOid;

	switch (condition->test)
	{
		case FCA_IS:
			return fca_literal_text(column, condition->other);
		case FCA_EQUALS:
			return fca_comparison_text(column, BTEqualStrategyNumber, operand, type);
		case FCA_FROM:
			return fca_comparison_text(column, BTGreaterEqualStrategyNumber, operand, type);
		case FCA_BEFORE:
			return fca_comparison_text(column, BTLessStrategyNumber, operand, type);
		case FCA_CONTAINS:
			return psprintf("(%s::pg_catalog.text OPERATOR(pg_catalog.~~*) %s OR %s::pg_catalog.text OPERATOR(pg_catalog.~~*) %s)",
							fca_column_text(column), operand,
							fca_column_text(declared_column(call, condition->other)),
							operand);
	}
	elog(ERROR, "unrecognized test: %d", (int) condition->test);
}

static void
write_query(Call *call)
{
	const FcaFinder *finder = call->finder;
	StringInfoData condition;
	int			nconditions = count_conditions(finder);

	fca_model_check(&call->model);

	initStringInfo(&condition);
	for (int i = 0; i < nconditions; i++)
		appendStringInfo(&condition, "%s%s", i > 0 ? " AND " : "",
						 condition_text(call, &finder->where[i], call->params[i]));

	if (finder->paging != FCA_NEWEST)
	{
		fca_append_list(&call->query, nconditions > 0 ? condition.data : NULL,
						call->keys, call->nkeys, &call->window);
		return;
	}

	/* The newest rows, turned round: the outer "r" has T's columns only. */
	appendStringInfoString(&call->query.text, "SELECT r.* FROM (");
	fca_append_list(&call->query, condition.data, call->keys, call->nkeys,
					&call->window);
	appendStringInfo(&call->query.text, " LIMIT $%d) AS r", call->limit);
	for (int i = 0; i < call->nkeys; i++)
	{
		call->keys[i].descending = !call->keys[i].descending;
		call->keys[i].nulls_first = !call->keys[i].nulls_first;
	}
	fca_append_order(&call->query.text, call->keys, call->nkeys);
}

/* max_rows, as the paging of the finder takes it. */
static void
read_window(Call *call, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	NullableDatum max_rows = {(Datum) 0, true};

	if (call->finder->paging >= FCA_LIMITED)
		max_rows = fcinfo->args[argno];
	call->window = fca_query_window(&call->query, NULL, &max_rows);
	if (call->finder->paging == FCA_NEWEST)
	{
		/* the limit is the inner query's */
		call->window.count = 0;
		call->window.empty = false;
		call->window.bounded = false;
		call->limit = fca_query_param(&call->query, INT8OID, max_rows.value,
									  max_rows.isnull);
	}
}

Datum
fca_find(FunctionCallInfo fcinfo, const FcaFinder *finder)
{
	Call		call = {0};
	FcaPlan    *plan;
	int			argno = 0;
	bool		possible;

	call.fcinfo = fcinfo;
	call.finder = finder;
	check_arguments(fcinfo, finder);
	fca_rows_begin(fcinfo);
	fca_model_open_resource(&call.model, finder->resource,
							get_func_rettype(fcinfo->flinfo->fn_oid), AccessShareLock);
	fca_query_begin(&call.query, &call.model, FCA_OP_FIND);
	fca_query_shape(&call.query, (int64) (intptr_t) finder);

	possible = read_conditions(&call, &argno);
	read_window(&call, argno);
	read_order(&call, argno + 1);

	if (possible)
	{
		SPI_connect();
		plan = fca_plan_find(&call.query);
		if (plan == NULL)
		{
			write_query(&call);
			plan = fca_plan_keep(&call.query);
		}
		fca_rows_append(fcinfo, plan, &call.query, true, &call.window);
		SPI_finish();
	}

	fca_model_close(&call.model);
	PG_RETURN_NULL();
}
