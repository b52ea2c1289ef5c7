/*
 * rows.h
 *		Rows to the caller: the only code that hands them over.
 *
 * The executor writes a plan's rows straight into a tuplestore, through a
 * receiver that knows the row type which the caller expects: rows of another
 * shape are an error (42804), never a wrong column.
 */
#ifndef FCA_ROWS_H
#define FCA_ROWS_H

#include "compat.h"

#include "plan.h"

/*
 * Is the row type as the caller's statement knows it?  It may have begun before another
 * session added or dropped a column: no column must be told by its position then.
 */
extern void fca_rows_check_type(FunctionCallInfo fcinfo, const FcaModel *model);

/*
 * Error 0A000 where rows of another server would be locked: it is asked to lock
 * them, but not told to skip locked ones, or not to wait for them.
 */
extern void fca_check_lockable(const FcaPlan *plan, const FcaModel *model,
							   const char *clause);

/*
 * The limit where one row is expected: it takes in a second, which must show as
 * an error, and no more.
 */
extern const FcaLimit fca_one_row;

/* Begins a set-returning function's result, empty so far. */
extern void fca_rows_begin(FunctionCallInfo fcinfo);

/*
 * Runs the plan within SPI and appends its rows to the result, at most as many
 * as the limit says (NULL: all).  Gives their number.
 */
extern uint64 fca_rows_append(FunctionCallInfo fcinfo, FcaPlan *plan,
							  const FcaQuery *query, bool read_only,
							  const FcaLimit * limit);

/* Appends one row of values to the result. */
extern void fca_rows_add(FunctionCallInfo fcinfo, const Datum *values,
						 const bool *nulls);

/*
 * Runs a plan within SPI whose first row is wanted: it comes as a composite
 * value of the model's type in "context".  Gives the number of rows.
 */
extern uint64 fca_rows_single(FcaPlan *plan, const FcaQuery *query, bool read_only,
							  MemoryContext context, Datum *row);

#endif							/* FCA_ROWS_H */
