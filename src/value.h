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

extern FcaTypeInput *fca_input(Oid type, int32 typmod, const char *name);
extern FcaTypeInput *fca_column_input(const FcaModel *model, Form_pg_attribute column,
									  bool is_limited);
extern Datum fca_input_value(FcaTypeInput *input, const JsonbValue *json, int64 row,
							 bool *isnull);
extern Datum fca_input_text(FcaTypeInput *input, Oid type, Datum text, bool *isnull);
extern int	fca_beyond_integer(Oid type, const char *text);
extern int	fca_hint_at_string(const JsonbValue *json);
extern const char *fca_json_kind(const JsonbValue *json);
extern void fca_json_value(Jsonb *jsonb, JsonbValue *value);
extern bool fca_json_is_object(const JsonbValue *json);
extern bool fca_json_is_array(const JsonbValue *json);
extern char *fca_json_string(const JsonbValue *json);
extern bool fca_json_next(JsonbContainer *container, JsonbIterator **it,
						  JsonbValue *key, JsonbValue *value);

#endif							/* FCA_VALUE_H */
