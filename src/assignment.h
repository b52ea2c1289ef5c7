/*
 * assignment.h
 *		Columns that are set: {"column": value, ...} as parameters of a query.
 */
#ifndef FCA_ASSIGNMENT_H
#define FCA_ASSIGNMENT_H

#include "compat.h"

#include "utils/jsonb.h"

#include "plan.h"
#include "query.h"

/* A column and the parameter that it is set to. */
typedef struct FcaAssignment
{
	Form_pg_attribute column;
	int			param;
	JsonbValue	json;
} FcaAssignment;

extern List *fca_assignments_read(FcaQuery *query, JsonbContainer *data);
extern void fca_assignments_fill(FcaQuery *query, const List *assignments,
								 FcaPlan *plan, int64 row);
extern void fca_append_new_row(FcaQuery *query, const List *assignments);
extern void fca_append_set(FcaQuery *query, const List *assignments,
						   const List *except, bool excluded);

#endif							/* FCA_ASSIGNMENT_H */
