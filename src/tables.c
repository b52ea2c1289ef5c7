/*
 * tables.c
 *		create_tables(): the relations of the resources, as ordinary tables.
 *
 * The tables, and the function of their trigger, belong to the caller and not
 * to the extension: they are dumped like any other, and outlive it.  Types come
 * from the resources' row types, constraints from their declarations, and the
 * indexes from what their finders compare and sort by.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "model.h"
#include "rows.h"
#include "schema_guard.h"
#include "signature.h"
#include "subtransaction.h"

#define TRIGGER_FUNCTION "set_updated_at"

/* Runs a command within SPI. */
static void
run(const char *command)
{
	int			result = SPI_execute(command, false, 0);

	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", command,
			 SPI_result_code_string(result));
}

static void
run_step(void *arg)
{
	run(arg);
}

/* Runs a command that need not succeed; NULL, or why it failed. */
static const char *
try_to_run(char *command)
{
	ErrorData  *error = fca_try(run_step, command);

	return error != NULL ? error->message : NULL;
}

/* A resource's relation, open; NULL where there is none. */
static Relation
open_relation(const FcaResource *resource)
{
	Oid			relid = fca_resource_relid(resource, AccessShareLock);

	return OidIsValid(relid) ? relation_open(relid, NoLock) : NULL;
}

/*
 * The names of the row type's columns that the relation lacks, or NULL.
 */
static const char *
missing_columns(const FcaResource *resource, Relation rel)
{
	TupleDesc	columns = lookup_rowtype_tupdesc_copy(fca_resource_rowtype(resource), -1);
	StringInfoData missing;

	fca_check_relation(rel);
	initStringInfo(&missing);
	for (int i = 0; i < columns->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(columns, i)->attname);

		if (get_attnum(RelationGetRelid(rel), name) == InvalidAttrNumber)
			appendStringInfo(&missing, "%s%s", missing.len > 0 ? ", " : "", name);
	}
	return missing.len > 0 ? missing.data : NULL;
}

/*
 * Can a foreign key refer to this resource's id?  Not where the user has a
 * view there, or a table without a unique key of id alone.
 */
static bool
can_be_referenced(const FcaResource *resource)
{
	Relation	rel = open_relation(resource);
	AttrNumber	id;
	bool		found = false;

	if (rel == NULL)
		return false;
	id = get_attnum(RelationGetRelid(rel), "id");
	if (id > 0 && (rel->rd_rel->relkind == RELKIND_RELATION ||
				   rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE))
		found = OidIsValid(fca_unique_index(rel, TupleDescAttr(RelationGetDescr(rel), id - 1), false));
	relation_close(rel, AccessShareLock);
	return found;
}

/* CHECK (column IN (...)) */
static void
append_one_of(StringInfo ddl, const FcaColumn *column)
{
	const char *separator = "";

	appendStringInfo(ddl, " CHECK (%s OPERATOR(pg_catalog.=) ANY (ARRAY[",
					 quote_identifier(column->name));
	for (const char *const *one = column->one_of; *one != NULL; one++)
	{
		appendStringInfo(ddl, "%s%s", separator, quote_literal_cstr(*one));
		separator = ", ";
	}
	appendStringInfoString(ddl, "]::pg_catalog.text[]))");
}

static void
create_table(const FcaResource *resource)
{
	TupleDesc	columns = lookup_rowtype_tupdesc_copy(fca_resource_rowtype(resource), -1);
	StringInfoData ddl;

	initStringInfo(&ddl);
	appendStringInfo(&ddl, "CREATE TABLE %s.%s (", FCA_SCHEMA, resource->relation);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);
		const FcaColumn *column = fca_resource_column(resource, NameStr(attribute->attname));

		appendStringInfo(&ddl, "%s%s %s", i > 0 ? ", " : "",
						 quote_identifier(NameStr(attribute->attname)),
						 format_type_extended(attribute->atttypid, attribute->atttypmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
		if (column == NULL)
			continue;
		if (column->constraints != NULL)
			appendStringInfo(&ddl, " %s", column->constraints);
		if (column->one_of != NULL)
			append_one_of(&ddl, column);
		if (column->references != NULL)
		{
			if (can_be_referenced(column->references))
				appendStringInfo(&ddl, " REFERENCES %s.%s (id) ON DELETE %s",
								 FCA_SCHEMA, column->references->relation,
								 column->on_delete != NULL ? column->on_delete : "NO ACTION");
			else
				ereport(NOTICE,
						(errmsg("column \"%s\" of relation \"%s.%s\" has no foreign key",
								column->name, FCA_SCHEMA, resource->relation),
						 errdetail("Relation \"%s.%s\" is not a table with a unique key of column \"id\".",
								   FCA_SCHEMA, column->references->relation)));
		}
	}
	appendStringInfoChar(&ddl, ')');
	run(ddl.data);
}

/* Has a finder an index of its own, made of its conditions and its order? */
static bool
has_index(const FcaFinder *finder)
{
	return fca_finder_origin(finder) == finder && finder->form != FCA_ONE_ROW &&
		finder->where[0].test != FCA_CONTAINS;
}

/* What a finder reads by: columns of an index, in ascending order. */
static const char *
index_columns(const FcaFinder *finder)
{
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < fca_finder_conditions(finder); i++)
		if (finder->where[i].test == FCA_EQ)
			appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "",
							 quote_identifier(finder->where[i].column));
	for (int i = 0; i < fca_finder_sort_keys(finder); i++)
		appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "",
						 quote_identifier(finder->order[i].column));
	return columns.data;
}

/* The fixed conditions of a finder, as the predicate of its index; or "". */
static const char *
index_predicate(const FcaFinder *finder)
{
	StringInfoData predicate;

	initStringInfo(&predicate);
	for (int i = 0; i < fca_finder_conditions(finder); i++)
		if (finder->where[i].test == FCA_IS)
		{
			appendStringInfo(&predicate, "%s%s",
							 predicate.len > 0 ? " AND " : " WHERE ",
							 quote_identifier(finder->where[i].column));
			if (strcmp(finder->where[i].other, "true") != 0)
				appendStringInfo(&predicate, " OPERATOR(pg_catalog.=) %s",
								 quote_literal_cstr(finder->where[i].other));
		}
	return predicate.data;
}

/*
 * The indexes that the finders of a table read by.  One for each set of
 * columns and fixed conditions: an index serves both directions.  Unique keys
 * have theirs; the searches have a trigram index each.
 */
static void
create_indexes(const FcaResource *resource)
{
	List	   *made = NIL;

	for (const FcaFinder *const *finder = resource->finders; *finder != NULL; finder++)
	{
		String	   *index;

		if (!has_index(*finder))
			continue;
		index = makeString(psprintf("CREATE INDEX ON %s.%s (%s)%s", FCA_SCHEMA,
									resource->relation, index_columns(*finder),
									index_predicate(*finder)));
		if (!list_member(made, index))
		{
			run(strVal(index));
			made = lappend(made, index);
		}
	}
}

/* The schema of pg_trgm, quoted; NULL where it is not installed. */
static const char *
trigram_schema(void)
{
	if (SPI_execute("SELECT pg_catalog.quote_ident(n.nspname)"
					" FROM pg_catalog.pg_extension AS e"
					" JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
					" WHERE e.extname OPERATOR(pg_catalog.=) 'pg_trgm'", false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_extension");
	return SPI_processed > 0
		? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : NULL;
}

/* Installs pg_trgm: into "public" where the caller may; NULL, or why not. */
static const char *
install_trigrams(void)
{
	Oid			public = get_namespace_oid("public", true);
	const char *schema = FCA_SCHEMA;

	if (OidIsValid(public) &&
		object_aclcheck(NamespaceRelationId, public, GetUserId(), ACL_CREATE) == ACLCHECK_OK)
		schema = "public";
	return try_to_run(psprintf("CREATE EXTENSION pg_trgm SCHEMA %s", schema));
}

/* The CREATE INDEX of a search; "prefix" qualifies the operator class. */
static char *
trigram_index(const FcaResource *resource, const FcaFinder *finder, const char *prefix)
{
	return psprintf("CREATE INDEX ON %s.%s USING gin (%s %sgin_trgm_ops, %s %sgin_trgm_ops)",
					FCA_SCHEMA, resource->relation,
					quote_identifier(finder->where[0].column), prefix,
					quote_identifier(finder->where[0].other), prefix);
}

/* Searches that have no index, why not, and the commands that make them. */
typedef struct Unindexed
{
	const char *why;
	StringInfoData finders;
	StringInfoData commands;
} Unindexed;

/*
 * The trigram indexes of a table's searches, where pg_trgm is or can be
 * installed.
 */
static void
create_trigram_indexes(const FcaResource *resource, Unindexed *unindexed)
{
	for (const FcaFinder *const *finder = resource->finders; *finder != NULL; finder++)
	{
		const char *why = NULL;

		if ((*finder)->where[0].test != FCA_CONTAINS)
			continue;
		if (trigram_schema() == NULL)
			why = install_trigrams();
		if (why == NULL)
			why = try_to_run(trigram_index(resource, *finder,
										   psprintf("%s.", trigram_schema())));
		if (why == NULL)
			continue;
		unindexed->why = why;
		appendStringInfo(&unindexed->finders, "%s%s",
						 unindexed->finders.len > 0 ? " and " : "", (*finder)->name);
		appendStringInfo(&unindexed->commands, " %s;", trigram_index(resource, *finder, ""));
	}
}

/*
 * The trigger's function is made once; one that is there is seen by the guard.
 */
static void
create_trigger_function(void)
{
	/* cppcheck-suppress unknownEvaluationOrder ; in any order */
	List	   *name = list_make2(makeString(FCA_SCHEMA), makeString(TRIGGER_FUNCTION));

	if (!OidIsValid(LookupFuncName(name, 0, NULL, true)))
		run("CREATE FUNCTION " FCA_SCHEMA "." TRIGGER_FUNCTION "() RETURNS trigger"
			" LANGUAGE plpgsql AS $$\n"
			"BEGIN\n"
			"\tNEW.updated_at := pg_catalog.now();\n"
			"\tRETURN NEW;\n"
			"END\n$$");
}

/*
 * updated_at is kept true whoever updates the row, unless they give it a
 * value.
 */
static void
create_trigger(const FcaResource *resource)
{
	if (fca_resource_column(resource, "updated_at") == NULL)
		return;
	create_trigger_function();
	run(psprintf("CREATE TRIGGER " TRIGGER_FUNCTION " BEFORE UPDATE ON %s.%s FOR EACH ROW"
				 " WHEN (NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at)"
				 " EXECUTE FUNCTION " FCA_SCHEMA "." TRIGGER_FUNCTION "()",
				 FCA_SCHEMA, resource->relation));
}

/* Warns of values that a relation's enums lack, and finders may ask for. */
static void
check_labels(const FcaResource *resource, Relation rel)
{
	for (const FcaColumn *column = resource->columns; column->name != NULL; column++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), column->name);
		Oid			type;

		if (column->one_of == NULL || attnum <= 0)
			continue;
		type = getBaseType(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid);
		if (!type_is_enum(type))
			continue;
		for (const char *const *value = column->one_of; *value != NULL; value++)
			if (fca_enum_label(type, *value) == NULL)
				ereport(WARNING,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("column \"%s\" of relation \"%s.%s\" cannot be \"%s\"",
								column->name, FCA_SCHEMA, resource->relation, *value),
						 errdetail("The labels of %s are: %s.",
								   format_type_be(type), fca_enum_labels_text(type)),
						 errhint("A finder that asks for it is an error: make a view in the place of the relation that maps the labels, or add the label to the type.")));
	}
}

/*
 * Existing relations must have every column: else nothing is made.  True where
 * all are there.
 */
static bool
check_existing(void)
{
	StringInfoData missing;
	bool		complete = true;

	initStringInfo(&missing);
	for (const FcaResource *const *resource = fca_resources; *resource != NULL; resource++)
	{
		/* by name: another session may drop or rename it up to the lock */
		Relation	rel = open_relation(*resource);
		const char *columns = NULL;

		if (rel == NULL)
			complete = false;
		else
		{
			columns = missing_columns(*resource, rel);
			check_labels(*resource, rel);
			relation_close(rel, AccessShareLock);
		}
		if (columns != NULL)
			appendStringInfo(&missing, "%sRelation \"%s.%s\" lacks: %s.",
							 missing.len > 0 ? "\n" : "", FCA_SCHEMA,
							 (*resource)->relation, columns);
	}
	if (missing.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("existing relations in schema \"%s\" do not fit", FCA_SCHEMA),
				 errdetail("%s", missing.data),
				 errhint("Add the columns, or rename the relation and make a view of that name.")));
	return complete;
}

/*
 * create_tables(): makes those of the resources' relations that are not there
 * as tables of the caller, with keys, checks, indexes and a trigger, and gives
 * them. Relations that are there must have every column, or nothing is made
 * (42703). Of two sessions the second waits for the first.
 */
FCA_SET_FUNCTION(fca_create_tables, REGCLASSOID, InvalidOid);

Datum
fca_create_tables(PG_FUNCTION_ARGS)
{
	Oid			schema = get_namespace_oid(FCA_SCHEMA, false);
	Unindexed	unindexed = {NULL};
	int			nest_level;

	fca_check_signature(fcinfo, &fca_create_tables_signature);
	fca_rows_begin(fcinfo);
	if (creating_extension)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("create_tables() cannot be called in the script of an extension"),
				 errdetail("The tables would belong to that extension, and be dropped with it."),
				 errhint("Call it by itself, after CREATE EXTENSION.")));
	PreventCommandIfReadOnly("create_tables()");
	fca_guard_schema_for(schema, GetUserId());

	if (check_existing())
		return (Datum) 0;

	/*
	 * Two sessions must not make them at once; who may make none, waits for
	 * none.
	 */
	if (object_aclcheck(NamespaceRelationId, schema, GetUserId(),
						ACL_CREATE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, FCA_SCHEMA);
	LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);

	/* what they have made meanwhile */
	fca_guard_schema_for(schema, GetUserId());


	/* No name in what follows may be the caller's. */
	nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	initStringInfo(&unindexed.finders);
	initStringInfo(&unindexed.commands);
	for (const FcaResource *const *resource = fca_resources; *resource != NULL; resource++)
	{
		Datum		made;
		bool		isnull = false;

		if (OidIsValid(fca_resource_relid(*resource, NoLock)))
			continue;
		create_table(*resource);
		create_indexes(*resource);
		create_trigram_indexes(*resource, &unindexed);
		create_trigger(*resource);
		CommandCounterIncrement();
		made = ObjectIdGetDatum(fca_resource_relid(*resource, NoLock));
		fca_rows_add(fcinfo, &made, &isnull);
	}

	/* and while this waited for others */
	fca_guard_schema_for(schema, GetUserId());
	if (unindexed.why != NULL)
		ereport(WARNING,
				(errmsg("there is no index for %s", unindexed.finders.data),
				 errdetail("pg_trgm cannot be used: %s.", unindexed.why),
				 errhint("Install the extension pg_trgm (CREATE EXTENSION pg_trgm; it comes with the server's contrib package), then run:%s",
						 unindexed.commands.data)));
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
	return (Datum) 0;
}
