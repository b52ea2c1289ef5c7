/*
 * batch.c
 *		New rows: from JSON objects into one INSERT.
 */
#include "compat.h"

#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "batch.h"

/* The name by which the INSERT sees the new rows; it is no relation's. */
#define NEW_ROWS "fca_rows"

/*
 * Can a new row give the column a value?  Not if the database alone makes it.
 */
static bool
is_insertable(Form_pg_attribute column)
{
	return column->attgenerated == '\0' &&
		column->attidentity != ATTRIBUTE_IDENTITY_ALWAYS;
}

/*
 * The attribute number of a key; 0 where it is no column and that is no
 * error.  Most objects of a batch have the same keys, and jsonb keeps them in
 * one order: so a key is most often the one that stood at this position in the
 * row before.
 */
static int
key_attnum(FcaBatch *batch, int nth, const JsonbValue *key, bool missing_ok)
{
	const FcaModel *model = batch->query->model;
	FcaKnownKey *known;

	if (nth >= batch->nknown)
	{
		int			room = Max(batch->nknown * 2, 32);

		batch->known = batch->nknown == 0
			? MemoryContextAlloc(batch->context, sizeof(FcaKnownKey) * room)
			: repalloc(batch->known, sizeof(FcaKnownKey) * room);
		memset(batch->known + batch->nknown, 0,
			   sizeof(FcaKnownKey) * (room - batch->nknown));
		batch->nknown = room;
	}

	known = &batch->known[nth];
	if (known->name == NULL || known->length != key->val.string.len ||
		memcmp(known->name, key->val.string.val, known->length) != 0)
	{
		char	   *name = fca_json_string(key);
		Form_pg_attribute column = missing_ok
		? fca_model_find_column(model, name) : fca_model_column(model, name);

		if (column == NULL || (missing_ok && !is_insertable(column)))
			return 0;
		if (known->name != NULL)
			pfree(known->name);
		known->name = MemoryContextStrdup(batch->context, name);
		known->length = key->val.string.len;
		known->attnum = column->attnum;
	}
	return known->attnum;
}

/* Steps through the rows: start with *it = NULL and *ordinal = 0. */
bool
fca_batch_next(FcaBatch *batch, JsonbIterator **it, int64 *ordinal,
			   JsonbValue *row)
{
	(*ordinal)++;
	return fca_json_next(batch->rows, it, NULL, row);
}

/* Error 22023 where an element of rows is no object. */
void
fca_check_row(int64 ordinal, const JsonbValue *row)
{
	if (!fca_json_is_object(row))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("row " INT64_FORMAT " must be a JSON object, not %s",
						ordinal, fca_json_kind(row)),
				 fca_hint_at_string(row)));
}

/* Counts the rows, and in how many of them each column is given. */
static void
survey_rows(FcaBatch *batch)
{
	int			natts = RelationGetNumberOfAttributes(batch->query->model->rel);
	JsonbIterator *it = NULL;
	JsonbValue	row;
	int64		ordinal = 0;

	batch->given = palloc0(sizeof(int64) * (natts + 1));
	while (fca_batch_next(batch, &it, &ordinal, &row))
	{
		JsonbIterator *keys = NULL;
		JsonbValue	key;
		JsonbValue	value;
		int			nth = 0;

		batch->count++;
		if (batch->lenient && !fca_json_is_object(&row))
			continue;
		fca_check_row(ordinal, &row);
		while (fca_json_next(row.val.binary.data, &keys, &key, &value))
			batch->given[key_attnum(batch, nth++, &key, batch->lenient)]++;
	}
}

/* Does a trigger or a rule do something else instead of an INSERT? */
static bool
has_instead_of_insert(Relation view)
{
	if (view->trigdesc && view->trigdesc->trig_insert_instead_row)
		return true;
	for (int i = 0; i < view->rd_rules->numLocks; i++)
		if (view->rd_rules->rules[i]->event == CMD_INSERT &&
			view->rd_rules->rules[i]->isInstead)
			return true;
	return false;
}

/* Has a relation triggers of the user's for each row that is inserted? */
static bool
has_row_triggers(Relation rel)
{
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal &&
			TRIGGER_FOR_ROW(triggers->triggers[i].tgtype) &&
			TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype))
			return true;
	return false;
}

/*
 * The default of a relation's column, as INSERT has it: a view's own, else
 * that of the column which the view shows, if the view is updated by itself.
 * Tells also if triggers are on the way, or could be below a default of the
 * view's own.
 */
static Node *
column_default(Relation rel, AttrNumber attnum, bool *triggers)
{
	Node	   *initial;
	Query	   *view;
	TargetEntry *entry;
	RangeTblEntry *rte;
	Relation	base;

	/* a generated column has an expression, but no default */
	if (TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated != '\0')
		return NULL;
	initial = build_column_default(rel, attnum);
	*triggers = *triggers || has_row_triggers(rel) ||
		(initial != NULL && rel->rd_rel->relkind == RELKIND_VIEW);
	if (initial != NULL || rel->rd_rel->relkind != RELKIND_VIEW ||
		has_instead_of_insert(rel))
		return initial;

	view = get_view_query(rel);
	entry = list_nth(view->targetList, attnum - 1);
	if (!IsA(entry->expr, Var) || list_length(view->jointree->fromlist) != 1 ||
		!IsA(linitial(view->jointree->fromlist), RangeTblRef))
		return NULL;
	rte = rt_fetch(((Var *) entry->expr)->varno, view->rtable);
	if (rte->rtekind != RTE_RELATION || ((Var *) entry->expr)->varattno <= 0)
		return NULL;
	base = relation_open(rte->relid, AccessShareLock);
	initial = column_default(base, ((Var *) entry->expr)->varattno, triggers);
	relation_close(base, NoLock);
	return initial;
}

static bool
sees_rows_function(Oid function, void *context)
{
	if (function >= FirstNormalObjectId)
		return func_volatile(function) == PROVOLATILE_VOLATILE;
	return function == F_CURRVAL || function == F_LASTVAL ||
		(function == F_NEXTVAL && *(bool *) context);
}

/*
 * Could a default see what the rows before its own have done, or a trigger
 * what the defaults of later rows have?  A function of the user's could do
 * anything; currval() and lastval() tell what a sequence gave last; and what
 * nextval() has given shows to triggers.
 */
static bool
sees_rows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, NextValueExpr))
		return *(bool *) context;
	return check_functions_in_node(node, sees_rows_function, context) ||
		expression_tree_walker(node, sees_rows, context);
}

/* Which columns the INSERT has, and how each gets its values. */
static void
choose_columns(FcaBatch *batch)
{
	Relation	rel = batch->query->model->rel;
	TupleDesc	reldesc = RelationGetDescr(rel);

	batch->columns = palloc0(sizeof(FcaNewColumn) * reldesc->natts);
	batch->position = palloc0(sizeof(int) * (reldesc->natts + 1));
	for (int i = 0; i < reldesc->natts; i++)
	{
		FcaNewColumn *new;

		if (batch->given[i + 1] == 0)
			continue;
		batch->position[i + 1] = batch->ncolumns;
		new = &batch->columns[batch->ncolumns++];
		new->column = TupleDescAttr(reldesc, i);
		new->input = fca_column_input(batch->query->model, new->column, true);
		if (batch->given[i + 1] < batch->count)
		{
			bool		triggers = false;

			new->initial = (Expr *) column_default(rel, i + 1, &triggers);
			if (new->initial != NULL)
				batch->has_defaults = true;
			if (sees_rows((Node *) new->initial, &triggers))
				batch->in_turn = true;
		}
		fca_plan_key_add_column(batch->query, new->column);
	}
	/* the end of the columns */
	fca_plan_key_add(batch->query, InvalidAttrNumber);

	batch->desc = CreateTemplateTupleDesc(batch->ncolumns);
	for (int i = 0; i < batch->ncolumns; i++)
		TupleDescCopyEntry(batch->desc, i + 1, reldesc,
						   batch->columns[i].column->attnum);
	TupleDescFinalize(batch->desc);
}

/*
 * Looks through the rows for the columns that they give, which become part of
 * the plan's key.  An element of the array that is no object is error 22023, a
 * key that is no column 42703; with "lenient", only when that row is read.
 */
void
fca_batch_begin(FcaBatch *batch, FcaQuery *query, JsonbContainer *rows, bool lenient)
{
	memset(batch, 0, sizeof(FcaBatch));
	batch->query = query;
	batch->context = CurrentMemoryContext;
	batch->rows = rows;
	batch->lenient = lenient;
	survey_rows(batch);
	choose_columns(batch);
	batch->values = palloc(sizeof(Datum) * (batch->ncolumns + 1));
	batch->nulls = palloc(sizeof(bool) * (batch->ncolumns + 1));
	batch->has = palloc(sizeof(bool) * (batch->ncolumns + 1));
	batch->econtext = CreateStandaloneExprContext();
	fca_held_plan_begin(&batch->held);

	/*
	 * The snapshot for STABLE defaults, as if all were of one INSERT.  It is
	 * registered from a pushed copy, since that of a REPEATABLE READ
	 * transaction itself would move on with its commands.
	 */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	batch->snapshot = RegisterSnapshot(GetActiveSnapshot());
	PopActiveSnapshot();
}

/* Gives back what fca_batch_begin() registered; not needed after an error. */
void
fca_batch_end(FcaBatch *batch)
{
	UnregisterSnapshot(batch->snapshot);
	FreeExprContext(batch->econtext, true);
}

/*
 * A column's default for the row that is read.  Preparing the expression may
 * already call a function, so it waits until a row needs it.
 */
static Datum
default_value(FcaBatch *batch, FcaNewColumn *new, bool *isnull)
{
	Datum		value;

	if (new->initial_state == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(batch->context);

		new->initial_state = ExecInitExpr(expression_planner(new->initial), NULL);
		MemoryContextSwitchTo(old);
	}
	PushActiveSnapshot(batch->snapshot);
	value = ExecEvalExpr(new->initial_state, batch->econtext, isnull);
	PopActiveSnapshot();
	return value;
}

/*
 * What the INSERT of all rows would say of a generated column is the error of
 * this row alone.
 */
static void
check_insertable(const FcaBatch *batch, int attnum)
{
	Relation	rel = batch->query->model->rel;
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

	if (!is_insertable(column))
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("cannot insert a non-DEFAULT value into column \"%s\"",
						NameStr(column->attname)),
				 errtablecol(rel, attnum)));
}

/* Reads a row into the batch's values and nulls, in econtext's row memory. */
void
fca_batch_read(FcaBatch *batch, int64 ordinal, const JsonbValue *row)
{
	MemoryContext old;
	JsonbIterator *keys = NULL;
	JsonbValue	key;
	JsonbValue	value;
	JsonbValue	absent = {.type = jbvNull};
	int			nth = 0;

	fca_check_row(ordinal, row);
	ResetExprContext(batch->econtext);
	old = MemoryContextSwitchTo(batch->econtext->ecxt_per_tuple_memory);
	memset(batch->has, false, sizeof(bool) * batch->ncolumns);
	while (fca_json_next(row->val.binary.data, &keys, &key, &value))
	{
		int			attnum = key_attnum(batch, nth++, &key, false);
		int			i = batch->position[attnum];

		if (batch->lenient)
			check_insertable(batch, attnum);
		batch->values[i] = fca_input_value(batch->columns[i].input, &value, ordinal,
										   &batch->nulls[i]);
		batch->has[i] = true;
	}
	for (int i = 0; i < batch->ncolumns; i++)
		if (batch->has[i])
			continue;
		else if (batch->columns[i].initial != NULL)
			batch->values[i] = default_value(batch, &batch->columns[i], &batch->nulls[i]);
		else
			batch->values[i] = fca_input_value(batch->columns[i].input, &absent, ordinal,
											   &batch->nulls[i]);
	MemoryContextSwitchTo(old);
}

/*
 * Puts the next row, or all rows, into the store that the INSERT reads; false
 * if there is none.  *it and *ordinal are as of fca_batch_next().
 */
bool
fca_batch_fill(FcaBatch *batch, JsonbIterator **it, int64 *ordinal, bool all)
{
	JsonbValue	row;
	bool		found = false;

	/* at its end the iterator would begin again */
	while ((all || !found) && *ordinal < batch->count &&
		   fca_batch_next(batch, it, ordinal, &row))
	{
		found = true;
		fca_batch_read(batch, *ordinal, &row);
		tuplestore_putvalues((Tuplestorestate *) batch->new_rows->reldata, batch->desc,
							 batch->values, batch->nulls);
	}
	return found;
}

/* Gives the INSERT an empty store to read instead. */
void
fca_batch_empty(FcaBatch *batch)
{
	MemoryContext old = MemoryContextSwitchTo(batch->context);

	tuplestore_end((Tuplestorestate *) batch->new_rows->reldata);
	batch->new_rows->reldata = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(old);
}

/*
 * Within SPI: the plan of the INSERT, which will read the store; RETURNING
 * what is said, or the row type's columns where that is NULL.
 */
FcaPlan *
fca_batch_insert(FcaBatch *batch, Tuplestorestate *store, int64 count,
				 const char *returning)
{
	EphemeralNamedRelation rows = palloc0(sizeof(EphemeralNamedRelationData));

	rows->md.name = NEW_ROWS;
	rows->md.tupdesc = batch->desc;
	rows->md.enrtype = ENR_NAMED_TUPLESTORE;
	rows->md.enrtuples = count;
	rows->reldata = store;
	batch->new_rows = rows;
	if (SPI_register_relation(rows) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the new rows");
	return fca_batch_plan(batch, returning);
}

/*
 * The plan alone, for the next row: the held one, unless what the row before
 * has run, such as a trigger, has changed what it says or who runs it.
 */
FcaPlan *
fca_batch_plan(FcaBatch *batch, const char *returning)
{
	FcaQuery   *query = batch->query;
	StringInfo	text = &query->text;
	List	   *columns = NIL;
	FcaPlan    *plan = fca_held_plan_find(&batch->held, query);

	if (plan != NULL)
		return fca_held_plan_replace(&batch->held, plan);

	fca_model_check(query->model);
	resetStringInfo(text);
	for (int i = 0; i < batch->ncolumns; i++)
		columns = lappend(columns, batch->columns[i].column);
	fca_append_insert(query, columns);
	appendStringInfoString(text, " SELECT");
	for (int i = 0; i < batch->ncolumns; i++)
		appendStringInfo(text, "%s n.%s", i == 0 ? "" : ",",
						 quote_identifier(NameStr(batch->columns[i].column->attname)));
	appendStringInfoString(text, " FROM " NEW_ROWS " AS n");
	if (returning != NULL)
		appendStringInfo(text, " RETURNING %s", returning);
	else
		fca_append_returning(text, query->model);
	return fca_held_plan_replace(&batch->held, fca_plan_keep(query, 0));
}
