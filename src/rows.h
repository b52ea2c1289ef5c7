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

extern void fca_rows_check_type(FunctionCallInfo fcinfo, const FcaModel *model);
extern void fca_check_lockable(const FcaPlan *plan, const FcaModel *model,
							   const char *clause);

/*
 * The limit where one row is expected: it takes in a second, which must show
 * as an error, and no more.
 */
extern const FcaLimit fca_one_row;

extern void fca_rows_begin(FunctionCallInfo fcinfo);
extern uint64 fca_rows_append(FunctionCallInfo fcinfo, FcaPlan *plan,
							  const FcaQuery *query, bool read_only,
							  const FcaLimit *limit);
extern void fca_rows_add(FunctionCallInfo fcinfo, const Datum *values,
						 const bool *nulls);
extern uint64 fca_rows_single(FcaPlan *plan, const FcaQuery *query, bool read_only,
							  MemoryContext context, Datum *row);

#endif							/* FCA_ROWS_H */
