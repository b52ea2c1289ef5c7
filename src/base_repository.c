/*
 * base_repository.c
 *		CRUD for every model: any table's or view's row type, and the resources.
 *
 * Each function opens the model, reads its arguments into a query, and runs the
 * kept plan of the query's shape; the text is written only where there is none.
 * Reads use the snapshot of the calling statement; writes take their own, as
 * any statement of a VOLATILE function does.
 */
#include "compat.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"

#include "filter.h"
#include "model.h"
#include "plan.h"
#include "rows.h"
#include "sort.h"
#include "value.h"

PG_FUNCTION_INFO_V1(fca_create);
PG_FUNCTION_INFO_V1(fca_create_many);
PG_FUNCTION_INFO_V1(fca_get_by_id);
PG_FUNCTION_INFO_V1(fca_get_many);
PG_FUNCTION_INFO_V1(fca_get_all);
PG_FUNCTION_INFO_V1(fca_get_by_filters);
PG_FUNCTION_INFO_V1(fca_find_one);
PG_FUNCTION_INFO_V1(fca_count);
PG_FUNCTION_INFO_V1(fca_exists);
PG_FUNCTION_INFO_V1(fca_update);
PG_FUNCTION_INFO_V1(fca_update_many);
PG_FUNCTION_INFO_V1(fca_delete);
PG_FUNCTION_INFO_V1(fca_delete_many);

/* The name by which a query sees the new rows; it is no relation's. */
#define NEW_ROWS "fca_rows"

/* At most this many rows are read where one is expected: enough to see a second. */
static const FcaWindow one_row = {.count = 2};
static const FcaWindow all_rows = {0};

/* One call. */
typedef struct Call
{
	FunctionCallInfo fcinfo;
	FcaModel	model;
	FcaQuery	query;
} Call;

static void
begin_call(Call *call, FunctionCallInfo fcinfo, FcaOperation operation)
{
	const char *command = NULL;

	switch (operation)
	{
		case FCA_OP_CREATE:
			command = "INSERT";
			break;
		case FCA_OP_UPDATE:
		case FCA_OP_UPDATE_MANY:
			command = "UPDATE";
			break;
		case FCA_OP_DELETE:
		case FCA_OP_DELETE_MANY:
			command = "DELETE";
			break;
		default:
			break;
	}

	/*
	 * A standby refuses the lock of a write with another error than the
	 * write.  In a read-only transaction the executor refuses, since there a
	 * temporary table may be written.
	 */
	if (command != NULL)
		PreventCommandDuringRecovery(command);

	call->fcinfo = fcinfo;
	fca_model_open(&call->model, fcinfo, 0,
				   command != NULL ? RowExclusiveLock : AccessShareLock);
	fca_query_begin(&call->query, &call->model, operation);
}

static void
end_call(Call *call)
{
	fca_model_close(&call->model);
}

/* More rows than one under what should name one. */
static void
check_single(const Call *call, uint64 count, const char *what)
{
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of %s has that %s",
						fca_model_name(&call->model), what)));
}

/*
 * Ids
 */

/* The id argument becomes a parameter; false where it is NULL and finds nothing. */
static bool
read_id(Call *call, int argno)
{
	FunctionCallInfo fcinfo = call->fcinfo;

	fca_query_shape_column(&call->query, fca_model_key(&call->model));
	if (PG_ARGISNULL(argno))
		return false;
	fca_query_param(&call->query,
					getBaseType(get_fn_expr_argtype(fcinfo->flinfo, argno)),
					PG_GETARG_DATUM(argno), false);
	return true;
}

/* key = $n, where the id is the last parameter. */
static const char *
id_text(const Call *call)
{
	int			n = call->query.nparams;

	return fca_comparison_text(fca_model_key(&call->model), BTEqualStrategyNumber,
							   psprintf("$%d", n), call->query.types[n - 1]);
}

/*
 * Reads
 */

/* SELECT under a condition without order. */
static FcaPlan *
keep_select(Call *call, const char *condition)
{
	fca_model_check(&call->model);
	fca_append_list(&call->query, condition, NULL, 0, &all_rows);
	return fca_plan_keep(&call->query);
}

Datum
fca_get_by_id(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaPlan    *plan;

	begin_call(&call, fcinfo, FCA_OP_GET);
	fca_rows_begin(fcinfo);
	if (read_id(&call, 1))
	{
		SPI_connect();
		plan = fca_plan_find(&call.query);
		if (plan == NULL)
			plan = keep_select(&call, id_text(&call));
		check_single(&call, fca_rows_append(fcinfo, plan, &call.query, true, &one_row),
					 "key");
		SPI_finish();
	}
	end_call(&call);
	return (Datum) 0;
}

Datum
fca_get_many(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaPlan    *plan;

	begin_call(&call, fcinfo, FCA_OP_GET_MANY);
	fca_rows_begin(fcinfo);
	if (read_id(&call, 1))
	{
		SPI_connect();
		plan = fca_plan_find(&call.query);
		if (plan == NULL)
		{
			StringInfo	text = &call.query.text;

			fca_model_check(&call.model);
			appendStringInfoString(text, "SELECT ");
			fca_append_row(text, &call.model);
			appendStringInfo(text, " FROM pg_catalog.unnest($1) WITH ORDINALITY AS k(id, n)"
							 " JOIN %s AS r ON %s ORDER BY k.n",
							 fca_relation_text(&call.model),
							 fca_comparison_text(fca_model_key(&call.model),
												 BTEqualStrategyNumber, "k.id",
												 get_base_element_type(call.query.types[0])));
			plan = fca_plan_keep(&call.query);
		}
		fca_rows_append(fcinfo, plan, &call.query, true, &all_rows);
		SPI_finish();
	}
	end_call(&call);
	return (Datum) 0;
}

/* A list; its arguments are filters (where "filtered"), skip, max_rows, sort_by. */
static Datum
get_list(FunctionCallInfo fcinfo, bool filtered)
{
	Call		call;
	FcaFilter  *filter = NULL;
	FcaSort    *sort;
	FcaWindow	window;
	FcaPlan    *plan;
	int			argno = filtered ? 2 : 1;

	begin_call(&call, fcinfo, FCA_OP_LIST);
	fca_rows_begin(fcinfo);
	fca_query_shape(&call.query, filtered);
	if (filtered)
		filter = fca_filter_read(&call.query, fcinfo, 1, false);
	window = fca_query_window(&call.query, &fcinfo->args[argno],
							  &fcinfo->args[argno + 1]);
	sort = fca_sort_read(&call.query, fcinfo, argno + 2);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		fca_model_check(&call.model);
		fca_append_list(&call.query, filtered ? fca_filter_text(filter) : NULL,
						sort->keys, sort->nkeys, &window);
		plan = fca_plan_keep(&call.query);
	}
	fca_rows_append(fcinfo, plan, &call.query, true, &window);
	SPI_finish();
	end_call(&call);
	return (Datum) 0;
}

Datum
fca_get_all(PG_FUNCTION_ARGS)
{
	return get_list(fcinfo, false);
}

Datum
fca_get_by_filters(PG_FUNCTION_ARGS)
{
	return get_list(fcinfo, true);
}

Datum
fca_find_one(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaFilter  *filter;
	FcaPlan    *plan;

	begin_call(&call, fcinfo, FCA_OP_FIND_ONE);
	fca_rows_begin(fcinfo);
	filter = fca_filter_read(&call.query, fcinfo, 1, false);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_select(&call, fca_filter_text(filter));
	if (fca_rows_append(fcinfo, plan, &call.query, true, &one_row) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ROWS),
				 errmsg("more than one row of %s matches the filters",
						fca_model_name(&call.model)),
				 errhint("Give filters that only one row matches, or use get_by_filters.")));
	SPI_finish();
	end_call(&call);
	return (Datum) 0;
}

/* Writes "SELECT what FROM relation WHERE condition" and keeps it. */
static FcaPlan *
keep_test(Call *call, const char *what, const char *condition)
{
	appendStringInfo(&call->query.text, "SELECT %s FROM %s AS r", what,
					 fca_relation_text(&call->model));
	if (condition != NULL)
		appendStringInfo(&call->query.text, " WHERE %s", condition);
	return fca_plan_keep(&call->query);
}

Datum
fca_count(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaFilter  *filter;
	FcaPlan    *plan;
	Datum		count;
	bool		isnull;

	begin_call(&call, fcinfo, FCA_OP_COUNT);
	filter = fca_filter_read(&call.query, fcinfo, 1, false);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_test(&call, "pg_catalog.count(*)", fca_filter_text(filter));
	fca_plan_run(plan, &call.query, true, 0, NULL);
	count = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	count = Int64GetDatum(DatumGetInt64(count));
	SPI_finish();
	end_call(&call);
	return count;
}

Datum
fca_exists(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaPlan    *plan;
	bool		found = false;

	begin_call(&call, fcinfo, FCA_OP_EXISTS);
	if (read_id(&call, 1))
	{
		SPI_connect();
		plan = fca_plan_find(&call.query);
		if (plan == NULL)
			plan = keep_test(&call, "1", id_text(&call));
		found = fca_plan_run(plan, &call.query, true, 1, None_Receiver) > 0;
		SPI_finish();
	}
	end_call(&call);
	PG_RETURN_BOOL(found);
}

/*
 * New rows
 *
 * The JSON rows are turned into values of the relation's columns and put into a
 * tuplestore, which one INSERT reads as an ephemeral relation.  Rows may have
 * different keys: where a row lacks a column that another gives, the column's
 * default is worked out here.
 */
typedef struct NewColumn
{
	Form_pg_attribute column;
	FcaInput   *input;
	bool		absent;			/* in some row? */
	ExprState  *initial;		/* the default, where it is absent; or NULL */
} NewColumn;

/* The key that stood last at a place of an object, and its column. */
typedef struct KnownKey
{
	char	   *name;
	int			length;
	int			attnum;
} KnownKey;

typedef struct Batch
{
	Call	   *call;
	MemoryContext context;		/* lives as long as this */
	JsonbContainer *rows;		/* an array of objects, or: */
	JsonbContainer *row;		/* the only object */
	int64		count;
	KnownKey   *known;			/* by place in an object */
	int			nknown;
	int64	   *given;			/* by attnum: in how many rows */
	int			ncolumns;
	NewColumn  *columns;		/* by attnum order */
	int		   *position;		/* by attnum: in columns */
	TupleDesc	desc;
	Tuplestorestate *store;
} Batch;

/*
 * The attribute number of a key.  The objects of a batch mostly have the same
 * keys, which jsonb keeps in one order: so the key is most often the one that
 * the row before had at that place.
 */
static int
key_attnum(Batch *batch, int place, const JsonbValue *key)
{
	KnownKey   *known;

	if (place >= batch->nknown)
	{
		int			room = Max(batch->nknown * 2, 32);

		batch->known = batch->nknown == 0
			? MemoryContextAlloc(batch->context, sizeof(KnownKey) * room)
			: repalloc(batch->known, sizeof(KnownKey) * room);
		memset(batch->known + batch->nknown, 0,
			   sizeof(KnownKey) * (room - batch->nknown));
		batch->nknown = room;
	}

	known = &batch->known[place];
	if (known->name == NULL || known->length != key->val.string.len ||
		memcmp(known->name, key->val.string.val, known->length) != 0)
	{
		known->name = MemoryContextStrdup(batch->context, fca_json_string(key));
		known->length = key->val.string.len;
		known->attnum = fca_model_column(&batch->call->model, known->name)->attnum;
	}
	return known->attnum;
}

/* Steps through the rows; an element that is no object is an error. */
static bool
next_row(Batch *batch, JsonbIterator **it, int64 *ordinal, JsonbContainer **row)
{
	JsonbValue	value;

	CHECK_FOR_INTERRUPTS();
	if (batch->row != NULL)
	{
		*row = batch->row;
		return (*ordinal)++ == 0;
	}
	if (!fca_json_next(batch->rows, it, NULL, &value))
		return false;
	(*ordinal)++;
	if (!fca_json_is_object(&value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows must be an array of JSON objects"),
				 errdetail("Row " INT64_FORMAT " is %s.", *ordinal,
						   fca_json_kind(&value))));
	*row = value.val.binary.data;
	return true;
}

/* Counts the rows, and in how many of them each column is given. */
static void
survey_rows(Batch *batch)
{
	int			natts = RelationGetNumberOfAttributes(batch->call->model.rel);
	JsonbIterator *it = NULL;
	JsonbContainer *row;
	int64		ordinal = 0;

	batch->context = CurrentMemoryContext;
	batch->given = palloc0(sizeof(int64) * (natts + 1));
	while (next_row(batch, &it, &ordinal, &row))
	{
		JsonbIterator *keys = NULL;
		JsonbValue	key;
		JsonbValue	value;
		int			place = 0;

		while (fca_json_next(row, &keys, &key, &value))
			batch->given[key_attnum(batch, place++, &key)]++;
		batch->count++;
	}
}

/*
 * The default of a relation's column, as INSERT has it: a view's own, else that
 * of the column which the view shows, if the view is updated by itself.
 */
static Node *
column_default(Relation rel, AttrNumber attnum)
{
	Node	   *initial = build_column_default(rel, attnum);
	Query	   *view;
	TargetEntry *entry;
	RangeTblEntry *rte;
	Relation	base;

	if (initial != NULL || rel->rd_rel->relkind != RELKIND_VIEW ||
		(rel->trigdesc && rel->trigdesc->trig_insert_instead_row))
		return initial;

	view = get_view_query(rel);
	entry = list_nth(view->targetList, attnum - 1);
	if (list_length(view->rtable) == 0 || !IsA(entry->expr, Var) ||
		list_length(view->jointree->fromlist) != 1 ||
		!IsA(linitial(view->jointree->fromlist), RangeTblRef))
		return NULL;
	rte = rt_fetch(((Var *) entry->expr)->varno, view->rtable);
	if (rte->rtekind != RTE_RELATION || ((Var *) entry->expr)->varattno <= 0)
		return NULL;
	base = relation_open(rte->relid, AccessShareLock);
	initial = column_default(base, ((Var *) entry->expr)->varattno);
	relation_close(base, NoLock);
	return initial;
}

/* Which columns the INSERT has, and how each gets its values. */
static void
choose_columns(Batch *batch)
{
	Call	   *call = batch->call;
	TupleDesc	reldesc = RelationGetDescr(call->model.rel);

	batch->columns = palloc0(sizeof(NewColumn) * reldesc->natts);
	batch->position = palloc0(sizeof(int) * (reldesc->natts + 1));
	for (int i = 0; i < reldesc->natts; i++)
	{
		NewColumn  *new;

		if (batch->given[i + 1] == 0)
			continue;
		batch->position[i + 1] = batch->ncolumns;
		new = &batch->columns[batch->ncolumns++];
		new->column = TupleDescAttr(reldesc, i);
		new->input = fca_input(new->column->atttypid, new->column->atttypmod,
							   NameStr(new->column->attname));
		new->absent = batch->given[i + 1] < batch->count;
		if (new->absent)
		{
			Expr	   *initial = (Expr *) column_default(call->model.rel, i + 1);

			if (initial != NULL)
				new->initial = ExecInitExpr(expression_planner(initial), NULL);
		}
		fca_query_shape_column(&call->query, new->column);
	}

	batch->desc = CreateTemplateTupleDesc(batch->ncolumns);
	for (int i = 0; i < batch->ncolumns; i++)
		TupleDescCopyEntry(batch->desc, i + 1, reldesc,
						   batch->columns[i].column->attnum);
	TupleDescFinalize(batch->desc);
}

/* Turns each row into values and stores them. */
static void
store_rows(Batch *batch)
{
	Datum	   *values = palloc(sizeof(Datum) * (batch->ncolumns + 1));
	bool	   *nulls = palloc(sizeof(bool) * (batch->ncolumns + 1));
	bool	   *given = palloc(sizeof(bool) * (batch->ncolumns + 1));
	ExprContext *econtext = CreateStandaloneExprContext();
	MemoryContext row_context = econtext->ecxt_per_tuple_memory;
	JsonbIterator *it = NULL;
	JsonbContainer *row;
	JsonbValue	absent = {.type = jbvNull};
	int64		ordinal = 0;

	batch->store = tuplestore_begin_heap(false, false, work_mem);
	while (next_row(batch, &it, &ordinal, &row))
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);
		JsonbIterator *keys = NULL;
		JsonbValue	key;
		JsonbValue	value;
		int			place = 0;

		memset(given, false, sizeof(bool) * batch->ncolumns);
		while (fca_json_next(row, &keys, &key, &value))
		{
			int			i = batch->position[key_attnum(batch, place++, &key)];

			values[i] = fca_input_value(batch->columns[i].input, &value,
										batch->row != NULL ? 0 : ordinal, &nulls[i]);
			given[i] = true;
		}
		for (int i = 0; i < batch->ncolumns; i++)
			if (given[i])
				continue;
			else if (batch->columns[i].initial != NULL)
				values[i] = ExecEvalExpr(batch->columns[i].initial, econtext, &nulls[i]);
			else
				values[i] = fca_input_value(batch->columns[i].input, &absent,
											batch->row != NULL ? 0 : ordinal, &nulls[i]);
		tuplestore_putvalues(batch->store, batch->desc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	FreeExprContext(econtext, true);
}

/* Within SPI: the rows can be read under their name, and the INSERT's plan. */
static FcaPlan *
insert_plan(Batch *batch)
{
	Call	   *call = batch->call;
	StringInfo	text = &call->query.text;
	EphemeralNamedRelation rows = palloc0(sizeof(EphemeralNamedRelationData));
	FcaPlan    *plan;

	rows->md.name = NEW_ROWS;
	rows->md.tupdesc = batch->desc;
	rows->md.enrtype = ENR_NAMED_TUPLESTORE;
	rows->md.enrtuples = batch->count;
	rows->reldata = batch->store;
	if (SPI_register_relation(rows) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the new rows");

	plan = fca_plan_find(&call->query);
	if (plan != NULL)
		return plan;

	fca_model_check(&call->model);
	appendStringInfo(text, "INSERT INTO %s AS r", fca_relation_text(&call->model));
	for (int i = 0; i < batch->ncolumns; i++)
		appendStringInfo(text, "%s%s", i == 0 ? " (" : ", ",
						 quote_identifier(NameStr(batch->columns[i].column->attname)));
	if (batch->ncolumns > 0)
		appendStringInfoChar(text, ')');
	appendStringInfoString(text, " SELECT");
	for (int i = 0; i < batch->ncolumns; i++)
		appendStringInfo(text, "%s n.%s", i == 0 ? "" : ",",
						 quote_identifier(NameStr(batch->columns[i].column->attname)));
	appendStringInfoString(text, " FROM " NEW_ROWS " AS n RETURNING ");
	fca_append_row(text, &call->model);
	return fca_plan_keep(&call->query);
}

/* A trigger or a rule may discard a row; that must not pass in silence. */
static void
check_created(const Batch *batch, int64 count)
{
	if (count != batch->count)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg(INT64_FORMAT " of " INT64_FORMAT " rows of %s were not created",
						batch->count - count, batch->count,
						fca_model_name(&batch->call->model)),
				 errdetail("A trigger or rule of relation \"%s\" discarded them.",
						   RelationGetRelationName(batch->call->model.rel)),
				 errtable(batch->call->model.rel)));
}

/* An argument that must be a JSON object. */
static JsonbContainer *
object_argument(FunctionCallInfo fcinfo, int argno)
{
	JsonbValue	data = {.type = jbvNull};

	if (!PG_ARGISNULL(argno))
		fca_json_value(PG_GETARG_JSONB_P(argno), &data);
	if (!fca_json_is_object(&data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("data must be a JSON object"),
				 errdetail("data is %s.", fca_json_kind(&data))));
	return data.val.binary.data;
}

Datum
fca_create(PG_FUNCTION_ARGS)
{
	MemoryContext result_context = CurrentMemoryContext;
	Call		call;
	Batch		batch = {0};
	FcaPlan    *plan;
	Datum		row = (Datum) 0;
	bool		created;

	begin_call(&call, fcinfo, FCA_OP_CREATE);
	batch.call = &call;
	batch.row = object_argument(fcinfo, 1);
	survey_rows(&batch);
	choose_columns(&batch);
	store_rows(&batch);

	SPI_connect();
	plan = insert_plan(&batch);
	created = fca_rows_single(plan, &call.query, false, result_context, &row);
	SPI_finish();
	check_created(&batch, created ? 1 : 0);

	tuplestore_end(batch.store);
	end_call(&call);
	return row;
}

Datum
fca_create_many(PG_FUNCTION_ARGS)
{
	Call		call;
	Batch		batch = {0};
	JsonbValue	rows = {.type = jbvNull};

	begin_call(&call, fcinfo, FCA_OP_CREATE);
	fca_rows_begin(fcinfo);
	if (!PG_ARGISNULL(1))
		fca_json_value(PG_GETARG_JSONB_P(1), &rows);
	if (!fca_json_is_array(&rows))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows must be an array of JSON objects"),
				 errdetail("rows is %s.", fca_json_kind(&rows))));

	batch.call = &call;
	batch.rows = rows.val.binary.data;
	survey_rows(&batch);
	if (batch.count > 0)
	{
		choose_columns(&batch);
		store_rows(&batch);
		SPI_connect();
		check_created(&batch,
					  fca_rows_append(fcinfo, insert_plan(&batch), &call.query,
									  false, NULL));
		SPI_finish();
		tuplestore_end(batch.store);
	}
	end_call(&call);
	return (Datum) 0;
}

/*
 * Changes
 */

/* A column and the parameter that it is set to. */
typedef struct Assignment
{
	Form_pg_attribute column;
	int			param;
} Assignment;

/* The data of an update: its values become parameters. */
static List *
read_assignments(Call *call, int argno)
{
	JsonbContainer *data = object_argument(call->fcinfo, argno);
	List	   *assignments = NIL;
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;

	while (fca_json_next(data, &it, &key, &value))
	{
		Assignment *assignment = palloc(sizeof(Assignment));
		Form_pg_attribute column = fca_model_column(&call->model, fca_json_string(&key));
		bool		isnull;
		Datum		datum = fca_input_value(fca_input(column->atttypid, column->atttypmod,
													  NameStr(column->attname)),
											&value, 0, &isnull);

		fca_query_shape_column(&call->query, column);
		assignment->column = column;
		assignment->param = fca_query_param(&call->query, column->atttypid, datum, isnull);
		assignments = lappend(assignments, assignment);
	}
	fca_query_shape(&call->query, InvalidAttrNumber);	/* the end of the columns */
	return assignments;
}

/* Is this a column that now() can be put into? */
static bool
takes_time(Form_pg_attribute column)
{
	Oid			type = getBaseType(column->atttypid);

	return column->attgenerated == '\0' &&
		(type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID);
}

/*
 * UPDATE relation SET ...: with updated_at where T has it and the data does not
 * give it.  Where nothing is left to set, a column is set to itself, so that
 * privileges, triggers and the number of rows are those of any update.
 */
static void
append_update(Call *call, List *assignments)
{
	StringInfo	text = &call->query.text;
	Form_pg_attribute updated_at = fca_model_find_column(&call->model, "updated_at");
	const char *separator = " SET ";
	ListCell   *cell;

	appendStringInfo(text, "UPDATE %s AS r", fca_relation_text(&call->model));
	foreach(cell, assignments)
	{
		Assignment *assignment = lfirst(cell);

		appendStringInfo(text, "%s%s = $%d", separator,
						 quote_identifier(NameStr(assignment->column->attname)),
						 assignment->param);
		separator = ", ";
		if (assignment->column == updated_at)
			updated_at = NULL;
	}
	if (updated_at != NULL && takes_time(updated_at))
	{
		appendStringInfo(text, "%s%s = pg_catalog.now()", separator,
						 quote_identifier(NameStr(updated_at->attname)));
		return;
	}
	if (assignments != NIL)
		return;

	for (int i = 0; i < call->model.rowdesc->natts; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(call->model.rowdesc, i);
		Form_pg_attribute column;

		if (wanted->attisdropped)
			continue;
		column = fca_model_column(&call->model, NameStr(wanted->attname));
		if (column->attgenerated != '\0' || column->attidentity == 'a')
			continue;
		appendStringInfo(text, " SET %s = %s",
						 quote_identifier(NameStr(column->attname)),
						 fca_column_text(column));
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s has no column that can be changed",
					fca_model_name(&call->model))));
}

Datum
fca_update(PG_FUNCTION_ARGS)
{
	Call		call;
	List	   *assignments;
	FcaPlan    *plan;

	begin_call(&call, fcinfo, FCA_OP_UPDATE);
	fca_rows_begin(fcinfo);
	assignments = read_assignments(&call, 2);
	if (read_id(&call, 1))
	{
		SPI_connect();
		plan = fca_plan_find(&call.query);
		if (plan == NULL)
		{
			fca_model_check(&call.model);
			append_update(&call, assignments);
			appendStringInfo(&call.query.text, " WHERE %s RETURNING ", id_text(&call));
			fca_append_row(&call.query.text, &call.model);
			plan = fca_plan_keep(&call.query);
		}
		check_single(&call, fca_rows_append(fcinfo, plan, &call.query, false, NULL),
					 "key");
		SPI_finish();
	}
	end_call(&call);
	return (Datum) 0;
}

Datum
fca_update_many(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaFilter  *filter;
	List	   *assignments;
	FcaPlan    *plan;
	uint64		count;

	begin_call(&call, fcinfo, FCA_OP_UPDATE_MANY);
	filter = fca_filter_read(&call.query, fcinfo, 1, true);
	assignments = read_assignments(&call, 2);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
	{
		append_update(&call, assignments);
		appendStringInfo(&call.query.text, " WHERE %s", fca_filter_text(filter));
		plan = fca_plan_keep(&call.query);
	}
	count = fca_plan_run(plan, &call.query, false, 0, NULL);
	SPI_finish();
	end_call(&call);
	PG_RETURN_INT64(count);
}

/* Writes DELETE under a condition and keeps it. */
static FcaPlan *
keep_delete(Call *call, const char *condition)
{
	appendStringInfo(&call->query.text, "DELETE FROM %s AS r WHERE %s",
					 fca_relation_text(&call->model), condition);
	return fca_plan_keep(&call->query);
}

Datum
fca_delete(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaPlan    *plan;
	uint64		count = 0;

	begin_call(&call, fcinfo, FCA_OP_DELETE);
	if (read_id(&call, 1))
	{
		SPI_connect();
		plan = fca_plan_find(&call.query);
		if (plan == NULL)
			plan = keep_delete(&call, id_text(&call));
		count = fca_plan_run(plan, &call.query, false, 0, NULL);
		SPI_finish();
		check_single(&call, count, "key");
	}
	end_call(&call);
	PG_RETURN_BOOL(count > 0);
}

Datum
fca_delete_many(PG_FUNCTION_ARGS)
{
	Call		call;
	FcaFilter  *filter;
	FcaPlan    *plan;
	uint64		count;

	begin_call(&call, fcinfo, FCA_OP_DELETE_MANY);
	filter = fca_filter_read(&call.query, fcinfo, 1, true);

	SPI_connect();
	plan = fca_plan_find(&call.query);
	if (plan == NULL)
		plan = keep_delete(&call, fca_filter_text(filter));
	count = fca_plan_run(plan, &call.query, false, 0, NULL);
	SPI_finish();
	end_call(&call);
	PG_RETURN_INT64(count);
}
