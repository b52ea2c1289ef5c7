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

#include "storage/lockdefs.h"

#include "declaration.h"

#define FCA_SCHEMA "fca"

typedef struct FcaResource FcaResource;

/* What create_tables() adds to a column of the row type. */
typedef struct FcaColumn
{
	const char *name;
	const char *constraints;	/* NOT NULL, DEFAULT, UNIQUE ...; or NULL */
	const char *const *one_of;	/* its only values, NULL-terminated; or NULL */
	const FcaResource *references;	/* whose id it holds; or NULL */
	const char *on_delete;		/* action of that foreign key; or NULL */
} FcaColumn;

struct FcaResource
{
	const char *type;			/* in schema fca */
	const char *relation;		/* in schema fca */
	const FcaColumn *columns;	/* ends with a column without a name */
	const FcaFinder *const *finders;	/* NULL-terminated */
};

/* The only list of the resources: parents before children. */
#define FCA_RESOURCES(_) \
	_(customers) \
	_(products) \
	_(accounts) \
	_(transactions) \
	_(conversations) \
	_(messages) \
	_(faqs)

#define FCA_DECLARE_RESOURCE(name) extern const FcaResource fca_##name;
FCA_RESOURCES(FCA_DECLARE_RESOURCE)

/* All of them, NULL-terminated. */
extern const FcaResource *const fca_resources[];

extern const FcaColumn *fca_resource_column(const FcaResource *resource, const char *name);
extern Oid	fca_resource_relid(const FcaResource *resource, LOCKMODE lockmode);
extern Oid	fca_resource_rowtype(const FcaResource *resource);
extern const FcaFinder *fca_finder_of_symbol(const char *symbol, const FcaResource **resource);

#endif							/* FCA_RESOURCE_H */
