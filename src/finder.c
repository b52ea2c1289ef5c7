/*
 * finder.c
 *		A finder from its declaration.
 *
 * The query's text, its keyset form and the meaning of the SQL arguments all
 * derive from the declaration (see resource.h).
 */
#include "compat.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "finder.h"
#include "rows.h"
#include "signature.h"

const FcaFinder *
fca_finder_origin(const FcaFinder *finder)
{
	return finder->each_of != NULL ? finder->each_of
		: finder->locks != NULL ? finder->locks : finder;
}

bool
fca_finder_has_index(const FcaFinder *finder)
{
	return fca_finder_origin(finder) == finder && finder->paging != FCA_ONE_ROW &&
		finder->where[0].test != FCA_CONTAINS;
}

const FcaFinder *
fca_finder_of_symbol(const char *symbol)
{
	if (strncmp(symbol, "fca_", 4) != 0)
		return NULL;
	for (const FcaResource *const *resource = fca_resources; *resource != NULL; resource++)
		for (const FcaFinder *const *finder = (*resource)->finders; *finder != NULL; finder++)
			if (strcmp((*finder)->name, symbol + 4) == 0)
				return *finder;
	return NULL;
}

int
fca_count_conditions(const FcaFinder *finder)
{
	int			count = 0;

	while (count < FCA_MAX_CONDITIONS && finder->where[count].column != NULL)
		count++;
	return count;
}

int
fca_count_order(const FcaFinder *finder)
{
	int			count = 0;

	while (count < FCA_MAX_ORDER &&
		   (finder->order[count].column != NULL ||
			finder->order[count].expression != NULL))
		count++;
	return count;
}

bool
fca_finder_has_place(const FcaFinder *finder)
{
	return finder->paging == FCA_KEYSET && fca_finder_origin(finder) == finder;
}

bool
fca_finder_has_max_rows(const FcaFinder *finder)
{
	return fca_finder_origin(finder)->paging >= FCA_LIMITED;
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
 * Has a text that is searched for a trigram, as pg_trgm sees it?  A word is
 * padded by two spaces before and one behind, where the text tells that it
 * begins or ends there.  Without any trigram the whole index would be read, and
 * then the table: such a text is searched for in the table at once.
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
 * A parameter that the column of that name is compared with.  Types of the user's
 * read text here; those of the server may be cast to in SQL.
 */
static int
add_operand(FcaFinding *finding, const char *column, Oid type, Datum value, bool isnull)
{
	FcaQuery   *query = &finding->query;

	if (!fca_model_has_user_types(&finding->model))
		return fca_query_param(query, type, value, isnull);
	return (type_is_array(type) ? fca_query_operands : fca_query_operand)
		(query, fca_model_column(&finding->model, column), type, value, isnull);
}

/* Error 22023 where the column is an enum without that label. */
static void
check_label(FcaFinding *finding, const char *name, const char *value)
{
	Form_pg_attribute column;

	if (!fca_model_has_user_types(&finding->model))
		return;
	column = fca_model_column(&finding->model, name);
	if (get_typtype(getBaseType(column->atttypid)) == TYPTYPE_ENUM)
		(void) fca_column_label(column, value,
								fca_model_values(&finding->model, column) != NULL);
}

/*
 * Reads the arguments of the conditions, and gives the one after them.  A NULL
 * finds nothing.  A value that the relation's enum lacks is an error: the
 * relation could only be mistaken about it.
 */
static const FcaArgument *
read_conditions(FcaFinding *finding, const FcaArgument *argument)
{
	const FcaFinder *from = fca_finder_origin(finding->finder);

	for (int i = 0; i < fca_count_conditions(from); i++)
	{
		const FcaCondition *condition = &from->where[i];
		const FcaArgument *given;
		Datum		value;
		bool		isnull;

		if (condition->test == FCA_IS)
			continue;
		given = argument++;
		value = given->value.value;
		isnull = given->value.isnull;
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
			finding->by_trigrams = has_trigram(VARDATA_ANY(wanted),
											   VARSIZE_ANY_EXHDR(wanted));
		}
		else if (!isnull && condition->test == FCA_EQUALS && given->type == TEXTOID)
		{
			char	   *wanted = TextDatumGetCString(value);

			check_value(from, condition, wanted);
			check_label(finding, condition->column, wanted);
		}
		finding->params[i] = condition->test == FCA_CONTAINS
			? fca_query_param(&finding->query, given->type, value, isnull)
			: add_operand(finding, condition->column, given->type, value, isnull);
	}
	return argument;
}

/* What the SQL function of a batch calls the number of rows for each key. */
static const char *
limit_name(const FcaFinder *finder)
{
	/* cppcheck-suppress unknownEvaluationOrder ; either string may be made first */
	List	   *name = list_make2(makeString(FCA_SCHEMA), makeString(unconstify(char *, finder->name)));
	Oid			unknown = InvalidOid;	/* of whatever arguments: there are no overloads */
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(LookupFuncName(name, -1, &unknown, false)));
	Oid		   *types;
	char	  **names = NULL;
	char	   *modes;
	int			count = 0;

	if (HeapTupleIsValid(tuple))
	{
		count = get_func_arg_info(tuple, &types, &names, &modes);
		ReleaseSysCache(tuple);
	}
	return names != NULL && count > 1 ? names[1] : "max_rows";
}

/*
 * Reads max_rows, and gives the argument after it.  Where the limit is that of
 * a subquery or a cursor, it is a parameter of the text.
 */
static const FcaArgument *
read_window(FcaFinding *finding, const FcaArgument *argument)
{
	const FcaFinder *finder = finding->finder;
	NullableDatum max_rows = {(Datum) 0, true};

	if (fca_finder_has_max_rows(finder))
		max_rows = (argument++)->value;
	if (finder->each_of == NULL && finder->paging != FCA_NEWEST && !finding->for_cursor)
	{
		/* the text of a page is one of several parts, each with that LIMIT */
		finding->window = fca_query_window(&finding->query, NULL, &max_rows);
		finding->window.by_text = finder->paging == FCA_LIMITED &&
			finding->window.count == (uint64) finding->window.bound;
	}
	else if (fca_finder_has_max_rows(finder))
	{
		if (!max_rows.isnull && DatumGetInt64(max_rows.value) < 0)
			fca_check_limit(&max_rows, finder->each_of != NULL ? limit_name(finder) : "max_rows");
		finding->limit = fca_query_param(&finding->query, INT8OID,
										 max_rows.value, max_rows.isnull);
	}
	if (finder->paging == FCA_ONE_ROW && finder->each_of == NULL)
		finding->window.count = 2;	/* enough to see a second */
	return argument;
}

/*
 * A page that starts before the end of a period needs no test of that end, and
 * with it would start to read there on some servers.
 */
static void
drop_end(FcaFinding *finding, const FcaArgument *place)
{
	const FcaFinder *from = fca_finder_origin(finding->finder);

	for (int i = 0; i < fca_count_conditions(from); i++)
	{
		const NullableDatum *end;
		bool		dropped;

		if (from->where[i].test != FCA_BEFORE || !from->order[0].descending ||
			strcmp(from->where[i].column, from->order[0].column) != 0)
			continue;
		end = &finding->query.params[finding->params[i] - 1];
		dropped = !end->isnull &&
			DatumGetTimestampTz(place[0].value.value) < DatumGetTimestampTz(end->value);
		fca_query_shape(&finding->query, dropped);
		if (dropped)
			finding->params[i] = 0;
	}
}

/*
 * Rows of one key that are sorted by id alone: an index of that key and the id
 * must be read, and not the primary key, which is in the same order but has all
 * rows.  So the list is sorted by the key first, and its condition is a range
 * (equality would make the planner leave the key out of the order).
 */
static void
lead_with_condition(FcaFinding *finding)
{
	const FcaFinder *from = fca_finder_origin(finding->finder);

	if (finding->nkeys != 1 || from->where[0].test != FCA_EQUALS)
		return;
	finding->keys[1] = finding->keys[0];
	finding->nkeys = 2;
	finding->keys[0].column = fca_model_column(&finding->model, from->where[0].column);
	finding->keys[0].after = finding->keys[1].placed ? finding->params[0] : 0;
	finding->led = true;
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
resolve_keys(FcaFinding *finding)
{
	const FcaFinder *from = fca_finder_origin(finding->finder);

	for (int i = 0; i < finding->nkeys; i++)
	{
		FcaSortKey *key = &finding->keys[i];
		const FcaOrder *order = &from->order[i];

		key->descending = key->nulls_first = order->descending;
		if (order->column == NULL)
		{
			key->expression = expression_text(&finding->model, order->expression);
			continue;
		}
		key->column = fca_model_column(&finding->model, order->column);
		if (key->placed)
			fca_model_check_exact(&finding->model, key->column);

		/* the last key is the id, which is unique and so never NULL */
		key->nullable = i < finding->nkeys - 1 &&
			fca_model_is_nullable(&finding->model, key->column);
	}
	lead_with_condition(finding);
}

/* The place behind which the page starts. */
static void
read_order(FcaFinding *finding, const FcaArgument *place)
{
	const FcaFinder *from = fca_finder_origin(finding->finder);
	int			given = 0;

	finding->nkeys = fca_count_order(from);
	for (int i = 0; i < finding->nkeys; i++)
	{
		if (!fca_finder_has_place(finding->finder) || place[i].value.isnull)
			continue;
		finding->keys[i].placed = true;
		finding->keys[i].after = add_operand(finding, from->order[i].column, place[i].type,
											 place[i].value.value, false);
		given++;
	}
	if (given > 0 && given < finding->nkeys)
	{
		StringInfoData names;

		initStringInfo(&names);
		for (int i = 0; i < finding->nkeys; i++)
			appendStringInfo(&names, "%safter_%s",
							 i == 0 ? "" : i < finding->nkeys - 1 ? ", " : " and ",
							 from->order[i].column);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be given together", names.data),
				 errdetail("Some of them are NULL."),
				 errhint("Give the values of the last row of the page before; give none for the first page.")));
	}
	fca_query_shape(&finding->query, given);
	if (given > 0)
		drop_end(finding, place);
}

void
fca_finding_begin(FcaFinding *finding, const FcaFinder *finder, Oid rowtype,
				  const FcaArgument *arguments, bool for_cursor)
{
	memset(finding, 0, sizeof(FcaFinding));
	finding->for_cursor = for_cursor;
	finding->finder = finder;
	fca_model_open_resource(&finding->model, finder->resource, rowtype,
							finder->locks != NULL ? RowShareLock : AccessShareLock);
	fca_query_begin(&finding->query, &finding->model,
					for_cursor ? FCA_OP_FIND_CURSOR : FCA_OP_FIND);
	fca_query_shape(&finding->query, (int64) (intptr_t) finder);

	arguments = read_conditions(finding, arguments);
	fca_query_shape(&finding->query, finding->by_trigrams);
	arguments = read_window(finding, arguments);
	read_order(finding, arguments);
}

static const char *
condition_text(const FcaFinding *finding, const FcaCondition *condition, int param)
{
	const FcaModel *model = &finding->model;
	Form_pg_attribute column = fca_model_column(model, condition->column);
	char	   *operand = psprintf("$%d", param);
	Oid			type = param > 0 ? finding->query.types[param - 1] : InvalidOid;

	switch (condition->test)
	{
		case FCA_IS:
			return fca_literal_text(column, condition->other);
		case FCA_EQUALS:
			return fca_comparison_text(column, BTEqualStrategyNumber, operand, type);
		case FCA_FROM:
			return fca_comparison_text(column, BTGreaterEqualStrategyNumber, operand, type);
		case FCA_UP_TO:
			return fca_comparison_text(column, BTLessEqualStrategyNumber, operand, type);
		case FCA_BEFORE:
			return fca_comparison_text(column, BTLessStrategyNumber, operand, type);
		case FCA_CONTAINS:
			return psprintf("(%s OR %s)", fca_like_text(column, operand),
							fca_like_text(fca_model_column(model, condition->other),
										  operand));
	}
	elog(ERROR, "unrecognized test: %d", (int) condition->test);
}

/* The conditions, joined by AND; every finder has one. */
static const char *
conditions_text(const FcaFinding *finding)
{
	const FcaFinder *from = fca_finder_origin(finding->finder);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < fca_count_conditions(from); i++)
	{
		const FcaCondition *condition = &from->where[i];
		FcaCondition range = *condition;
		const char *and = text.len > 0 ? " AND " : "";

		if (condition->test != FCA_IS && finding->params[i] == 0)
			continue;
		if (finding->led && i == 0)
		{
			range.test = FCA_FROM;
			appendStringInfo(&text, "%s%s", and,
							 condition_text(finding, &range, finding->params[i]));
			range.test = FCA_UP_TO;
			and = " AND ";
		}
		appendStringInfo(&text, "%s%s", and,
						 condition_text(finding, &range, finding->params[i]));
	}
	return text.data;
}

void
fca_finding_write(FcaFinding *finding)
{
	const FcaFinder *finder = finding->finder;
	FcaQuery   *query = &finding->query;

	fca_model_check(&finding->model);
	resolve_keys(finding);
	query->no_bitmaps = !finding->by_trigrams;
	if (finder->each_of != NULL)
	{
		Form_pg_attribute column =
			fca_model_column(&finding->model, finder->each_of->where[0].column);

		if (finder->each_of->paging == FCA_ONE_ROW)
			fca_append_lookup(query, column, 1);
		else
			fca_append_children(query, column, 1, finding->keys, finding->nkeys,
								finding->limit,
								finder->each_of->paging == FCA_NEWEST);
	}
	else if (finder->paging == FCA_NEWEST)
		fca_append_reversed(query, conditions_text(finding), finding->keys,
							finding->nkeys, finding->limit);
	else
	{
		fca_append_list(query, conditions_text(finding), finding->keys,
						finding->nkeys, &finding->window);
		if (finding->limit > 0)
			appendStringInfo(&query->text, " LIMIT $%d", finding->limit);
	}
	if (finder->locks != NULL)
		appendStringInfoString(&query->text, " FOR UPDATE OF r SKIP LOCKED");
}

/* The arguments of a call; they are read by number. */
static void
read_arguments(FunctionCallInfo fcinfo, const FcaFinder *finder,
			   FcaArgument *arguments)
{
	fca_check_signature(fcinfo, finder);
	for (int i = 0; i < fcinfo->nargs; i++)
	{
		arguments[i].type = get_fn_expr_argtype(fcinfo->flinfo, i);
		arguments[i].value = fcinfo->args[i];
	}
}

Datum
fca_find(FunctionCallInfo fcinfo, const FcaFinder *finder)
{
	/* those that are read get a value; analyzers cannot see that, so all get one */
	FcaArgument arguments[FCA_MAX_ARGUMENTS] = {0};
	FcaFinding	finding;
	FcaPlan    *plan;
	uint64		count;

	read_arguments(fcinfo, finder, arguments);
	fca_rows_begin(fcinfo);
	fca_finding_begin(&finding, finder, get_func_rettype(fcinfo->flinfo->fn_oid),
					  arguments, false);
	SPI_connect();
	plan = fca_plan_find(&finding.query);
	if (plan == NULL)
	{
		fca_finding_write(&finding);
		plan = fca_plan_keep(&finding.query, 0);
	}
	if (finder->locks != NULL)
		fca_check_lockable(plan, &finding.model, "SKIP LOCKED");
	count = fca_rows_append(fcinfo, plan, &finding.query, finder->locks == NULL,
							&finding.window);
	if (finder->paging == FCA_ONE_ROW && finder->each_of == NULL && count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of model %s has that %s",
						fca_model_name(&finding.model), finder->where[0].column),
				 errtable(finding.model.rel)));
	SPI_finish();
	fca_model_close(&finding.model);
	return (Datum) 0;
}
