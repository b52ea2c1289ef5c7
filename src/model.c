/*
 * model.c
 *		A model: a row type, the relation its rows live in, its key.
 *
 * The relation is opened and locked first, which takes in every schema change
 * that was committed before, and all else is read from the relation cache,
 * which follows it.  Only which relation it is, is remembered: until anything
 * about any relation, type or schema changes.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "model.h"

/* The relation of a row type, and when that was found. */
typedef struct KnownModel
{
	Oid			rowtype;
	Oid			relid;
	Oid			schema;
	const FcaResource *resource;
	AttrNumber	key;			/* its single key column, or 0 */
	uint64		generation;
} KnownModel;

static HTAB *known_models = NULL;

/* Counts the changes of relations, types and schemas; 0 before any call. */
static uint64 generation = 0;

/* A session that makes and drops tables all the time begins anew at so many. */
#define MAX_KNOWN_MODELS 1000

/* Error 42809 where rows cannot be read from such a relation. */
void
fca_check_relation(Relation rel)
{
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s.%s\" is not a table or view",
							get_namespace_name(RelationGetNamespace(rel)),
							RelationGetRelationName(rel)),
					 errtable(rel)));
	}
}

/* Fills in what is known of the row type once the relation is open. */
static void
model_set(FcaModel *model, Oid rowtype, Relation rel, const FcaResource *resource)
{
	TypeCacheEntry *typentry;

	fca_check_relation(rel);
	typentry = lookup_type_cache(rowtype, TYPECACHE_TUPDESC);
	if (typentry->tupDesc == NULL)
		elog(ERROR, "type %u is not composite", rowtype);

	model->rowtype = rowtype;
	model->version = typentry->tupDesc_identifier;
	model->rel = rel;
	model->resource = resource;
	model->key = 0;
	model->rowdesc = typentry->tupDesc;
	PinTupleDesc(model->rowdesc);
}

/*
 * The relation is gone: a statement that only names its row type does not lock
 * it.
 */
pg_noreturn static void
model_dropped(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation of the model does not exist"),
			 errdetail("It was dropped after the statement had been planned."),
			 errhint("If there is another one of its name, DISCARD PLANS makes the statement find it.")));
}

/* The resource whose row type this stand-alone composite type is, or NULL. */
static const FcaResource *
resource_of_type(Oid rowtype)
{
	const FcaResource *found = NULL;
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(rowtype));
	Form_pg_type type;
	char	   *schema;

	if (!HeapTupleIsValid(tuple))
		model_dropped();
	type = (Form_pg_type) GETSTRUCT(tuple);
	schema = get_namespace_name(type->typnamespace);
	if (schema != NULL && strcmp(schema, FCA_SCHEMA) == 0)
		for (int i = 0; fca_resources[i] != NULL; i++)
			if (strcmp(NameStr(type->typname), fca_resources[i]->type) == 0)
				found = fca_resources[i];
	ReleaseSysCache(tuple);
	return found;
}

/* The model of a resource, whose row type is given. */
void
fca_model_open_resource(FcaModel *model, const FcaResource *resource,
						Oid rowtype, LOCKMODE lockmode)
{
	Oid			relid = fca_resource_relid(resource, lockmode);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist",
						FCA_SCHEMA, resource->relation),
				 errhint("Call %s.create_tables(), or make a view of that name over your own table.",
						 FCA_SCHEMA)));
	model_set(model, rowtype, relation_open(relid, NoLock), resource);
}

/*
 * A statement that names the relation needs USAGE on its schema; so does a
 * call, also where the plan is kept.
 */
static void
check_usage(Oid schema)
{
	if (object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, get_namespace_name(schema));
}

static void
count_relation_change(Datum arg, Oid relid)
{
	generation++;
}

static void
count_change(Datum arg, int cacheid, uint32 hashvalue)
{
	generation++;
}

static void
create_known_models(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Oid),
		.entrysize = sizeof(KnownModel)
	};

	known_models = hash_create("fca_repo models", 64, &control, HASH_ELEM | HASH_BLOBS);
	if (generation > 0)
		return;					/* not the first one */
	generation = 1;
	CacheRegisterRelcacheCallback(count_relation_change, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, count_change, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, count_change, (Datum) 0);
}

/*
 * Opens and locks the relation that the row type had, if nothing has changed
 * since then; the lock takes in what has.  (Another relation can only have the
 * name of a resource's after that one has lost it.)
 */
static bool
open_known(FcaModel *model, Oid rowtype, LOCKMODE lockmode)
{
	KnownModel *known = hash_search(known_models, &rowtype, HASH_FIND, NULL);
	Oid			relid;

	if (known == NULL || known->generation != generation)
		return false;
	relid = known->relid;
	check_usage(known->schema);
	LockRelationOid(relid, lockmode);
	if (known->generation != generation)
	{
		UnlockRelationOid(relid, lockmode);
		return false;
	}
	model_set(model, rowtype, relation_open(relid, NoLock), known->resource);
	model->key = known->key;
	return true;
}

/* Finds the relation of a row type, opens and locks it. */
static void
find_and_open(FcaModel *model, Oid rowtype, LOCKMODE lockmode)
{
	Oid			relid = get_typ_typrelid(rowtype);
	Relation	rel;
	const FcaResource *resource;

	if (!OidIsValid(relid) &&
		!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(rowtype)))
		model_dropped();
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("model must be a row type, not %s",
						format_type_be(rowtype)),
				 errhint("Give the row type of a table or view, such as NULL::%s.customer or NULL::my_schema.my_table.",
						 FCA_SCHEMA)));

	if (get_rel_relkind(relid) != RELKIND_COMPOSITE_TYPE)
	{
		rel = try_relation_open(relid, lockmode);
		if (rel == NULL)
			model_dropped();
		check_usage(RelationGetNamespace(rel));
		model_set(model, rowtype, rel, NULL);
		return;
	}

	resource = resource_of_type(rowtype);
	if (resource == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("model %s is a composite type without a relation",
						format_type_be_qualified(rowtype)),
				 errhint("Give the row type of a table or view.")));
	fca_model_open_resource(model, resource, rowtype, lockmode);
}

/*
 * The model that an argument's type names; the relation is opened and locked.
 */
void
fca_model_open(FcaModel *model, FunctionCallInfo fcinfo, int argno,
			   LOCKMODE lockmode)
{
	Oid			rowtype = get_fn_expr_argtype(fcinfo->flinfo, argno);
	uint64		since;
	KnownModel *known;
	Form_pg_attribute key;

	if (!OidIsValid(rowtype))
		ereport(ERROR,
				(errcode(ERRCODE_INDETERMINATE_DATATYPE),
				 errmsg("could not determine the type of the model")));
	if (known_models == NULL)
		create_known_models();
	if (open_known(model, rowtype, lockmode))
		return;

	since = generation;
	find_and_open(model, rowtype, lockmode);
	key = fca_model_find_key(model);
	if (hash_get_num_entries(known_models) >= MAX_KNOWN_MODELS)
	{
		hash_destroy(known_models);
		create_known_models();
	}
	known = hash_search(known_models, &rowtype, HASH_ENTER, NULL);
	known->relid = RelationGetRelid(model->rel);
	known->schema = RelationGetNamespace(model->rel);
	known->resource = model->resource;
	known->key = key == NULL ? 0 : key->attnum;
	known->generation = since;
}

/* Has the caller a privilege on the relation, or on that column (0: any)? */
static bool
has_privilege(Relation rel, AttrNumber attnum, AclMode mode)
{
	Oid			relid = RelationGetRelid(rel);
	Oid			role = GetUserId();

	if (pg_class_aclcheck(relid, role, mode) == ACLCHECK_OK)
		return true;
	if ((mode & (ACL_SELECT | ACL_INSERT | ACL_UPDATE)) == 0)
		return false;			/* no column has such a privilege */
	return (attnum == 0 ? pg_attribute_aclcheck_all(relid, role, mode, ACLMASK_ANY)
			: pg_attribute_aclcheck(relid, attnum, role, mode)) == ACLCHECK_OK;
}

/*
 * Error 42501 where the caller lacks one of these privileges on the relation
 * and on each of its columns: so who has none is told nothing, and nothing is
 * done for him.  On which columns he needs them, the statement tells.
 */
void
fca_model_check_privileges(const FcaModel *model, AclMode needed)
{
	Relation	rel = model->rel;

	/* the privilege is mostly on the whole relation */
	if (pg_class_aclmask(RelationGetRelid(rel), GetUserId(), needed,
						 ACLMASK_ALL) == needed)
		return;
	for (AclMode mode = 1; mode <= needed; mode <<= 1)
		if ((needed & mode) != 0 && !has_privilege(rel, 0, mode))
			aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(rel->rd_rel->relkind),
						   RelationGetRelationName(rel));
}

/* Gives the relation back (not the lock). */
void
fca_model_close(FcaModel *model)
{
	ReleaseTupleDesc(model->rowdesc);
	relation_close(model->rel, NoLock);
}

/*
 * Was the relation made or rewritten after the snapshot of the statement was
 * taken?  Then the statement waited for that, and its snapshot shows none of
 * the rows.
 */
bool
fca_model_is_newer(const FcaModel *model)
{
	Oid			relid = RelationGetRelid(model->rel);
	Snapshot	snapshot = GetActiveSnapshot();
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	TransactionId changed;
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	bool		newer;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	changed = HeapTupleHeaderGetXmin(tuple->t_data);
	ReleaseSysCache(tuple);
	if (!XidInMVCCSnapshot(changed, snapshot) ||
		TransactionIdIsCurrentTransactionId(changed))
		return false;

	/* Something about the relation was changed: was it where its rows are? */
	catalog = table_open(RelationRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ClassOidIndexId, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	newer = !HeapTupleIsValid(tuple) ||
		((Form_pg_class) GETSTRUCT(tuple))->relfilenode != model->rel->rd_rel->relfilenode;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return newer;
}

/* The type, or what it is a domain over: no pinned type is one. */
Oid
fca_base_type(Oid type)
{
	return type < FirstUnpinnedObjectId ? type : getBaseType(type);
}

static bool
has_user_types(TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
		if (TupleDescAttr(desc, i)->atttypid >= FirstNormalObjectId)
			return true;
	return false;
}

/*
 * Is there a column, of the row type or of the relation, whose type can be
 * changed?  A quick look, for what only such types need.
 */
bool
fca_model_has_user_types(const FcaModel *model)
{
	return has_user_types(RelationGetDescr(model->rel)) ||
		has_user_types(model->rowdesc);
}

/* The row type's name, qualified and quoted, for messages. */
const char *
fca_model_name(const FcaModel *model)
{
	return format_type_be_qualified(model->rowtype);
}

/* The column of that name in a descriptor, or NULL. */
static Form_pg_attribute
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (!column->attisdropped && strcmp(NameStr(column->attname), name) == 0)
			return column;
	}
	return NULL;
}

/*
 * The relation's column that holds a column of the row type: else 42703 with
 * both names.
 */
static Form_pg_attribute
relation_column(const FcaModel *model, const char *name)
{
	Form_pg_attribute column = find_column(RelationGetDescr(model->rel), name);

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of %s is missing in relation \"%s.%s\"",
						name, fca_model_name(model),
						get_namespace_name(RelationGetNamespace(model->rel)),
						RelationGetRelationName(model->rel)),
				 errhint("Add the column to the relation, or to the view's query."),
				 errtable(model->rel)));
	return column;
}

/*
 * Every column of the row type must be in the relation: error 42703 where one
 * is not.
 */
void
fca_model_check(const FcaModel *model)
{
	for (int i = 0; i < model->rowdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(model->rowdesc, i);

		if (!column->attisdropped)
			relation_column(model, NameStr(column->attname));
	}
}

/*
 * The relation's column of that name; NULL where the row type has no such
 * column.
 */
Form_pg_attribute
fca_model_find_column(const FcaModel *model, const char *name)
{
	return find_column(model->rowdesc, name) != NULL
		? relation_column(model, name) : NULL;
}

/* May the caller read that column, so that its name can be told? */
static bool
may_read(const FcaModel *model, const char *name)
{
	Form_pg_attribute column = find_column(RelationGetDescr(model->rel), name);

	return column != NULL && has_privilege(model->rel, column->attnum, ACL_SELECT);
}

/*
 * The relation's column of that name, which must be a column of the row type:
 * else 42703, with those that the caller may read.
 */
Form_pg_attribute
fca_model_column(const FcaModel *model, const char *name)
{
	if (find_column(model->rowdesc, name) == NULL)
	{
		StringInfoData columns;

		initStringInfo(&columns);
		for (int i = 0; i < model->rowdesc->natts; i++)
		{
			Form_pg_attribute column = TupleDescAttr(model->rowdesc, i);

			if (!column->attisdropped && may_read(model, NameStr(column->attname)))
				appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "",
								 quote_identifier(NameStr(column->attname)));
		}
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of %s does not exist",
						name, fca_model_name(model)),
				 columns.len == 0 ? 0
				 : errdetail("The columns of %s are: %s.",
							 fca_model_name(model), columns.data)));
	}
	return relation_column(model, name);
}

/* The scale of a numeric type with limits, which may be negative. */
static int
scale_of(int32 typmod)
{
	return (((typmod - (int32) VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
}

/* Is no value of a numeric type rounded to fit into another one? */
static bool
numeric_fits(int32 typmod, int32 wanted)
{
	return wanted < (int32) VARHDRSZ ||
		(typmod >= (int32) VARHDRSZ && scale_of(typmod) <= scale_of(wanted));
}

/*
 * Are different values of the column different in the row type?  That is known
 * of some types; of any other only where both are the same.
 */
static bool
is_exact(Form_pg_attribute column, Form_pg_attribute wanted)
{
	Oid			type = getBaseType(column->atttypid);
	int32		typmod = column->atttypmod;

	(void) getBaseTypeAndTypmod(column->atttypid, &typmod);
	switch (wanted->atttypid)
	{
		case TEXTOID:
			return type == TEXTOID || type == VARCHAROID || type == BPCHAROID ||
				type == NAMEOID || type == UUIDOID || type == INT2OID ||
				type == INT4OID || type == INT8OID ||
				type >= FirstNormalObjectId;
		case INT8OID:
			return type == INT2OID || type == INT4OID || type == INT8OID ||
				(type == NUMERICOID && typmod >= (int32) VARHDRSZ && scale_of(typmod) <= 0);
		case INT4OID:
			return type == INT2OID || type == INT4OID;
		case NUMERICOID:
			return type == INT2OID || type == INT4OID || type == INT8OID ||
				(type == NUMERICOID && numeric_fits(typmod, wanted->atttypmod));
		case TIMESTAMPTZOID:
			return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
		default:
			return type == wanted->atttypid &&
				(wanted->atttypmod == -1 || typmod == wanted->atttypmod);
	}
}

/*
 * Error 0A000 where the relation tells more values of a column apart than the
 * row type does: no page can start behind a row's.
 */
void
fca_model_check_exact(const FcaModel *model, Form_pg_attribute column)
{
	Form_pg_attribute wanted = find_column(model->rowdesc, NameStr(column->attname));

	if (model->resource == NULL || wanted == NULL || is_exact(column, wanted))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("no page by column \"%s\" can start behind a row",
					NameStr(column->attname)),
			 errdetail("It is of type %s in relation \"%s.%s\", whose different values may be the same in type %s of %s.",
					   format_type_with_typemod(column->atttypid, column->atttypmod),
					   get_namespace_name(RelationGetNamespace(model->rel)),
					   RelationGetRelationName(model->rel),
					   format_type_with_typemod(wanted->atttypid, wanted->atttypmod),
					   fca_model_name(model)),
			 errhint("Cast the column to that type in the view, or sort by another column."),
			 errtablecol(model->rel, column->attnum)));
}

/*
 * The values that the contract gives a resource's column, where the relation
 * has an enum there; NULL for every other column.  NULL-terminated.
 */
const char *const *
fca_model_values(const FcaModel *model, Form_pg_attribute column)
{
	const FcaColumn *declared = model->resource == NULL ? NULL
	: fca_resource_column(model->resource, NameStr(column->attname));

	return declared != NULL && declared->one_of != NULL &&
		get_typtype(getBaseType(column->atttypid)) == TYPTYPE_ENUM
		? declared->one_of : NULL;
}

/* The labels of an enum, in their order. */
List *
fca_enum_labels(Oid type)
{
	Relation	catalog = table_open(EnumRelationId, AccessShareLock);
	List	   *labels = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_enum_enumtypid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(type));
	scan = systable_beginscan(catalog, EnumTypIdSortOrderIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		labels = lappend(labels, pstrdup(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel)));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return labels;
}

/* The labels of an enum, for messages. */
const char *
fca_enum_labels_text(Oid type)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, fca_enum_labels(type))
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", (char *) lfirst(cell));
	return text.data;
}

/*
 * The enum's label that is such a value: it may differ in case.  NULL where
 * there is none; more than one are error 22023.
 */
const char *
fca_enum_label(Oid type, const char *value)
{
	CatCList   *labels = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	const char *found = NULL;
	const char *other = NULL;

	for (int i = 0; i < labels->n_members; i++)
	{
		Form_pg_enum label = (Form_pg_enum) GETSTRUCT(&labels->members[i]->tuple);

		if (pg_strcasecmp(NameStr(label->enumlabel), value) == 0)
		{
			other = found;
			found = pstrdup(NameStr(label->enumlabel));
		}
	}
	ReleaseCatCacheList(labels);
	if (other != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("more than one label of type %s can be \"%s\"",
						format_type_be(type), value),
				 errdetail("The labels of %s are: %s.",
						   format_type_be(type), fca_enum_labels_text(type)),
				 errhint("Make a view in the place of the relation that maps them to one.")));
	return found;
}

/*
 * Has a table an index that begins with that column (0: with an expression),
 * for all of its rows?
 */
static bool
has_index(Relation rel, AttrNumber attnum)
{
	List	   *indexes = RelationGetIndexList(rel);
	bool		found = false;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID,
											ObjectIdGetDatum(lfirst_oid(cell)));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(cell));
		if (((Form_pg_index) GETSTRUCT(tuple))->indisvalid &&
			((Form_pg_index) GETSTRUCT(tuple))->indkey.values[0] == attnum &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
			found = true;
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	return found;
}

/*
 * With fewer different values in a column than this, the planner would rather
 * read the whole table than look up the values of a list that it does not
 * know.
 */
#define FEW_VALUES 500

/* Has a column so few values, by the statistics? */
static bool
has_few_values(Relation rel, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(RelationGetRelid(rel)),
										Int16GetDatum(attnum),
										BoolGetDatum(rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE));
	double		distinct;

	if (!HeapTupleIsValid(tuple))
		return false;
	distinct = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
	if (distinct < 0)
		distinct *= -rel->rd_rel->reltuples;
	ReleaseSysCache(tuple);
	return distinct < FEW_VALUES;
}

static bool may_have_index(Oid relid, AttrNumber attnum);

/*
 * A view's expression.  An index on it could serve; or the view groups by it,
 * and a condition can be pushed below that only where the list is an array.
 */
static bool
may_serve_expression(Query *query)
{
	ListCell   *cell;

	if (query->hasAggs || query->groupClause != NIL || query->hasWindowFuncs ||
		query->distinctClause != NIL || query->setOperations != NULL)
		return true;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, cell);
		Relation	rel;
		bool		found;

		if (rte->rtekind != RTE_RELATION || rte->relkind == RELKIND_VIEW)
			continue;
		rel = relation_open(rte->relid, AccessShareLock);
		found = has_index(rel, 0);
		relation_close(rel, NoLock);
		if (found)
			return true;
	}
	return false;
}

/* The same of a column of a subquery, wherever it comes from. */
static bool
may_have_index_below(Query *query, AttrNumber attnum)
{
	TargetEntry *entry = list_nth(query->targetList, attnum - 1);
	Node	   *node = strip_implicit_coercions((Node *) entry->expr);
	RangeTblEntry *rte;

	check_stack_depth();
	while (IsA(node, Var) && ((Var *) node)->varlevelsup == 0 &&
		   ((Var *) node)->varattno > 0)
	{
		Var		   *var = (Var *) node;

		rte = rt_fetch(var->varno, query->rtable);
		switch (rte->rtekind)
		{
			case RTE_RELATION:
				return may_have_index(rte->relid, var->varattno);
			case RTE_SUBQUERY:
				return may_have_index_below(rte->subquery, var->varattno);
			case RTE_JOIN:
				node = strip_implicit_coercions(list_nth(rte->joinaliasvars,
														 var->varattno - 1));
				break;
#if PG_VERSION_NUM >= 180000
			case RTE_GROUP:
				node = strip_implicit_coercions(list_nth(rte->groupexprs,
														 var->varattno - 1));
				break;
#endif
			default:
				return false;
		}
	}
	return may_serve_expression(query);
}

static bool
may_have_index(Oid relid, AttrNumber attnum)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	const char *name = NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname);
	bool		found = rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE;

	if (rel->rd_rel->relkind == RELKIND_VIEW)
		found = may_have_index_below(get_view_query(rel), attnum);
	else if (!found)
		found = has_index(rel, attnum) && !has_few_values(rel, attnum);
	if (!found && rel->rd_rel->relhassubclass)
	{
		List	   *children = find_inheritance_children(relid, AccessShareLock);
		ListCell   *cell;

		foreach(cell, children)
		{
			if (!found)
				found = may_have_index(lfirst_oid(cell), get_attnum(lfirst_oid(cell), name));
		}
	}
	relation_close(rel, NoLock);
	return found;
}

/*
 * Could an index find values of that column?  Also below a view; of a foreign
 * table only the other server knows.
 */
bool
fca_model_may_have_index(Form_pg_attribute column)
{
	return may_have_index(column->attrelid, column->attnum);
}

/*
 * The relation's columns under its primary key, in the order of the key; NIL
 * where it has none, or none that the row type shows.
 */
static List *
primary_key(const FcaModel *model)
{
	List	   *key = NIL;
	List	   *indexes = RelationGetIndexList(model->rel);
	bool		found = false;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple;
		Form_pg_index index;

		if (found)
			break;				/* there is no other */
		tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(cell));
		index = (Form_pg_index) GETSTRUCT(tuple);
		found = index->indisprimary;
		if (found && index->indisvalid)
			for (int i = 0; i < index->indnkeyatts; i++)
				key = lappend(key, TupleDescAttr(RelationGetDescr(model->rel),
												 index->indkey.values[i] - 1));
		ReleaseSysCache(tuple);
	}
	list_free(indexes);

	if (model->resource == NULL)
		return key;
	foreach(cell, key)
	{
		Form_pg_attribute column = lfirst(cell);

		if (find_column(model->rowdesc, NameStr(column->attname)) == NULL)
			return NIL;
	}
	return key;
}

/*
 * May that column of the relation hold NULL?  NOT NULL says nothing of rows
 * that are older than a constraint that is not validated, nor of rows in
 * tables that inherit the column.
 */
bool
fca_model_is_nullable(const FcaModel *model, Form_pg_attribute column)
{
	Form_pg_class relation = model->rel->rd_rel;

	if (!column->attnotnull ||
		(relation->relhassubclass && relation->relkind != RELKIND_PARTITIONED_TABLE))
		return true;
#if PG_VERSION_NUM >= 180000
	return TupleDescCompactAttr(RelationGetDescr(model->rel),
								column->attnum - 1)->attnullability != ATTNULLABLE_VALID;
#else
	return false;
#endif
}

/*
 * Is the column in the list?  Told by its number, since an open relation can
 * get a new descriptor, by a VALIDATE CONSTRAINT of another session.
 */
bool
fca_has_column(const List *columns, Form_pg_attribute column)
{
	ListCell   *cell;

	foreach(cell, columns)
	{
		if (((Form_pg_attribute) lfirst(cell))->attnum == column->attnum)
			return true;
	}
	return false;
}

/*
 * The relation's columns that make a total order: its primary key, else "id";
 * error 55000 where it has neither.
 */
List *
fca_model_order_key(const FcaModel *model)
{
	List	   *key = primary_key(model);

	if (key == NIL)
	{
		Form_pg_attribute id = find_column(RelationGetDescr(model->rel), "id");

		if (id != NULL)
			key = list_make1(id);
	}
	if (key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model %s has no key", fca_model_name(model)),
				 errdetail("Relation \"%s.%s\" has neither a primary key nor a column \"id\".",
						   get_namespace_name(RelationGetNamespace(model->rel)),
						   RelationGetRelationName(model->rel)),
				 errhint("Add a primary key, or a column named \"id\".")));
	return key;
}

/* The relation's single key column, or NULL. */
Form_pg_attribute
fca_model_find_key(const FcaModel *model)
{
	List	   *key;

	if (model->key > 0)
		return TupleDescAttr(RelationGetDescr(model->rel), model->key - 1);
	key = primary_key(model);
	return list_length(key) == 1
		? linitial(key) : find_column(RelationGetDescr(model->rel), "id");
}

/* Has a table rows that its own indexes do not know, in tables that inherit? */
static bool
is_inherited(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_RELATION && rel->rd_rel->relhassubclass;
}

/* Is that index one by the operators and the collation of its only column? */
static bool
is_by_column(HeapTuple index, Form_pg_attribute column)
{
	bool		isnull;
	Datum		classes = SysCacheGetAttr(INDEXRELID, index, Anum_pg_index_indclass, &isnull);
	Datum		collations = SysCacheGetAttr(INDEXRELID, index,
											 Anum_pg_index_indcollation, &isnull);
	TypeCacheEntry *type = lookup_type_cache(column->atttypid, TYPECACHE_BTREE_OPFAMILY);

	return get_opclass_family(((oidvector *) DatumGetPointer(classes))->values[0]) == type->btree_opf &&
		((oidvector *) DatumGetPointer(collations))->values[0] == column->attcollation;
}

/*
 * A table's unique index of that column alone, for all of its own rows; or
 * InvalidOid.  With "by_column", one by which values are the same that the
 * column's operator calls equal.
 */
Oid
fca_unique_index(Relation rel, Form_pg_attribute column, bool by_column)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;
	Oid			found = InvalidOid;

	foreach(cell, indexes)
	{
		HeapTuple	tuple;
		Form_pg_index index;

		if (OidIsValid(found))
			break;
		tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(cell));
		index = (Form_pg_index) GETSTRUCT(tuple);
		if (index->indisunique && index->indimmediate && index->indisvalid &&
			index->indnkeyatts == 1 && index->indkey.values[0] == column->attnum &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
			(!by_column || is_by_column(tuple, column)))
			found = lfirst_oid(cell);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	return found;
}

/* Can no two of the relation's rows have one value of that column? */
bool
fca_model_is_unique(const FcaModel *model, Form_pg_attribute column)
{
	return !is_inherited(model->rel) &&
		OidIsValid(fca_unique_index(model->rel, column, true));
}

/* Can no two rows have one key, as those of a view can? */
bool
fca_model_key_is_unique(const FcaModel *model)
{
	return list_length(primary_key(model)) == 1 && !is_inherited(model->rel);
}

/* The relation's single key column: else error 55000. */
Form_pg_attribute
fca_model_key(const FcaModel *model)
{
	Form_pg_attribute key_column = fca_model_find_key(model);

	if (key_column == NULL)
	{
		List	   *key = primary_key(model);

		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model %s has no single key column", fca_model_name(model)),
				 key == NIL
				 ? errdetail("Relation \"%s.%s\" has neither a primary key nor a column \"id\".",
							 get_namespace_name(RelationGetNamespace(model->rel)),
							 RelationGetRelationName(model->rel))
				 : errdetail("The primary key of relation \"%s.%s\" has %d columns, and there is no column \"id\".",
							 get_namespace_name(RelationGetNamespace(model->rel)),
							 RelationGetRelationName(model->rel),
							 list_length(key)),
				 errhint("Add a primary key of one column or a column named \"id\", or use filters on several columns.")));
	}
	return key_column;
}
