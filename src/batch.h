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
	JsonbContainer *rows;		/* an array of objects */
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

extern void fca_batch_begin(FcaBatch *batch, FcaQuery *query,
							JsonbContainer *rows, bool lenient);
extern void fca_batch_end(FcaBatch *batch);
extern void fca_check_row(int64 ordinal, const JsonbValue *row);
extern bool fca_batch_next(FcaBatch *batch, JsonbIterator **it, int64 *ordinal,
						   JsonbValue *row);
extern void fca_batch_read(FcaBatch *batch, int64 ordinal, const JsonbValue *row);
extern bool fca_batch_fill(FcaBatch *batch, JsonbIterator **it, int64 *ordinal,
						   bool all);
extern FcaPlan *fca_batch_insert(FcaBatch *batch, Tuplestorestate *store,
								 int64 count, const char *returning);
extern FcaPlan *fca_batch_plan(FcaBatch *batch, const char *returning);
extern void fca_batch_empty(FcaBatch *batch);

#endif							/* FCA_BATCH_H */
