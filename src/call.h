/*
 * call.h
 *		A call: what every function whose first argument is a model begins and
 *		ends with.
 */
#ifndef FCA_CALL_H
#define FCA_CALL_H

#include "compat.h"

#include "utils/jsonb.h"

#include "plan.h"
#include "query.h"
#include "signature.h"

/* What a function does with the model's relation. */
typedef struct FcaAccess
{
	LOCKMODE	lockmode;
	AclMode		privileges;
	const char *command;		/* of a write; NULL: it only reads */
} FcaAccess;

extern const FcaAccess fca_to_read;

typedef struct FcaCall
{
	FunctionCallInfo fcinfo;
	FcaModel	model;
	FcaQuery	query;
} FcaCall;

extern void fca_call_begin(FcaCall *call, FunctionCallInfo fcinfo,
						   const FcaSignature *signature, const FcaAccess *access);
extern void fca_call_end(FcaCall *call);
extern JsonbContainer *fca_object_argument(FunctionCallInfo fcinfo, int argno,
										   const char *name);
extern JsonbContainer *fca_rows_argument(FunctionCallInfo fcinfo, int argno);

#endif							/* FCA_CALL_H */
