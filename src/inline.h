/*
 * inline.h
 *		A finder's query in the place of its call, on PostgreSQL 19.
 */
#ifndef FCA_INLINE_H
#define FCA_INLINE_H

#include "compat.h"

#include "nodes/supportnodes.h"

#if PG_VERSION_NUM >= 190000

extern Query *fca_inline_query(SupportRequestInlineInFrom *request);

#endif

#endif							/* FCA_INLINE_H */
