/*
 * report.c
 *		create_many_report(): keeps the good rows, and says why of each bad one.
 *
 * All rows that can be read go into one INSERT.  Where it fails, it is taken
 * back by a subtransaction and tells how many rows had come out of it: if not
 * all, the next one is most likely bad; those before it are inserted again, and
 * then it, and then the rest.  If all had come out (a foreign key is checked at
 * the end of the statement), the rows are divided, and each part is tried.
 *
 * What is wrong with the call as a whole, such as a missing privilege, is its
 * error, and no row's.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "batch.h"
#include "call.h"
#include "rows.h"
#include "subtransaction.h"

static const FcaAccess to_insert = {RowExclusiveLock, ACL_INSERT, "INSERT"};

/* The columns of the report. */
enum
{
	ORDINAL,
	CREATED,
	ID,
	SQLSTATE,
	MESSAGE,
	COLUMN_NAME,
	CONSTRAINT_NAME,
	REPORT_COLUMNS
};

static const FcaSignature signature = {
	.is_set = true,
	.returns = RECORDOID,
	.arguments = {ANYELEMENTOID, JSONBOID},
	.columns = {
		[ORDINAL] = INT8OID,
		[CREATED] = BOOLOID,
		[ID] = TEXTOID,
		[SQLSTATE] = TEXTOID,
		[MESSAGE] = TEXTOID,
		[COLUMN_NAME] = TEXTOID,
		[CONSTRAINT_NAME] = TEXTOID
	}
};

/* Into how many parts rows are divided among which one is bad. */
#define PARTS 10

/* What became of a row. */
typedef struct Outcome
{
	MinimalTuple tuple;			/* its values, until it is inserted */
	char	   *id;				/* of a row that was created */
	ErrorData  *error;			/* of one that was not */
	ErrorData  *first_error;	/* of one that was tried again */
} Outcome;

typedef struct Report
{
	FcaCall		call;
	FcaBatch	batch;
	MemoryContext context;		/* lives as long as this */
	MemoryContext attempt;		/* of the INSERT */
	Outcome    *outcomes;
	JsonbIterator *it;			/* where the reading stands */
	int64		ordinal;
	JsonbValue	row;
	const char *returning;
	DestReceiver receiver;		/* of the INSERT */
	int64	   *sent;			/* the rows of the INSERT, by ordinal - 1 */
	int64		nsent;
	int64		nreceived;
	bool		uneven;			/* did a trigger or rule make others of them? */
} Report;

/* Reads the row at which the reading stands. */
static void
read_row(void *arg)
{
	Report	   *report = arg;
	FcaBatch   *batch = &report->batch;
	MemoryContext old;

	fca_batch_read(batch, report->ordinal, &report->row);
	old = MemoryContextSwitchTo(report->context);
	report->outcomes[report->ordinal - 1].tuple =
		heap_form_minimal_tuple(batch->desc, batch->values, batch->nulls, 0);
	MemoryContextSwitchTo(old);
}

/* Steps to the next row; false at the end. */
static bool
next_row(Report *report)
{
	return fca_batch_next(&report->batch, &report->it, &report->ordinal, &report->row);
}

static void
rewind_rows(Report *report)
{
	report->it = NULL;
	report->ordinal = 0;
}

/* Reads rows from where the reading stands, until one cannot be read. */
static void
read_rows(void *arg)
{
	while (next_row(arg))
		read_row(arg);
}

/*
 * Reads all rows.  What is taken back with a row that cannot be read must not
 * be the work of another one's default: so where defaults are worked out,
 * either all are read in one subtransaction, or each in its own.
 */
static void
read_all(Report *report)
{
	ErrorData  *error = fca_try(read_rows, report);

	if (error == NULL)
		return;
	if (!report->batch.has_defaults)
		do
			report->outcomes[report->ordinal - 1].error = error;
		while ((error = fca_try(read_rows, report)) != NULL);
	else
		for (rewind_rows(report); next_row(report);)
		{
			report->outcomes[report->ordinal - 1].tuple = NULL;
			report->outcomes[report->ordinal - 1].error = fca_try(read_row, report);
		}
}

/* Takes in the id of a row that came out of the INSERT. */
static bool
receive_id(TupleTableSlot *slot, DestReceiver *self)
{
	Report	   *report = (Report *) ((char *) self - offsetof(Report, receiver));
	Outcome    *outcome;
	bool		isnull;
	Datum		id = slot_getattr(slot, 1, &isnull);

	if (report->nreceived == report->nsent)
	{
		report->uneven = true;
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row was created"),
				 errdetail("A rule of relation \"%s\" made more of it.",
						   RelationGetRelationName(report->call.model.rel)),
				 errtable(report->call.model.rel)));
	}
	outcome = &report->outcomes[report->sent[report->nreceived]];
	outcome->id = isnull ? NULL
		: MemoryContextStrdup(report->context, TextDatumGetCString(id));
	report->nreceived++;
	return true;
}

static void
start_receiving(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
end_receiving(DestReceiver *self)
{
}

/* Inserts the rows that are to be sent. */
static void
insert_rows(void *arg)
{
	Report	   *report = arg;
	FcaBatch   *batch = &report->batch;
	Tuplestorestate *store;
	TupleTableSlot *slot;
	MemoryContext old;

	/* what an attempt before left behind when it failed, goes */
	MemoryContextReset(report->attempt);
	old = MemoryContextSwitchTo(report->attempt);
	store = tuplestore_begin_heap(false, false, work_mem);
	slot = MakeSingleTupleTableSlot(batch->desc, &TTSOpsMinimalTuple);
	for (int64 i = 0; i < report->nsent; i++)
	{
		ExecStoreMinimalTuple(report->outcomes[report->sent[i]].tuple, slot, false);
		tuplestore_puttupleslot(store, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextSwitchTo(old);

	report->nreceived = 0;
	report->uneven = false;
	SPI_connect();
	fca_plan_run(fca_batch_insert(batch, store, report->nsent, report->returning),
				 &report->call.query, false, 0, &report->receiver);
	SPI_finish();
	tuplestore_end(store);
	report->uneven = report->nreceived != report->nsent;
	if (report->uneven)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("the row was not created"),
				 errdetail("A trigger or rule of relation \"%s\" discarded it.",
						   RelationGetRelationName(report->call.model.rel)),
				 errtable(report->call.model.rel)));
}

/* Can rows be inserted at all?  The executor would say so of the first row. */
static void
check_insertable(Relation rel)
{
	FdwRoutine *foreign;

	if (rel->rd_rel->relkind == RELKIND_MATVIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot change materialized view \"%s\"",
						RelationGetRelationName(rel)),
				 errtable(rel)));
	if (rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		return;
	foreign = GetFdwRoutineForRelation(rel, false);
	if (foreign->ExecForeignInsert == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot insert into foreign table \"%s\"",
						RelationGetRelationName(rel)),
				 errtable(rel)));
	if (foreign->IsForeignRelUpdatable != NULL &&
		(foreign->IsForeignRelUpdatable(rel) & (1 << CMD_INSERT)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign table \"%s\" does not allow inserts",
						RelationGetRelationName(rel)),
				 errtable(rel)));
}

/* Reads the row at which the reading stands, and inserts it. */
static void
create_next(void *arg)
{
	Report	   *report = arg;
	int64		row = report->ordinal - 1;

	read_row(report);
	report->sent = &row;
	report->nsent = 1;
	insert_rows(report);
}

/*
 * The same in a subtransaction.  A row is read again when it is tried again:
 * what its defaults did went with the failure.
 */
static void
create_in_turn(Report *report)
{
	Outcome    *outcome = &report->outcomes[report->ordinal - 1];

	outcome->error = fca_try(create_next, report);
	if (outcome->tuple != NULL)
		pfree(outcome->tuple);
	outcome->tuple = NULL;
}

/* What is wrong with the INSERT as a whole is an error of the call. */
static void
check_insert(Report *report)
{
	check_insertable(report->call.model.rel);
	SPI_connect();
	fca_plan_check(fca_batch_insert(&report->batch, NULL, report->batch.count,
									report->returning));
	SPI_finish();
}

/*
 * Creates the good ones among these rows.  After a failure, no more rows are
 * tried at once than seem to be good, and then twice as many each time.
 */
static void
create_rows(Report *report, int64 *rows, int64 count)
{
	int64		size = count;

	while (count > 0)
	{
		int64		tried = Min(size, count);
		int64		good;
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		check_stack_depth();
		report->sent = rows;
		report->nsent = tried;
		error = fca_try(insert_rows, report);
		good = report->nreceived;
		size = tried * 2;
		if (error != NULL && tried == 1)
			report->outcomes[rows[0]].error = error;
		else if (error != NULL && (report->uneven || good == tried))
		{
			int64		part = (tried + PARTS - 1) / PARTS;

			/* any of them may be the bad one */
			for (int64 first = 0; first < tried; first += part)
				create_rows(report, rows + first, Min(part, tried - first));
		}
		else if (error != NULL)
		{
			/* the next is most likely the bad one: that shows by itself */
			create_rows(report, rows, good);
			create_rows(report, rows + good, 1);
			tried = good + 1;
			size = tried * 2;
		}
		rows += tried;
		count -= tried;
	}
}

/*
 * A row may refer to one that comes after it.  Among the rows that lack what
 * they refer to, those are tried again for which it may be there by now.
 */
static void
retry_references(Report *report, int64 *rows)
{
	int64		before = PG_INT64_MAX;

	for (;;)
	{
		int64		count = 0;

		for (int64 i = 0; i < report->batch.count; i++)
		{
			Outcome    *outcome = &report->outcomes[i];

			if (outcome->error != NULL &&
				outcome->error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION &&
				(report->batch.in_turn || outcome->tuple != NULL))
				rows[count++] = i;
		}
		if (count == 0 || count >= before)
			return;
		before = count;
		for (int64 i = 0; i < count; i++)
		{
			report->outcomes[rows[i]].first_error = report->outcomes[rows[i]].error;
			report->outcomes[rows[i]].error = NULL;
		}
		if (report->batch.in_turn)
		{
			rewind_rows(report);
			for (int64 i = 0; i < count && next_row(report);)
				if (report->ordinal - 1 == rows[i])
				{
					create_in_turn(report);
					i++;
				}
		}
		else
			create_rows(report, rows, count);
		for (int64 i = 0; i < count; i++)
			if (report->outcomes[rows[i]].error != NULL)
				report->outcomes[rows[i]].error = report->outcomes[rows[i]].first_error;
	}
}

/* Gives a row of the report. */
static void
report_row(Report *report, int64 i)
{
	Outcome    *outcome = &report->outcomes[i];
	ErrorData  *error = outcome->error;
	Datum		values[REPORT_COLUMNS] = {0};
	bool		nulls[REPORT_COLUMNS] = {false};
	const char *texts[REPORT_COLUMNS] = {0};

	values[ORDINAL] = Int64GetDatum(i + 1);
	values[CREATED] = BoolGetDatum(error == NULL);
	if (error == NULL)
		texts[ID] = outcome->id;
	else
	{
		texts[SQLSTATE] = unpack_sql_state(error->sqlerrcode);
		texts[MESSAGE] = error->message;
		texts[COLUMN_NAME] = error->column_name;
		texts[CONSTRAINT_NAME] = error->constraint_name;
	}
	for (int j = ID; j < REPORT_COLUMNS; j++)
	{
		nulls[j] = texts[j] == NULL;
		if (!nulls[j])
			values[j] = CStringGetTextDatum(texts[j]);
	}
	fca_rows_add(report->call.fcinfo, values, nulls);
}

/* RETURNING the key as text; where the model has no single key, NULL. */
static const char *
key_text(const FcaModel *model)
{
	Form_pg_attribute key = fca_model_find_key(model);

	return key == NULL ? "NULL::pg_catalog.text"
		: fca_cast_text(key, TEXTOID, -1);
}

/*
 * create_many_report(model, rows): creates the rows that can be, and gives for
 * each its key, or the SQLSTATE and the message of why it was not created.
 * What is wrong with every row alike, such as a missing privilege, is an
 * error.
 */
PG_FUNCTION_INFO_V1(fca_create_many_report);

Datum
fca_create_many_report(PG_FUNCTION_ARGS)
{
	Report		report = {0};
	int64	   *rows;
	int64		count = 0;

	fca_call_begin(&report.call, fcinfo, &signature, &to_insert);
	fca_rows_begin(fcinfo);
	report.context = CurrentMemoryContext;
	report.attempt = AllocSetContextCreate(report.context, "attempt to insert rows",
										   ALLOCSET_DEFAULT_SIZES);
	report.returning = key_text(&report.call.model);
	report.receiver.receiveSlot = receive_id;
	report.receiver.rStartup = start_receiving;
	report.receiver.rShutdown = end_receiving;
	report.receiver.rDestroy = end_receiving;
	report.receiver.mydest = DestNone;
	fca_batch_begin(&report.batch, &report.call.query,
					fca_rows_argument(fcinfo, 1), true);
	report.outcomes = MemoryContextAllocHuge(report.context,
											 sizeof(Outcome) * (report.batch.count + 1));
	memset(report.outcomes, 0, sizeof(Outcome) * (report.batch.count + 1));
	rows = MemoryContextAllocHuge(report.context,
								  sizeof(int64) * (report.batch.count + 1));

	check_insert(&report);
	if (report.batch.in_turn)
		while (next_row(&report))
			create_in_turn(&report);
	else
	{
		read_all(&report);
		for (int64 i = 0; i < report.batch.count; i++)
			if (report.outcomes[i].tuple != NULL)
				rows[count++] = i;
		create_rows(&report, rows, count);
	}
	retry_references(&report, rows);

	for (int64 i = 0; i < report.batch.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		report_row(&report, i);
	}
	fca_batch_end(&report.batch);
	fca_call_end(&report.call);
	return (Datum) 0;
}
