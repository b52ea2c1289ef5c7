/*
 * query.h
 *		A query over a model: its parameters, the key of its plan, its text.
 *
 * A call first collects its parameters and the key of its plan; only where no plan
 * of that key is kept is the text written.  So the key must hold all that the text
 * depends on beside the model, and no value is ever part of a text: values are
 * $n.  Every name, type and operator in a text is schema-qualified; the
 * relation's alias is "r".
 */
#ifndef FCA_QUERY_H
#define FCA_QUERY_H

#include "compat.h"

#include "access/stratnum.h"
#include "lib/stringinfo.h"
#include "nodes/params.h"

#include "model.h"

typedef struct FcaQuery
{
	const FcaModel *model;
	StringInfoData plan_key;
	StringInfoData text;
	int			nparams;
	int			room;
	Oid		   *types;
	NullableDatum *params;
	bool		no_bitmaps;		/* plan it without bitmap scans? */
	bool		has_branches;	/* is the text a UNION ALL in order? */
	bool		planned_for_values; /* is it planned anew at each call? */
} FcaQuery;

/* A sort key, and the position behind which a page starts. */
typedef struct FcaSortKey
{
	Form_pg_attribute column;	/* NULL where it is an expression */
	const char *expression;		/* SQL, where there is no column */
	bool		descending;
	bool		nulls_first;
	bool		nullable;		/* may the column hold NULL? */
	bool		has_position;	/* has the page a position? */
	int			after;			/* number of the parameter with its value in
								 * this key; 0 where that is NULL */
} FcaSortKey;

/*
 * The address of "purpose" tells apart the queries of one model whose parameters
 * are the same: it is that of a function's signature, or of a constant.
 */
extern void fca_query_begin(FcaQuery *query, const FcaModel *model,
							const void *purpose);

/* The same parameters and plan key for another purpose; a text of its own. */
extern void fca_query_derive(FcaQuery *query, const FcaQuery *other,
							 const void *purpose);

/* Adds to the key of the plan. */
extern void fca_plan_key_add(FcaQuery *query, int64 part);
extern void fca_plan_key_add_column(FcaQuery *query, Form_pg_attribute column);

/* Adds a parameter and gives its number; its type becomes part of the plan's key. */
extern int	fca_query_param(FcaQuery *query, Oid type, Datum value, bool isnull);

/*
 * The same for a value that a column is compared with, of any type, and for an
 * array of such values: text is read as a value of the column's type, by its
 * input function, since a cast may be somebody's function.
 */
extern int	fca_query_operand(FcaQuery *query, Form_pg_attribute column, Oid type,
							  Datum value, bool isnull);
extern int	fca_query_operands(FcaQuery *query, Form_pg_attribute column,
							   Oid array_type, Datum value, bool isnull);

/* The parameters, for the executor. */
extern ParamListInfo fca_query_params(const FcaQuery *query);

/* The limit of a list. */
typedef struct FcaLimit
{
	uint64		count;			/* 0: no limit */
	bool		empty;			/* max_rows is 0 */
	bool		in_text;		/* does the text's own LIMIT stop at count? */
	int			bound;			/* of the rows in the text, or 0 */
	int			skip;			/* number of the parameter, or 0 */
}			FcaLimit;

/* Error 2201W, by the argument's name, where a limit is negative. */
extern void fca_check_limit(const NullableDatum *limit, const char *name);

/*
 * The limit that the arguments skip (or NULL) and max_rows mean; negative ones
 * are errors 2201X and 2201W.  Part of the plan's key.  "one_select": is the
 * text one SELECT, so that its LIMIT is that of the list?  A page may be several.
 */
extern FcaLimit fca_query_limit(FcaQuery *query, const NullableDatum *skip,
								const NullableDatum *max_rows, bool one_select);

/* Pieces of text. */
extern const char *fca_relation_text(const FcaModel *model);
extern const char *fca_column_text(Form_pg_attribute column);

/* The column as a value of another type, in which no cast of others runs. */
extern const char *fca_cast_text(Form_pg_attribute column, Oid type, int32 typmod);

extern void fca_append_row(StringInfo text, const FcaModel *model);

/* " (a, b)"; nothing for no columns. */
extern void fca_append_columns(StringInfo text, const List *columns);

/* INSERT INTO relation AS r (columns); without columns, of all that there are. */
extern void fca_append_insert(FcaQuery *query, const List *columns);
extern void fca_append_returning(StringInfo text, const FcaModel *model);
extern const char *fca_comparison_text(Form_pg_attribute column, int strategy,
									   const char *operand, Oid operand_type);
extern const char *fca_any_text(Form_pg_attribute column, int param, bool hashed);

/* column = 'literal', in the column's own type. */
extern const char *fca_literal_text(Form_pg_attribute column, const char *literal);

/*
 * The label of the column's enum that is that value, perhaps in other letters:
 * else 22023.
 */
extern const char *fca_column_label(Form_pg_attribute column, const char *value,
									bool any_case);

/* Has a type the operators of equality, of an order? */
extern bool fca_type_has_equality(Oid type);
extern bool fca_type_has_ordering(Oid type);

/* The column as text that can be searched; is it like a pattern, in any case? */
extern const char *fca_searched_text(Form_pg_attribute column);
extern const char *fca_like_text(Form_pg_attribute column, const char *pattern);

/* A LIKE pattern of literal text, with anything before or after it. */
extern Datum fca_like_pattern(const char *literal, int length, bool any_before,
							  bool any_after);

/*
 * SELECT of the row type's columns, under a condition (or NULL), in the order of the keys;
 * where the keys have parameters, from behind that position on.
 */
extern void fca_append_list(FcaQuery *query, const char *condition,
							const FcaSortKey *keys, int nkeys,
							const FcaLimit * limit);

/* The first $limit_param rows by the keys, given in the reverse order. */
extern void fca_append_reversed(FcaQuery *query, const char *condition,
								FcaSortKey *keys, int nkeys, int limit_param);

/*
 * SELECT of the rows whose column equals an element of the array $n, in the
 * order of the elements, by a look-up for each.
 */
extern void fca_append_lookup(FcaQuery *query, Form_pg_attribute column, int n);

/* A row for each element that more than one row equals. */
extern void fca_append_ambiguous(FcaQuery *query, Form_pg_attribute column, int n);

/*
 * The same with, for each element, its rows in the order of the keys, at most
 * as many as $limit_param (0: all); "reversed" gives these in the reverse order.
 */
extern void fca_append_children(FcaQuery *query, Form_pg_attribute column, int n,
								FcaSortKey *keys, int nkeys, int limit_param,
								bool reversed);

#endif							/* FCA_QUERY_H */
