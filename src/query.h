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
	bool		is_optional;	/* or has it none where the parameter is NULL? */
	int			after;			/* number of the parameter with its value in
								 * this key; 0 where that is NULL */
} FcaSortKey;

extern void fca_query_begin(FcaQuery *query, const FcaModel *model,
							const void *purpose);
extern void fca_query_derive(FcaQuery *query, const FcaQuery *other,
							 const void *purpose);
extern void fca_plan_key_add(FcaQuery *query, int64 part);
extern void fca_plan_key_add_column(FcaQuery *query, Form_pg_attribute column);
extern int	fca_query_param(FcaQuery *query, Oid type, Datum value, bool isnull);
extern int	fca_query_operand(FcaQuery *query, Form_pg_attribute column, Oid type,
							  Datum value, bool isnull);
extern int	fca_query_operands(FcaQuery *query, Form_pg_attribute column,
							   Oid array_type, Datum value, bool isnull);
extern ParamListInfo fca_query_params(const FcaQuery *query);

/* The limit of a list. */
typedef struct FcaLimit
{
	uint64		count;			/* 0: no limit */
	bool		empty;			/* max_rows is 0 */
	bool		in_text;		/* does the text's own LIMIT stop at count? */
	int			bound;			/* of the rows in the text, or 0 */
	int			skip;			/* number of the parameter, or 0 */
} FcaLimit;

extern void fca_check_limit(const NullableDatum *limit, const char *name);
extern FcaLimit fca_query_limit(FcaQuery *query, const NullableDatum *skip,
								const NullableDatum *max_rows, bool one_select);
extern const char *fca_relation_text(const FcaModel *model);
extern const char *fca_column_text(Form_pg_attribute column);
extern const char *fca_cast_text(Form_pg_attribute column, Oid type, int32 typmod);
extern void fca_append_row(StringInfo text, const FcaModel *model);
extern void fca_append_columns(StringInfo text, const List *columns);
extern void fca_append_insert(FcaQuery *query, const List *columns);
extern void fca_append_returning(StringInfo text, const FcaModel *model);
extern const char *fca_comparison_text(Form_pg_attribute column, int strategy,
									   const char *operand, Oid operand_type);
extern const char *fca_any_text(Form_pg_attribute column, int param, bool hashed);
extern const char *fca_literal_text(Form_pg_attribute column, const char *literal);
extern const char *fca_column_label(Form_pg_attribute column, const char *value,
									bool any_case);
extern bool fca_type_has_equality(Oid type);
extern bool fca_type_has_ordering(Oid type);
extern const char *fca_searched_text(Form_pg_attribute column);
extern const char *fca_like_text(Form_pg_attribute column, const char *pattern);
extern Datum fca_like_pattern(const char *literal, int length, bool any_before,
							  bool any_after);
extern void fca_append_list(FcaQuery *query, const char *condition,
							const FcaSortKey *keys, int nkeys,
							const FcaLimit *limit);
extern void fca_append_reversed(FcaQuery *query, const char *condition,
								FcaSortKey *keys, int nkeys, int limit_param);
extern void fca_append_lookup(FcaQuery *query, Form_pg_attribute column, int n,
							  const char *condition);
extern void fca_append_ambiguous(FcaQuery *query, Form_pg_attribute column, int n);
extern void fca_append_children(FcaQuery *query, Form_pg_attribute column, int n,
								const char *condition,
								FcaSortKey *keys, int nkeys, int limit_param,
								bool reversed);

#endif							/* FCA_QUERY_H */
