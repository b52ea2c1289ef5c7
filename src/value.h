/*
 * value.h
 *		JSON values become values of a column's type.
 *
 * A scalar goes through the type's input function, so that what fits, and the
 * error where it does not, are PostgreSQL's own; the error also names the
 * column, in its COLUMN field and its CONTEXT.
 */
#ifndef FCA_VALUE_H
#define FCA_VALUE_H

#include "compat.h"

#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "model.h"

typedef struct FcaTypeInput FcaTypeInput;

/*
 * How JSON becomes values of a type, for an argument of that name.  Lives in the
 * current memory context.
 */
extern FcaTypeInput * fca_input(Oid type, int32 typmod, const char *name);

/*
 * The same for a column of the model's relation, where the contract's values are
 * read as the labels of an enum.  What is not limited is to compare with: limits
 * of length and precision, and what domains demand, are not applied, at any depth.
 */
extern FcaTypeInput * fca_column_input(const FcaModel *model, Form_pg_attribute column,
									   bool is_limited);

/*
 * One value, in the current memory context.  A JSON null is an SQL NULL, which
 * a domain may refuse.  "row" is the ordinal of the row in a batch, or 0.
 */
extern Datum fca_input_value(FcaTypeInput * input, const JsonbValue *json, int64 row,
							 bool *isnull);

/*
 * The same from a value of a text-like type, to compare with: a number that no
 * value of the type can equal is NULL.
 */
extern Datum fca_input_text(FcaTypeInput * input, Oid type, Datum text, bool *isnull);

/*
 * Is this the text of a whole number below (-1) or above (1) all of an integer
 * type?  0 for all else.
 */
extern int	fca_beyond_integer(Oid type, const char *text);

/* The hint where a string was given that may hold the JSON which is meant. */
extern int	fca_hint_at_string(const JsonbValue *json);

/* What a JSON value is, for messages: "a string", "an object". */
extern const char *fca_json_kind(const JsonbValue *json);

/* The value of a whole jsonb argument. */
extern void fca_json_value(Jsonb *jsonb, JsonbValue *value);

/* Is it an object (or an array)? */
extern bool fca_json_is_object(const JsonbValue *json);
extern bool fca_json_is_array(const JsonbValue *json);

/* The text of a key or string, terminated. */
extern char *fca_json_string(const JsonbValue *json);

/*
 * Steps through the members of an object (key set) or the elements of an array
 * (key NULL).  Start with *it = NULL; false at the end.  Every loop over JSON
 * is one over this, and so can be interrupted.
 */
extern bool fca_json_next(JsonbContainer *container, JsonbIterator **it,
						  JsonbValue *key, JsonbValue *value);

#endif							/* FCA_VALUE_H */
