/*
 * signature.c
 *		Does an SQL function have the arguments that its C function reads?
 *
 * The signature of a finder follows from its declaration and its row type; that
 * of every other function stands beside it.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_language.h"
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

#include "signature.h"

/* A function that was compared, and when. */
typedef struct CheckedFunction
{
	Oid			function;
	uint64		generation;
	const FcaFinder *finder;	/* that it is; or NULL */
	const FcaResource *resource;
} CheckedFunction;

static HTAB *checked_functions = NULL;

/* Counts the changes of functions and types. */
static uint64 generation = 1;

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
finder_signature(const FcaResource *resource, const FcaFinder *finder,
				 FcaSignature *signature)
{
	Oid			rowtype = fca_resource_rowtype(resource);
	TupleDesc	row = lookup_rowtype_tupdesc(rowtype, -1);
	FcaArgument argument;

	memset(signature, 0, sizeof(FcaSignature));
	signature->is_set = true;
	signature->returns = rowtype;
	for (int n = 0; fca_finder_argument(finder, n, &argument); n++)
	{
		Oid			type = argument.column == NULL
		? INT8OID : column_type(row, argument.column);

		signature->arguments[n] = argument.is_array ? get_array_type(type) : type;
	}
	ReleaseTupleDesc(row);
}

/* Does a row of pg_proc declare this signature? */
static bool
fits(HeapTuple tuple, const FcaSignature *signature)
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
	for (int i = 0; columns != NULL && i < columns->natts; i++)
		if (TupleDescAttr(columns, i)->atttypid != signature->columns[i])
			return false;
	return columns != NULL && !OidIsValid(signature->columns[columns->natts]);
}

/* "(text, bigint) RETURNS SETOF fca.customer" */
static const char *
signature_text(const FcaSignature *signature)
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

static void
compare_signature(Oid function, const FcaSignature *expected)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	if (!fits(tuple, expected))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %s does not match the loaded module",
						format_procedure(function)),
				 errdetail("The module expects %s.", signature_text(expected)),
				 errhint("Run ALTER EXTENSION fca_repo UPDATE, and connect again.")));
	ReleaseSysCache(tuple);
}

/* A function, or a type of its arguments, has changed. */
static void
count_change(Datum arg, int cacheid, uint32 hashvalue)
{
	generation++;
}

/* The function, if it was compared since the last change; or NULL. */
static const CheckedFunction *
find_checked(Oid function)
{
	const CheckedFunction *known;

	if (checked_functions == NULL)
	{
		HASHCTL		control = {
			.keysize = sizeof(Oid),
			.entrysize = sizeof(CheckedFunction)
		};

		checked_functions = hash_create("fca_repo functions", 128, &control,
										HASH_ELEM | HASH_BLOBS);
		CacheRegisterSyscacheCallback(PROCOID, count_change, (Datum) 0);
		CacheRegisterSyscacheCallback(TYPEOID, count_change, (Datum) 0);
	}
	known = hash_search(checked_functions, &function, HASH_FIND, NULL);
	return known != NULL && known->generation == generation ? known : NULL;
}

/* To compare may itself let in a change, which counts for the next call. */
static void
set_checked(Oid function, uint64 since, const FcaFinder *finder,
			const FcaResource *resource)
{
	CheckedFunction *known = hash_search(checked_functions, &function, HASH_ENTER, NULL);

	known->generation = since;
	known->finder = finder;
	known->resource = resource;
}

/*
 * Error 42P13 unless the SQL function is declared as this module expects.
 * Every C function calls this before it reads an argument.
 */
void
fca_check_signature(FunctionCallInfo fcinfo, const FcaSignature *expected)
{
	Oid			function = fcinfo->flinfo->fn_oid;
	uint64		since = generation;

	if (find_checked(function) != NULL)
		return;
	compare_signature(function, expected);
	set_checked(function, since, NULL, NULL);
}

/* The same for the C function of a finder. */
void
fca_check_finder_signature(FunctionCallInfo fcinfo, const FcaResource *resource,
						   const FcaFinder *finder)
{
	Oid			function = fcinfo->flinfo->fn_oid;
	uint64		since = generation;
	FcaSignature expected;

	if (find_checked(function) != NULL)
		return;
	finder_signature(resource, finder, &expected);
	compare_signature(function, &expected);
	set_checked(function, since, finder, resource);
}

/*
 * The finder that a function is, and its resource; NULL where it is none, or is
 * not declared as this module expects.  For who does not call it.
 */
const FcaFinder *
fca_finder_of_function(Oid function, const FcaResource **resource)
{
	const CheckedFunction *known = find_checked(function);
	uint64		since = generation;
	const FcaFinder *finder = NULL;
	FcaSignature expected;
	HeapTuple	tuple;
	Datum		symbol;
	bool		isnull;

	if (known != NULL)
	{
		*resource = known->resource;
		return known->finder;
	}
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	symbol = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId && !isnull)
		finder = fca_finder_of_symbol(TextDatumGetCString(symbol), resource);
	if (finder != NULL)
	{
		finder_signature(*resource, finder, &expected);
		if (fits(tuple, &expected))
			set_checked(function, since, finder, *resource);
		else
			finder = NULL;
	}
	ReleaseSysCache(tuple);
	return finder;
}
