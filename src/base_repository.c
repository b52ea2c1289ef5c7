/*
 * base_repository.c
 *		CRUD for every model: any table's or view's row type, and the resources.
 *
 * Each function opens the model, reads its arguments into a query, and runs the
 * kept plan of the query; the text is written only where there is none.
 * Reads use the snapshot of the calling statement; writes take their own, as
 * any statement of a VOLATILE function does.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "assignment.h"
#include "base_repository.h"
#include "batch.h"
#include "rows.h"

static const FcaAccess to_lock = {RowShareLock, ACL_UPDATE | ACL_SELECT};
static const FcaAccess to_create = {RowExclusiveLock, ACL_INSERT | ACL_SELECT, "INSERT"};
static const FcaAccess to_update = {RowExclusiveLock, ACL_UPDATE | ACL_SELECT, "UPDATE"};
static const FcaAccess to_delete = {RowExclusiveLock, ACL_DELETE | ACL_SELECT, "DELETE"};

/* The "id" of a view need not be unique. */
static void
check_single(const FcaCall *call, uint64 count)
{
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of model %s has that key",
						fca_model_name(&call->model)),
				 errtable(call->model.rel)));
}

/*
 * Ids
 */

/* The id argument becomes a parameter; a NULL finds nothing. */
static void
read_id(FcaCall *call, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;
	Form_pg_attribute key = fca_model_key(&call->model);

	fca_plan_key_add_column(&call->query, key);
	fca_query_operand(&call->query, key,
					  fca_base_type(get_fn_expr_argtype(fcinfo->flinfo, argno)),
					  PG_GETARG_DATUM(argno), PG_ARGISNULL(argno));
}

/* The same for an array of them. */
static void
read_ids(FcaCall *call, Form_pg_attribute column, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	fca_plan_key_add_column(&call->query, column);
	fca_query_operands(&call->query, column,
					   getBaseType(get_fn_expr_argtype(fcinfo->flinfo, argno)),
					   PG_GETARG_DATUM(argno), PG_ARGISNULL(argno));
}

/* key = $n, where the id is the last parameter. */
static const char *
id_text(const FcaCall *call)
{
	int			n = call->query.nparams;

	return fca_comparison_text(fca_model_key(&call->model), BTEqualStrategyNumber,
							   psprintf("$%d", n), call->query.types[n - 1]);
}

/*
 * Reads of rows
 */

/* Gives the rows of a read to who called its SQL function. */
static Datum
give_rows(FunctionCallInfo fcinfo, const FcaRead *read)
{
	FcaCall		call;
	FcaReading	reading = {0};
	FcaPlan    *plan;
	uint64		count;

	fca_call_begin(&call, fcinfo, read->signature, &fca_to_read);
	fca_rows_begin(fcinfo);
	read->read(&call, &reading);

	SPI_connect();
	if (read->check_keys != NULL)
		read->check_keys(&call);
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		fca_model_check(&call.model);
		read->write(&call, &reading);
		plan = fca_plan_keep(&call.query, 0);
	}
	count = fca_rows_append(fcinfo, plan, &call.query, true, &reading.limit);
	if (read->check_count != NULL)
		read->check_count(&call, count);
	SPI_finish();
	fca_call_end(&call);
	return (Datum) 0;
}

/* A list under the condition of the filters, where there are some. */
static void
write_list(FcaCall *call, const FcaReading *reading)
{
	fca_append_list(&call->query,
					reading->filter != NULL ? fca_filter_text(reading->filter) : NULL,
					reading->sort != NULL ? reading->sort->keys : NULL,
					reading->sort != NULL ? reading->sort->nkeys : 0,
					&reading->limit);
}

/* Do no two rows have the key? */
static bool
is_unique_key(const FcaCall *call, const FcaReading *reading)
{
	return fca_model_is_unique(&call->model, fca_model_key(&call->model));
}

static void
read_by_id(FcaCall *call, FcaReading *reading)
{
	read_id(call, 1);
	reading->limit = fca_one_row;
}

static void
write_by_id(FcaCall *call, const FcaReading *reading)
{
	fca_append_list(&call->query, id_text(call), NULL, 0, &reading->limit);
}

/*
 * get_by_id(model, id): the row with this key, or none; a NULL finds none.
 * P0003 where a view has two.
 */
FCA_SET_FUNCTION(fca_get_by_id, ANYELEMENTOID,
				 ANYELEMENTOID, ANYCOMPATIBLEOID);

static const FcaRead get_by_id = {
	.symbol = "fca_get_by_id",
	.signature = &fca_get_by_id_signature,
	.key = 1,
	.read = read_by_id,
	.write = write_by_id,
	.is_unique = is_unique_key,
	.check_count = check_single
};

Datum
fca_get_by_id(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &get_by_id);
}

/*
 * Within SPI: no key of a batch may be that of two rows, as get_by_id() says.
 */
static void
check_ambiguous(FcaCall *call)
{
	static const char ambiguous[] = "get_many: ambiguous keys";
	FcaQuery	query;
	FcaPlan    *plan;

	if (fca_model_key_is_unique(&call->model))
		return;
	fca_query_derive(&query, &call->query, ambiguous);
	plan = fca_plan_find(&query);
	if (plan == NULL)
	{
		fca_append_ambiguous(&query, fca_model_key(&call->model), 1);
		plan = fca_plan_keep(&query, 0);
	}
	if (fca_plan_run(plan, &query, true, 1, None_Receiver) > 0)
		check_single(call, 2);
}

static void
read_many(FcaCall *call, FcaReading *reading)
{
	reading->column = fca_model_key(&call->model);
	read_ids(call, reading->column, 1);
}

static void
write_many(FcaCall *call, const FcaReading *reading)
{
	fca_append_lookup(&call->query, reading->column, 1, NULL);
}

/*
 * get_many(model, ids): the rows with these keys, in the order of the array; a
 * key given twice comes twice, one that is missing or NULL is left out.
 */
FCA_SET_FUNCTION(fca_get_many, ANYELEMENTOID,
				 ANYELEMENTOID, ANYCOMPATIBLEARRAYOID);

static const FcaRead get_many = {
	.symbol = "fca_get_many",
	.signature = &fca_get_many_signature,
	.key = 1,
	.read = read_many,
	.write = write_many,
	.is_unique = is_unique_key,
	.check_keys = check_ambiguous
};

Datum
fca_get_many(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &get_many);
}

static void
read_children(FcaCall *call, FcaReading *reading)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parent_column must not be null")));
	reading->column = fca_model_column(&call->model, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	read_ids(call, reading->column, 2);
	fca_check_limit(&fcinfo->args[3], "per_parent");
	reading->limit_param = fca_query_param(&call->query, INT8OID, PG_GETARG_DATUM(3),
										   PG_ARGISNULL(3));
	reading->sort = fca_sort_read(&call->query, fcinfo, 4);
}

static void
write_children(FcaCall *call, const FcaReading *reading)
{
	fca_append_children(&call->query, reading->column, 1, NULL, reading->sort->keys,
						reading->sort->nkeys, reading->limit_param, false);
}

/*
 * get_children(model, parent_column, parent_ids, per_parent, sort_by): for
 * each element of the array, in its order, the first rows whose column equals
 * it. The limit is that of each parent, so it is a parameter of the text.
 */
FCA_SET_FUNCTION(fca_get_children, ANYELEMENTOID,
				 ANYELEMENTOID, TEXTOID, ANYCOMPATIBLEARRAYOID, INT8OID, TEXTOID);

static const FcaRead get_children = {
	.symbol = "fca_get_children",
	.signature = &fca_get_children_signature,
	.key = 2,
	.read = read_children,
	.write = write_children
};

Datum
fca_get_children(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &get_children);
}

/* The arguments skip, max_rows and sort_by, from that one on. */
static void
read_list(FcaCall *call, FcaReading *reading, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	reading->limit = fca_query_limit(&call->query, &fcinfo->args[argno],
									 &fcinfo->args[argno + 1], true);
	reading->sort = fca_sort_read(&call->query, fcinfo, argno + 2);
}

static void
read_all(FcaCall *call, FcaReading *reading)
{
	read_list(call, reading, 1);
}

/* get_all(model, skip, max_rows, sort_by) */
FCA_SET_FUNCTION(fca_get_all, ANYELEMENTOID,
				 ANYELEMENTOID, INT8OID, INT8OID, TEXTOID);

static const FcaRead get_all = {
	.symbol = "fca_get_all",
	.signature = &fca_get_all_signature,
	.read = read_all,
	.write = write_list
};

Datum
fca_get_all(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &get_all);
}

static void
read_by_filters(FcaCall *call, FcaReading *reading)
{
	reading->filter = fca_filter_read(&call->query, call->fcinfo, 1, false);
	read_list(call, reading, 2);
}

/* get_by_filters(model, filters, skip, max_rows, sort_by) */
FCA_SET_FUNCTION(fca_get_by_filters, ANYELEMENTOID,
				 ANYELEMENTOID, JSONBOID, INT8OID, INT8OID, TEXTOID);

static const FcaRead get_by_filters = {
	.symbol = "fca_get_by_filters",
	.signature = &fca_get_by_filters_signature,
	.read = read_by_filters,
	.write = write_list
};

Datum
fca_get_by_filters(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &get_by_filters);
}

static void
read_page(FcaCall *call, FcaReading *reading)
{
	reading->filter = fca_filter_read(&call->query, call->fcinfo, 1, false);
	reading->limit = fca_query_limit(&call->query, NULL, &call->fcinfo->args[3], false);
	reading->sort = fca_sort_read(&call->query, call->fcinfo, 2);
	fca_sort_read_after(reading->sort, &call->query, call->fcinfo, 4);
}

/*
 * get_page(model, filters, sort_by, max_rows, after): the rows behind a keyset
 * position, which an index can find; so a page costs the same at any depth.
 */
FCA_SET_FUNCTION(fca_get_page, ANYELEMENTOID,
				 ANYELEMENTOID, JSONBOID, TEXTOID, INT8OID, JSONBOID);

static const FcaRead get_page = {
	.symbol = "fca_get_page",
	.signature = &fca_get_page_signature,
	.read = read_page,
	.write = write_list
};

Datum
fca_get_page(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &get_page);
}

static void
read_one(FcaCall *call, FcaReading *reading)
{
	reading->filter = fca_filter_read(&call->query, call->fcinfo, 1, false);
	reading->limit = fca_one_row;
}

static bool
matches_one(const FcaCall *call, const FcaReading *reading)
{
	return fca_filter_is_unique(reading->filter, &call->model);
}

static void
check_matches(const FcaCall *call, uint64 count)
{
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of model %s matches the filters",
						fca_model_name(&call->model)),
				 errtable(call->model.rel),
				 errhint("Give filters that only one row matches, or use get_by_filters.")));
}

/*
 * find_one(model, filters): the only row that matches, or none; more are
 * P0003.
 */
FCA_SET_FUNCTION(fca_find_one, ANYELEMENTOID, ANYELEMENTOID, JSONBOID);

static const FcaRead find_one = {
	.symbol = "fca_find_one",
	.signature = &fca_find_one_signature,
	.read = read_one,
	.write = write_list,
	.is_unique = matches_one,
	.check_count = check_matches
};

Datum
fca_find_one(PG_FUNCTION_ARGS)
{
	return give_rows(fcinfo, &find_one);
}

/* The read whose C function has that symbol, or NULL. */
const FcaRead *
fca_read_of_symbol(const char *symbol)
{
	static const FcaRead *const reads[] = {
		&get_by_id, &get_many, &get_children, &get_all, &get_by_filters, &get_page, &find_one
	};

	for (int i = 0; i < (int) lengthof(reads); i++)
		if (strcmp(reads[i]->symbol, symbol) == 0)
			return reads[i];
	return NULL;
}

/*
 * get_by_id_for_update(model, id, nowait): the same row, locked until the
 * transaction ends.  It waits for who has locked it, and gives the row as that
 * one has left it, so it takes a snapshot of its own; with nowait it is error
 * 55P03 instead, and 0A000 where another server would have to be told.
 */
FCA_SET_FUNCTION(fca_get_by_id_for_update, ANYELEMENTOID,
				 ANYELEMENTOID, ANYCOMPATIBLEOID, BOOLOID);

Datum
fca_get_by_id_for_update(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaPlan    *plan;
	bool		nowait;

	fca_call_begin(&call, fcinfo, &fca_get_by_id_for_update_signature, &to_lock);
	fca_rows_begin(fcinfo);
	nowait = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	fca_plan_key_add(&call.query, nowait);
	read_id(&call, 1);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		fca_model_check(&call.model);
		fca_append_list(&call.query, id_text(&call), NULL, 0, &fca_one_row);
		appendStringInfo(&call.query.text, " FOR UPDATE OF r%s",
						 nowait ? " NOWAIT" : "");
		plan = fca_plan_keep(&call.query, 0);
	}
	if (nowait)
		fca_check_lockable(plan, &call.model, "NOWAIT");
	check_single(&call, fca_rows_append(fcinfo, plan, &call.query, false, &fca_one_row));
	SPI_finish();
	fca_call_end(&call);
	return (Datum) 0;
}

/* Writes "SELECT what FROM relation WHERE condition" and keeps it. */
static FcaPlan *
keep_test(FcaCall *call, const char *what, const char *condition, int options)
{
	appendStringInfo(&call->query.text, "SELECT %s FROM %s AS r", what,
					 fca_relation_text(&call->model));
	if (condition != NULL)
		appendStringInfo(&call->query.text, " WHERE %s", condition);
	return fca_plan_keep(&call->query, options);
}

/* count(model, filters) */
FCA_FUNCTION(fca_count, INT8OID, ANYELEMENTOID, JSONBOID);

Datum
fca_count(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaFilter  *filter;
	FcaPlan    *plan;
	Datum		count;
	bool		isnull;

	fca_call_begin(&call, fcinfo, &fca_count_signature, &fca_to_read);
	filter = fca_filter_read(&call.query, fcinfo, 1, false);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_test(&call, "pg_catalog.count(*)", fca_filter_text(filter), 0);
	fca_plan_run(plan, &call.query, true, 0, NULL);
	count = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	count = Int64GetDatum(DatumGetInt64(count));
	SPI_finish();
	fca_call_end(&call);
	return count;
}

/*
 * The planner's estimate for the very values of the call: so the plan is made
 * for them, and only the parsed query is kept.
 */
FCA_FUNCTION(fca_count_estimate, INT8OID, ANYELEMENTOID, JSONBOID);

Datum
fca_count_estimate(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaFilter  *filter;
	FcaPlan    *plan;
	double		rows;

	fca_call_begin(&call, fcinfo, &fca_count_estimate_signature, &fca_to_read);
	call.query.planned_for_values = true;
	filter = fca_filter_read(&call.query, fcinfo, 1, false);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_test(&call, "1", fca_filter_text(filter), CURSOR_OPT_CUSTOM_PLAN);
	rows = fca_plan_estimate(plan, &call.query);
	SPI_finish();
	fca_call_end(&call);
	PG_RETURN_INT64((int64) Min(rows, 9e18));
}

/* exists(model, id): is there such a row?  Reading stops at the first. */
FCA_FUNCTION(fca_exists, BOOLOID, ANYELEMENTOID, ANYCOMPATIBLEOID);

Datum
fca_exists(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaPlan    *plan;
	bool		found = false;

	fca_call_begin(&call, fcinfo, &fca_exists_signature, &fca_to_read);
	read_id(&call, 1);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_test(&call, "1", id_text(&call), 0);
	found = fca_plan_run(plan, &call.query, true, 1, None_Receiver) > 0;
	SPI_finish();
	fca_call_end(&call);
	PG_RETURN_BOOL(found);
}

/*
 * New rows
 */

/* A trigger or a rule may change how many there are; not so in silence. */
static void
check_created(const FcaModel *model, int64 given, int64 count)
{
	if (count < given)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("not all new rows of model %s were created", fca_model_name(model)),
				 errdetail("A trigger or rule of relation \"%s\" discarded " INT64_FORMAT " of " INT64_FORMAT ".",
						   RelationGetRelationName(model->rel),
						   given - count, given),
				 errtable(model->rel)));
	if (count > given)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more rows of model %s were created than were given",
						fca_model_name(model)),
				 errdetail("A rule of relation \"%s\" made " INT64_FORMAT " of " INT64_FORMAT ".",
						   RelationGetRelationName(model->rel), count, given),
				 errtable(model->rel)));
}

/*
 * Within SPI: the plan of the INSERT of one row, with its values; "row" is its
 * ordinal among many, or 0.  A default is worked out by the INSERT itself.
 */
static FcaPlan *
prepare_row(FcaCall *call, const List *assignments, int64 row)
{
	FcaPlan    *plan = fca_plan_find(&call->query);

	if (plan == NULL)
	{
		fca_model_check(&call->model);
		fca_append_new_row(&call->query, assignments);
		fca_append_returning(&call->query.text, &call->model);
		plan = fca_plan_keep(&call->query, 0);
	}
	fca_assignments_fill(&call->query, assignments, plan, row);
	return plan;
}

/*
 * create(model, data): inserts one row and gives it.  Where a trigger or a
 * rule makes another number of it, nothing is created (P0002, P0003).
 */
FCA_FUNCTION(fca_create, ANYELEMENTOID, ANYELEMENTOID, JSONBOID);

Datum
fca_create(PG_FUNCTION_ARGS)
{
	MemoryContext result_context = CurrentMemoryContext;
	FcaCall		call;
	List	   *assignments;
	FcaPlan    *plan;
	Datum		row = (Datum) 0;

	fca_call_begin(&call, fcinfo, &fca_create_signature, &to_create);
	fca_rows_check_type(fcinfo, &call.model);
	assignments = fca_assignments_read(&call.query, fca_object_argument(fcinfo, 1, "data"));
	SPI_connect();
	plan = prepare_row(&call, assignments, 0);
	check_created(&call.model, 1,
				  fca_rows_single(plan, &call.query, false, result_context, &row));
	SPI_finish();
	fca_call_end(&call);
	return row;
}

/* The only row of create_many(), by the plan of create(). */
static void
create_row(FcaCall *call, JsonbContainer *rows)
{
	JsonbIterator *it = NULL;
	JsonbValue	row;
	List	   *assignments;
	FcaPlan    *plan;

	(void) fca_json_next(rows, &it, NULL, &row);
	fca_check_row(1, &row);
	fca_query_begin(&call->query, &call->model, &fca_create_signature);
	assignments = fca_assignments_read(&call->query, row.val.binary.data);
	SPI_connect();
	plan = prepare_row(call, assignments, 1);
	check_created(&call->model, 1,
				  fca_rows_append(call->fcinfo, plan, &call->query, false, NULL));
	SPI_finish();
}

/*
 * Its rows, by one INSERT where that can be.  To read a value or to work out a
 * default may run what a domain or a column demands, so the privilege is
 * checked before.
 */
static void
create_batch(FcaCall *call, JsonbContainer *rows)
{
	FcaBatch	batch;
	FcaPlan    *plan;
	MemoryContext row_context;
	JsonbIterator *it = NULL;
	int64		ordinal = 0;
	int64		created = 0;

	fca_batch_begin(&batch, &call->query, rows, false);
	SPI_connect();
	plan = fca_batch_insert(&batch, tuplestore_begin_heap(false, false, work_mem),
							batch.count, NULL);
	fca_plan_check(plan);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "created row",
										ALLOCSET_DEFAULT_SIZES);
	while (fca_batch_fill(&batch, &it, &ordinal, !batch.in_turn))
	{
		created += fca_rows_append(call->fcinfo, plan, &call->query, false, NULL);
		fca_batch_empty(&batch);
		if (ordinal < batch.count)
		{
			/* a plan that the batch does not hold goes with this */
			MemoryContextReset(row_context);
			MemoryContextSwitchTo(row_context);
			plan = fca_batch_plan(&batch, NULL);
			fca_plan_check(plan);
		}
	}
	check_created(&call->model, batch.count, created);
	SPI_finish();
	fca_batch_end(&batch);
}

/*
 * create_many(model, rows): inserts all rows by one statement, all or none,
 * and gives them in that order.  Only where a default may depend on the rows
 * before is there a statement for each.  An empty array needs the privilege
 * too.
 */
FCA_SET_FUNCTION(fca_create_many, ANYELEMENTOID, ANYELEMENTOID, JSONBOID);

Datum
fca_create_many(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	JsonbContainer *rows;

	fca_call_begin(&call, fcinfo, &fca_create_many_signature, &to_create);
	fca_rows_begin(fcinfo);
	rows = fca_rows_argument(fcinfo, 1);
	if (JsonContainerSize(rows) == 1)
		create_row(&call, rows);
	else if (JsonContainerSize(rows) > 1)
		create_batch(&call, rows);
	fca_call_end(&call);
	return (Datum) 0;
}

/*
 * Changes
 */

/* UPDATE ... WHERE condition. */
static void
append_update(FcaCall *call, const List *assignments, const char *condition)
{
	appendStringInfo(&call->query.text, "UPDATE %s AS r",
					 fca_relation_text(&call->model));
	fca_append_set(&call->query, assignments, NIL, false);
	appendStringInfo(&call->query.text, " WHERE %s", condition);
}

/* An update by key; with "conditional" only while the third argument holds. */
static Datum
update_by_id(FunctionCallInfo fcinfo, const FcaSignature *signature, bool conditional)
{
	FcaCall		call;
	FcaFilter  *expected = NULL;
	List	   *assignments;
	FcaPlan    *plan;

	fca_call_begin(&call, fcinfo, signature, &to_update);
	fca_rows_begin(fcinfo);
	if (conditional)
		expected = fca_filter_read(&call.query, fcinfo, 2, false);
	assignments = fca_assignments_read(&call.query,
									   fca_object_argument(fcinfo, conditional ? 3 : 2, "data"));
	read_id(&call, 1);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		const char *condition = conditional ? fca_filter_text(expected) : NULL;

		fca_model_check(&call.model);
		append_update(&call, assignments, id_text(&call));
		if (condition != NULL)
			appendStringInfo(&call.query.text, " AND %s", condition);
		fca_append_returning(&call.query.text, &call.model);
		plan = fca_plan_keep(&call.query, 0);
	}
	fca_assignments_fill(&call.query, assignments, plan, 0);
	check_single(&call, fca_rows_append(fcinfo, plan, &call.query, false, NULL));
	SPI_finish();
	fca_call_end(&call);
	return (Datum) 0;
}

/*
 * update(model, id, data): sets the columns of data in the row with this key,
 * and gives it as it is then, or no row; P0003 where a view has two.
 */
FCA_SET_FUNCTION(fca_update, ANYELEMENTOID,
				 ANYELEMENTOID, ANYCOMPATIBLEOID, JSONBOID);

Datum
fca_update(PG_FUNCTION_ARGS)
{
	return update_by_id(fcinfo, &fca_update_signature, false);
}

/*
 * update_if(model, id, expected, data): the same only while the row matches
 * the filters of expected.  That is tested by the UPDATE itself, so of two
 * sessions that expect the same, one changes the row and the other gets none.
 */
FCA_SET_FUNCTION(fca_update_if, ANYELEMENTOID,
				 ANYELEMENTOID, ANYCOMPATIBLEOID, JSONBOID, JSONBOID);

Datum
fca_update_if(PG_FUNCTION_ARGS)
{
	return update_by_id(fcinfo, &fca_update_if_signature, true);
}

/*
 * update_many(model, filters, data): how many rows were changed.  Filters that
 * are true of every row are error 22023: that is more often a mistake than
 * meant.
 */
FCA_FUNCTION(fca_update_many, INT8OID, ANYELEMENTOID, JSONBOID, JSONBOID);

Datum
fca_update_many(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaFilter  *filter;
	List	   *assignments;
	FcaPlan    *plan;
	uint64		count;

	fca_call_begin(&call, fcinfo, &fca_update_many_signature, &to_update);
	filter = fca_filter_read(&call.query, fcinfo, 1, true);
	assignments = fca_assignments_read(&call.query, fca_object_argument(fcinfo, 2, "data"));

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		append_update(&call, assignments, fca_filter_text(filter));
		plan = fca_plan_keep(&call.query, 0);
	}
	fca_assignments_fill(&call.query, assignments, plan, 0);
	count = fca_plan_run(plan, &call.query, false, 0, NULL);
	SPI_finish();
	fca_call_end(&call);
	PG_RETURN_INT64(count);
}

/* Writes DELETE under a condition and keeps it. */
static FcaPlan *
keep_delete(FcaCall *call, const char *condition)
{
	appendStringInfo(&call->query.text, "DELETE FROM %s AS r WHERE %s",
					 fca_relation_text(&call->model), condition);
	return fca_plan_keep(&call->query, 0);
}

/* delete(model, id): was there such a row? */
FCA_FUNCTION(fca_delete, BOOLOID, ANYELEMENTOID, ANYCOMPATIBLEOID);

Datum
fca_delete(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaPlan    *plan;
	uint64		count = 0;

	fca_call_begin(&call, fcinfo, &fca_delete_signature, &to_delete);
	read_id(&call, 1);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_delete(&call, id_text(&call));
	count = fca_plan_run(plan, &call.query, false, 0, NULL);
	SPI_finish();
	check_single(&call, count);
	fca_call_end(&call);
	PG_RETURN_BOOL(count > 0);
}

/*
 * delete_many(model, filters): how many rows were deleted; filters as in
 * update_many.
 */
FCA_FUNCTION(fca_delete_many, INT8OID, ANYELEMENTOID, JSONBOID);

Datum
fca_delete_many(PG_FUNCTION_ARGS)
{
	FcaCall		call;
	FcaFilter  *filter;
	FcaPlan    *plan;
	uint64		count;

	fca_call_begin(&call, fcinfo, &fca_delete_many_signature, &to_delete);
	filter = fca_filter_read(&call.query, fcinfo, 1, true);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_delete(&call, fca_filter_text(filter));
	count = fca_plan_run(plan, &call.query, false, 0, NULL);
	SPI_finish();
	fca_call_end(&call);
	PG_RETURN_INT64(count);
}
