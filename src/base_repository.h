/*
 * base_repository.h
 *		The reads of the base repository, for who plans one as part of another
 *		query.
 */
#ifndef FCA_BASE_REPOSITORY_H
#define FCA_BASE_REPOSITORY_H

#include "compat.h"

#include "call.h"
#include "filter.h"
#include "sort.h"

/* What a read has of its arguments, beside the parameters of its query. */
typedef struct FcaReading
{
	FcaFilter  *filter;
	FcaSort    *sort;
	FcaLimit	limit;
	Form_pg_attribute column;	/* that is compared with the keys */
	int			limit_param;	/* number of the parameter of a LIMIT, or 0 */
} FcaReading;

/*
 * A function that gives rows of a model: how its arguments become a query, and
 * the query a text.
 */
typedef struct FcaRead
{
	const char *symbol;
	const FcaSignature *signature;
	int			key;			/* the argument that is parameter 1 and may be
								 * any value; 0: none */
	void		(*read) (FcaCall *call, FcaReading *reading);
	void		(*write) (FcaCall *call, const FcaReading *reading);
	/* where one row is meant, or one for each key: is there never another? */
	bool		(*is_unique) (const FcaCall *call, const FcaReading *reading);

	/*
	 * the error where there is one; before the rows are read, or by their
	 * number
	 */
	void		(*check_keys) (FcaCall *call);
	void		(*check_count) (const FcaCall *call, uint64 count);
} FcaRead;

extern const FcaRead *fca_read_of_symbol(const char *symbol);

#endif							/* FCA_BASE_REPOSITORY_H */
