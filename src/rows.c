/*
 * rows.c
 *		Rows to the caller: the only code that hands them over.
 */
#include "compat.h"

#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "repeat.h"
#include "rows.h"

#define WRONG_SHAPE "the relation's columns do not match the row type"

const FcaLimit fca_one_row = {.count = 2};

/* Begins a set-returning function's result, empty so far. */
void
fca_rows_begin(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0 ||
		result->expectedDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	result->returnMode = SFRM_Materialize;
}

/* The tuplestore of the result lives as long as the caller's query. */
static void
prepare_store(ReturnSetInfo *result)
{
	MemoryContext old;

	if (result->setResult != NULL)
		return;
	old = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	result->setResult =
		tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0,
							  false, work_mem);
	MemoryContextSwitchTo(old);
}

/* Appends one row of values to the result. */
void
fca_rows_add(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	prepare_store(result);
	tuplestore_putvalues(result->setResult, result->expectedDesc,
						 unconstify(Datum *, values), unconstify(bool *, nulls));
}

/*
 * Is the row type as the caller's statement knows it?  It may have begun
 * before another session added or dropped a column: no column must be told by
 * its position then.
 */
void
fca_rows_check_type(FunctionCallInfo fcinfo, const FcaModel *model)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	expected;
	bool		same;

	if (model->resource != NULL || result == NULL || !IsA(result, ReturnSetInfo) ||
		result->expectedDesc == NULL)
		return;
	expected = result->expectedDesc;
	same = expected->natts == model->rowdesc->natts;
	for (int i = 0; same && i < expected->natts; i++)
		same = TupleDescAttr(expected, i)->attisdropped ==
			TupleDescAttr(model->rowdesc, i)->attisdropped;
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg(WRONG_SHAPE),
				 errdetail("The row type has changed since the statement began.")));
}

/*
 * Error 0A000 where rows of another server would be locked: it is asked to
 * lock them, but not told to skip locked ones, or not to wait for them.
 */
void
fca_check_lockable(const FcaPlan *plan, const FcaModel *model, const char *clause)
{
	if (fca_plan_reads_foreign(plan))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot lock rows of relation \"%s\" with %s",
						RelationGetRelationName(model->rel), clause),
				 errdetail("Some of them are in a foreign table, whose server is not told of %s.", clause),
				 errtable(model->rel)));
}

/*
 * Runs the plan within SPI and appends its rows to the result, at most as many
 * as the limit says (NULL: all).  Gives their number.
 */
uint64
fca_rows_append(FunctionCallInfo fcinfo, FcaPlan *plan, const FcaQuery *query,
				bool read_only, const FcaLimit *limit)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext rows_context = result->econtext->ecxt_per_query_memory;
	uint64		max_rows = 0;
	DestReceiver *receiver;
	uint64		count;

	/*
	 * No row is wanted: but what is wrong, such as a missing privilege,
	 * shows.
	 */
	if (limit != NULL && limit->empty)
	{
		fca_plan_check(plan);
		return 0;
	}

	fca_rows_check_type(fcinfo, query->model);
	prepare_store(result);

	/*
	 * An executor that is told how many rows to give starts no workers. Where
	 * the text has a LIMIT of its own it need not be told.
	 */
	if (limit != NULL && !limit->in_text)
		max_rows = limit->count;

	/* In SPI's memory, so gone at SPI_finish. */
	receiver = CreateTuplestoreDestReceiver();
	SetTuplestoreDestReceiverParams(receiver, result->setResult, rows_context,
									false, result->expectedDesc, WRONG_SHAPE);
	if (!read_only || !fca_repeat_run(fcinfo, plan, query, max_rows, receiver, &count))
		count = fca_plan_run(plan, query, read_only, max_rows, receiver);
	receiver->rDestroy(receiver);
	return count;
}

/*
 * Runs a plan within SPI whose first row is wanted: it comes as a composite
 * value of the model's type in "context".  Gives the number of rows.
 */
uint64
fca_rows_single(FcaPlan *plan, const FcaQuery *query, bool read_only,
				MemoryContext context, Datum *row)
{
	TupleDesc	rowdesc = query->model->rowdesc;
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
	DestReceiver *receiver = CreateTuplestoreDestReceiver();
	TupleTableSlot *slot;
	uint64		count;

	SetTuplestoreDestReceiverParams(receiver, store, CurrentMemoryContext, false,
									rowdesc, WRONG_SHAPE);
	count = fca_plan_run(plan, query, read_only, 0, receiver);
	receiver->rDestroy(receiver);

	slot = MakeSingleTupleTableSlot(rowdesc, &TTSOpsMinimalTuple);
	if (tuplestore_gettupleslot(store, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		*row = ExecFetchSlotHeapTupleDatum(slot);
		MemoryContextSwitchTo(old);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(store);
	return count;
}
