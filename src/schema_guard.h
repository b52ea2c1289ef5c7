/*
 * schema_guard.h
 *		Who can have put something into schema "fca"?
 */
#ifndef FCA_SCHEMA_GUARD_H
#define FCA_SCHEMA_GUARD_H

#include "compat.h"

extern void fca_guard_schema_for(Oid schema, Oid role);

#endif							/* FCA_SCHEMA_GUARD_H */
