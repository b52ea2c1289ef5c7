/*
 * finder.c
 *		A finder's call: its query from its declaration.
 *
 * The query's text, its keyset form and the meaning of the SQL arguments all
 * derive from the declaration.
 */
#include "compat.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "finder.h"
#include "rows.h"
#include "signature.h"

/* The only values that an argument of a resource's finder may have; or NULL. */
static const char *const *
valid_values(const FcaResource *resource, const FcaFinder *finder,
			 const FcaArgument *argument)
{
	const FcaColumn *column;

	if (argument->kind != FCA_ARG_CONDITION || argument->is_array ||
		fca_finder_origin(finder)->where[argument->index].test != FCA_EQ)
		return NULL;
	column = fca_resource_column(resource, argument->column);
	return column == NULL ? NULL : column->one_of;
}

/* Error 22023 where the column takes other values only. */
static void
check_value(const char *const *values, const char *name, const char *value)
{
	StringInfoData valid;

	if (values == NULL)
		return;
	initStringInfo(&valid);
	for (const char *const *one = values; *one != NULL; one++)
	{
		if (strcmp(*one, value) == 0)
			return;
		appendStringInfo(&valid, "%s%s", valid.len > 0 ? ", " : "", *one);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s \"%s\"", name, value),
			 errhint("Valid values are: %s.", valid.data)));
}

/*
 * Has a text that is searched for a trigram, as pg_trgm sees it?  A word is
 * padded by two spaces before and one behind, where the text tells that it
 * begins or ends there.  Without any trigram the whole index would be read,
 * and then the table: such a text is searched for in the table at once.
 */
static bool
has_trigram(const char *text, int length)
{
	const char *start = text;
	int			width = 0;		/* of the word so far, padded */

	while (text < start + length)
	{
		if (IS_HIGHBIT_SET(*text) || isalnum((unsigned char) *text))
			width += width == 0 && text > start ? 3 : 1;
		else if (width > 0)
			width++;
		if (width >= 3)
			return true;
		if (!IS_HIGHBIT_SET(*text) && !isalnum((unsigned char) *text))
			width = 0;
		text += pg_mblen(text);
	}
	return false;
}

/*
 * A parameter that the column of that name is compared with.  Types of the
 * user's read text here; those of the server may be cast to in SQL.
 */
static int
add_operand(FcaFinderCall *call, const char *column, Oid type, Datum value, bool isnull)
{
	FcaQuery   *query = &call->query;

	if (!fca_model_has_user_types(&call->model))
		return fca_query_param(query, type, value, isnull);
	return (type_is_array(type) ? fca_query_operands : fca_query_operand)
		(query, fca_model_column(&call->model, column), type, value, isnull);
}

/* Error 22023 where the column is an enum without that label. */
static void
check_label(FcaFinderCall *call, const char *name, const char *value)
{
	Form_pg_attribute column;

	if (!fca_model_has_user_types(&call->model))
		return;
	column = fca_model_column(&call->model, name);
	if (get_typtype(getBaseType(column->atttypid)) == TYPTYPE_ENUM)
		(void) fca_column_label(column, value,
								fca_model_values(&call->model, column) != NULL);
}

/*
 * Reads the argument of a condition.  A NULL finds nothing.  A value that the
 * relation's enum lacks is an error: the relation could only be mistaken about
 * it.
 */
static void
read_condition(FcaFinderCall *call, int i, const FcaGiven *given)
{
	const FcaCondition *condition = &fca_finder_origin(call->finder)->where[i];
	Datum		value = given->value.value;
	bool		isnull = given->value.isnull;

	if (!isnull && condition->test == FCA_CONTAINS)
	{
		text	   *wanted = DatumGetTextPP(value);

		if (VARSIZE_ANY_EXHDR(wanted) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the text to search for must not be empty"),
					 errhint("To get every row, use get_all().")));
		value = fca_like_pattern(VARDATA_ANY(wanted), VARSIZE_ANY_EXHDR(wanted),
								 true, true);
		call->by_trigrams = has_trigram(VARDATA_ANY(wanted),
										VARSIZE_ANY_EXHDR(wanted));
	}
	else if (!isnull && condition->test == FCA_EQ && given->type == TEXTOID)
		check_label(call, condition->column, TextDatumGetCString(value));
	call->params[i] = condition->test == FCA_CONTAINS
		? fca_query_param(&call->query, given->type, value, isnull)
		: add_operand(call, condition->column, given->type, value, isnull);
}

/* What the SQL function calls its argument n. */
static const char *
argument_name(Oid function, int n)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid		   *types;
	char	  **names = NULL;
	char	   *modes;
	int			count = 0;

	if (HeapTupleIsValid(tuple))
	{
		count = get_func_arg_info(tuple, &types, &names, &modes);
		ReleaseSysCache(tuple);
	}
	return names != NULL && n < count ? names[n] : "max_rows";
}

/*
 * Error where no call of the finder may have that value of argument n, whatever
 * the relation is: 22023 where the column takes other values only, 2201W for a
 * negative max_rows.
 */
static void
check_argument(const FcaResource *resource, const FcaFinder *finder, Oid function,
			   int n, const FcaArgument *argument, const NullableDatum *value)
{
	const char *const *valid;

	if (value->isnull)
		return;
	if (argument->kind == FCA_ARG_MAX_ROWS && DatumGetInt64(value->value) < 0)
		fca_check_limit(value, argument_name(function, n));
	valid = valid_values(resource, finder, argument);
	if (valid != NULL)
		check_value(valid, argument->column, TextDatumGetCString(value->value));
}

/* Is max_rows that of a part of the text, and not of the whole? */
static bool
limits_parts(const FcaFinder *finder)
{
	return finder->batch_of != NULL || fca_finder_form(finder) == FCA_NEWEST;
}

/*
 * The executor stops at max_rows by itself.  But the limit of a part of the
 * text, such as the rows of each key, or of a text that somebody else runs is
 * a parameter of it.
 */
static void
read_max_rows(FcaFinderCall *call, const FcaGiven *given, bool limit_in_text)
{
	const NullableDatum *max_rows = &given->value;
	int			param;

	if (!limit_in_text)
	{
		/* the text of a page is one of several parts, each with that LIMIT */
		call->limit = fca_query_limit(&call->query, NULL, max_rows,
									  fca_finder_form(call->finder) == FCA_LIMITED);
		return;
	}
	param = fca_query_param(&call->query, INT8OID, max_rows->value, max_rows->isnull);
	if (!max_rows->isnull || given->unknown || limits_parts(call->finder))
		call->limit_param = param;
	fca_plan_key_add(&call->query, call->limit_param);
}

/* Is the value of a parameter less than that of another one, of its type? */
static bool
is_before(const FcaQuery *query, int a, int b)
{
	NullableDatum *left = &query->params[a - 1];
	NullableDatum *right = &query->params[b - 1];
	TypeCacheEntry *type = lookup_type_cache(query->types[a - 1], TYPECACHE_CMP_PROC_FINFO);

	return query->types[a - 1] == query->types[b - 1] &&
		!left->isnull && !right->isnull && OidIsValid(type->cmp_proc) &&
		DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo, type->typcollation,
										left->value, right->value)) < 0;
}

/*
 * A page that starts before the end of a period needs no test of that end, and
 * with it would start to read there on some servers.
 */
static void
drop_end(FcaFinderCall *call)
{
	const FcaFinder *origin = fca_finder_origin(call->finder);

	for (int i = 0; i < fca_finder_conditions(origin); i++)
	{
		bool		dropped;

		if (origin->where[i].test != FCA_LT || !origin->order[0].descending ||
			strcmp(origin->where[i].column, origin->order[0].column) != 0)
			continue;
		dropped = is_before(&call->query, call->keys[0].after, call->params[i]);
		fca_plan_key_add(&call->query, dropped);
		if (dropped)
			call->params[i] = 0;
	}
}

/*
 * Rows of one key that are sorted by id alone: an index of that key and the id
 * must be read, and not the primary key, which is in the same order but has
 * all rows.  So the list is sorted by the key first, and its condition is a
 * range (equality would make the planner leave the key out of the order).  Where
 * the planner sees the query as a part of another, it has the plain one, and its
 * choice.
 */
static void
add_prefix_key(FcaFinderCall *call)
{
	const FcaFinder *origin = fca_finder_origin(call->finder);

	if (call->is_part || call->nkeys != 1 || origin->where[0].test != FCA_EQ)
		return;
	call->keys[1] = call->keys[0];
	call->nkeys = 2;
	call->keys[0].column = fca_model_column(&call->model, origin->where[0].column);
	call->keys[0].after = call->keys[1].has_position ? call->params[0] : 0;
	call->prefix_key = true;
}

/* An expression of a declaration, in which {column} is the column as text. */
static const char *
expression_text(const FcaModel *model, const char *expression)
{
	StringInfoData text;

	initStringInfo(&text);
	for (const char *at = expression; *at != '\0'; at++)
	{
		const char *end = *at == '{' ? strchr(at, '}') : NULL;

		if (end == NULL)
		{
			appendStringInfoChar(&text, *at);
			continue;
		}
		appendStringInfoString(&text, fca_searched_text(fca_model_column(model, pnstrdup(at + 1, end - at - 1))));
		at = end;
	}
	return text.data;
}

/* What the declaration says of the sort keys, for the text. */
static void
resolve_keys(FcaFinderCall *call)
{
	const FcaFinder *origin = fca_finder_origin(call->finder);

	for (int i = 0; i < call->nkeys; i++)
	{
		FcaSortKey *key = &call->keys[i];
		const FcaOrder *order = &origin->order[i];

		key->descending = key->nulls_first = order->descending;
		if (order->column == NULL)
		{
			key->expression = expression_text(&call->model, order->expression);
			continue;
		}
		key->column = fca_model_column(&call->model, order->column);
		if (key->has_position)
			fca_model_check_exact(&call->model, key->column);

		/* the last key is the id, which is unique and so never NULL */
		key->nullable = i < call->nkeys - 1 &&
			fca_model_is_nullable(&call->model, key->column);
	}
	add_prefix_key(call);
}

/*
 * Error 22023 where some sort keys of a keyset position are given, and not
 * all.
 */
static void
check_position(const FcaFinder *finder, int given)
{
	const FcaOrder *order = fca_finder_origin(finder)->order;
	int			nkeys = fca_finder_sort_keys(finder);
	StringInfoData names;

	if (given == 0 || given == nkeys)
		return;
	initStringInfo(&names);
	for (int i = 0; i < nkeys; i++)
		appendStringInfo(&names, "%safter_%s",
						 i == 0 ? "" : i < nkeys - 1 ? ", " : " and ",
						 order[i].column);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be given together", names.data),
			 errdetail("Some of them are NULL."),
			 errhint("Give the values of the last row of the page before; give none for the first page.")));
}

/*
 * Opens the model of a call of a resource's finder, by the row type that its SQL
 * function returns.  A finder that locks rows needs the lock of an update.
 */
void
fca_finder_call_open(FcaFinderCall *call, const FcaResource *resource,
					 const FcaFinder *finder, Oid function)
{
	call->function = function;
	fca_model_open_resource(&call->model, resource, get_func_rettype(function),
							finder->for_update_of != NULL ? RowShareLock : AccessShareLock);
}

/*
 * Begins the query of a call over call->model, which is open, with these
 * values of the arguments; call->function and is_part are set.  With
 * "limit_in_text", for a cursor or a query that is part of another, max_rows
 * becomes a part of the text.  Nothing is read but the declaration, the model
 * and the values.
 *
 * Of arguments that are not known yet each has the parameter of its number, if
 * none before it is a position that is known to be NULL; "checked" says whether
 * what they turn out to be may be an error.
 */
void
fca_finder_call_begin(FcaFinderCall *call, const FcaFinder *finder,
					  const FcaGiven *given, bool limit_in_text)
{
	int			npositions = 0;
	FcaArgument argument;

	call->finder = finder;
	call->nkeys = fca_finder_sort_keys(finder);
	fca_query_begin(&call->query, &call->model, finder);
	fca_plan_key_add(&call->query, limit_in_text);
	if (fca_finder_gives_one(finder))
		call->limit = fca_one_row;
	for (int n = 0; fca_finder_argument(finder, n, &argument); n++)
	{
		check_argument(call->model.resource, finder, call->function, n, &argument,
					   &given[n].value);
		if (given[n].unknown && (argument.kind != FCA_ARG_CONDITION ||
								 valid_values(call->model.resource, finder, &argument) != NULL))
			call->checked = true;
		switch (argument.kind)
		{
			case FCA_ARG_CONDITION:
				read_condition(call, argument.index, &given[n]);
				break;
			case FCA_ARG_MAX_ROWS:
				read_max_rows(call, &given[n], limit_in_text || limits_parts(finder));
				break;
			case FCA_ARG_AFTER:
				if (given[n].value.isnull && !given[n].unknown)
					break;
				call->keys[argument.index].has_position = true;
				call->keys[argument.index].is_optional = given[n].unknown;
				call->keys[argument.index].after =
					add_operand(call, argument.column, given[n].type,
								given[n].value.value, given[n].value.isnull);
				npositions++;
				break;
		}
	}
	check_position(finder, npositions);
	fca_plan_key_add(&call->query, call->by_trigrams);
	fca_plan_key_add(&call->query, npositions);
	if (npositions > 0)
		drop_end(call);
}

static const char *
condition_text(const FcaFinderCall *call, const FcaCondition *condition, int param)
{
	const FcaModel *model = &call->model;
	Form_pg_attribute column = fca_model_column(model, condition->column);
	char	   *operand = psprintf("$%d", param);
	Oid			type = param > 0 ? call->query.types[param - 1] : InvalidOid;

	switch (condition->test)
	{
		case FCA_IS:
			return fca_literal_text(column, condition->other);
		case FCA_EQ:
			return fca_comparison_text(column, BTEqualStrategyNumber, operand, type);
		case FCA_GE:
			return fca_comparison_text(column, BTGreaterEqualStrategyNumber, operand, type);
		case FCA_LE:
			return fca_comparison_text(column, BTLessEqualStrategyNumber, operand, type);
		case FCA_LT:
			return fca_comparison_text(column, BTLessStrategyNumber, operand, type);
		case FCA_CONTAINS:
			return psprintf("(%s OR %s)", fca_like_text(column, operand),
							fca_like_text(fca_model_column(model, condition->other),
										  operand));
	}
	elog(ERROR, "unrecognized test: %d", (int) condition->test);
}

/*
 * The conditions, joined by AND, but for that one (-1: all of them); NULL where
 * there is none.
 */
static const char *
conditions_text(const FcaFinderCall *call, int except)
{
	const FcaFinder *origin = fca_finder_origin(call->finder);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < fca_finder_conditions(origin); i++)
	{
		const FcaCondition *condition = &origin->where[i];
		FcaCondition range = *condition;
		const char *and = text.len > 0 ? " AND " : "";

		if (i == except || (condition->test != FCA_IS && call->params[i] == 0))
			continue;
		if (call->prefix_key && i == 0)
		{
			range.test = FCA_GE;
			appendStringInfo(&text, "%s%s", and,
							 condition_text(call, &range, call->params[i]));
			range.test = FCA_LE;
			and = " AND ";
		}
		appendStringInfo(&text, "%s%s", and,
						 condition_text(call, &range, call->params[i]));
	}
	return text.len > 0 ? text.data : NULL;
}

/* A batch: the first condition with an argument is tested for each element. */
static void
append_batch(FcaFinderCall *call)
{
	const FcaFinder *origin = fca_finder_origin(call->finder);
	FcaForm		form = fca_finder_form(call->finder);
	FcaArgument keys;
	Form_pg_attribute column;
	const char *others;

	(void) fca_finder_argument(call->finder, 0, &keys);
	column = fca_model_column(&call->model, origin->where[keys.index].column);
	others = conditions_text(call, keys.index);
	if (form == FCA_ONE_ROW)
		fca_append_lookup(&call->query, column, call->params[keys.index], others);
	else
		fca_append_children(&call->query, column, call->params[keys.index], others,
							call->keys, call->nkeys, call->limit_param,
							form == FCA_NEWEST);
}

/* Writes the query's text. */
void
fca_finder_call_write(FcaFinderCall *call)
{
	const FcaFinder *finder = call->finder;
	FcaForm		form = fca_finder_form(finder);
	FcaQuery   *query = &call->query;

	fca_model_check(&call->model);
	resolve_keys(call);
	query->no_bitmaps = !call->by_trigrams;
	if (finder->batch_of != NULL)
		append_batch(call);
	else if (form == FCA_NEWEST)
		fca_append_reversed(query, conditions_text(call, -1), call->keys,
							call->nkeys, call->limit_param);
	else
		fca_append_list(query, conditions_text(call, -1), call->keys,
						call->nkeys, &call->limit);
	if (call->limit_param > 0 && !limits_parts(finder))
		appendStringInfo(&query->text, " LIMIT $%d", call->limit_param);
	if (finder->for_update_of != NULL)
		appendStringInfoString(&query->text, " FOR UPDATE OF r SKIP LOCKED");
}

/*
 * Gives the rows of a finder of a resource to who called its SQL function.
 */
Datum
fca_find(FunctionCallInfo fcinfo, const FcaResource *resource, const FcaFinder *finder)
{
	FcaGiven	given[FCA_MAX_ARGUMENTS] = {0}; /* for analyzers */
	FcaFinderCall call = {0};
	bool		locks = finder->for_update_of != NULL;
	FcaPlan    *plan;
	uint64		count;

	fca_check_finder_signature(fcinfo, resource, finder);
	fca_rows_begin(fcinfo);
	for (int i = 0; i < fcinfo->nargs; i++)
	{
		given[i].type = get_fn_expr_argtype(fcinfo->flinfo, i);
		given[i].value = fcinfo->args[i];
	}
	fca_finder_call_open(&call, resource, finder, fcinfo->flinfo->fn_oid);
	fca_finder_call_begin(&call, finder, given, false);
	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		fca_finder_call_write(&call);
		plan = fca_plan_keep(&call.query, 0);
	}
	if (locks)
		fca_check_lockable(plan, &call.model, "SKIP LOCKED");
	count = fca_rows_append(fcinfo, plan, &call.query, !locks, &call.limit);
	if (fca_finder_gives_one(finder) && count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of model %s has that %s",
						fca_model_name(&call.model), finder->where[0].column),
				 errtable(call.model.rel)));
	SPI_finish();
	fca_model_close(&call.model);
	return (Datum) 0;
}

/*
 * checked_max_rows(finder, arguments): the LIMIT of a finder's query that the
 * planner has put in the place of its call, with the arguments of the call.
 * What is an error of the call is the same error here; NULL where the query
 * limits each of its parts.
 */
FCA_FUNCTION(fca_checked_max_rows, INT8OID, OIDOID, ANYOID);

Datum
fca_checked_max_rows(PG_FUNCTION_ARGS)
{
	const FcaResource *resource;
	const FcaFinder *finder;
	const NullableDatum *max_rows = NULL;
	FcaArgument argument;
	int			npositions = 0;

	fca_check_signature(fcinfo, &fca_checked_max_rows_signature);
	finder = PG_ARGISNULL(0) ? NULL : fca_finder_of_function(PG_GETARG_OID(0), &resource);
	if (finder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the first argument must be a finder of a resource")));
	for (int n = 0; fca_finder_argument(finder, n, &argument); n++)
	{
		const NullableDatum *value = &fcinfo->args[n + 1];
		bool		is_checked = argument.kind == FCA_ARG_MAX_ROWS ||
		valid_values(resource, finder, &argument) != NULL;

		if (argument.kind == FCA_ARG_AFTER && n + 1 >= fcinfo->nargs)
			break;				/* the query has no position */
		if (n + 1 >= fcinfo->nargs ||
			(is_checked && get_fn_expr_argtype(fcinfo->flinfo, n + 1) !=
			 (argument.kind == FCA_ARG_MAX_ROWS ? INT8OID : TEXTOID)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the arguments must be those of the finder %s", finder->name)));
		if (is_checked)
			check_argument(resource, finder, PG_GETARG_OID(0), n, &argument, value);
		if (argument.kind == FCA_ARG_MAX_ROWS)
			max_rows = value;
		else if (argument.kind == FCA_ARG_AFTER && !value->isnull)
			npositions++;
	}
	check_position(finder, npositions);
	if (max_rows == NULL || max_rows->isnull || limits_parts(finder))
		PG_RETURN_NULL();
	return max_rows->value;
}
