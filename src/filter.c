/*
 * filter.c
 *		Filters: {"column": value, ...}, all of which must hold.
 */
#include "compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "filter.h"
#include "settings.h"
#include "value.h"

/* Bounds of a filter: groups within groups, and tests (and groups) in all. */
#define MAX_DEPTH 32
#define MAX_TESTS 1000

/*
 * A list of more values than this is hashed where no index finds them, since
 * each row would be compared with all of them.  Of fewer values that takes no
 * longer than hashing.
 */
#define MAX_UNHASHED 16

/* A list of more values than this is sorted here; see sort_values(). */
#define MAX_UNSORTED 10000

typedef enum Operator
{
	OP_EQ,
	OP_NE,
	OP_GT,
	OP_GTE,
	OP_LT,
	OP_LTE,
	OP_IN,
	OP_NOT_IN,
	OP_IS_NULL,
	OP_CONTAINS,
	OP_STARTS_WITH,
	OP_ENDS_WITH
} Operator;

/* What an operator asks of the column's type. */
typedef enum Needs
{
	NEEDS_EQUALITY,
	NEEDS_ORDER,
	NEEDS_TEXT,
	NEEDS_NOTHING
} Needs;

/* The strategy is that of the operator in a B-tree, where it has one. */
static const struct
{
	const char *name;
	Needs		needs;
	StrategyNumber strategy;
}			operators[] =

{
	[OP_EQ] = {"eq", NEEDS_EQUALITY, BTEqualStrategyNumber},
	[OP_NE] = {"ne", NEEDS_EQUALITY, BTEqualStrategyNumber},
	[OP_GT] = {"gt", NEEDS_ORDER, BTGreaterStrategyNumber},
	[OP_GTE] = {"gte", NEEDS_ORDER, BTGreaterEqualStrategyNumber},
	[OP_LT] = {"lt", NEEDS_ORDER, BTLessStrategyNumber},
	[OP_LTE] = {"lte", NEEDS_ORDER, BTLessEqualStrategyNumber},
	[OP_IN] = {"in", NEEDS_EQUALITY, BTEqualStrategyNumber},
	[OP_NOT_IN] = {"not_in", NEEDS_EQUALITY, BTEqualStrategyNumber},
	[OP_IS_NULL] = {"is_null", NEEDS_NOTHING, InvalidStrategy},
	[OP_CONTAINS] = {"contains", NEEDS_TEXT, InvalidStrategy},
	[OP_STARTS_WITH] = {"starts_with", NEEDS_TEXT, InvalidStrategy},
	[OP_ENDS_WITH] = {"ends_with", NEEDS_TEXT, InvalidStrategy}
};

typedef enum FilterKind
{
	ALL_OF,
	ANY_OF,
	NONE_OF,
	TEST
} FilterKind;

/* The names of the groups. */
static const char *const groups[] =
{
	[ALL_OF] = "all_of",
	[ANY_OF] = "any_of",
	[NONE_OF] = "none_of"
};

/* What a filter adds to the plan's key, beside columns and operators. */
enum
{
	KEY_END = -1,
	KEY_GROUP = -2,
	KEY_NULL = -3,
	KEY_VALUE = -4,
	KEY_ARRAY = -5,
	KEY_LIST = -6,
	KEY_BEYOND = -7
};

struct FcaFilter
{
	FilterKind	kind;
	List	   *members;		/* of a group: of FcaFilter */

	/* of a test: */
	Form_pg_attribute column;
	Operator	operator;
	bool		is_null;		/* eq, ne: with null; in: null is in the list;
								 * is_null: what it says */
	bool		is_empty;		/* in, not_in: is the list? */
	bool		is_long;		/* is the array parameter to be hashed? */
	int			any;			/* number of an array parameter, or 0 */
	int			first;			/* number of the first single parameter, */
	int			count;			/* and how many there are */
};

/* While filters are read. */
typedef struct Reading
{
	FcaQuery   *query;
	int			depth;
	int			tests;
	int			groups;
} Reading;

static void
count_test(Reading *reading)
{
	CHECK_FOR_INTERRUPTS();
	if (++reading->tests > MAX_TESTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("filters have more than %d tests", MAX_TESTS)));
}

static bool
type_has(Oid type, Needs needs)
{
	char		category;
	bool		preferred;

	switch (needs)
	{
		case NEEDS_EQUALITY:
			return fca_type_has_equality(type);
		case NEEDS_ORDER:
			/* jsonb has an order, but none that a caller could mean */
			return type != JSONBOID && fca_type_has_ordering(type);
		case NEEDS_TEXT:
			get_type_category_preferred(type, &category, &preferred);
			return category == TYPCATEGORY_STRING;
		case NEEDS_NOTHING:
			return true;
	}
	return false;
}

/* The names of the operators that a type has. */
static const char *
operators_of(Oid type)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < (int) lengthof(operators); i++)
		if (type_has(type, operators[i].needs))
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 operators[i].name);
	return names.data;
}

/* An operator was given a value of the wrong kind. */
pg_noreturn static void
wrong_kind(const Reading *reading, const FcaFilter *test, const JsonbValue *json,
		   const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for operator \"%s\" of column \"%s\"",
					operators[test->operator].name,
					NameStr(test->column->attname)),
			 errdetail("Got %s instead of %s.", fca_json_kind(json), wanted),
			 errhint("Valid operators of this type are: %s.",
					 operators_of(getBaseType(test->column->atttypid))),
			 errtablecol(reading->query->model->rel, test->column->attnum)));
}

/*
 * One value of the column's type, without its limits of length and precision:
 * a value that does not fit the column equals none in it, and must not be
 * rounded to one that does.
 */
static Datum
read_value(const Reading *reading, const FcaFilter *test, FcaTypeInput *input,
		   const JsonbValue *json, bool *isnull)
{
	Oid			type = getBaseType(test->column->atttypid);

	if ((fca_json_is_array(json) && type != JSONBOID &&
		 !OidIsValid(get_element_type(type))) ||
		(fca_json_is_object(json) && type != JSONBOID && !type_is_rowtype(type)))
		wrong_kind(reading, test, json, "a single value");
	return fca_input_value(input, json, 0, isnull);
}

static int
compare_values(const void *a, const void *b, void *arg)
{
	SortSupport sort = arg;

	return ApplySortComparator(*(const Datum *) a, false, *(const Datum *) b, false,
							   sort);
}

/*
 * Sorts the values of a long list.  An index scan sorts them anyway, but that
 * sort cannot be cancelled, and takes seconds for a million values; if they
 * are in order already, it only looks at each once.
 */
static void
sort_values(ArrayBuildState *array, Oid collation)
{
	TypeCacheEntry *entry = lookup_type_cache(array->element_type, TYPECACHE_LT_OPR);
	SortSupportData sort = {0};

	if (!OidIsValid(entry->lt_opr))
		return;
	sort.ssup_cxt = CurrentMemoryContext;
	sort.ssup_collation = collation;
	PrepareSortSupportFromOrderingOp(entry->lt_opr, &sort);
	qsort_interruptible(array->dvalues, array->nelems, sizeof(Datum), compare_values,
						&sort);
}

/* fca_beyond_integer() of a JSON value. */
static int
beyond_integer(Oid type, const JsonbValue *json)
{
	if (json->type == jbvString)
		return fca_beyond_integer(type, fca_json_string(json));
	return json->type != jbvNumeric ? 0
		: fca_beyond_integer(type, DatumGetCString(DirectFunctionCall1(numeric_out,
																	   NumericGetDatum(json->val.numeric))));
}

/*
 * Rewrites a comparison with a number that is below or above all numbers of
 * the column's type: it is always false, or true wherever the column has a
 * value.
 */
static void
compare_beyond(FcaFilter *test, int beyond)
{
	bool		is_less = test->operator == OP_LT || test->operator == OP_LTE;
	bool		is_greater = test->operator == OP_GT || test->operator == OP_GTE;

	if (beyond > 0 ? is_less : is_greater)
		test->operator = OP_IS_NULL;
	else
	{
		test->operator = test->operator == OP_NE ? OP_NOT_IN : OP_IN;
		test->is_empty = true;
	}
}

/*
 * The elements of a list for an array column must be arrays.  Who gives other
 * elements means one array that the column is equal to.
 */
static void
check_element(const FcaFilter *test, Oid type, const JsonbValue *element)
{
	if (OidIsValid(get_element_type(type)) && type != INT2VECTOROID &&
		type != OIDVECTOROID && !fca_json_is_array(element) &&
		element->type != jbvNull &&
		!(element->type == jbvString && memchr("{[", *element->val.string.val, 2) != NULL &&
		  element->val.string.len > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid array in a list for column \"%s\"", NameStr(test->column->attname)),
				 errdetail("It is %s.", fca_json_kind(element)),
				 errhint("To compare with one array, give {\"%s\": {\"eq\": [...]}}.",
						 NameStr(test->column->attname)),
				 err_generic_string(PG_DIAG_COLUMN_NAME, NameStr(test->column->attname))));
}

/*
 * The values of a list: one array parameter, so that lists of any length share
 * a plan; single parameters where the column's type has no array type, which
 * is the case where it is an array itself.
 */
static void
read_list(Reading *reading, FcaFilter *test, const JsonbValue *list)
{
	FcaQuery   *query = reading->query;
	Oid			type = getBaseType(test->column->atttypid);
	Oid			array_type = get_array_type(type);
	FcaTypeInput *input = fca_column_input(query->model, test->column, false);
	ArrayBuildState *array = NULL;
	JsonbIterator *it = NULL;
	JsonbValue	element;

	if (OidIsValid(array_type))
		array = initArrayResult(type, CurrentMemoryContext, false);
	fca_plan_key_add(query, array != NULL ? KEY_ARRAY : KEY_LIST);
	test->first = query->nparams + 1;
	while (fca_json_next(list->val.binary.data, &it, NULL, &element))
	{
		bool		isnull;
		Datum		value;

		if (beyond_integer(type, &element) != 0)
			continue;			/* equals none */
		check_element(test, type, &element);
		value = read_value(reading, test, input, &element, &isnull);
		if (isnull)
			test->is_null = true;
		else if (array != NULL)
			array = accumArrayResult(array, value, false, type, CurrentMemoryContext);
		else
		{
			count_test(reading);
			fca_query_param(query, type, value, false);
			test->count++;
		}
	}
	test->is_empty = !test->is_null && test->count == 0 &&
		(array == NULL || array->nelems == 0);
	if (array != NULL && array->nelems > MAX_UNSORTED)
		sort_values(array, test->column->attcollation);
	if (array != NULL)
	{
		/* the server itself hashes a list that it knows when it plans */
		test->is_long = fca_enable_hashed_lists && array->nelems > MAX_UNHASHED &&
			!query->planned_for_values;
		fca_plan_key_add(query, test->is_long);
		test->any = fca_query_param(query, array_type,
									makeArrayResult(array, CurrentMemoryContext),
									false);
	}
	else
		fca_plan_key_add(query, KEY_END);
	fca_plan_key_add(query, test->is_null);
}

/*
 * The smallest string above all that start with a prefix, in the order of
 * their bytes; or NULL.  For UTF-8, where that is the order of the code
 * points.
 */
static text *
above_prefix(const char *prefix)
{
	int			length = strlen(prefix);
	pg_wchar   *chars = palloc(sizeof(pg_wchar) * (length + 1));
	int			count = pg_mb2wchar_with_len(prefix, chars, length);

	for (; count > 0; count--)
	{
		pg_wchar	next = chars[count - 1] + 1;
		char	   *bound;

		if (next >= 0xD800 && next <= 0xDFFF)
			next = 0xE000;		/* surrogates are no characters */
		if (next > 0x10FFFF)
			continue;
		chars[count - 1] = next;
		bound = palloc(count * MAX_MULTIBYTE_CHAR_LEN + 1);
		return cstring_to_text_with_len(bound,
										pg_wchar2mb_with_len(chars, bound, count));
	}
	return NULL;
}

/*
 * A test of text: its LIKE pattern; and for a prefix the range of the column's
 * lower-case text, which an index on lower(column) with text_pattern_ops
 * serves.
 */
static void
read_text(Reading *reading, FcaFilter *test, const JsonbValue *json)
{
	FcaQuery   *query = reading->query;
	bool		starts = test->operator == OP_STARTS_WITH;
	bool		ends = test->operator == OP_ENDS_WITH;
	Oid			collation = test->column->attcollation;
	char	   *wanted;
	text	   *above = NULL;

	if (!OidIsValid(collation))
		collation = DEFAULT_COLLATION_OID;
	if (json->type != jbvString || json->val.string.len == 0)
		wrong_kind(reading, test, json, json->type == jbvString
				   ? "a string with something in it" : "a string");
	wanted = fca_json_string(json);
	test->first = fca_query_param(query, TEXTOID,
								  fca_like_pattern(wanted, strlen(wanted), !starts, !ends),
								  false);
	test->count = 1;
	if (starts && GetDatabaseEncoding() == PG_UTF8 &&
		get_collation_isdeterministic(collation))
	{
		wanted = str_tolower(wanted, strlen(wanted), collation);
		above = above_prefix(wanted);
	}
	if (above != NULL)
	{
		fca_query_param(query, TEXTOID, CStringGetTextDatum(wanted), false);
		fca_query_param(query, TEXTOID, PointerGetDatum(above), false);
		test->count = 3;
	}
	fca_plan_key_add(query, KEY_END);	/* of the types */
}

/* One test of a column; the column is in the plan's key. */
static FcaFilter *
read_test(Reading *reading, Form_pg_attribute column, Operator operator,
		  const JsonbValue *json)
{
	FcaQuery   *query = reading->query;
	FcaFilter  *test = palloc0(sizeof(FcaFilter));
	Oid			type = getBaseType(column->atttypid);

	test->kind = TEST;
	test->column = column;
	test->operator = operator;
	count_test(reading);
	fca_plan_key_add(query, operator);

	if ((operator == OP_EQ || operator == OP_NE) && json->type == jbvNull)
	{
		test->is_null = true;
		fca_plan_key_add(query, KEY_NULL);
		return test;
	}
	if (!type_has(type, operators[operator].needs))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("column \"%s\" of type %s has no operator \"%s\"",
						NameStr(column->attname), format_type_be(column->atttypid),
						operators[operator].name),
				 errhint("Valid operators of this type are: %s.", operators_of(type)),
				 errtablecol(query->model->rel, column->attnum)));

	switch (operator)
	{
		case OP_IN:
		case OP_NOT_IN:
			if (!fca_json_is_array(json))
				wrong_kind(reading, test, json, "an array");
			read_list(reading, test, json);
			break;
		case OP_IS_NULL:
			if (json->type != jbvBool)
				wrong_kind(reading, test, json, "true or false");
			test->is_null = json->val.boolean;
			fca_plan_key_add(query, test->is_null);
			break;
		case OP_CONTAINS:
		case OP_STARTS_WITH:
		case OP_ENDS_WITH:
			read_text(reading, test, json);
			break;
		default:
			{
				bool		isnull;
				Datum		value;

				if (json->type == jbvNull)
					wrong_kind(reading, test, json, "a value");
				if (beyond_integer(type, json) != 0)
				{
					compare_beyond(test, beyond_integer(type, json));
					fca_plan_key_add(query, KEY_BEYOND);
					fca_plan_key_add(query, test->operator);
					break;
				}
				value = read_value(reading, test,
								   fca_column_input(query->model, column, false),
								   json, &isnull);
				fca_plan_key_add(query, KEY_VALUE);
				test->first = fca_query_param(query, type, value, isnull);
			}
	}
	return test;
}

static FcaFilter *read_object(Reading *reading, JsonbContainer *object);

/* What to write instead of an operator that there is not. */
static int
hint_at_operator(Form_pg_attribute column, const char *name)
{
	Oid			type = getBaseType(column->atttypid);
	const char *valid = operators_of(type);

	if (type == JSONBOID || type_is_rowtype(type))
		return errhint("To compare with an object, give {\"%s\": {\"eq\": {...}}}. Valid operators of this type are: %s.",
					   NameStr(column->attname), valid);
	if (pg_strcasecmp(name, "like") == 0 || pg_strcasecmp(name, "ilike") == 0)
		return errhint("For a part of a text, use contains, starts_with or ends_with. Valid operators of this type are: %s.",
					   valid);
	if (pg_strcasecmp(name, "between") == 0)
		return errhint("For a period, use gte and lt or lte. Valid operators of this type are: %s.",
					   valid);
	return errhint("Valid operators of this type are: %s.", valid);
}

/*
 * Error 42703, with a hint at what an operator between filters is called here,
 * where a key that is no column looks like one.
 */
static void
check_group_name(const FcaModel *model, const char *name)
{
	static const char *const others[] = {"or", "and", "not", "nor"};
	const char *word = *name == '$' ? name + 1 : name;

	for (int i = 0; i < (int) lengthof(others); i++)
		if (pg_strcasecmp(word, others[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist", name, fca_model_name(model)),
					 errhint("To join filters, use {\"any_of\": [{...}, {...}]}, all_of or none_of.")));
}

/* The tests of one column, appended to the members of its group. */
static List *
read_column(Reading *reading, List *members, const char *name,
			const JsonbValue *json)
{
	FcaQuery   *query = reading->query;
	Form_pg_attribute column = fca_model_column(query->model, name);
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;

	fca_plan_key_add_column(query, column);
	if (!fca_json_is_object(json))
		members = lappend(members,
						  read_test(reading, column,
									fca_json_is_array(json) ? OP_IN : OP_EQ, json));
	else if (JsonContainerSize(json->val.binary.data) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filter of column \"%s\" has no operator", name),
				 errhint("Valid operators of this type are: %s.",
						 operators_of(getBaseType(column->atttypid))),
				 errtablecol(query->model->rel, column->attnum)));
	else
		while (fca_json_next(json->val.binary.data, &it, &key, &value))
		{
			char	   *operator_name = fca_json_string(&key);
			int			operator = 0;

			while (operator < (int) lengthof(operators) &&
				   strcmp(operators[operator].name, operator_name) != 0)
				operator++;
			if (operator == lengthof(operators))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("unrecognized operator \"%s\" of column \"%s\"",
								operator_name, name),
						 hint_at_operator(column, operator_name),
						 errtablecol(query->model->rel, column->attnum)));
			members = lappend(members, read_test(reading, column, operator, &value));
		}
	fca_plan_key_add(query, KEY_END);
	return members;
}

/* A group: its elements are filter objects, none of them empty. */
static FcaFilter *
read_group(Reading *reading, FilterKind kind, const JsonbValue *json)
{
	FcaFilter  *group = palloc0(sizeof(FcaFilter));
	JsonbIterator *it = NULL;
	JsonbValue	element;

	if (!fca_json_is_array(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be an array of filter objects", groups[kind]),
				 errdetail("It is %s.", fca_json_kind(json))));
	group->kind = kind;
	if (++reading->groups > MAX_TESTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("filters have more than %d groups", MAX_TESTS)));
	fca_plan_key_add(reading->query, KEY_GROUP);
	fca_plan_key_add(reading->query, kind);
	while (fca_json_next(json->val.binary.data, &it, NULL, &element))
	{
		bool		is_object = fca_json_is_object(&element);

		if (!is_object || JsonContainerSize(element.val.binary.data) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" must be an array of filter objects", groups[kind]),
					 errdetail("One of its elements is %s.",
							   is_object ? "an empty object" : fca_json_kind(&element))));
		group->members = lappend(group->members,
								 read_object(reading, element.val.binary.data));
	}
	fca_plan_key_add(reading->query, KEY_END);
	return group;
}

/* A filter object: all of its members must hold. */
static FcaFilter *
read_object(Reading *reading, JsonbContainer *object)
{
	FcaFilter  *filter = palloc0(sizeof(FcaFilter));
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;

	if (++reading->depth > MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("filters are nested more than %d deep", MAX_DEPTH)));

	filter->kind = ALL_OF;
	while (fca_json_next(object, &it, &key, &value))
	{
		char	   *name = fca_json_string(&key);
		int			kind = 0;

		while (kind < (int) lengthof(groups) && strcmp(groups[kind], name) != 0)
			kind++;
		if (kind < (int) lengthof(groups) &&
			fca_model_find_column(reading->query->model, name) != NULL)
			kind = lengthof(groups);
		else if (kind == lengthof(groups) &&
				 fca_model_find_column(reading->query->model, name) == NULL)
			check_group_name(reading->query->model, name);
		if (kind == lengthof(groups))
			filter->members = read_column(reading, filter->members, name, &value);
		else
			filter->members = lappend(filter->members,
									  read_group(reading, kind, &value));
	}
	fca_plan_key_add(reading->query, KEY_END);
	reading->depth--;
	return filter;
}

/* What a filter says of every row, whatever is in it. */
typedef enum Constant
{
	NEVER,
	DEPENDS,
	ALWAYS
} Constant;

static Constant
constant_of(const FcaFilter *filter)
{
	bool		any = filter->kind != ALL_OF;
	Constant	result = any ? NEVER : ALWAYS;
	ListCell   *cell;

	if (filter->kind == TEST)
		return !filter->is_empty ? DEPENDS
			: filter->operator == OP_IN ? NEVER : ALWAYS;
	foreach(cell, filter->members)
	{
		Constant	member = constant_of(lfirst(cell));

		result = any ? Max(result, member) : Min(result, member);
	}
	return filter->kind == NONE_OF ? ALWAYS - result : result;
}

/*
 * Reads the filters of an argument: its values become parameters of the query,
 * and what is compared how becomes part of the plan's key.  With "required",
 * what is true of every row is an error too.  Errors: 22023 for what is no
 * filter, 42703 for a key that is no column, 42883 for an operator that the
 * column's type lacks, 54000 for too many or too deep, the type's own where a
 * value does not fit.
 */
FcaFilter *
fca_filter_read(FcaQuery *query, FunctionCallInfo fcinfo, int argno, bool required)
{
	Reading		reading = {.query = query};
	FcaFilter  *filter = NULL;
	JsonbValue	filters = {.type = jbvNull};

	if (!PG_ARGISNULL(argno))
		fca_json_value(PG_GETARG_JSONB_P(argno), &filters);
	if (fca_json_is_object(&filters))
		filter = read_object(&reading, filters.val.binary.data);
	else if (filters.type != jbvNull || !required)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filters must be a JSON object"),
				 errdetail("Got %s.", fca_json_kind(&filters)),
				 filters.type == jbvString ? fca_hint_at_string(&filters)
				 : errhint("For every row, give '{}'.")));

	if (required && (filter == NULL || constant_of(filter) == ALWAYS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("filters must not be empty"),
				 filter == NULL ? errdetail("Got null.")
				 : filter->members == NIL ? errdetail("Got {}.")
				 : errdetail("Got filters that are true of every row."),
				 errhint("Give at least one filter, or use plain SQL to mean every row.")));
	return filter;
}

/* Does it ask for one value of a column that no two rows have? */
bool
fca_filter_is_unique(const FcaFilter *filter, const FcaModel *model)
{
	ListCell   *cell;

	foreach(cell, filter->members)
	{
		const FcaFilter *test = lfirst(cell);

		if (test->kind == TEST && test->operator == OP_EQ && !test->is_null &&
			fca_model_is_unique(model, test->column))
			return true;
	}
	return false;
}

/*
 * Is the column one of the values?  The alternatives, joined by OR.  An index
 * can serve only what must hold of every row.
 */
static void
append_in(StringInfo text, const FcaFilter *test, bool must_hold)
{
	const char *separator = "";

	if (test->any > 0)
	{
		appendStringInfoString(text, fca_any_text(test->column, test->any,
												  test->is_long &&
												  !(must_hold &&
													fca_model_may_have_index(test->column))));
		separator = " OR ";
	}
	for (int i = 0; i < test->count; i++)
	{
		appendStringInfo(text, "%s%s", separator,
						 fca_comparison_text(test->column, BTEqualStrategyNumber,
											 psprintf("$%d", test->first + i),
											 getBaseType(test->column->atttypid)));
		separator = " OR ";
	}
	if (test->is_null)
		appendStringInfo(text, "%s%s IS NULL", separator,
						 fca_column_text(test->column));
	else if (*separator == '\0')
		appendStringInfoString(text, "false");
}

/*
 * Has the column a value?  A composite value of which some fields are NULL is
 * neither IS NULL nor IS NOT NULL.
 */
static const char *
not_null_text(const FcaFilter *test)
{
	const char *column = fca_column_text(test->column);

	return psprintf(type_is_rowtype(test->column->atttypid)
					? "NOT (%s IS NULL)" : "%s IS NOT NULL", column);
}

/*
 * One test, in parentheses.  What negates says IS NOT TRUE, so that NULL is a
 * value that differs.
 */
static void
append_test(StringInfo text, const FcaFilter *test, bool must_hold)
{
	const char *column = fca_column_text(test->column);
	const char *comparison;

	appendStringInfoChar(text, '(');
	switch (test->operator)
	{
		case OP_IN:
			append_in(text, test, must_hold);
			break;
		case OP_NOT_IN:
			appendStringInfoChar(text, '(');
			append_in(text, test, false);
			appendStringInfoString(text, ") IS NOT TRUE");
			break;
		case OP_IS_NULL:
			if (test->is_null)
				appendStringInfo(text, "%s IS NULL", column);
			else
				appendStringInfoString(text, not_null_text(test));
			break;
		case OP_CONTAINS:
		case OP_STARTS_WITH:
		case OP_ENDS_WITH:
			appendStringInfoString(text, fca_like_text(test->column,
													   psprintf("$%d", test->first)));
			if (test->count == 3)
				appendStringInfo(text,
								 " AND pg_catalog.lower(%s::pg_catalog.text) OPERATOR(pg_catalog.~>=~) $%d"
								 " AND pg_catalog.lower(%s::pg_catalog.text) OPERATOR(pg_catalog.~<~) $%d",
								 column, test->first + 1, column, test->first + 2);
			break;
		default:
			if (test->is_null)
			{
				if (test->operator == OP_EQ)
					appendStringInfo(text, "%s IS NULL", column);
				else
					appendStringInfoString(text, not_null_text(test));
				break;
			}
			comparison = fca_comparison_text(test->column,
											 operators[test->operator].strategy,
											 psprintf("$%d", test->first),
											 getBaseType(test->column->atttypid));
			appendStringInfo(text, test->operator == OP_NE ? "(%s) IS NOT TRUE" : "%s",
							 comparison);
	}
	appendStringInfoChar(text, ')');
}

/* Could an index find the rows of a filter, of alternatives one for each? */
static bool
may_have_index(const FcaFilter *filter)
{
	ListCell   *cell;

	if (filter->kind == TEST)
		return filter->operator != OP_NE && filter->operator != OP_NOT_IN &&
			fca_model_may_have_index(filter->column);
	foreach(cell, filter->members)
	{
		if (may_have_index(lfirst(cell)) != (filter->kind == ANY_OF))
			return filter->kind == ALL_OF;
	}
	return filter->kind == ANY_OF;
}

/*
 * A filter; an empty group of alternatives matches nothing.  "must_hold":
 * could an index that finds its rows be used?
 */
static void
append_filter(StringInfo text, const FcaFilter *filter, bool must_hold)
{
	ListCell   *cell;

	if (filter->kind == TEST)
	{
		append_test(text, filter, must_hold);
		return;
	}
	must_hold = must_hold && (filter->kind == ALL_OF || may_have_index(filter));
	appendStringInfoString(text, filter->kind == NONE_OF ? "((" : "(");
	if (filter->members == NIL)
		appendStringInfoString(text, filter->kind == ALL_OF ? "true" : "false");
	foreach(cell, filter->members)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoString(text, filter->kind == ALL_OF ? " AND " : " OR ");
		append_filter(text, lfirst(cell), must_hold);
	}
	appendStringInfoString(text, filter->kind == NONE_OF ? ") IS NOT TRUE)" : ")");
}

/* The condition, or NULL where there is no filter. */
const char *
fca_filter_text(const FcaFilter *filter)
{
	StringInfoData text;
	ListCell   *cell;

	if (filter->members == NIL)
		return NULL;
	initStringInfo(&text);
	foreach(cell, filter->members)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoString(&text, " AND ");
		append_filter(&text, lfirst(cell), true);
	}
	return text.data;
}
