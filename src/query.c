/*
 * query.c
 *		A query over a model: its parameters, the key of its plan, its text.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "query.h"
#include "value.h"

/*
 * The text of a list has one of these as a constant LIMIT, the smallest that
 * is not less than max_rows.  A kept plan cannot know max_rows; without a
 * bound the planner would reckon with a tenth of the table, and sort it.  The
 * executor stops at max_rows by itself.
 */
static const int page_bounds[] = {10, 100, 1000};

/*
 * Begins a query without parameters.  The address of "purpose" tells apart the
 * queries of one model whose parameters are the same: it is that of a
 * function's signature, of a declaration, or of a constant.
 */
void
fca_query_begin(FcaQuery *query, const FcaModel *model, const void *purpose)
{
	query->model = model;
	initStringInfo(&query->plan_key);
	initStringInfo(&query->text);
	query->no_bitmaps = false;
	query->has_branches = false;
	query->planned_for_values = false;
	query->nparams = 0;
	query->room = 8;
	query->types = palloc(sizeof(Oid) * query->room);
	query->params = palloc(sizeof(NullableDatum) * query->room);

	appendBinaryStringInfo(&query->plan_key, (char *) &model->rowtype, sizeof(Oid));
	appendBinaryStringInfo(&query->plan_key, (char *) &model->rel->rd_id, sizeof(Oid));
	fca_plan_key_add(query, (int64) (intptr_t) purpose);
}

/*
 * Begins a query with the parameters and the plan key of another one, for
 * another purpose; its text is its own.
 */
void
fca_query_derive(FcaQuery *query, const FcaQuery *other, const void *purpose)
{
	int			begun;

	fca_query_begin(query, other->model, purpose);
	begun = query->plan_key.len;
	appendBinaryStringInfo(&query->plan_key, other->plan_key.data + begun,
						   other->plan_key.len - begun);
	query->nparams = other->nparams;
	query->room = other->room;
	query->types = other->types;
	query->params = other->params;
}

/* Adds to the key of the plan. */
void
fca_plan_key_add(FcaQuery *query, int64 part)
{
	appendBinaryStringInfo(&query->plan_key, (char *) &part, sizeof(part));
}

/* Adds a column to the key of the plan. */
void
fca_plan_key_add_column(FcaQuery *query, Form_pg_attribute column)
{
	fca_plan_key_add(query, column->attnum);
}

/*
 * Adds a parameter and gives its number; its type becomes part of the plan's
 * key.
 */
int
fca_query_param(FcaQuery *query, Oid type, Datum value, bool isnull)
{
	if (query->nparams == query->room)
	{
		query->room *= 2;
		query->types = repalloc(query->types, sizeof(Oid) * query->room);
		query->params = repalloc(query->params, sizeof(NullableDatum) * query->room);
	}
	query->types[query->nparams] = type;
	query->params[query->nparams].value = value;
	query->params[query->nparams].isnull = isnull;
	fca_plan_key_add(query, type);
	return ++query->nparams;
}

/* The parameters, for the executor. */
ParamListInfo
fca_query_params(const FcaQuery *query)
{
	ParamListInfo params;

	if (query->nparams == 0)
		return NULL;
	params = makeParamList(query->nparams);
	for (int i = 0; i < query->nparams; i++)
	{
		params->params[i].value = query->params[i].value;
		params->params[i].isnull = query->params[i].isnull;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = query->types[i];
	}
	return params;
}

/* Error 2201W, by the argument's name, where a limit is negative. */
void
fca_check_limit(const NullableDatum *limit, const char *name)
{
	if (!limit->isnull && DatumGetInt64(limit->value) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
				 errmsg("%s must not be negative", name),
				 errdetail("It is " INT64_FORMAT ".", DatumGetInt64(limit->value)),
				 errhint("For no limit, use NULL.")));
}

/*
 * The limit that the arguments skip (or NULL) and max_rows mean; negative ones
 * are errors 2201X and 2201W.  Part of the plan's key.  "one_select": is the
 * text one SELECT, so that its LIMIT is that of the list?  A page may be
 * several.
 */
FcaLimit
fca_query_limit(FcaQuery *query, const NullableDatum *skip,
				const NullableDatum *max_rows, bool one_select)
{
	FcaLimit	limit = {0};
	int64		count = max_rows->isnull ? 0 : DatumGetInt64(max_rows->value);
	int64		offset = 0;

	fca_check_limit(max_rows, "max_rows");
	limit.empty = !max_rows->isnull && count == 0;
	if (skip != NULL && !skip->isnull)
	{
		offset = DatumGetInt64(skip->value);
		if (offset < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE),
					 errmsg("skip must not be negative"),
					 errdetail("It is " INT64_FORMAT ".", offset)));
	}

	limit.count = count;
	for (int i = lengthof(page_bounds) - 1; i >= 0; i--)
		if (limit.count > 0 && limit.count <= (uint64) page_bounds[i])
			limit.bound = page_bounds[i];
	limit.in_text = one_select && limit.count == (uint64) limit.bound;
	fca_plan_key_add(query, limit.bound);
	if (offset > 0)
		limit.skip = fca_query_param(query, INT8OID, Int64GetDatum(offset), false);
	else
		fca_plan_key_add(query, 0);
	return limit;
}

/* The relation's qualified name. */
const char *
fca_relation_text(const FcaModel *model)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(model->rel)),
									  RelationGetRelationName(model->rel));
}

/* The column, of the relation whose alias is "r". */
const char *
fca_column_text(Form_pg_attribute column)
{
	return psprintf("r.%s", quote_identifier(NameStr(column->attname)));
}

/* A type's name as it can stand in a cast under any search_path. */
static const char *
type_text(Oid type, int32 typmod)
{
	return format_type_extended(type, typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/*
 * The column as operators take it: a domain is cast to its base type, since
 * the operators of enums, arrays and the like do not accept the domain.
 */
static const char *
compared_text(Form_pg_attribute column)
{
	Oid			type = getBaseType(column->atttypid);

	return type == column->atttypid ? fca_column_text(column)
		: psprintf("%s::%s", fca_column_text(column), type_text(type, -1));
}

/*
 * The owner of a type can make casts of it, and they run with the rights of
 * whoever reads the column.  The owner of the relation, and superusers, can do
 * as much by a view anyway.
 */
static bool
has_trusted_casts(Form_pg_attribute column)
{
	Oid			type = getBaseType(column->atttypid);
	HeapTuple	tuple;
	Oid			owner;
	bool		trusted;

	if (type < FirstNormalObjectId)
		return true;			/* only a superuser can make one */
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	if (superuser_arg(owner))
		return true;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(column->attrelid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", column->attrelid);
	trusted = ((Form_pg_class) GETSTRUCT(tuple))->relowner == owner;
	ReleaseSysCache(tuple);
	return trusted;
}

/* The column as a value of another type, in which no cast of others runs. */
const char *
fca_cast_text(Form_pg_attribute column, Oid type, int32 typmod)
{
	const char *text = fca_column_text(column);
	bool		is_enum = get_typtype(getBaseType(column->atttypid)) == TYPTYPE_ENUM;

	/* an enum is its label, and what cannot be trusted its text */
	if (is_enum)
		text = psprintf("pg_catalog.enum_out(%s)::pg_catalog.text", compared_text(column));
	else if (!has_trusted_casts(column))
		text = psprintf("CASE WHEN NOT %s IS NULL THEN pg_catalog.format('%%s', %s) END",
						text, text);
	else
		return psprintf("%s::%s", text, type_text(type, typmod));
	return type == TEXTOID ? text : psprintf("(%s)::%s", text, type_text(type, typmod));
}

/* column = 'literal', which the type's input function takes. */
static const char *
label_text(Form_pg_attribute column, const char *literal)
{
	Oid			type = getBaseType(column->atttypid);

	return fca_comparison_text(column, BTEqualStrategyNumber,
							   psprintf("%s::%s", quote_literal_cstr(literal),
										type_text(type, -1)), type);
}

/*
 * A column of the row type, made from the relation's column.  The labels of an
 * enum that differ only in case from the contract's values become those
 * values.
 */
static const char *
row_column_text(const FcaModel *model, Form_pg_attribute column, Form_pg_attribute wanted)
{
	const char *const *values;
	const char *text;
	StringInfoData cases;
	ListCell   *cell;

	if (column->atttypid == wanted->atttypid && column->atttypmod == wanted->atttypmod)
		return fca_column_text(column);
	text = fca_cast_text(column, wanted->atttypid, wanted->atttypmod);
	values = fca_model_values(model, column);
	if (values != NULL)
	{
		initStringInfo(&cases);
		foreach(cell, fca_enum_labels(getBaseType(column->atttypid)))
		{
			for (int i = 0; values[i] != NULL; i++)
				if (strcmp(lfirst(cell), values[i]) != 0 &&
					pg_strcasecmp(lfirst(cell), values[i]) == 0)
					appendStringInfo(&cases, " WHEN %s THEN %s",
									 label_text(column, lfirst(cell)),
									 quote_literal_cstr(values[i]));
		}
		if (cases.len > 0)
			text = psprintf("CASE%s ELSE %s END", cases.data, text);
	}
	return psprintf("%s AS %s", text, quote_identifier(NameStr(wanted->attname)));
}

/*
 * The row type's columns, in its order, from the relation's: a, b::type AS b.
 */
void
fca_append_row(StringInfo text, const FcaModel *model)
{
	const char *separator = "";

	for (int i = 0; i < model->rowdesc->natts; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(model->rowdesc, i);
		Form_pg_attribute column;

		if (wanted->attisdropped)
			continue;
		column = fca_model_column(model, NameStr(wanted->attname));
		appendStringInfo(text, "%s%s", separator, row_column_text(model, column, wanted));
		separator = ", ";
	}
}

/* " (a, b)"; nothing for no columns. */
void
fca_append_columns(StringInfo text, const List *columns)
{
	ListCell   *cell;

	foreach(cell, columns)
	{
		Form_pg_attribute column = lfirst(cell);

		appendStringInfo(text, "%s%s", foreach_current_index(cell) == 0 ? " (" : ", ",
						 quote_identifier(NameStr(column->attname)));
	}
	if (columns != NIL)
		appendStringInfoChar(text, ')');
}

/*
 * INSERT INTO relation AS r (columns); without columns, of all that there are.
 */
void
fca_append_insert(FcaQuery *query, const List *columns)
{
	appendStringInfo(&query->text, "INSERT INTO %s AS r", fca_relation_text(query->model));
	fca_append_columns(&query->text, columns);
}

/*
 * RETURNING the row type's columns; a row type that has none is error 0A000.
 */
void
fca_append_returning(StringInfo text, const FcaModel *model)
{
	int			begun;

	appendStringInfoString(text, " RETURNING ");
	begun = text->len;
	fca_append_row(text, model);
	if (text->len == begun)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model %s has no columns", fca_model_name(model)),
				 errdetail("A row without columns cannot be given back."),
				 errtable(model->rel)));
}

/*
 * The operator that compares a column's own type with an operand of some type,
 * taken from the default operator class of the column's type, so that an index
 * can serve.  *cast is the type that the operand must be cast to, if any.
 * InvalidOid where there is none.
 */
static Oid
comparison_operator(Form_pg_attribute column, int strategy, Oid operand_type,
					Oid *cast)
{
	Oid			type = getBaseType(column->atttypid);
	Oid			operand = getBaseType(operand_type);
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY |
											  TYPECACHE_HASH_OPFAMILY);
	Oid			family = entry->btree_opf;
	Oid			input = entry->btree_opintype;
	Oid			operator;
	Oid			function;
	char		category;
	bool		preferred;
	CoercionPathType path;

	if (!OidIsValid(family) && strategy == BTEqualStrategyNumber)
	{
		family = entry->hash_opf;
		input = entry->hash_opintype;
		strategy = HTEqualStrategyNumber;
	}
	if (!OidIsValid(family))
		return InvalidOid;

	/* the operators of enums, arrays and the like do not accept a domain */
	*cast = operand == operand_type ? InvalidOid : operand;
	operator = get_opfamily_member(family, input, operand, strategy);
	if (OidIsValid(operator))
		return operator;

	if (operand == type)
		return get_opfamily_member(family, input, input, strategy);

	/*
	 * float4 and name: values of some other types lose something when cast to
	 * these, so both sides are compared as another type, as in SQL.
	 */
	*cast = type == FLOAT4OID ? FLOAT8OID : type == NAMEOID ? TEXTOID : InvalidOid;
	if (OidIsValid(*cast) &&
		find_coercion_pathway(*cast, operand, COERCION_IMPLICIT,
							  &function) != COERCION_PATH_NONE)
		return get_opfamily_member(family, input, *cast, strategy);

	/*
	 * An operand of text is read by the column's type; in C already where
	 * that is a type of the user's, whose cast from text may be anybody's
	 * function.  Any other operand must be of a type that turns into the
	 * column's without loss.
	 */
	*cast = type;
	operator = get_opfamily_member(family, input, input, strategy);
	get_type_category_preferred(operand, &category, &preferred);
	if (category == TYPCATEGORY_STRING && type < FirstNormalObjectId)
		return operator;
	path = find_coercion_pathway(type, operand, COERCION_IMPLICIT, &function);
	if (path == COERCION_PATH_NONE ||
		(path != COERCION_PATH_RELABELTYPE && !has_trusted_casts(column)))
		return InvalidOid;
	return operator;
}

/* Is such an operand text that the column's type has to read? */
static bool
is_read(Form_pg_attribute column, Oid operand_type)
{
	Oid			type = fca_base_type(column->atttypid);
	char		category;
	bool		preferred;

	if (operand_type == type || type == TEXTOID || type == VARCHAROID ||
		type == BPCHAROID || type == NAMEOID || !OidIsValid(operand_type))
		return false;
	get_type_category_preferred(fca_base_type(operand_type), &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

/*
 * Adds a value that a column is compared with as a parameter.  Text is read as
 * a value of the column's type, by its input function, since a cast may be
 * somebody's function.
 */
int
fca_query_operand(FcaQuery *query, Form_pg_attribute column, Oid type,
				  Datum value, bool isnull)
{
	if (is_read(column, type))
	{
		if (!isnull)
			value = fca_input_text(fca_column_input(query->model, column, false), type,
								   value, &isnull);
		type = fca_base_type(column->atttypid);
	}
	return fca_query_param(query, type, value, isnull);
}

/* Adds an array of such values, whose elements are read in the same way. */
int
fca_query_operands(FcaQuery *query, Form_pg_attribute column, Oid array_type,
				   Datum value, bool isnull)
{
	Oid			type = getBaseType(column->atttypid);
	Oid			given = get_base_element_type(array_type);
	Oid			wanted = get_array_type(type);

	/* an array of arrays has no type of its own */
	if (!is_read(column, given) || !OidIsValid(wanted))
		return fca_query_param(query, array_type, value, isnull);
	if (!isnull)
	{
		FcaTypeInput *input = fca_column_input(query->model, column, false);
		ArrayType  *texts = DatumGetArrayTypeP(value);
		Datum	   *values;
		bool	   *nulls;
		int			count;
		int16		length;
		bool		by_value;
		char		align;

		get_typlenbyvalalign(given, &length, &by_value, &align);
		deconstruct_array(texts, given, length, by_value, align, &values, &nulls, &count);
		for (int i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (!nulls[i])
				values[i] = fca_input_text(input, given, values[i], &nulls[i]);
		}
		get_typlenbyvalalign(type, &length, &by_value, &align);
		value = PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(texts),
												   ARR_DIMS(texts), ARR_LBOUND(texts),
												   type, length, by_value, align));
	}
	return fca_query_param(query, wanted, value, isnull);
}

/* OPERATOR(schema.name) */
static const char *
operator_text(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	const char *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	text = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

/* The operand, cast where the comparison needs it. */
static const char *
operand_text(const char *operand, Oid cast)
{
	return OidIsValid(cast)
		? psprintf("%s::%s", operand, type_text(cast, -1))
		: operand;
}

/*
 * column OPERATOR operand: "operand" is an SQL expression of the given type.
 */
const char *
fca_comparison_text(Form_pg_attribute column, int strategy,
					const char *operand, Oid operand_type)
{
	Oid			cast;
	Oid			operator = comparison_operator(column, strategy, operand_type, &cast);

	if (!OidIsValid(operator))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("column \"%s\" of type %s cannot be compared with a value of type %s",
						NameStr(column->attname),
						format_type_be(column->atttypid),
						format_type_be(operand_type)),
				 operand_type == JSONBOID || operand_type == JSONOID
				 ? errhint("To look for rows by a JSON object of columns, use find_one() or count().")
				 : errhint("Cast the value to the type of the column. Where the column is a view's, the view can cast it.")));
	return psprintf("%s %s %s", compared_text(column), operator_text(operator),
					operand_text(operand, cast));
}

/*
 * The label of the column's enum that is that value, perhaps in other letters:
 * else 22023.
 */
const char *
fca_column_label(Form_pg_attribute column, const char *value, bool any_case)
{
	Oid			type = getBaseType(column->atttypid);
	const char *label = fca_enum_label(type, value);

	if (label == NULL || (!any_case && strcmp(label, value) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of type %s has no value \"%s\"",
						NameStr(column->attname), format_type_be(column->atttypid), value),
				 errdetail("The labels of %s are: %s.",
						   format_type_be(type), fca_enum_labels_text(type)),
				 errhint("Make a view in the place of the relation that maps the labels, or add the label to the type."),
				 err_generic_string(PG_DIAG_COLUMN_NAME, NameStr(column->attname))));
	return label;
}

/*
 * column = ANY (parameter), which is an array of the column's type.  With
 * "hashed", and a type that can be hashed, the array becomes a subquery,
 * whose rows the server hashes; IS TRUE keeps it from making a join of it,
 * which it would plan for ten values.
 */
const char *
fca_any_text(Form_pg_attribute column, int param, bool hashed)
{
	Oid			cast;			/* the column's own type needs none */
	Oid			operator = comparison_operator(column, BTEqualStrategyNumber,
											   column->atttypid, &cast);

	return psprintf(hashed && op_hashjoinable(operator, getBaseType(column->atttypid))
					? "(%s %s ANY (SELECT pg_catalog.unnest($%d))) IS TRUE" : "%s %s ANY ($%d)",
					compared_text(column), operator_text(operator), param);
}

/* column = 'literal', in the column's own type. */
const char *
fca_literal_text(Form_pg_attribute column, const char *literal)
{
	Oid			type = getBaseType(column->atttypid);

	if (get_typtype(type) == TYPTYPE_ENUM)
		literal = fca_column_label(column, literal, true);
	return label_text(column, literal);
}

/* Has a type an order? */
bool
fca_type_has_ordering(Oid type)
{
	return OidIsValid(lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr);
}

/* Has a type an operator of equality? */
bool
fca_type_has_equality(Oid type)
{
	return OidIsValid(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr);
}

/* The column as text that can be searched. */
const char *
fca_searched_text(Form_pg_attribute column)
{
	/* ILIKE refuses a collation in which different strings are equal */
	bool		plain = !OidIsValid(column->attcollation) ||
	get_collation_isdeterministic(column->attcollation);

	return psprintf("%s%s", fca_cast_text(column, TEXTOID, -1),
					plain ? "" : " COLLATE pg_catalog.\"default\"");
}

/* column ILIKE pattern, which is an SQL expression. */
const char *
fca_like_text(Form_pg_attribute column, const char *pattern)
{
	return psprintf("%s OPERATOR(pg_catalog.~~*) %s", fca_searched_text(column), pattern);
}

/* A LIKE pattern of literal text, with anything before or after it. */
Datum
fca_like_pattern(const char *literal, int length, bool any_before, bool any_after)
{
	StringInfoData pattern;

	initStringInfo(&pattern);
	if (any_before)
		appendStringInfoChar(&pattern, '%');
	for (int i = 0; i < length; i++)
	{
		if (literal[i] == '%' || literal[i] == '_' || literal[i] == '\\')
			appendStringInfoChar(&pattern, '\\');
		appendStringInfoChar(&pattern, literal[i]);
	}
	if (any_after)
		appendStringInfoChar(&pattern, '%');
	return PointerGetDatum(cstring_to_text_with_len(pattern.data, pattern.len));
}

static const char *
sort_key_text(const FcaSortKey *key)
{
	return key->column != NULL ? fca_column_text(key->column) : key->expression;
}

static void
append_order(StringInfo text, const FcaSortKey *keys, int nkeys)
{
	for (int i = 0; i < nkeys; i++)
	{
		appendStringInfo(text, "%s%s%s", i == 0 ? " ORDER BY " : ", ",
						 sort_key_text(&keys[i]),
						 keys[i].descending ? " DESC" : "");
		if (keys[i].nulls_first != keys[i].descending)
			appendStringInfoString(text, keys[i].nulls_first
								   ? " NULLS FIRST" : " NULLS LAST");
	}
}

/* SELECT ... WHERE condition AND after ORDER BY ... LIMIT. */
static void
append_select(FcaQuery *query, const char *condition, const char *after,
			  const FcaSortKey *keys, int nkeys, const FcaLimit *limit)
{
	appendStringInfoString(&query->text, "SELECT ");
	fca_append_row(&query->text, query->model);
	appendStringInfo(&query->text, " FROM %s AS r", fca_relation_text(query->model));
	if (condition != NULL || after != NULL)
		appendStringInfo(&query->text, " WHERE %s%s%s",
						 condition != NULL ? condition : "",
						 condition != NULL && after != NULL ? " AND " : "",
						 after != NULL ? after : "");
	append_order(&query->text, keys, nkeys);
	if (limit->bound > 0)
		appendStringInfo(&query->text, " LIMIT %d", limit->bound);
	if (limit->skip > 0)
		appendStringInfo(&query->text, " OFFSET $%d", limit->skip);
}

/* A sort key compared with its parameter, which is no NULL. */
static const char *
after_text(const FcaQuery *query, const FcaSortKey *key, int strategy)
{
	return fca_comparison_text(key->column, strategy,
							   psprintf("$%d", key->after),
							   query->types[key->after - 1]);
}

/*
 * What no value of a type comes before in the key's order; or NULL.
 */
static const char *
first_value(Oid type, bool descending)
{
	switch (type)
	{
		case INT8OID:
			return descending ? "'9223372036854775807'" : "'-9223372036854775808'";
		case TIMESTAMPTZOID:
			return descending ? "'infinity'" : "'-infinity'";
		case TEXTOID:
			return descending ? NULL : "''";
		default:
			return NULL;
	}
}

/*
 * The parameter of an optional position in a comparison that also lets in what
 * equals it: the first value where it is NULL; of the last key, a bigint, else
 * the next one after it (behind the last of all there is none: NULL).
 */
static const char *
optional_text(const FcaQuery *query, const FcaSortKey *key, bool is_last)
{
	Oid			type = query->types[key->after - 1];
	const char *first = first_value(type, key->descending);

	if (first == NULL || (is_last && type != INT8OID))
		return NULL;
	if (!is_last)
		return psprintf("COALESCE($%d, %s)", key->after, first);
	return psprintf("CASE WHEN $%d IS NULL THEN %s"
					" WHEN $%d OPERATOR(pg_catalog.<>) %s THEN $%d OPERATOR(pg_catalog.%s) 1 END",
					key->after, first,
					key->after, first_value(type, !key->descending),
					key->after, key->descending ? "-" : "+");
}

/*
 * (a, b) > ($1, $2), which one index scan serves; NULL where one comparison of
 * rows would not say the same as the order of the keys: other operators than
 * those of pg_catalog, mixed directions, or NULLs that come last.
 *
 * Of an optional position the parameters may all be NULL, and then no row is
 * before it: see optional_text().
 */
static const char *
row_comparison(const FcaQuery *query, const FcaSortKey *keys, int nkeys)
{
	StringInfoData columns;
	StringInfoData values;
	bool		is_optional = keys[nkeys - 1].is_optional;

	initStringInfo(&columns);
	initStringInfo(&values);
	for (int i = 0; i < nkeys; i++)
	{
		const FcaSortKey *key = &keys[i];
		Oid			cast;
		const char *operand;
		Oid			operator;

		if (key->after == 0 || key->descending != keys[0].descending ||
			(key->nullable && (!key->nulls_first || key->is_optional)))
			return NULL;
		operator = comparison_operator(key->column,
									   key->descending ? BTLessStrategyNumber : BTGreaterStrategyNumber,
									   query->types[key->after - 1], &cast);
		if (!OidIsValid(operator) ||
			strcmp(operator_text(operator), key->descending
				   ? "OPERATOR(pg_catalog.<)" : "OPERATOR(pg_catalog.>)") != 0)
			return NULL;
		operand = psprintf("$%d", key->after);
		if (key->is_optional)
			operand = optional_text(query, key, i == nkeys - 1);
		if (operand == NULL)
			return NULL;
		appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "",
						 compared_text(key->column));
		appendStringInfo(&values, "%s%s", i > 0 ? ", " : "",
						 operand_text(operand, cast));
	}
	return psprintf("ROW(%s) OPERATOR(pg_catalog.%s%s) ROW(%s)", columns.data,
					keys[0].descending ? "<" : ">", is_optional ? "=" : "", values.data);
}

/* A sort key equal to the position. */
static const char *
equal_text(const FcaQuery *query, const FcaSortKey *key)
{
	return key->after > 0 ? after_text(query, key, BTEqualStrategyNumber)
		: psprintf("%s IS NULL", fca_column_text(key->column));
}

/*
 * Adds the branches that are behind one in a key, and equal it in the prefix.
 */
static List *
add_branches(const FcaQuery *query, const FcaSortKey *key, const char *prefix,
			 List *branches)
{
	const char *column = fca_column_text(key->column);

	if (key->after > 0)
	{
		branches = lappend(branches, psprintf("%s%s", prefix,
											  after_text(query, key, key->descending
														 ? BTLessStrategyNumber : BTGreaterStrategyNumber)));
		if (key->nullable && !key->nulls_first)
			branches = lappend(branches, psprintf("%s%s IS NULL", prefix, column));
	}
	else if (key->nulls_first)
		branches = lappend(branches, psprintf("%s%s IS NOT NULL", prefix, column));
	return branches;
}

/*
 * Appends: behind the position in these keys, of which a row may equal it in
 * some.
 */
static void
append_after(StringInfo text, const FcaQuery *query, const FcaSortKey *keys, int nkeys)
{
	List	   *branches = add_branches(query, &keys[0], "", NIL);
	const char *separator = "(";
	ListCell   *cell;

	foreach(cell, branches)
	{
		appendStringInfo(text, "%s%s", separator, (char *) lfirst(cell));
		separator = " OR ";
	}
	if (nkeys > 1)
	{
		appendStringInfo(text, "%s%s AND ", separator, equal_text(query, &keys[0]));
		append_after(text, query, keys + 1, nkeys - 1);
	}
	else if (branches == NIL)
		appendStringInfoString(text, "(false");
	appendStringInfoChar(text, ')');
}

/*
 * Each of so many keys has a part of its own; few lists with more keys have
 * many rows that are equal in the first ones.
 */
#define MAX_BRANCHES 4

/*
 * The rows behind a position, for any keys: those that equal it in all keys
 * but the last, then those that equal it in all but the last two, and so on;
 * each of these reads one range of an index on the keys, and no row is in two.
 * Each also repeats the columns and the condition, so the keys beyond the
 * first few share one.
 */
static void
append_branches(FcaQuery *query, const char *condition, const FcaSortKey *keys,
				int nkeys, const FcaLimit *limit)
{
	List	   *branches = NIL;
	ListCell   *cell;

	for (int last = Min(nkeys - 1, MAX_BRANCHES); last >= 0; last--)
	{
		StringInfoData prefix;

		initStringInfo(&prefix);
		for (int i = 0; i < last; i++)
			appendStringInfo(&prefix, "%s AND ", equal_text(query, &keys[i]));
		if (last == MAX_BRANCHES)
		{
			append_after(&prefix, query, keys + last, nkeys - last);
			branches = lappend(branches, prefix.data);
		}
		else
			branches = add_branches(query, &keys[last], prefix.data, branches);
	}
	if (branches == NIL)
		branches = list_make1("false");
	query->has_branches = true;

	foreach(cell, branches)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoString(&query->text, " UNION ALL ");
		appendStringInfoChar(&query->text, '(');
		append_select(query, condition, lfirst(cell), keys, nkeys, limit);
		appendStringInfoChar(&query->text, ')');
	}
}

/*
 * SELECT of the row type's columns, under a condition (or NULL), in the order
 * of the keys; where the keys have parameters, from behind that position on.
 */
void
fca_append_list(FcaQuery *query, const char *condition, const FcaSortKey *keys,
				int nkeys, const FcaLimit *limit)
{
	const char *after = NULL;

	if (nkeys > 0 && keys[0].has_position)
	{
		after = row_comparison(query, keys, nkeys);
		if (after == NULL)
		{
			append_branches(query, condition, keys, nkeys, limit);
			return;
		}
	}
	append_select(query, condition, after, keys, nkeys, limit);
}

/*
 * The elements of $n as k(id, n), in order.  In FROM, unnest() would make
 * columns of the fields of a composite.
 */
static const char *
elements_text(const FcaQuery *query, int n)
{
	if (type_is_rowtype(get_base_element_type(query->types[n - 1])))
		return psprintf("(SELECT pg_catalog.unnest($%d) AS id,"
						" pg_catalog.generate_series(1, pg_catalog.cardinality($%d)) AS n) AS k",
						n, n);
	return psprintf("pg_catalog.unnest($%d) WITH ORDINALITY AS k(id, n)", n);
}

/* The column's comparison with k.id. */
static const char *
element_comparison(const FcaQuery *query, Form_pg_attribute column, int n)
{
	return fca_comparison_text(column, BTEqualStrategyNumber, "k.id",
							   get_base_element_type(query->types[n - 1]));
}

/*
 * Where a sort key is among the row type's columns as the relation has it:
 * from 1 on, without dropped ones; else 0.
 */
static int
key_in_row(const FcaModel *model, const FcaSortKey *key)
{
	int			position = 0;

	if (key->column == NULL)
		return 0;
	for (int i = 0; i < model->rowdesc->natts; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(model->rowdesc, i);

		if (wanted->attisdropped)
			continue;
		position++;
		if (strcmp(NameStr(wanted->attname), NameStr(key->column->attname)) == 0)
			return wanted->atttypid == key->column->atttypid &&
				wanted->atttypmod == key->column->atttypmod ? position : 0;
	}
	return 0;
}

/*
 * A list within parentheses, LIMIT $limit_param (0: none), whose rows are
 * sorted once more outside.  Beside the row type's columns it has the sort
 * keys that the relation has in another type, which may tell more apart.
 */
static void
append_subselect(FcaQuery *query, const char *condition, const FcaSortKey *keys,
				 int nkeys, int limit_param)
{
	StringInfo	text = &query->text;

	appendStringInfoString(text, "(SELECT ");
	fca_append_row(text, query->model);
	for (int i = 0; i < nkeys; i++)
		if (key_in_row(query->model, &keys[i]) == 0)
			appendStringInfo(text, ", %s", sort_key_text(&keys[i]));
	appendStringInfo(text, " FROM %s AS r WHERE %s", fca_relation_text(query->model), condition);
	append_order(text, keys, nkeys);
	if (limit_param > 0)
		appendStringInfo(text, " LIMIT $%d", limit_param);
	appendStringInfoChar(text, ')');
}

/*
 * The row type's columns of such a list, by the names that append_list_names()
 * gives.
 */
static void
append_outer_row(FcaQuery *query)
{
	TupleDesc	row = query->model->rowdesc;
	int			count = 0;

	for (int i = 0; i < row->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(row, i);

		if (column->attisdropped)
			continue;
		appendStringInfo(&query->text, "%sr.c%d AS %s", count > 0 ? ", " : "",
						 count + 1, quote_identifier(NameStr(column->attname)));
		count++;
	}
}

/* " AS r (c1, ..., k1, ...)": names of no column. */
static void
append_list_names(FcaQuery *query, const FcaSortKey *keys, int nkeys)
{
	TupleDesc	row = query->model->rowdesc;
	const char *separator = "";
	int			count = 0;

	appendStringInfoString(&query->text, " AS r (");
	for (int i = 0; i < row->natts; i++)
	{
		if (TupleDescAttr(row, i)->attisdropped)
			continue;
		appendStringInfo(&query->text, "%sc%d", separator, ++count);
		separator = ", ";
	}
	for (int i = 0; i < nkeys; i++)
		if (key_in_row(query->model, &keys[i]) == 0)
			appendStringInfo(&query->text, "%sk%d", separator, i + 1);
	appendStringInfoChar(&query->text, ')');
}

static void
append_outer_order(FcaQuery *query, const FcaSortKey *keys, int nkeys, bool reversed)
{
	for (int i = 0; i < nkeys; i++)
	{
		int			position = key_in_row(query->model, &keys[i]);

		appendStringInfo(&query->text, "%sr.%c%d%s NULLS %s", i > 0 ? ", " : "",
						 position > 0 ? 'c' : 'k', position > 0 ? position : i + 1,
						 keys[i].descending != reversed ? " DESC" : "",
						 keys[i].nulls_first != reversed ? "FIRST" : "LAST");
	}
}

/*
 * SELECT of the rows whose column equals an element of the array $n, in the
 * order of the elements, by a look-up for each; under a condition (or NULL).
 */
void
fca_append_lookup(FcaQuery *query, Form_pg_attribute column, int n,
				  const char *condition)
{
	appendStringInfoString(&query->text, "SELECT ");
	fca_append_row(&query->text, query->model);
	appendStringInfo(&query->text,
					 " FROM %s JOIN %s AS r ON %s%s%s ORDER BY k.n",
					 elements_text(query, n), fca_relation_text(query->model),
					 element_comparison(query, column, n),
					 condition != NULL ? " AND " : "",
					 condition != NULL ? condition : "");
}

/* SELECT of a row for each element of $n that more than one row equals. */
void
fca_append_ambiguous(FcaQuery *query, Form_pg_attribute column, int n)
{
	appendStringInfo(&query->text,
					 "SELECT 1 FROM %s JOIN %s AS r ON %s GROUP BY k.n"
					 " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1",
					 elements_text(query, n), fca_relation_text(query->model),
					 element_comparison(query, column, n));
}

/*
 * SELECT of, for each element of the array $n, the rows whose column equals it
 * under a condition (or NULL), in the order of the keys, at most as many as the
 * parameter says (0: all); "reversed" gives these in the reverse order.
 */
void
fca_append_children(FcaQuery *query, Form_pg_attribute column, int n,
					const char *condition, FcaSortKey *keys, int nkeys, int limit_param, bool reversed)
{
	StringInfo	text = &query->text;
	const char *comparison = element_comparison(query, column, n);

	if (condition != NULL)
		comparison = psprintf("%s AND %s", comparison, condition);
	appendStringInfoString(text, "SELECT ");
	append_outer_row(query);
	appendStringInfo(text, " FROM %s CROSS JOIN LATERAL ", elements_text(query, n));
	append_subselect(query, comparison, keys, nkeys, limit_param);
	append_list_names(query, keys, nkeys);
	appendStringInfoString(text, " ORDER BY k.n, ");
	append_outer_order(query, keys, nkeys, reversed);
}

/*
 * SELECT of the first rows by the keys, as many as the parameter says, given
 * in the reverse order.
 */
void
fca_append_reversed(FcaQuery *query, const char *condition, FcaSortKey *keys,
					int nkeys, int limit_param)
{
	appendStringInfoString(&query->text, "SELECT ");
	append_outer_row(query);
	appendStringInfoString(&query->text, " FROM ");
	append_subselect(query, condition, keys, nkeys, limit_param);
	append_list_names(query, keys, nkeys);
	appendStringInfoString(&query->text, " ORDER BY ");
	append_outer_order(query, keys, nkeys, true);
}
