/*
 * schema_guard.c
 *		The guard: who can have put something into schema "fca"?
 *
 * Who owns the schema, or may create in it, can put an overload, an operator, a
 * view or a trigger there, and wait for a superuser to run it.  So CREATE
 * EXTENSION, each script that updates it, and create_tables() first look at all
 * of it.  Who runs them trusts himself and superusers, and nobody else: not the
 * database's owner either.
 *
 * A DO block in the script could not do this: a query does not see what another
 * transaction has made and not yet committed, nor wait for it, and what it calls
 * and compares by name would itself have to be guarded.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "resource.h"
#include "schema_guard.h"
#include "signature.h"

static bool
is_trusted(Oid owner, Oid role)
{
	return owner == role || superuser_arg(owner);
}

/* The owner of an object; InvalidOid where its sort has none. */
static Oid
owner_of(const ObjectAddress *object)
{
	Oid			owner = InvalidOid;
	Relation	catalog;
	HeapTuple	tuple;
	bool		isnull;

	if (!is_objectclass_supported(object->classId) ||
		get_object_attnum_owner(object->classId) == InvalidAttrNumber)
		return InvalidOid;
	catalog = table_open(object->classId, AccessShareLock);
	tuple = get_catalog_object_by_oid(catalog, get_object_attnum_oid(object->classId),
									  object->objectId);
	if (HeapTupleIsValid(tuple))
		owner = DatumGetObjectId(heap_getattr(tuple, get_object_attnum_owner(object->classId),
											  RelationGetDescr(catalog), &isnull));
	table_close(catalog, AccessShareLock);
	return owner;
}

/*
 * Looks at the objects of the schema.  Gives a transaction that is making one
 * and has not ended, so that it cannot be told yet whose the object will be;
 * or none.
 */
static TransactionId
guard_objects(Oid schema, Oid role)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	SnapshotData dirty;
	TransactionId maker = InvalidTransactionId;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(schema));
	InitDirtySnapshot(dirty);
	scan = systable_beginscan(depend, DependReferenceIndexId, true, &dirty,
							  lengthof(keys), keys);
	while (!TransactionIdIsValid(maker) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend of = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress object;
		Oid			owner;

		maker = dirty.xmin;
		ObjectAddressSet(object, of->classid, of->objid);
		owner = owner_of(&object);
		if (!OidIsValid(owner) || is_trusted(owner, role))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema \"%s\" holds an object of another role", FCA_SCHEMA),
				 errdetail("The owner of %s is \"%s\".",
						   getObjectDescription(&object, false),
						   GetUserNameFromId(owner, false)),
				 object.classId == ExtensionRelationId
				 ? errhint("An extension cannot be given to another role: drop it, and create it again.")
				 : errhint("Look at it; then drop it, or take it over with ALTER ... OWNER TO.")));
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return maker;
}

/* Nobody else may create in the schema. */
static void
guard_grants(HeapTuple tuple, Oid role)
{
	bool		isnull;
	Datum		grants = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &isnull);
	Acl		   *acl;

	if (isnull)
		return;					/* the owner alone */
	acl = DatumGetAclP(grants);
	for (int i = 0; i < ACL_NUM(acl); i++)
	{
		const AclItem *item = &ACL_DAT(acl)[i];
		const char *grantee;

		if ((ACLITEM_GET_PRIVS(*item) & ACL_CREATE) == 0 || is_trusted(item->ai_grantee, role))
			continue;
		grantee = item->ai_grantee == ACL_ID_PUBLIC
			? "PUBLIC" : quote_identifier(GetUserNameFromId(item->ai_grantee, false));
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema \"%s\" is open to another role", FCA_SCHEMA),
				 errdetail("CREATE on schema %s is granted to %s.", FCA_SCHEMA, grantee),
				 errhint("REVOKE CREATE ON SCHEMA %s FROM %s.", FCA_SCHEMA, grantee)));
	}
}

/*
 * Error 42501 unless the schema, all that is in it and the right to add to it
 * are the role's, or of superusers.
 */
void
fca_guard_schema_for(Oid schema, Oid role)
{
	HeapTuple	tuple;
	Oid			owner;
	TransactionId maker;

	/*
	 * As of now: what is called by name may be newer than the transaction's
	 * snapshot, and than what this session has heard of.  So no query either.
	 */
	AcceptInvalidationMessages();
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	if (!is_trusted(owner, role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema \"%s\" belongs to another role", FCA_SCHEMA),
				 errdetail("The owner of schema %s is \"%s\".",
						   FCA_SCHEMA, GetUserNameFromId(owner, false)),
				 errhint("Drop it, or take it over with ALTER SCHEMA %s OWNER TO, or %s.", FCA_SCHEMA,
						 creating_extension
						 ? psprintf("run this as its owner, for the extension is trusted: SET ROLE %s",
									quote_identifier(GetUserNameFromId(owner, false)))
						 : "have its owner call create_tables()")));
	while (TransactionIdIsValid(maker = guard_objects(schema, role)))
	{
		XactLockTableWait(maker, NULL, NULL, XLTW_None);
		AcceptInvalidationMessages();
	}
	guard_grants(tuple, role);
	ReleaseSysCache(tuple);
}

/*
 * guard_schema(extension_owner): the first statement of every script of the
 * extension; the function is dropped at once.
 */
FCA_FUNCTION(fca_guard_schema, VOIDOID, REGROLEOID);

Datum
fca_guard_schema(PG_FUNCTION_ARGS)
{
	fca_check_signature(fcinfo, &fca_guard_schema_signature);
	fca_guard_schema_for(get_namespace_oid(FCA_SCHEMA, false), PG_GETARG_OID(0));
	PG_RETURN_VOID();
}
