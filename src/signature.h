/*
 * signature.h
 *		Does an SQL function have the arguments that its C function reads?
 *
 * The install script may be of another version than the loaded module.  What
 * it declares is compared at a backend's first call of a function, and again
 * when it changes: so a difference is an error, and nothing is read that is not
 * there.
 */
#ifndef FCA_SIGNATURE_H
#define FCA_SIGNATURE_H

#include "compat.h"

#include "access/htup.h"

#include "resource.h"

typedef struct FcaSignature
{
	const char *name;			/* of the C function; NULL: of a finder's */
	bool		is_set;
	Oid			returns;
	Oid			arguments[FCA_MAX_ARGUMENTS + 1];	/* end with InvalidOid */
	Oid			columns[8];		/* of a record; end with InvalidOid */
} FcaSignature;

/*
 * Defines function_signature beside the C function of that name:
 * FCA_FUNCTION(fca_f, .returns = INT8OID, .arguments = {TEXTOID}).
 */
#define FCA_FUNCTION(function, ...) \
	static const FcaSignature function##_signature = {.name = #function, __VA_ARGS__}; \
	PG_FUNCTION_INFO_V1(function)

extern void fca_check_signature(FunctionCallInfo fcinfo, const FcaSignature *expected);
extern void fca_check_finder_signature(FunctionCallInfo fcinfo, const FcaResource *resource,
									   const FcaFinder *finder);
extern bool fca_finder_signature_fits(HeapTuple function, const FcaResource *resource,
									  const FcaFinder *finder);

#endif							/* FCA_SIGNATURE_H */
