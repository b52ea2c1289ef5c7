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

/*
 * Reads a sort_by argument, by SQL's rules for names: not quoted, they are
 * folded to lower case.  NULL means the model's key, which is also the last
 * sort key of every list that does not name it.  Part of the plan's key.
 * Errors: 42703 for what is no column, 22023 for what is no sort list, 42883
 * for a type without order, 55000 where the model has no key, 54000 for more
 * than 32 keys.
 */
extern FcaSort *fca_sort_read(FcaQuery *query, FunctionCallInfo fcinfo, int argno);

/*
 * Reads the position behind which a page starts: a JSON object that gives every
 * sort key its value, as to_jsonb(row) does; NULL means the first page.  Errors:
 * 22023 where it is no object or lacks a sort key, the type's own where a value
 * does not fit, 0A000 for jsonb, array and composite columns and for ranges of
 * times, 54000 behind a position for more than 16 keys.
 */
extern void fca_sort_read_after(FcaSort *sort, FcaQuery *query,
								FunctionCallInfo fcinfo, int argno);

#endif							/* FCA_SORT_H */
