/*
 * filter.c
 *		Filters: {"column": value, ...}, all of which must hold.
 */
#include "compat.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "filter.h"
#include "value.h"

/* How a column's filter shows in the shape; what follows depends on it. */
enum
{
	SHAPE_NULL,					/* nothing */
	SHAPE_VALUE,				/* the parameter's type */
	SHAPE_ARRAY,				/* the parameter's type, and whether or NULL */
	SHAPE_LIST					/* the types, their end, and whether or NULL */
};

/* One column's filter: it equals one of the values, or is NULL, or either. */
typedef struct ColumnFilter
{
	Form_pg_attribute column;
	bool		or_null;
	int			any;			/* number of an array parameter, or 0 */
	int			first;			/* number of the first single parameter, */
	int			count;			/* and how many there are */
} ColumnFilter;

struct FcaFilter
{
	List	   *columns;		/* of ColumnFilter */
};

/*
 * The values of a list: one array parameter, so that lists of any length share
 * a plan; single parameters where the column's type has no array type, which
 * is the case where it is an array itself.
 */
static void
read_list(FcaQuery *query, ColumnFilter *filter, FcaInput *input, Oid type,
		  const JsonbValue *list)
{
	Oid			array_type = get_array_type(type);
	ArrayBuildState *array = NULL;
	JsonbIterator *it = NULL;
	JsonbValue	element;

	if (OidIsValid(array_type))
		array = initArrayResult(type, CurrentMemoryContext, false);
	fca_query_shape(query, array != NULL ? SHAPE_ARRAY : SHAPE_LIST);
	filter->first = query->nparams + 1;
	while (fca_json_next(list->val.binary.data, &it, NULL, &element))
	{
		bool		isnull;
		Datum		value = fca_input_value(input, &element, 0, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (isnull)
			filter->or_null = true;
		else if (array != NULL)
			array = accumArrayResult(array, value, false, type, CurrentMemoryContext);
		else
		{
			fca_query_param(query, type, value, false);
			filter->count++;
		}
	}
	if (array != NULL)
		filter->any = fca_query_param(query, array_type,
									  makeArrayResult(array, CurrentMemoryContext),
									  false);
	else
		fca_query_shape(query, InvalidOid); /* the end of the types */
	fca_query_shape(query, filter->or_null);
}

static ColumnFilter *
read_column(FcaQuery *query, const char *name, const JsonbValue *json)
{
	ColumnFilter *filter = palloc0(sizeof(ColumnFilter));
	Oid			type;
	FcaInput   *input;

	filter->column = fca_model_column(query->model, name);
	type = getBaseType(filter->column->atttypid);
	fca_query_shape_column(query, filter->column);

	if (fca_json_is_object(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filter of column \"%s\" must not be an object", name),
				 errhint("Give a value, null, or an array of values."),
				 errtablecol(query->model->rel, filter->column->attnum)));

	if (json->type == jbvNull)
	{
		filter->or_null = true;
		fca_query_shape(query, SHAPE_NULL);
	}
	else
	{
		fca_check_equality(query->model, filter->column);
		input = fca_input(type, -1, name);
		if (fca_json_is_array(json))
			read_list(query, filter, input, type, json);
		else
		{
			bool		isnull;
			Datum		value = fca_input_value(input, json, 0, &isnull);

			fca_query_shape(query, SHAPE_VALUE);
			filter->first = fca_query_param(query, type, value, isnull);
			filter->count = 1;
		}
	}
	return filter;
}

FcaFilter *
fca_filter_read(FcaQuery *query, FunctionCallInfo fcinfo, int argno, bool required)
{
	FcaFilter  *filter = palloc0(sizeof(FcaFilter));
	JsonbValue	filters = {.type = jbvNull};
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;

	if (!PG_ARGISNULL(argno))
		fca_json_value(PG_GETARG_JSONB_P(argno), &filters);
	if (required &&
		(filters.type == jbvNull ||
		 (fca_json_is_object(&filters) &&
		  JsonContainerSize(filters.val.binary.data) == 0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filters must not be empty"),
				 errdetail("filters is %s.", filters.type == jbvNull ? "null" : "{}"),
				 errhint("Give at least one filter, or use plain SQL to mean every row.")));
	if (!fca_json_is_object(&filters))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filters must be a JSON object"),
				 errdetail("filters is %s.", fca_json_kind(&filters)),
				 errhint("'{}' means every row.")));

	while (fca_json_next(filters.val.binary.data, &it, &key, &value))
		filter->columns = lappend(filter->columns,
								  read_column(query, fca_json_string(&key), &value));
	fca_query_shape(query, InvalidAttrNumber);	/* the end of the columns */
	return filter;
}

/* The alternatives of one column, joined by OR. */
static void
append_column(StringInfo text, const ColumnFilter *filter)
{
	const char *separator = "";

	appendStringInfoChar(text, '(');
	if (filter->any > 0)
	{
		appendStringInfoString(text, fca_any_text(filter->column, filter->any));
		separator = " OR ";
	}
	for (int i = 0; i < filter->count; i++)
	{
		char	   *operand = psprintf("$%d", filter->first + i);

		appendStringInfo(text, "%s%s", separator,
						 fca_comparison_text(filter->column, BTEqualStrategyNumber,
											 operand, getBaseType(filter->column->atttypid)));
		separator = " OR ";
	}
	if (filter->or_null)
		appendStringInfo(text, "%s%s IS NULL", separator,
						 fca_column_text(filter->column));
	else if (*separator == '\0')
		appendStringInfoString(text, "false");
	appendStringInfoChar(text, ')');
}

const char *
fca_filter_text(const FcaFilter *filter)
{
	StringInfoData text;
	ListCell   *cell;

	if (filter->columns == NIL)
		return NULL;
	initStringInfo(&text);
	foreach(cell, filter->columns)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoString(&text, " AND ");
		append_column(&text, lfirst(cell));
	}
	return text.data;
}
