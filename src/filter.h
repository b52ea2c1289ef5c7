/*
 * filter.h
 *		Filters: {"column": value, ...}, all of which must hold.
 *
 * A value means equality, null means IS NULL, an array means one of its values
 * (a null in it means IS NULL; an empty one matches nothing), and an object
 * holds operators.  {"any_of": [filters, ...]} means at least one of them,
 * all_of each, none_of none; where the row type has a column of such a name,
 * the name means the column.  Columns are compared in their own type.
 */
#ifndef FCA_FILTER_H
#define FCA_FILTER_H

#include "compat.h"

#include "utils/jsonb.h"

#include "query.h"

typedef struct FcaFilter FcaFilter;

extern FcaFilter *fca_filter_read(FcaQuery *query, FunctionCallInfo fcinfo,
								  int argno, bool required);
extern bool fca_filter_is_unique(const FcaFilter *filter, const FcaModel *model);
extern const char *fca_filter_text(const FcaFilter *filter);

#endif							/* FCA_FILTER_H */
