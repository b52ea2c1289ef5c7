/*
 * subtransaction.h
 *		A step that may fail, and is taken back then.
 */
#ifndef FCA_SUBTRANSACTION_H
#define FCA_SUBTRANSACTION_H

#include "compat.h"

typedef void (*FcaStep) (void *arg);

/*
 * Runs a step in a subtransaction.  NULL, or the error in which it ended, in
 * the current memory context; then all that it did is taken back.  What ends
 * the caller's whole statement (a cancel, a lock_timeout, a serialization failure,
 * a lack of memory, an internal error) is thrown on.
 */
extern ErrorData *fca_try(FcaStep step, void *arg);

#endif							/* FCA_SUBTRANSACTION_H */
