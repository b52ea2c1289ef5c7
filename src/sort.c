/*
 * sort.c
 *		Sort lists: 'last_name, "Order Date" desc nulls last'.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "sort.h"
#include "value.h"

/*
 * Bounds of a sort list.  Behind a position, where each key is compared more
 * than once, the text and the time to plan it grow faster.
 */
#define MAX_KEYS 32
#define MAX_KEYS_BEHIND 16

/* What a sort list is, for who has given something else. */
#define LIST_HINT "Give columns, each with asc or desc and nulls first or nulls last where wanted, such as 'last_name, created_at desc'."

/* The list, and where the rest of it begins that has not been read. */
typedef struct Reader
{
	const char *list;
	const char *at;
} Reader;

static void
skip_space(Reader *reader)
{
	while (scanner_isspace(*reader->at))
		reader->at++;
}

pg_noreturn static void
not_a_list(const Reader *reader, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 *reader->at != '\0'
			 ? errmsg("syntax error in sort_by at or near \"%s\"", reader->at)
			 : errmsg("syntax error at end of sort_by"),
			 errdetail("It is: \"%s\".", reader->list),
			 errhint("%s", hint)));
}

static bool
is_word_start(char c)
{
	return isalpha((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* A bare word, as it stands, or NULL. */
static char *
read_word(Reader *reader)
{
	const char *start = reader->at;

	if (!is_word_start(*start))
		return NULL;
	while (is_word_start(*reader->at) || isdigit((unsigned char) *reader->at) ||
		   *reader->at == '$')
		reader->at++;
	return pnstrdup(start, reader->at - start);
}

/* Is this word next?  Then it is taken. */
static bool
take_word(Reader *reader, const char *word)
{
	Reader		ahead = *reader;
	char	   *next;

	skip_space(&ahead);
	next = read_word(&ahead);
	if (next == NULL || pg_strcasecmp(next, word) != 0)
		return false;
	*reader = ahead;
	return true;
}

/* A column's name: quoted, or folded to lower case. */
static char *
read_name(Reader *reader)
{
	char	   *word;
	StringInfoData name;

	skip_space(reader);
	if (*reader->at != '"')
	{
		word = read_word(reader);
		if (word == NULL)
			not_a_list(reader, LIST_HINT);
		return downcase_identifier(word, strlen(word), false, false);
	}

	initStringInfo(&name);
	for (reader->at++;; reader->at++)
	{
		if (*reader->at == '\0')
			not_a_list(reader, "Close the quoted name with \".");
		if (*reader->at == '"')
		{
			if (reader->at[1] != '"')
				break;
			reader->at++;
		}
		appendStringInfoChar(&name, *reader->at);
	}
	reader->at++;
	return name.data;
}

/* Adds a key, and what it is to the plan's key. */
static void
add_key(FcaQuery *query, FcaSort *sort, Form_pg_attribute column,
		bool descending, bool nulls_first)
{
	FcaSortKey *key;

	if (!fca_type_has_ordering(getBaseType(column->atttypid)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("rows cannot be sorted by column \"%s\" of %s",
						NameStr(column->attname), fca_model_name(query->model)),
				 errdetail("Type %s has no ordering operator.",
						   format_type_be(column->atttypid)),
				 errtablecol(query->model->rel, column->attnum)));
	sort->keys = sort->keys == NULL ? palloc(sizeof(FcaSortKey))
		: repalloc(sort->keys, sizeof(FcaSortKey) * (sort->nkeys + 1));
	key = &sort->keys[sort->nkeys++];
	memset(key, 0, sizeof(FcaSortKey));
	key->column = column;
	key->descending = descending;
	key->nulls_first = nulls_first;
	key->nullable = fca_model_is_nullable(query->model, column);
	fca_plan_key_add_column(query, column);
	fca_plan_key_add(query, descending);
	fca_plan_key_add(query, nulls_first);
}

static bool
has_key(const FcaSort *sort, Form_pg_attribute column)
{
	for (int i = 0; i < sort->nkeys; i++)
		if (sort->keys[i].column->attnum == column->attnum)
			return true;
	return false;
}

/* Error 54000 for more keys than that in the caller's list. */
static void
check_count(const FcaSort *sort, int max)
{
	if (sort->ngiven > max)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 max == MAX_KEYS
				 ? errmsg("sort_by has more than %d keys", max)
				 : errmsg("a page that starts behind a position cannot be sorted by more than %d keys", max),
				 errdetail("sort_by has %d keys.", sort->ngiven)));
}

/*
 * Reads a sort_by argument, by SQL's rules for names: not quoted, they are
 * folded to lower case.  NULL means the model's key, which is also the last
 * sort key of every list that does not name it.  Part of the plan's key.
 * Errors: 42703 for what is no column, 22023 for what is no sort list, 42883
 * for a type without order, 55000 where the model has no key, 54000 for more
 * than 32 keys.
 */
FcaSort *
fca_sort_read(FcaQuery *query, FunctionCallInfo fcinfo, int argno)
{
	FcaSort    *sort = palloc0(sizeof(FcaSort));
	ListCell   *cell;

	if (!PG_ARGISNULL(argno))
	{
		Reader		reader;

		reader.list = reader.at = text_to_cstring(PG_GETARG_TEXT_PP(argno));
		do
		{
			char	   *name = read_name(&reader);
			Form_pg_attribute column;
			bool		descending;
			bool		nulls_first;

			skip_space(&reader);
			if (*reader.at == '(')
				not_a_list(&reader, "To sort by an expression, make a view that has it as a column.");
			column = fca_model_column(query->model, name);
			descending = take_word(&reader, "desc");
			if (!descending)
				take_word(&reader, "asc");
			nulls_first = descending;
			if (take_word(&reader, "nulls"))
			{
				nulls_first = take_word(&reader, "first");
				if (!nulls_first && !take_word(&reader, "last"))
					not_a_list(&reader, "After nulls comes first or last.");
			}

			if (has_key(sort, column))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("sort_by names column \"%s\" twice", name)));
			add_key(query, sort, column, descending, nulls_first);
			sort->ngiven++;
			skip_space(&reader);
		} while (*reader.at == ',' && reader.at++);
		if (*reader.at != '\0')
			not_a_list(&reader, LIST_HINT);
		check_count(sort, MAX_KEYS);
	}

	foreach(cell, fca_model_order_key(query->model))
	{
		Form_pg_attribute column = lfirst(cell);

		if (!has_key(sort, column))
			add_key(query, sort, column, false, false);
	}
	fca_plan_key_add(query, InvalidAttrNumber); /* the end of the keys */
	return sort;
}

/* The value of an object's member; false where there is none. */
static bool
member(JsonbContainer *object, const char *name, JsonbValue *value)
{
	JsonbValue	key;
	JsonbValue *found;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	found = findJsonbValueFromContainer(object, JB_FOBJECT, &key);
	if (found == NULL)
		return false;
	*value = *found;
	return true;
}

/*
 * The type whose values the bounds of a range are, or InvalidOid for no range
 * and no multirange.
 */
static Oid
bound_type(Oid type)
{
	Oid			range = type_is_multirange(type) ? get_multirange_range(type) : type;

	return type_is_range(range) ? getBaseType(get_range_subtype(range)) : InvalidOid;
}

/* Is the text of a type's value the same under all settings? */
static bool
has_one_text(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case UUIDOID:
			return true;
		default:
			return false;
	}
}

/*
 * A position must tell its values apart, and some do not as JSON: a jsonb null
 * is like NULL, arrays lose their bounds, and a composite type may hold both.
 * A range is text there, which of times is another one under each DateStyle
 * and TimeZone, and may be read as another time.
 */
static void
check_position(const FcaQuery *query, Form_pg_attribute column)
{
	Oid			type = getBaseType(column->atttypid);
	Oid			bound = bound_type(type);

	fca_model_check_exact(query->model, column);
	if (OidIsValid(bound) && !has_one_text(bound))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("pages cannot be sorted by column \"%s\"",
						NameStr(column->attname)),
				 errdetail("How JSON shows a value of type %s depends on settings.",
						   format_type_be(column->atttypid)),
				 errhint("Sort by a bound of it, as a column of the table or of a view."),
				 errtablecol(query->model->rel, column->attnum)));
	if (type == JSONBOID || OidIsValid(get_element_type(type)) || type_is_rowtype(type))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("pages cannot be sorted by column \"%s\"",
						NameStr(column->attname)),
				 errdetail("Different values of type %s may be the same in JSON.",
						   format_type_be(column->atttypid)),
				 errtablecol(query->model->rel, column->attnum)));
}

/*
 * Reads the position behind which a page starts: a JSON object that gives
 * every sort key its value, as to_jsonb(row) does; NULL means the first page.
 * Errors: 22023 where it is no object or lacks a sort key, the type's own
 * where a value does not fit, 0A000 for jsonb, array and composite columns and
 * for ranges of times, 54000 behind a position for more than 16 keys.
 */
void
fca_sort_read_after(FcaSort *sort, FcaQuery *query, FunctionCallInfo fcinfo, int argno)
{
	JsonbValue	after;

	for (int i = 0; i < sort->nkeys; i++)
		check_position(query, sort->keys[i].column);
	fca_plan_key_add(query, !PG_ARGISNULL(argno));
	if (PG_ARGISNULL(argno))
		return;
	check_count(sort, MAX_KEYS_BEHIND);
	fca_json_value(PG_GETARG_JSONB_P(argno), &after);
	if (!fca_json_is_object(&after))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("after must be a JSON object"),
				 errdetail("Got %s.", fca_json_kind(&after)),
				 after.type == jbvString ? fca_hint_at_string(&after) :
				 errhint("Give the last row of the page before, as to_jsonb(row) gives it; NULL means the first page.")));

	for (int i = 0; i < sort->nkeys; i++)
	{
		FcaSortKey *key = &sort->keys[i];
		const char *name = NameStr(key->column->attname);
		Oid			type = getBaseType(key->column->atttypid);
		JsonbValue	value;
		Datum		datum;
		bool		isnull;

		if (!member(after.val.binary.data, name, &value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("after lacks the sort key \"%s\"", name),
					 errhint("Give the last row of the page before, as to_jsonb(row) gives it.")));
		key->has_position = true;
		datum = fca_input_value(fca_column_input(query->model, key->column, false),
								&value, 0, &isnull);
		fca_plan_key_add(query, isnull);
		if (!isnull)
			key->after = fca_query_param(query, type, datum, false);
	}
}
