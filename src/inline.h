/*
 * inline.h
 *		A finder's query in the place of its call.
 */
#ifndef FCA_INLINE_H
#define FCA_INLINE_H

#include "compat.h"

#include "nodes/supportnodes.h"

extern bool fca_has_several_roles(void);
#if PG_VERSION_NUM < 190000
extern void fca_inline_call(SupportRequestSimplify *request);
#else
extern Query *fca_inline_query(SupportRequestInlineInFrom *request);
#endif

#endif							/* FCA_INLINE_H */
