/*
 * upsert.c
 *		upsert() and upsert_many().
 *
 * A row is first sought by an UPDATE of the columns that are given: it needs no
 * others, even where they are NOT NULL, which INSERT ... ON CONFLICT would check
 * first.  Where there is none, INSERT ... ON CONFLICT DO UPDATE makes it, or
 * changes the one that another session has made meanwhile: so two sessions that
 * upsert one key both succeed, and neither's columns are lost.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "assignment.h"
#include "batch.h"
#include "call.h"
#include "rows.h"

static const FcaAccess to_upsert = {
	RowExclusiveLock, ACL_INSERT | ACL_UPDATE | ACL_SELECT, "INSERT"
};

/* Their addresses are the purposes of the queries. */
static const char insert_row[] = "upsert: INSERT";
static const char update_row[] = "upsert: UPDATE";
static const char find_row[] = "upsert: SELECT";

/* The columns whose unique index decides; NULL means the key. */
static List *
conflict_columns(const FcaCall *call, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	List	   *columns = NIL;
	Datum	   *names;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(argno))
		return list_make1(fca_model_key(&call->model));

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), TEXTOID, -1, false, TYPALIGN_INT,
					  &names, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute column = nulls[i] ? NULL
		: fca_model_column(&call->model, TextDatumGetCString(names[i]));

		if (column == NULL || fca_has_column(columns, column))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 column == NULL ? errmsg("conflict_columns must not hold null")
					 : errmsg("conflict_columns names column \"%s\" twice",
							  NameStr(column->attname))));
		columns = lappend(columns, column);
	}
	if (columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("conflict_columns must not be empty"),
				 errhint("For the key, give NULL.")));
	return columns;
}

/*
 * The assignment of a conflict column, which must have a value to find a row
 * by.
 */
static FcaAssignment *
assignment_of(const FcaQuery *query, const List *assignments,
			  Form_pg_attribute column)
{
	ListCell   *cell;

	foreach(cell, assignments)
	{
		FcaAssignment *assignment = lfirst(cell);

		if (assignment->column->attnum == column->attnum &&
			assignment->json.type != jbvNull)
			return assignment;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("data must give the conflict column \"%s\" a value",
					NameStr(column->attname)),
			 errhint("Use create() for a row whose key the database makes."),
			 errtablecol(query->model->rel, column->attnum)));
}

/*
 * The plan of INSERT ... ON CONFLICT: the given one, or one that is made where
 * that is NULL.  It is checked, since a unique index or a privilege that is
 * missing must show before the UPDATE, at every call.
 */
static FcaPlan *
insert_plan(FcaPlan *plan, FcaQuery *query, const List *assignments, const List *conflict)
{
	StringInfo	text = &query->text;

	if (plan != NULL)
	{
		fca_plan_check(plan);
		return plan;
	}

	resetStringInfo(text);
	fca_model_check(query->model);
	fca_append_new_row(query, assignments);
	appendStringInfoString(text, " ON CONFLICT");
	fca_append_columns(text, conflict);
	appendStringInfoString(text, " DO UPDATE");
	fca_append_set(query, assignments, conflict, true);
	fca_append_returning(text, query->model);

	plan = fca_plan_keep(query, 0);
	fca_plan_check(plan);
	return plan;
}

/* " WHERE column = $n AND ..." of the conflict columns. */
static void
append_key(FcaQuery *query, const List *assignments, const List *conflict)
{
	ListCell   *cell;

	foreach(cell, conflict)
	{
		FcaAssignment *assignment = assignment_of(query, assignments, lfirst(cell));

		appendStringInfo(&query->text, " %s %s",
						 foreach_current_index(cell) == 0 ? "WHERE" : "AND",
						 fca_comparison_text(assignment->column, BTEqualStrategyNumber,
											 psprintf("$%d", assignment->param),
											 assignment->column->atttypid));
	}
}

static FcaPlan *
update_plan(FcaPlan *plan, FcaQuery *query, const List *assignments, const List *conflict)
{
	StringInfo	text = &query->text;

	if (plan != NULL)
		return plan;

	appendStringInfo(text, "UPDATE %s AS r", fca_relation_text(query->model));
	fca_append_set(query, assignments, conflict, false);
	append_key(query, assignments, conflict);
	fca_append_returning(text, query->model);
	return fca_plan_keep(query, 0);
}

/*
 * Is there a row, which a trigger has kept the UPDATE from changing?  The
 * INSERT would find that out too, but by running the trigger a second time.
 */
static bool
is_discarded(const FcaQuery *update, const List *assignments, const List *conflict)
{
	TriggerDesc *triggers = update->model->rel->trigdesc;
	FcaQuery	query;
	FcaPlan    *plan;

	if (triggers == NULL || !triggers->trig_update_before_row)
		return false;
	fca_query_derive(&query, update, find_row);
	plan = fca_plan_find(&query);
	if (plan == NULL)
	{
		appendStringInfo(&query.text, "SELECT 1 FROM %s AS r", fca_relation_text(query.model));
		append_key(&query, assignments, conflict);
		plan = fca_plan_keep(&query, 0);
	}
	return fca_plan_run(plan, &query, false, 1, None_Receiver) > 0;
}

/*
 * Was the last row of this session a new one?  Then the next one may be new
 * too, and it pays to look.
 */
static bool expect_new = false;

/*
 * Is there surely no row for the UPDATE?  A look into the unique index of the
 * only conflict column costs much less than to start an UPDATE that finds
 * none.  It uses a snapshot such as the UPDATE would take, and sees rows that
 * policies hide too.  (An older snapshot may be too old for the index; and
 * triggers for each statement would miss the UPDATE.)
 */
static bool
is_new(const FcaQuery *update, const List *assignments, const List *conflict)
{
	Relation	rel = update->model->rel;
	TriggerDesc *triggers = rel->trigdesc;
	FcaAssignment *assignment = assignment_of(update, assignments, linitial(conflict));
	Form_pg_attribute column = assignment->column;
	const NullableDatum *param = &update->params[assignment->param - 1];
	TypeCacheEntry *type = lookup_type_cache(column->atttypid, TYPECACHE_EQ_OPR_FINFO);
	Oid			index;
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	if (IsolationUsesXactSnapshot() || rel->rd_rel->relkind != RELKIND_RELATION ||
		rel->rd_rel->relam != HEAP_TABLE_AM_OID || rel->rd_rel->relhassubclass ||
		(triggers != NULL && (triggers->trig_update_before_statement ||
							  triggers->trig_update_after_statement)) ||
		list_length(conflict) != 1 || param->isnull ||
		!OidIsValid(type->eq_opr_finfo.fn_oid))
		return false;
	index = fca_unique_index(rel, column, true);
	if (!OidIsValid(index))
		return false;

	ScanKeyEntryInitialize(&key, 0, column->attnum, BTEqualStrategyNumber, InvalidOid,
						   column->attcollation, type->eq_opr_finfo.fn_oid, param->value);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	scan = systable_beginscan(rel, index, true, GetActiveSnapshot(), 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	PopActiveSnapshot();
	return !found;
}

/* Do the data give a column that only the database may give a value? */
static bool
gives_identity(const List *assignments)
{
	ListCell   *cell;

	foreach(cell, assignments)
	{
		if (((FcaAssignment *) lfirst(cell))->column->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
			return true;
	}
	return false;
}

/* A call, of one row or of many. */
typedef struct Upserting
{
	FcaCall		call;
	List	   *conflict;
	FcaHeldPlan insert;
	FcaHeldPlan update;
} Upserting;

/* Within SPI. */
static void
begin_upserts(Upserting *upserting, int argno)
{
	upserting->conflict = conflict_columns(&upserting->call, argno);
	fca_held_plan_begin(&upserting->insert);
	fca_held_plan_begin(&upserting->update);
}

/* Upserts one row and appends it to the result. */
static void
upsert_row(Upserting *upserting, JsonbContainer *data, int64 row)
{
	FcaCall    *call = &upserting->call;
	List	   *conflict = upserting->conflict;
	FcaQuery	insert;
	FcaQuery	update;
	List	   *assignments;
	ListCell   *cell;
	FcaPlan    *plan;
	FcaPlan    *insertion = NULL;
	bool		new;
	uint64		changed;

	fca_query_begin(&insert, &call->model, insert_row);
	foreach(cell, conflict)
		fca_plan_key_add_column(&insert, lfirst(cell));
	fca_plan_key_add(&insert, InvalidAttrNumber);	/* the end of the columns */
	assignments = fca_assignments_read(&insert, data);
	foreach(cell, conflict)
		assignment_of(&insert, assignments, lfirst(cell));

	/* The same parameters, for another purpose. */
	fca_query_derive(&update, &insert, update_row);

	/* a row whose key only the database can make may still be changed */
	if (!gives_identity(assignments))
		insertion = fca_held_plan_replace(&upserting->insert,
										  insert_plan(fca_held_plan_find(&upserting->insert, &insert),
													  &insert, assignments, conflict));
	plan = fca_held_plan_replace(&upserting->update,
								 update_plan(fca_held_plan_find(&upserting->update, &update),
											 &update, assignments, conflict));
	fca_assignments_fill(&update, assignments, plan, row);
	new = expect_new && insertion != NULL && is_new(&update, assignments, conflict);
	changed = new ? 0 : fca_rows_append(call->fcinfo, plan, &update, false, NULL);

	/*
	 * The columns' own operators may tell less apart than those of the unique
	 * index, and the tables that inherit have rows which it does not know.
	 */
	if (changed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of model %s has those conflict columns",
						fca_model_name(&call->model)),
				 errtable(call->model.rel)));
	expect_new = changed == 0;
	if (changed == 1)
		return;

	if (insertion == NULL)
		insertion = insert_plan(fca_plan_find(&insert), &insert, assignments, conflict);
	if ((!new && is_discarded(&update, assignments, conflict)) ||
		fca_rows_append(call->fcinfo, insertion, &insert, false, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("the row of model %s was neither created nor changed",
						fca_model_name(&call->model)),
				 errdetail("A trigger or rule of relation \"%s\" discarded it.",
						   RelationGetRelationName(call->model.rel)),
				 errtable(call->model.rel)));
}

/*
 * upsert(model, data, conflict_columns): creates the row, or sets the given
 * columns of the one with the same conflict columns, and gives it.  42P10
 * where no unique index decides, P0002 where a trigger lets neither happen.
 */
FCA_SET_FUNCTION(fca_upsert, ANYELEMENTOID,
				 ANYELEMENTOID, JSONBOID, TEXTARRAYOID);

Datum
fca_upsert(PG_FUNCTION_ARGS)
{
	Upserting	upserting;
	JsonbContainer *data;

	fca_call_begin(&upserting.call, fcinfo, &fca_upsert_signature, &to_upsert);
	fca_rows_begin(fcinfo);
	data = fca_object_argument(fcinfo, 1, "data");
	SPI_connect();
	begin_upserts(&upserting, 2);
	upsert_row(&upserting, data, 0);
	SPI_finish();
	fca_call_end(&upserting.call);
	return (Datum) 0;
}

/*
 * upsert_many(model, rows, conflict_columns): the same for each object of an
 * array, in that order, all or none.  A row sees those before it; its memory
 * is given back before the next one.
 */
FCA_SET_FUNCTION(fca_upsert_many, ANYELEMENTOID,
				 ANYELEMENTOID, JSONBOID, TEXTARRAYOID);

Datum
fca_upsert_many(PG_FUNCTION_ARGS)
{
	Upserting	upserting;
	JsonbContainer *rows;
	JsonbIterator *it = NULL;
	JsonbValue	row;
	int64		ordinal = 0;
	MemoryContext row_context;

	fca_call_begin(&upserting.call, fcinfo, &fca_upsert_many_signature, &to_upsert);
	fca_rows_begin(fcinfo);
	rows = fca_rows_argument(fcinfo, 1);
	SPI_connect();
	begin_upserts(&upserting, 2);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "upserted row",
										ALLOCSET_DEFAULT_SIZES);
	while (fca_json_next(rows, &it, NULL, &row))
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		CHECK_FOR_INTERRUPTS();
		fca_check_row(++ordinal, &row);
		upsert_row(&upserting, row.val.binary.data, ordinal);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	SPI_finish();
	fca_call_end(&upserting.call);
	return (Datum) 0;
}
