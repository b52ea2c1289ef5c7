/*
 * sort.h
 *		Sort lists: 'last_name, "Order Date" desc nulls last'.
 */
#ifndef FCA_SORT_H
#define FCA_SORT_H

#include "compat.h"

#include "query.h"

typedef struct FcaSort
{
	FcaSortKey *keys;
	int			nkeys;
	int			ngiven;			/* without those of the model's key */
} FcaSort;

extern FcaSort *fca_sort_read(FcaQuery *query, FunctionCallInfo fcinfo, int argno);
extern void fca_sort_read_after(FcaSort *sort, FcaQuery *query,
								FunctionCallInfo fcinfo, int argno);

#endif							/* FCA_SORT_H */
