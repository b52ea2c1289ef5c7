/*
 * subtransaction.h
 *		A step that may fail, and is taken back then.
 */
#ifndef FCA_SUBTRANSACTION_H
#define FCA_SUBTRANSACTION_H

#include "compat.h"

typedef void (*FcaStep) (void *arg);
extern ErrorData *fca_try(FcaStep step, void *arg);

#endif							/* FCA_SUBTRANSACTION_H */
