/*
 * batch.h
 *		New rows: from JSON objects into one INSERT.
 *
 * The objects become values of the relation's columns, in a tuplestore that the
 * INSERT reads as an ephemeral relation.  They may have different keys: where
 * one lacks a column that another gives, the column's default is worked out
 * here.
 */
#ifndef FCA_BATCH_H
#define FCA_BATCH_H

#include "compat.h"

#include "nodes/execnodes.h"
#include "utils/jsonb.h"
#include "utils/queryenvironment.h"
#include "utils/snapshot.h"
#include "utils/tuplestore.h"

#include "plan.h"
#include "value.h"

/* A column of the INSERT. */
typedef struct FcaNewColumn
{
	Form_pg_attribute column;
	FcaTypeInput *input;
	Expr	   *initial;		/* its default, where a row lacks it; or NULL */
	ExprState  *initial_state;	/* when it has been worked out once */
} FcaNewColumn;

/* The key that stood last at a position of an object, and its column. */
typedef struct FcaKnownKey
{
	char	   *name;
	int			length;
	int			attnum;
} FcaKnownKey;

typedef struct FcaBatch
{
	FcaQuery   *query;
	MemoryContext context;		/* lives as long as this */
	JsonbContainer *rows;		/* an array of objects; or: */
	JsonbContainer *row;		/* the only object */
	bool		lenient;		/* are bad keys and elements left to each row? */
	int64		count;			/* of the rows */
	FcaKnownKey *known;			/* by nth in an object */
	int			nknown;
	int64	   *given;			/* by attnum: in how many rows */
	int			ncolumns;
	FcaNewColumn *columns;
	int		   *position;		/* by attnum: in columns */
	bool		has_defaults;	/* is any of them worked out here? */
	bool		in_turn;		/* may one depend on the rows before? */
	Snapshot	snapshot;		/* of defaults */
	FcaHeldPlan held;			/* the INSERT's plan */
	EphemeralNamedRelation new_rows;	/* what the INSERT reads */
	TupleDesc	desc;			/* of the columns */
	ExprContext *econtext;		/* its memory is a row's */
	Datum	   *values;			/* of one row */
	bool	   *nulls;
	bool	   *has;
} FcaBatch;

/*
 * Looks through the rows for the columns that they give, which become part of
 * the plan's key.  "rows" is an array, or "row" the only object.  An element
 * that is no object is error 22023, a key that is no column 42703; with
 * "lenient", only when that row is read.
 */
extern void fca_batch_begin(FcaBatch *batch, FcaQuery *query,
							JsonbContainer *rows, JsonbContainer *row,
							bool lenient);
extern void fca_batch_end(FcaBatch *batch);

/* Error 22023 where an element of rows is no object. */
extern void fca_check_row(int64 ordinal, const JsonbValue *row);

/* Steps through the rows: start with *it = NULL and *ordinal = 0. */
extern bool fca_batch_next(FcaBatch *batch, JsonbIterator **it, int64 *ordinal,
						   JsonbValue *row);

/* Reads a row into the batch's values and nulls, in econtext's row memory. */
extern void fca_batch_read(FcaBatch *batch, int64 ordinal, const JsonbValue *row);

/*
 * Puts the next row, or all rows, into the store that the INSERT reads; false if
 * there is none.  *it and *ordinal are as of fca_batch_next().
 */
extern bool fca_batch_fill(FcaBatch *batch, JsonbIterator **it, int64 *ordinal,
						   bool all);

/*
 * Within SPI: the plan of the INSERT, which will read the store; RETURNING what is
 * said, or the row type's columns where that is NULL.
 */
extern FcaPlan *fca_batch_insert(FcaBatch *batch, Tuplestorestate *store,
								 int64 count, const char *returning);

/*
 * The plan alone, for the next row: the one in held, unless what the row before
 * has run, such as a trigger, has changed what it says or who runs it.
 */
extern FcaPlan *fca_batch_plan(FcaBatch *batch, const char *returning);

/* Gives the INSERT an empty store to read instead. */
extern void fca_batch_empty(FcaBatch *batch);

#endif							/* FCA_BATCH_H */
