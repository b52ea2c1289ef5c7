/*
 * assignment.c
 *		Columns that are set: {"column": value, ...} as parameters of a query.
 */
#include "compat.h"

#include "access/sysattr.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "assignment.h"
#include "value.h"

/*
 * The members of an object as parameters of the query, without their values:
 * List of FcaAssignment.  The columns become part of the plan's key.  Error
 * 42703 where a key is no column.
 */
List *
fca_assignments_read(FcaQuery *query, JsonbContainer *data)
{
	List	   *assignments = NIL;
	JsonbIterator *it = NULL;
	JsonbValue	key;
	JsonbValue	value;

	while (fca_json_next(data, &it, &key, &value))
	{
		FcaAssignment *assignment = palloc(sizeof(FcaAssignment));
		Form_pg_attribute column = fca_model_column(query->model, fca_json_string(&key));

		fca_plan_key_add_column(query, column);
		assignment->column = column;
		assignment->json = value;
		assignment->param = fca_query_param(query, column->atttypid, (Datum) 0, true);
		assignments = lappend(assignments, assignment);
	}
	fca_plan_key_add(query, InvalidAttrNumber); /* the end of the columns */
	return assignments;
}

/*
 * Within SPI: checks the privileges of the plan, and then gives the parameters
 * their values.  To read a value may run what its type demands, of a domain,
 * say: not for one who may not write it.  "row" is its ordinal, or 0.
 */
void
fca_assignments_fill(FcaQuery *query, const List *assignments, FcaPlan *plan,
					 int64 row)
{
	ListCell   *cell;

	fca_plan_check(plan);
	foreach(cell, assignments)
	{
		FcaAssignment *assignment = lfirst(cell);
		Form_pg_attribute column = assignment->column;
		NullableDatum *param = &query->params[assignment->param - 1];

		param->value = fca_input_value(fca_column_input(query->model, column, true),
									   &assignment->json, row, &param->isnull);
	}
}

/*
 * INSERT INTO relation AS r (columns) VALUES ($1, ...): what is not assigned
 * has its default.
 */
void
fca_append_new_row(FcaQuery *query, const List *assignments)
{
	StringInfo	text = &query->text;
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, assignments)
		columns = lappend(columns, ((FcaAssignment *) lfirst(cell))->column);
	fca_append_insert(query, columns);
	if (assignments == NIL)
		appendStringInfoString(text, " DEFAULT VALUES");
	foreach(cell, assignments)
		appendStringInfo(text, "%s$%d", foreach_current_index(cell) == 0 ? " VALUES (" : ", ",
						 ((FcaAssignment *) lfirst(cell))->param);
	if (assignments != NIL)
		appendStringInfoChar(text, ')');
}

/*
 * Can a column be set at all?  Not a generated one, nor an expression of a
 * view.
 */
static bool
is_settable(const FcaModel *model, Form_pg_attribute column)
{
	if (model->rel->rd_rel->relkind == RELKIND_VIEW)
		return (relation_is_updatable(RelationGetRelid(model->rel), NIL, true,
									  bms_make_singleton(column->attnum - FirstLowInvalidHeapAttributeNumber)) &
				(1 << CMD_UPDATE)) != 0;
	return column->attgenerated == '\0' &&
		column->attidentity != ATTRIBUTE_IDENTITY_ALWAYS;
}

/* Is this a column that now() can be put into? */
static bool
accepts_now(const FcaModel *model, Form_pg_attribute column)
{
	Oid			type = getBaseType(column->atttypid);

	return (type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID) &&
		is_settable(model, column);
}

/*
 * A column that can be set to itself, for an update that sets nothing else: so
 * its privileges, triggers and number of rows are those of any update.
 */
static Form_pg_attribute
settable_column(const FcaModel *model)
{
	for (int i = 0; i < model->rowdesc->natts; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(model->rowdesc, i);
		Form_pg_attribute column;

		if (wanted->attisdropped)
			continue;
		column = fca_model_column(model, NameStr(wanted->attname));
		if (is_settable(model, column))
			return column;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model %s has no column that can be changed", fca_model_name(model)),
			 errtable(model->rel)));
}

/*
 * " SET ..." of the assignments but those of the columns in "except": each to
 * its parameter, or with "excluded" to the row that was proposed; with
 * updated_at where the row type has it and the assignments do not.
 */
void
fca_append_set(FcaQuery *query, const List *assignments, const List *except,
			   bool excluded)
{
	StringInfo	text = &query->text;
	Form_pg_attribute updated_at = fca_model_find_column(query->model, "updated_at");
	const char *separator = " SET ";
	ListCell   *cell;

	foreach(cell, assignments)
	{
		FcaAssignment *assignment = lfirst(cell);
		const char *name = quote_identifier(NameStr(assignment->column->attname));

		if (updated_at != NULL && assignment->column->attnum == updated_at->attnum)
			updated_at = NULL;
		if (fca_has_column(except, assignment->column))
			continue;
		appendStringInfo(text, "%s%s = ", separator, name);
		if (excluded)
			appendStringInfo(text, "excluded.%s", name);
		else
			appendStringInfo(text, "$%d", assignment->param);
		separator = ", ";
	}
	if (updated_at != NULL && accepts_now(query->model, updated_at))
		appendStringInfo(text, "%s%s = pg_catalog.now()", separator,
						 quote_identifier(NameStr(updated_at->attname)));
	else if (strcmp(separator, " SET ") == 0)
	{
		Form_pg_attribute column = settable_column(query->model);

		appendStringInfo(text, " SET %s = %s",
						 quote_identifier(NameStr(column->attname)),
						 fca_column_text(column));
	}
}
