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

/* Does a row of pg_proc declare this finder? */
extern bool fca_signature_fits(HeapTuple function, const FcaFinder *finder);

/*
 * Error 42P13 unless the SQL function is declared as this module expects.  Every
 * C function calls this before it reads an argument; "finder" is NULL for those
 * that are none.
 */
extern void fca_check_signature(FunctionCallInfo fcinfo, const FcaFinder *finder);

#endif							/* FCA_SIGNATURE_H */
