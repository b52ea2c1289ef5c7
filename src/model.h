/*
 * model.h
 *		A model: a row type, the relation its rows live in, its key.
 *
 * For the row type of a table or view the relation is that table or view; for
 * the row type of a resource it is the relation of the contract in schema fca,
 * whose columns may have other types and another order.
 */
#ifndef FCA_MODEL_H
#define FCA_MODEL_H

#include "compat.h"

#include "access/tupdesc.h"
#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"

#include "resource.h"

typedef struct FcaModel
{
	Oid			rowtype;
	uint64		version;		/* changes whenever the row type does */
	TupleDesc	rowdesc;		/* the row type's columns */
	Relation	rel;			/* open, and locked until the transaction ends */
	const FcaResource *resource;	/* or NULL */
} FcaModel;

/* The model that an argument's type names; the relation is opened and locked. */
extern void fca_model_open(FcaModel *model, FunctionCallInfo fcinfo, int argno,
						   LOCKMODE lockmode);

/* The model of a resource, whose row type is given. */
extern void fca_model_open_resource(FcaModel *model, const FcaResource *resource,
									Oid rowtype, LOCKMODE lockmode);

/*
 * Error 42501 where the caller lacks one of these privileges on the relation and
 * on each of its columns: so who has none is told nothing, and nothing is done
 * for him.  On which columns he needs them, the statement tells.
 */
extern void fca_model_check_privileges(const FcaModel *model, AclMode needed);

/*
 * Was the relation made or rewritten after the snapshot of the statement was
 * taken?  Then the statement waited for that, and its snapshot shows none of
 * the rows.
 */
extern bool fca_model_is_newer(const FcaModel *model);

/* Error 42809 where rows cannot be read from such a relation. */
extern void fca_check_relation(Relation rel);

/* Gives the relation back (not the lock). */
extern void fca_model_close(FcaModel *model);

/* Every column of the row type must be in the relation: error 42703 where one is not. */
extern void fca_model_check(const FcaModel *model);

/*
 * The relation's column of that name, which must be a column of the row type: else 42703,
 * with those that the caller may read.
 */
extern Form_pg_attribute fca_model_column(const FcaModel *model,
										  const char *name);

/* The same, or NULL where the row type has no such column. */
extern Form_pg_attribute fca_model_find_column(const FcaModel *model,
											   const char *name);

/* May that column of the relation hold NULL? */
extern bool fca_model_is_nullable(const FcaModel *model, Form_pg_attribute column);

/*
 * The values that the contract gives a resource's column, where the relation has
 * an enum there; NULL for every other column.  NULL-terminated.
 */
extern const char *const *fca_model_values(const FcaModel *model,
										   Form_pg_attribute column);

/*
 * The enum's label that is such a value: it may differ in case.  NULL where there
 * is none; more than one are error 22023.
 */
extern const char *fca_enum_label(Oid type, const char *value);

/* The labels of an enum, in their order; the same for messages. */
extern List *fca_enum_labels(Oid type);
extern const char *fca_enum_labels_text(Oid type);

/*
 * Error 0A000 where the relation tells more values of a column apart than the row
 * type does: no page can start behind a row's.
 */
extern void fca_model_check_exact(const FcaModel *model, Form_pg_attribute column);

/*
 * Could an index find values of that column?  Also below a view; of a foreign
 * table only the other server knows.
 */
extern bool fca_model_may_have_index(Form_pg_attribute column);

/*
 * Is the column in the list?  Told by its number, since an open relation can
 * get a new descriptor, by a VALIDATE CONSTRAINT of another session.
 */
extern bool fca_has_column(const List *columns, Form_pg_attribute column);

/* The relation's columns that make a total order: its primary key, else "id". */
extern List *fca_model_order_key(const FcaModel *model);

/* The relation's single key column: else error 55000. */
extern Form_pg_attribute fca_model_key(const FcaModel *model);

/* Can no two rows have one key, as those of a view can? */
extern bool fca_model_key_is_unique(const FcaModel *model);

/*
 * Has the relation a unique index of that column alone, by which two of its own
 * rows cannot have one value?
 */
extern bool fca_has_unique_index(Relation rel, Form_pg_attribute column);

/* The same, or NULL where it has none. */
extern Form_pg_attribute fca_model_find_key(const FcaModel *model);

/*
 * Is there a column, of the row type or of the relation, whose type can be changed?  A
 * quick look, for what only such types need.
 */
extern bool fca_model_has_user_types(const FcaModel *model);

/* The row type's name, qualified and quoted, for messages. */
extern const char *fca_model_name(const FcaModel *model);

#endif							/* FCA_MODEL_H */
