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
	AttrNumber	key;			/* the relation's single key column; 0: look */
} FcaModel;

extern void fca_model_open(FcaModel *model, FunctionCallInfo fcinfo, int argno,
						   LOCKMODE lockmode);
extern void fca_model_open_resource(FcaModel *model, const FcaResource *resource,
									Oid rowtype, LOCKMODE lockmode);
extern void fca_model_check_privileges(const FcaModel *model, AclMode needed);
extern bool fca_model_is_newer(const FcaModel *model);
extern void fca_check_relation(Relation rel);
extern void fca_model_close(FcaModel *model);
extern void fca_model_check(const FcaModel *model);
extern Form_pg_attribute fca_model_column(const FcaModel *model,
										  const char *name);
extern Form_pg_attribute fca_model_find_column(const FcaModel *model,
											   const char *name);
extern bool fca_model_is_nullable(const FcaModel *model, Form_pg_attribute column);
extern const char *const *fca_model_values(const FcaModel *model,
										   Form_pg_attribute column);
extern const char *fca_enum_label(Oid type, const char *value);
extern List *fca_enum_labels(Oid type);
extern const char *fca_enum_labels_text(Oid type);
extern void fca_model_check_exact(const FcaModel *model, Form_pg_attribute column);
extern bool fca_model_may_have_index(Form_pg_attribute column);
extern bool fca_has_column(const List *columns, Form_pg_attribute column);
extern List *fca_model_order_key(const FcaModel *model);
extern Form_pg_attribute fca_model_key(const FcaModel *model);
extern bool fca_model_key_is_unique(const FcaModel *model);
extern Oid	fca_unique_index(Relation rel, Form_pg_attribute column, bool by_column);
extern bool fca_model_is_unique(const FcaModel *model, Form_pg_attribute column);
extern Form_pg_attribute fca_model_find_key(const FcaModel *model);
extern Oid	fca_base_type(Oid type);
extern bool fca_model_has_user_types(const FcaModel *model);
extern const char *fca_model_name(const FcaModel *model);

#endif							/* FCA_MODEL_H */
