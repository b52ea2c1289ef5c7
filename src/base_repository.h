/*
 * base_repository.h
 *		What the functions of the base repository share: one call.
 */
#ifndef FCA_BASE_REPOSITORY_H
#define FCA_BASE_REPOSITORY_H

#include "compat.h"

#include "utils/jsonb.h"

#include "filter.h"
#include "plan.h"
#include "query.h"
#include "value.h"

/* One call of a function whose first argument is the model. */
typedef struct FcaCall
{
	FunctionCallInfo fcinfo;
	FcaModel	model;
	FcaQuery	query;
} FcaCall;

/*
 * Opens the model with the lock that the operation needs.  A write on a standby
 * or in a read-only transaction is error 25006, a privilege that the caller has
 * on no column 42501.
 */
extern void fca_call_begin(FcaCall *call, FunctionCallInfo fcinfo,
						   FcaOperation operation);
extern void fca_call_end(FcaCall *call);

/* An argument that must be a JSON object, or an array of objects: else 22023. */
extern JsonbContainer *fca_object_argument(FunctionCallInfo fcinfo, int argno);
extern JsonbContainer *fca_rows_argument(FunctionCallInfo fcinfo, int argno);

/* A column and the parameter that it is set to. */
typedef struct FcaAssignment
{
	Form_pg_attribute column;
	int			param;
	JsonbValue	json;
} FcaAssignment;

/*
 * The members of an object as parameters of the query, without their values;
 * List of FcaAssignment.
 */
extern List *fca_assignments_read(FcaQuery *query, JsonbContainer *data);

/*
 * Within SPI: checks the privileges of the plan, and then gives the parameters
 * their values.  To read a value may run what its type demands, of a domain,
 * say: not for one who may not write it.  "row" is its ordinal, or 0.
 */
extern void fca_assignments_fill(FcaQuery *query, const List *assignments,
								 FcaPlan *plan, int64 row);

/*
 * " SET ..." of the assignments but those of the columns in "except": each to
 * its parameter, or with "excluded" to the row that was proposed; with
 * updated_at where T has it and the assignments do not.
 */
extern void fca_append_set(FcaQuery *query, const List *assignments,
						   const List *except, bool excluded);

#endif							/* FCA_BASE_REPOSITORY_H */
