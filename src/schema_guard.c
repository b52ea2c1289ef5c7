/*
 * schema_guard.c
 *		The guard of CREATE EXTENSION: whose schema is this?
 *
 * Who owns the schema "fca" can put an overload, an operator or a cast into it
 * and wait for a superuser to call it.  So CREATE EXTENSION refuses a schema
 * that was made by somebody else and holds anything, and warns where it is
 * empty.  Somebody else is neither the role that creates the extension, nor a
 * superuser, nor the owner of the database.
 */
#include "compat.h"

#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "catalog/namespace.h"
#include "access/htup_details.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "resource.h"
#include "signature.h"

PG_FUNCTION_INFO_V1(fca_guard_schema);

/* One object of the schema other than this function, or NULL. */
static char *
first_object(Oid schema, Oid guard)
{
	Oid			types[] = {OIDOID, OIDOID};
	Datum		values[] = {ObjectIdGetDatum(schema), ObjectIdGetDatum(guard)};
	char	   *object = NULL;

	SPI_connect();
	if (SPI_execute_with_args("SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)"
							  " FROM pg_catalog.pg_depend AS d"
							  " WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass"
							  " AND d.refobjid OPERATOR(pg_catalog.=) $1"
							  " AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass"
							  " AND NOT (d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass"
							  " AND d.objid OPERATOR(pg_catalog.=) $2)"
							  " ORDER BY d.classid, d.objid",
							  2, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_depend");
	if (SPI_processed > 0)
	{
		char	   *description = SPI_getvalue(SPI_tuptable->vals[0],
											   SPI_tuptable->tupdesc, 1);

		object = SPI_palloc(strlen(description) + 1);
		strcpy(object, description);
	}
	SPI_finish();
	return object;
}

Datum
fca_guard_schema(PG_FUNCTION_ARGS)
{
	Oid			extension_owner;
	Oid			schema = get_namespace_oid(FCA_SCHEMA, false);
	HeapTuple	tuple;
	Oid			owner;
	Oid			database_owner;
	char	   *object;

	fca_check_signature(fcinfo, NULL);
	extension_owner = PG_GETARG_OID(0);
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	database_owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);

	if (owner == extension_owner || owner == database_owner || superuser_arg(owner))
		PG_RETURN_VOID();

	object = first_object(schema, fcinfo->flinfo->fn_oid);
	if (object != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema \"%s\" belongs to another role and is not empty", FCA_SCHEMA),
				 errdetail("It is owned by \"%s\" and holds, for one, %s.",
						   GetUserNameFromId(owner, false), object),
				 errhint("Look at what is in the schema; then drop it, or take it over with ALTER SCHEMA %s OWNER TO.",
						 FCA_SCHEMA)));
	ereport(WARNING,
			(errmsg("schema \"%s\" belongs to another role", FCA_SCHEMA),
			 errdetail("Its owner \"%s\" can add functions to it that others then call.",
					   GetUserNameFromId(owner, false)),
			 errhint("Take it over with ALTER SCHEMA %s OWNER TO.", FCA_SCHEMA)));
	PG_RETURN_VOID();
}
