/*
 * value.c
 *		JSON values become values of a column's type.
 */
#include "compat.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "value.h"

struct FcaTypeInput
{
	Oid			type;
	int32		typmod;
	const char *column;			/* for errors */
	bool		is_limited;		/* by typmods and by what domains demand? */
	bool		is_domain;		/* ... which this one does */
	bool		is_enum;		/* is base one? */
	void	   *domain_cache;	/* domain_check's */
	Oid			base;			/* type, or what it is a domain over */
	int32		base_typmod;
	FmgrInfo	function;		/* base's input function */
	Oid			ioparam;
	bool		has_brackets;	/* do base's literals have brackets? */
	const char *const *values;	/* that are read as labels of an enum */
	FcaTypeInput *element;		/* of an array type */
	int16		element_len;
	bool		element_byval;
	char		element_align;
	TupleDesc	row;			/* of a composite type */
	FcaTypeInput **fields;
	MemoryContext context;		/* lives as long as this */
};

static FcaTypeInput *
make_input(Oid type, int32 typmod, bool is_limited, const char *column)
{
	FcaTypeInput *input = palloc0(sizeof(FcaTypeInput));
	HeapTuple	tuple;
	Form_pg_type form;
	Oid			element;
	char		kind;			/* as in pg_type.typtype */

	/* a composite type may nest deeply */
	check_stack_depth();

	input->type = type;
	input->typmod = typmod;
	input->column = column;
	input->context = CurrentMemoryContext;
	input->is_limited = is_limited;
	input->base_typmod = typmod;
	input->base = type < FirstUnpinnedObjectId ? type
		: getBaseTypeAndTypmod(type, &input->base_typmod);
	input->is_domain = is_limited && input->base != type;
	if (!is_limited)
		input->base_typmod = -1;

	/* one look at the type for all that is asked: this is a part of each call */
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(input->base));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", input->base);
	form = (Form_pg_type) GETSTRUCT(tuple);
	kind = form->typtype;
	element = IsTrueArrayType(form) ? form->typelem : InvalidOid;
	input->ioparam = getTypeIOParam(tuple);
	fmgr_info(form->typinput, &input->function);
	ReleaseSysCache(tuple);

	input->is_enum = kind == TYPTYPE_ENUM;
	input->has_brackets = kind == TYPTYPE_RANGE || kind == TYPTYPE_MULTIRANGE ||
		OidIsValid(element);
	if (OidIsValid(element))
	{
		input->element = make_input(element, input->base_typmod, is_limited, column);
		get_typlenbyvalalign(element, &input->element_len,
							 &input->element_byval, &input->element_align);
	}
	else if (kind == TYPTYPE_COMPOSITE)
	{
		input->row = lookup_rowtype_tupdesc_copy(input->base, -1);
		input->fields = palloc0(sizeof(FcaTypeInput *) * input->row->natts);
	}
	return input;
}

/*
 * How JSON becomes values of a type, for an argument of that name.  Lives in
 * the current memory context.
 */
FcaTypeInput *
fca_input(Oid type, int32 typmod, const char *column)
{
	return make_input(type, typmod, true, column);
}

/*
 * How JSON becomes values of a column of the model's relation, where the
 * contract's values are read as the labels of an enum.  Lives in the current
 * memory context. What is not limited is to compare with: limits of length and
 * precision, and what domains demand, are not applied, at any depth.
 */
FcaTypeInput *
fca_column_input(const FcaModel *model, Form_pg_attribute column, bool is_limited)
{
	const char *name = NameStr(column->attname);
	FcaTypeInput *input;

	if (is_limited)
		input = make_input(column->atttypid, column->atttypmod, true, name);
	else
		input = make_input(fca_base_type(column->atttypid), -1, false, name);
	if (input->is_enum)
		input->values = fca_model_values(model, column);
	return input;
}

/* Calls the type's input function. */
static Datum
read_text(FcaTypeInput *input, char *text)
{
	if (input->values != NULL)
		for (const char *const *value = input->values; *value != NULL; value++)
			if (strcmp(*value, text) == 0)
			{
				const char *label = fca_enum_label(input->base, text);

				if (label != NULL)
					text = unconstify(char *, label);
				break;
			}
	return InputFunctionCall(&input->function, text, input->ioparam, input->base_typmod);
}

/* JSON text of a value, as the json and text types take it. */
static char *
json_text(const JsonbValue *json)
{
	JsonbValue	copy = *json;
	Jsonb	   *jsonb = JsonbValueToJsonb(&copy);

	return JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
}

/* The text that the input function of a scalar type is given. */
static char *
scalar_text(const JsonbValue *json)
{
	switch (json->type)
	{
		case jbvString:
			return fca_json_string(json);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(json->val.numeric)));
		case jbvBool:
			return pstrdup(json->val.boolean ? "true" : "false");
		default:
			return json_text(json);
	}
}

static Datum read_value(FcaTypeInput *input, const JsonbValue *json, bool *isnull);

/* What is known of an array while its JSON is read. */
typedef struct ArrayReading
{
	FcaTypeInput *element;
	int			ndims;			/* 0 until the first element that is no array */
	int			dims[MAXDIM];
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			room;
} ArrayReading;

static void
append_element(ArrayReading *reading, const JsonbValue *json)
{
	if (reading->count == reading->room)
	{
		reading->room = Max(reading->room * 2, 16);
		reading->values = repalloc(reading->values, sizeof(Datum) * reading->room);
		reading->nulls = repalloc(reading->nulls, sizeof(bool) * reading->room);
	}
	reading->values[reading->count] =
		read_value(reading->element, json, &reading->nulls[reading->count]);
	reading->count++;
}

pg_noreturn static void
ragged_array(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 errmsg("multidimensional arrays must have sub-arrays with matching dimensions")));
}

/* Nested JSON arrays are dimensions, which must be of one size each. */
static void
read_dimension(ArrayReading *reading, JsonbContainer *container, int depth)
{
	JsonbIterator *it = NULL;
	JsonbValue	value;
	int			count = 0;

	if (depth >= MAXDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of array dimensions exceeds the maximum allowed (%d)",
						MAXDIM)));

	while (fca_json_next(container, &it, NULL, &value))
	{
		/* an element of type json may be an array itself */
		bool		nested = fca_json_is_array(&value) &&
		reading->element->base != JSONBOID && reading->element->base != JSONOID;

		if (reading->ndims == 0 && !nested)
			reading->ndims = depth + 1;
		if (reading->ndims > 0 && nested != (depth + 1 < reading->ndims))
			ragged_array();
		if (nested)
			read_dimension(reading, value.val.binary.data, depth + 1);
		else
			append_element(reading, &value);
		count++;
	}

	if (reading->dims[depth] < 0)
		reading->dims[depth] = count;
	else if (reading->dims[depth] != count)
		ragged_array();
}

static Datum
read_array(FcaTypeInput *input, const JsonbValue *json)
{
	ArrayReading reading = {0};
	int			lower[MAXDIM];
	int64		expected = 1;

	reading.element = input->element;
	reading.room = 16;
	reading.values = palloc(sizeof(Datum) * reading.room);
	reading.nulls = palloc(sizeof(bool) * reading.room);
	for (int i = 0; i < MAXDIM; i++)
	{
		reading.dims[i] = -1;
		lower[i] = 1;
	}

	read_dimension(&reading, json->val.binary.data, 0);
	if (reading.count == 0)
		return PointerGetDatum(construct_empty_array(input->element->type));

	/* a sub-array may have been empty where others are not */
	for (int i = 0; i < reading.ndims; i++)
		expected *= reading.dims[i];
	if (expected != reading.count)
		ragged_array();
	return PointerGetDatum(construct_md_array(reading.values, reading.nulls,
											  reading.ndims, reading.dims, lower,
											  input->element->type,
											  input->element_len,
											  input->element_byval,
											  input->element_align));
}

/*
 * An int2vector or oidvector is an array whose only dimension begins at 0;
 * code of the server relies on that, so only the type's input function may
 * make one.
 */
static Datum
read_vector(FcaTypeInput *input, const JsonbValue *json)
{
	StringInfoData text;
	JsonbIterator *it = NULL;
	JsonbValue	value;

	initStringInfo(&text);
	while (fca_json_next(json->val.binary.data, &it, NULL, &value))
	{
		/* to_jsonb() gives an oid as a string */
		if (value.type != jbvNumeric &&
			!(value.type == jbvString && value.val.string.len > 0 &&
			  (int) strspn(fca_json_string(&value), "-0123456789") == value.val.string.len))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid value for type %s: \"%s\"",
							format_type_be(input->base), json_text(json)),
					 errdetail("One of its elements is %s.", fca_json_kind(&value))));
		appendStringInfo(&text, " %s", scalar_text(&value));
	}
	return InputFunctionCall(&input->function, text.data, input->ioparam,
							 input->base_typmod);
}

/* A composite value from a JSON object: a key that is no field is an error. */
static Datum
read_row(FcaTypeInput *input, const JsonbValue *json)
{
	TupleDesc	row = input->row;
	Datum	   *values = palloc0(sizeof(Datum) * row->natts);
	bool	   *nulls = palloc(sizeof(bool) * row->natts);
	bool	   *given = palloc0(sizeof(bool) * row->natts);
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;
	JsonbValue	absent = {.type = jbvNull};

	for (int i = 0; i < row->natts; i++)
		if (input->fields[i] == NULL && !TupleDescAttr(row, i)->attisdropped)
		{
			MemoryContext old = MemoryContextSwitchTo(input->context);

			input->fields[i] = make_input(TupleDescAttr(row, i)->atttypid,
										  TupleDescAttr(row, i)->atttypmod,
										  input->is_limited, input->column);
			MemoryContextSwitchTo(old);
		}

	while (fca_json_next(json->val.binary.data, &it, &key, &value))
	{
		char	   *name = fca_json_string(&key);
		int			i = 0;

		while (i < row->natts &&
			   (TupleDescAttr(row, i)->attisdropped ||
				strcmp(NameStr(TupleDescAttr(row, i)->attname), name) != 0))
			i++;
		if (i == row->natts)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist",
							name, format_type_be_qualified(input->base))));
		values[i] = read_value(input->fields[i], &value, &nulls[i]);
		given[i] = true;
	}
	for (int i = 0; i < row->natts; i++)
		if (TupleDescAttr(row, i)->attisdropped)
			nulls[i] = true;
		else if (!given[i])
			values[i] = read_value(input->fields[i], &absent, &nulls[i]);

	return HeapTupleGetDatum(heap_form_tuple(row, values, nulls));
}

/* One value of any type. */
static Datum
read_value(FcaTypeInput *input, const JsonbValue *json, bool *isnull)
{
	Datum		value = (Datum) 0;

	check_stack_depth();

	*isnull = json->type == jbvNull;
	if (!*isnull)
	{
		if (input->base == JSONBOID)
		{
			JsonbValue	copy = *json;

			value = JsonbPGetDatum(JsonbValueToJsonb(&copy));
		}
		else if (input->base == JSONOID)
			value = CStringGetTextDatum(json_text(json));

		/* as the input functions of these would make them */
		else if (input->base == TEXTOID && json->type == jbvString)
			value = PointerGetDatum(cstring_to_text_with_len(json->val.string.val,
															 json->val.string.len));
		else if (input->base == BOOLOID && json->type == jbvBool)
			value = BoolGetDatum(json->val.boolean);
		else if ((input->base == INT2VECTOROID || input->base == OIDVECTOROID) &&
				 fca_json_is_array(json))
			value = read_vector(input, json);
		else if (input->element != NULL && fca_json_is_array(json))
			value = read_array(input, json);
		else if (input->row != NULL && fca_json_is_object(json))
			value = read_row(input, json);
		else
		{
			/* the JSON text of "[]" would be a literal of some of these types */
			if (json->type == jbvBinary && input->has_brackets)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						 errmsg("invalid value for type %s: \"%s\"",
								format_type_be(input->type), json_text(json)),
						 errdetail("It is %s.", fca_json_kind(json))));
			value = read_text(input, scalar_text(json));
		}
	}

	if (input->is_domain)
		domain_check(value, *isnull, input->type, &input->domain_cache,
					 input->context);
	return value;
}

/* Where an error came from: the column, and the row of a batch. */
typedef struct ErrorSource
{
	const char *column;
	int64		row;			/* 0: of none; -1: no JSON */
} ErrorSource;

static void
error_context(void *arg)
{
	ErrorSource *source = arg;

	if (source->row > 0)
		errcontext("JSON value of column \"%s\", row " INT64_FORMAT,
				   source->column, source->row);
	else if (source->row < 0)
		errcontext("value of column \"%s\"", source->column);
	else
		errcontext("JSON value of column \"%s\"", source->column);
}

/*
 * Throws the caught error on, with the column in its field, unless it names
 * one itself, as that of a domain's function may.
 */
pg_noreturn static void
throw_with_column(const char *column, MemoryContext context)
{
	ErrorData  *error;

	if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_INSUFFICIENT_RESOURCES)
		PG_RE_THROW();			/* there may be no memory for a copy */
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->column_name == NULL)
		error->column_name = pstrdup(column);
	ReThrowError(error);
}

/* A value of JSON or, where that is NULL, of text. */
static Datum
input_value(FcaTypeInput *input, const JsonbValue *json, char *text, int64 row, bool *isnull)
{
	ErrorContextCallback callback;
	ErrorSource source;
	Datum		value = (Datum) 0;
	MemoryContext context = CurrentMemoryContext;

	source.column = input->column;
	source.row = row;
	callback.callback = error_context;
	callback.arg = &source;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	PG_TRY();
	{
		value = json != NULL ? read_value(input, json, isnull)
			: read_text(input, text);
	}
	PG_CATCH();
	{
		throw_with_column(input->column, context);
	}
	PG_END_TRY();

	error_context_stack = callback.previous;
	return value;
}

/*
 * One value, in the current memory context.  A JSON null is an SQL NULL, which
 * a domain may refuse.  "row" is the ordinal of the row in a batch, or 0.
 */
Datum
fca_input_value(FcaTypeInput *input, const JsonbValue *json, int64 row, bool *isnull)
{
	return input_value(input, json, NULL, row, isnull);
}

/*
 * A value from one of a text-like type, to compare with: a number that no
 * value of the type can equal is NULL.
 */
Datum
fca_input_text(FcaTypeInput *input, Oid type, Datum text, bool *isnull)
{
	Oid			output;
	bool		is_varlena;
	char	   *string;

	getTypeOutputInfo(type, &output, &is_varlena);
	string = OidOutputFunctionCall(output, text);
	if (type == BPCHAROID)		/* its padding is no part of the text */
		for (int i = strlen(string) - 1; i >= 0 && string[i] == ' '; i--)
			string[i] = '\0';
	*isnull = fca_beyond_integer(input->base, string) != 0;
	return *isnull ? (Datum) 0 : input_value(input, NULL, string, -1, NULL);
}

/*
 * Is this the text of a whole number below (-1) or above (1) all of an integer
 * type?  0 for all else.
 */
int
fca_beyond_integer(Oid type, const char *text)
{
	static const char spaces[] = " \t\n\r\f\v";
	const char *digits = text + strspn(text, spaces);
	bool		negative = *digits == '-';
	size_t		length;
	uint64		max = type == INT2OID ? PG_INT16_MAX : type == INT4OID ? PG_INT32_MAX
	: PG_INT64_MAX;
	char		bound[32];

	if (type != INT2OID && type != INT4OID && type != INT8OID)
		return 0;
	if (negative || *digits == '+')
		digits++;
	if (!isdigit((unsigned char) *digits))
		return 0;
	digits += strspn(digits, "0");
	length = strspn(digits, "0123456789");
	if (digits[length + strspn(digits + length, spaces)] != '\0')
		return 0;
	if (length < 5)
		return 0;				/* as most are: less than any bound */
	snprintf(bound, sizeof(bound), UINT64_FORMAT, max + (negative ? 1 : 0));
	if (length < strlen(bound) ||
		(length == strlen(bound) && strncmp(digits, bound, length) <= 0))
		return 0;
	return negative ? -1 : 1;
}

/* The hint where a string was given that may hold the JSON which is meant. */
int
fca_hint_at_string(const JsonbValue *json)
{
	return json->type != jbvString ? 0
		: errhint("Give the JSON value itself. A driver may have encoded it twice.");
}

/* What a JSON value is, for messages: "a string", "an object". */
const char *
fca_json_kind(const JsonbValue *json)
{
	switch (json->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		default:
			return fca_json_is_array(json) ? "an array" : "an object";
	}
}

/* The value of a whole jsonb argument. */
void
fca_json_value(Jsonb *jsonb, JsonbValue *value)
{
	if (!JB_ROOT_IS_SCALAR(jsonb))
	{
		value->type = jbvBinary;
		value->val.binary.data = &jsonb->root;
		value->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	}
	else
		*value = *getIthJsonbValueFromContainer(&jsonb->root, 0);
}

/* Is a JSON value an object? */
bool
fca_json_is_object(const JsonbValue *json)
{
	return json->type == jbvBinary && JsonContainerIsObject(json->val.binary.data);
}

/* Is a JSON value an array? */
bool
fca_json_is_array(const JsonbValue *json)
{
	return json->type == jbvBinary && JsonContainerIsArray(json->val.binary.data);
}

/* The text of a key or string, terminated. */
char *
fca_json_string(const JsonbValue *json)
{
	return pnstrdup(json->val.string.val, json->val.string.len);
}

/*
 * Steps through the members of an object (key set) or the elements of an array
 * (key NULL).  Start with *it = NULL; false at the end.  Every loop over JSON
 * is one over this, and so can be interrupted.
 */
bool
fca_json_next(JsonbContainer *container, JsonbIterator **it,
			  JsonbValue *key, JsonbValue *value)
{
	CHECK_FOR_INTERRUPTS();
	if (*it == NULL)
	{
		*it = JsonbIteratorInit(container);
		JsonbIteratorNext(it, value, false);	/* past the opening */
	}
	for (;;)
		switch (JsonbIteratorNext(it, key != NULL ? key : value, true))
		{
			case WJB_KEY:
				JsonbIteratorNext(it, value, true);
				return true;
			case WJB_ELEM:
				return true;
			default:
				return false;
		}
}
