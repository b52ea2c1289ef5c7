/*
 * resource.h
 *		What a resource declares: its row type, its relation, its finders.
 *
 * There is one constant of type FcaResource for each file in repositories/.
 * The column types stand in the CREATE TYPE beside it and nowhere else; the
 * text of every query, the DDL of create_tables() and the indexes that the
 * finders need derive from these declarations.
 */
#ifndef FCA_RESOURCE_H
#define FCA_RESOURCE_H

#include "compat.h"

typedef struct FcaResource FcaResource;
typedef struct FcaFinder FcaFinder;

/* What create_tables() adds to a column of the row type. */
typedef struct FcaColumn
{
	const char *name;
	const char *constraints;	/* NOT NULL, DEFAULT, UNIQUE ...; or NULL */
	const char *const *one_of;	/* its only values, NULL-terminated; or NULL */
	const FcaResource *references;	/* whose id it holds; or NULL */
	const char *on_delete;		/* action of that foreign key; or NULL */
} FcaColumn;

/* How a finder compares a column. */
typedef enum FcaTest
{
	FCA_IS,						/* equals the literal of the declaration */
	FCA_EQUALS,					/* equals the next argument */
	FCA_FROM,					/* >= the next argument */
	FCA_UP_TO,					/* <= the next argument */
	FCA_BEFORE,					/* < the next argument */
	FCA_CONTAINS				/* this or the second column contains the next
								 * argument as literal text, in any case */
} FcaTest;

typedef struct FcaCondition
{
	FcaTest		test;
	const char *column;
	const char *other;			/* FCA_IS: the literal; FCA_CONTAINS: the
								 * second column */
} FcaCondition;

/*
 * A sort key is a column or, where a ranking is wanted, an SQL expression over
 * {columns}, as text, and the parameters of the conditions.
 */
typedef struct FcaOrder
{
	const char *column;
	bool		descending;
	const char *expression;
} FcaOrder;

typedef enum FcaPaging
{
	FCA_ONE_ROW,				/* a unique key: at most one row */
	FCA_ALL_ROWS,				/* a list without a limit */
	FCA_LIMITED,				/* the argument max_rows */
	FCA_NEWEST,					/* max_rows rows by the order, given in its
								 * reverse */
	FCA_KEYSET					/* max_rows, then after_* for every sort key */
} FcaPaging;

#define FCA_MAX_CONDITIONS 4
#define FCA_MAX_ORDER 4

/*
 * A finder.  Its SQL arguments are: one for each condition but FCA_IS, in
 * order; then max_rows; then the after_* arguments, in the order of the sort
 * keys.
 *
 * A finder may derive from another one.  "each_of" does the same for every key
 * of an array, given in the order of the keys: its arguments are that array
 * and, where the other has max_rows, how many rows each key gets.  "locks" gives
 * the same rows locked, without those that others have locked: its argument is
 * max_rows.
 */
struct FcaFinder
{
	const char *name;
	const FcaResource *resource;
	const FcaFinder *each_of;	/* or NULL */
	const FcaFinder *locks;		/* or NULL */
	FcaCondition where[FCA_MAX_CONDITIONS];
	FcaOrder	order[FCA_MAX_ORDER];
	FcaPaging	paging;
};

struct FcaResource
{
	const char *type;			/* in schema fca */
	const char *relation;		/* in schema fca */
	const FcaColumn *columns;	/* ends with a column without a name */
	const FcaFinder *const *finders;	/* NULL-terminated */
};

#define FCA_SCHEMA "fca"

/* Every resource, parents before children, NULL-terminated. */
extern const FcaResource *const fca_resources[];

extern const FcaResource fca_customers;
extern const FcaResource fca_products;
extern const FcaResource fca_accounts;
extern const FcaResource fca_transactions;
extern const FcaResource fca_conversations;
extern const FcaResource fca_messages;
extern const FcaResource fca_faqs;

/* The column's declaration in a resource, or NULL. */
extern const FcaColumn *fca_resource_column(const FcaResource *resource,
											const char *name);

/* Has a finder an index of its own, made of its conditions and its order? */
extern bool fca_finder_has_index(const FcaFinder *finder);

extern Datum fca_find(FunctionCallInfo fcinfo, const FcaFinder *finder);

/*
 * Declares a finder of a resource together with its C function, whose symbol is
 * fca_ and the finder's name.
 */
#define FCA_FINDER(of, symbol, ...) \
	static const FcaFinder symbol = \
	{ \
		.name = #symbol, .resource = &(of), __VA_ARGS__ \
	}; \
	PG_FUNCTION_INFO_V1(fca_##symbol); \
	Datum \
	fca_##symbol(PG_FUNCTION_ARGS) \
	{ \
		return fca_find(fcinfo, &symbol); \
	}

#endif							/* FCA_RESOURCE_H */
