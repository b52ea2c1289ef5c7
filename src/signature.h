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
	bool		is_set;
	Oid			returns;
	Oid			arguments[FCA_MAX_ARGUMENTS + 1];	/* end with InvalidOid */
	Oid			columns[8];		/* of a record; end with InvalidOid */
} FcaSignature;

/*
 * Defines the signature of a C function, f_signature, beside it: what it
 * returns, and its arguments.  A function without arguments says InvalidOid.
 */
#define FCA_FUNCTION(f, result, ...) \
	static const FcaSignature f##_signature = {false, result, {__VA_ARGS__}}; \
	PG_FUNCTION_INFO_V1(f)

/* The same for a function that returns a set. */
#define FCA_SET_FUNCTION(f, result, ...) \
	static const FcaSignature f##_signature = {true, result, {__VA_ARGS__}}; \
	PG_FUNCTION_INFO_V1(f)

extern void fca_check_signature(FunctionCallInfo fcinfo, const FcaSignature *expected);
extern void fca_check_finder_signature(FunctionCallInfo fcinfo, const FcaResource *resource,
									   const FcaFinder *finder);
extern const FcaFinder *fca_finder_of_function(Oid function, const FcaResource **resource);

#endif							/* FCA_SIGNATURE_H */
