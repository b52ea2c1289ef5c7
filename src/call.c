/*
 * call.c
 *		A call: what every function whose first argument is a model begins and
 *		ends with.
 */
#include "compat.h"

#include "catalog/namespace.h"
#include "miscadmin.h"

#include "call.h"
#include "value.h"

const FcaAccess fca_to_read = {AccessShareLock, ACL_SELECT};

/*
 * Compares the function with its signature, opens the model with the lock that
 * it needs, and begins the query whose plans are kept for this function.  The
 * lock is kept until the transaction ends.  A write on a standby or in a
 * read-only transaction is error 25006; a privilege that the caller has on no
 * column is 42501, so who has none is told nothing of the model.
 */
void
fca_call_begin(FcaCall *call, FunctionCallInfo fcinfo,
			   const FcaSignature *signature, const FcaAccess *access)
{
	fca_check_signature(fcinfo, signature);

	/* a standby would refuse the lock of a write with another error */
	if (access->command != NULL)
		PreventCommandDuringRecovery(access->command);
	call->fcinfo = fcinfo;
	fca_model_open(&call->model, fcinfo, 0, access->lockmode);
	if (access->command != NULL &&
		!isTempNamespace(RelationGetNamespace(call->model.rel)))
		PreventCommandIfReadOnly(access->command);
	fca_model_check_privileges(&call->model, access->privileges);
	fca_query_begin(&call->query, &call->model, signature);
}

/* After an error nobody need call this: the server gives back what is open. */
void
fca_call_end(FcaCall *call)
{
	fca_model_close(&call->model);
}

/* The argument of that name, which must be a JSON object: else 22023. */
JsonbContainer *
fca_object_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	JsonbValue	data = {.type = jbvNull};

	if (!PG_ARGISNULL(argno))
		fca_json_value(PG_GETARG_JSONB_P(argno), &data);
	if (!fca_json_is_object(&data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a JSON object", name),
				 errdetail("Got %s.", fca_json_kind(&data)),
				 fca_hint_at_string(&data)));
	return data.val.binary.data;
}

/* The argument "rows", which must be a JSON array: else 22023. */
JsonbContainer *
fca_rows_argument(FunctionCallInfo fcinfo, int argno)
{
	JsonbValue	rows = {.type = jbvNull};

	if (!PG_ARGISNULL(argno))
		fca_json_value(PG_GETARG_JSONB_P(argno), &rows);
	if (!fca_json_is_array(&rows))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows must be an array of JSON objects"),
				 errdetail("Got %s.", fca_json_kind(&rows)),
				 fca_hint_at_string(&rows)));
	return rows.val.binary.data;
}
