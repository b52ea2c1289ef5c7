/*
 * signature.c
 *		Does an SQL function have the arguments that its C function reads?
 *
 * The signature of a finder follows from its declaration and its row type, that
 * of every other function is listed here.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "finder.h"
#include "signature.h"

/* The C function, is it a set, of what, its arguments. */
#define FUNCTIONS(_) \
	_(fca_guard_schema, false, VOIDOID, REGROLEOID) \
	_(fca_create_tables, true, REGCLASSOID, InvalidOid) \
	_(fca_create, false, ANYELEMENTOID, ANYELEMENTOID, JSONBOID) \
	_(fca_create_many, true, ANYELEMENTOID, ANYELEMENTOID, JSONBOID) \
	_(fca_create_many_report, true, RECORDOID, ANYELEMENTOID, JSONBOID) \
	_(fca_upsert, true, ANYELEMENTOID, ANYELEMENTOID, JSONBOID, TEXTARRAYOID) \
	_(fca_upsert_many, true, ANYELEMENTOID, ANYELEMENTOID, JSONBOID, TEXTARRAYOID) \
	_(fca_get_by_id, true, ANYELEMENTOID, ANYELEMENTOID, ANYCOMPATIBLEOID) \
	_(fca_get_by_id_for_update, true, ANYELEMENTOID, ANYELEMENTOID, ANYCOMPATIBLEOID, BOOLOID) \
	_(fca_get_many, true, ANYELEMENTOID, ANYELEMENTOID, ANYCOMPATIBLEARRAYOID) \
	_(fca_get_children, true, ANYELEMENTOID, ANYELEMENTOID, TEXTOID, ANYCOMPATIBLEARRAYOID, INT8OID, TEXTOID) \
	_(fca_get_all, true, ANYELEMENTOID, ANYELEMENTOID, INT8OID, INT8OID, TEXTOID) \
	_(fca_get_by_filters, true, ANYELEMENTOID, ANYELEMENTOID, JSONBOID, INT8OID, INT8OID, TEXTOID) \
	_(fca_get_page, true, ANYELEMENTOID, ANYELEMENTOID, JSONBOID, TEXTOID, INT8OID, JSONBOID) \
	_(fca_find_one, true, ANYELEMENTOID, ANYELEMENTOID, JSONBOID) \
	_(fca_count, false, INT8OID, ANYELEMENTOID, JSONBOID) \
	_(fca_count_estimate, false, INT8OID, ANYELEMENTOID, JSONBOID) \
	_(fca_exists, false, BOOLOID, ANYELEMENTOID, ANYCOMPATIBLEOID) \
	_(fca_update, true, ANYELEMENTOID, ANYELEMENTOID, ANYCOMPATIBLEOID, JSONBOID) \
	_(fca_update_if, true, ANYELEMENTOID, ANYELEMENTOID, ANYCOMPATIBLEOID, JSONBOID, JSONBOID) \
	_(fca_update_many, false, INT8OID, ANYELEMENTOID, JSONBOID, JSONBOID) \
	_(fca_delete, false, BOOLOID, ANYELEMENTOID, ANYCOMPATIBLEOID) \
	_(fca_delete_many, false, INT8OID, ANYELEMENTOID, JSONBOID) \
	_(fca_open_cursor, false, REFCURSOROID, ANYELEMENTOID, JSONBOID, TEXTOID, TEXTOID) \
	_(fca_open_finder, false, REFCURSOROID, TEXTOID, JSONBOID, TEXTOID)

#define DECLARE(function, ...) extern PGDLLEXPORT Datum function(PG_FUNCTION_ARGS);
FUNCTIONS(DECLARE)

typedef struct Signature
{
	bool		is_set;
	Oid			returns;
	Oid			arguments[FCA_MAX_ARGUMENTS + 1];	/* end with InvalidOid */
} Signature;

typedef struct Function
{
	PGFunction	function;
	Signature	signature;
} Function;

#define ENTRY(function, is_set, returns, ...) {function, {is_set, returns, {__VA_ARGS__}}},
static const Function functions[] = {
	FUNCTIONS(ENTRY)
};

/* The functions that were compared, by their OIDs. */
static HTAB *checked = NULL;

/* The columns of a report. */
static const Oid report_columns[] = {INT8OID, BOOLOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};

static Oid
column_type(TupleDesc row, const char *name)
{
	for (int i = 0; i < row->natts; i++)
		if (!TupleDescAttr(row, i)->attisdropped &&
			strcmp(NameStr(TupleDescAttr(row, i)->attname), name) == 0)
			return TupleDescAttr(row, i)->atttypid;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of %s does not exist", name,
					format_type_be_qualified(row->tdtypeid)),
			 errhint("The row types belong to the extension: create it anew.")));
}

static void
finder_signature(const FcaFinder *finder, Signature *signature)
{
	const FcaFinder *from = fca_finder_origin(finder);
	Oid			rowtype = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
										  CStringGetDatum(finder->resource->type),
										  ObjectIdGetDatum(get_namespace_oid(FCA_SCHEMA, false)));
	TupleDesc	row = lookup_rowtype_tupdesc(rowtype, -1);
	Oid		   *argument = signature->arguments;

	memset(signature, 0, sizeof(Signature));
	signature->is_set = true;
	signature->returns = rowtype;
	for (int i = 0; i < fca_count_conditions(from); i++)
	{
		Oid			type;

		if (from->where[i].test == FCA_IS)
			continue;
		type = column_type(row, from->where[i].column);
		*argument++ = finder->each_of != NULL ? get_array_type(type) : type;
	}
	if (fca_finder_has_max_rows(finder))
		*argument++ = INT8OID;
	if (fca_finder_has_place(finder))
		for (int i = 0; i < fca_count_order(from); i++)
			*argument++ = column_type(row, from->order[i].column);
	ReleaseTupleDesc(row);
}

static bool
fits(HeapTuple tuple, const Signature *signature)
{
	Form_pg_proc function = (Form_pg_proc) GETSTRUCT(tuple);
	TupleDesc	columns;

	if (function->proretset != signature->is_set ||
		function->prorettype != signature->returns)
		return false;
	for (int i = 0; i < function->pronargs; i++)
		if (function->proargtypes.values[i] != signature->arguments[i])
			return false;		/* at the latest where the expected ones end */
	if (OidIsValid(signature->arguments[function->pronargs]))
		return false;
	if (signature->returns != RECORDOID)
		return true;

	columns = build_function_result_tupdesc_t(tuple);
	if (columns == NULL || columns->natts != lengthof(report_columns))
		return false;
	for (int i = 0; i < columns->natts; i++)
		if (TupleDescAttr(columns, i)->atttypid != report_columns[i])
			return false;
	return true;
}

bool
fca_signature_fits(HeapTuple function, const FcaFinder *finder)
{
	Signature	signature;

	finder_signature(finder, &signature);
	return fits(function, &signature);
}

/* "(text, bigint) RETURNS SETOF fca.customer" */
static const char *
signature_text(const Signature *signature)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '(');
	for (int i = 0; OidIsValid(signature->arguments[i]); i++)
		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 format_type_be(signature->arguments[i]));
	appendStringInfo(&text, ") RETURNS %s%s", signature->is_set ? "SETOF " : "",
					 format_type_be_qualified(signature->returns));
	return text.data;
}

/* Error 42P13 unless the function is declared as this module expects. */
static void
compare_signature(const FmgrInfo *flinfo, const FcaFinder *finder)
{
	HeapTuple	tuple;
	const Signature *expected = NULL;
	Signature	of_finder;

	if (finder != NULL)
	{
		finder_signature(finder, &of_finder);
		expected = &of_finder;
	}
	else
		for (int i = 0; i < (int) lengthof(functions) && expected == NULL; i++)
			if (functions[i].function == flinfo->fn_addr)
				expected = &functions[i].signature;
	if (expected == NULL)
		elog(ERROR, "function %u has no signature", flinfo->fn_oid);

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(flinfo->fn_oid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", flinfo->fn_oid);
	if (!fits(tuple, expected))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %s does not match the loaded module",
						format_procedure(flinfo->fn_oid)),
				 errdetail("The module expects %s.", signature_text(expected)),
				 errhint("Run ALTER EXTENSION fca_repo UPDATE, and connect again.")));
	ReleaseSysCache(tuple);
}

/* A function, or a type of its arguments, has changed. */
static void
forget_checked(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS all;
	Oid		   *function;

	hash_seq_init(&all, checked);
	while ((function = hash_seq_search(&all)) != NULL)
		(void) hash_search(checked, function, HASH_REMOVE, NULL);
}

void
fca_check_signature(FunctionCallInfo fcinfo, const FcaFinder *finder)
{
	Oid			function = fcinfo->flinfo->fn_oid;

	if (checked == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(Oid)};

		checked = hash_create("fca_repo functions", 128, &control, HASH_ELEM | HASH_BLOBS);
		CacheRegisterSyscacheCallback(PROCOID, forget_checked, (Datum) 0);
		CacheRegisterSyscacheCallback(TYPEOID, forget_checked, (Datum) 0);
	}
	if (hash_search(checked, &function, HASH_FIND, NULL) != NULL)
		return;
	compare_signature(fcinfo->flinfo, finder);
	(void) hash_search(checked, &function, HASH_ENTER, NULL);
}
