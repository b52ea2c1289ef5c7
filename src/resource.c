/*
 * resource.c
 *		The resources, and what is found by their declarations.
 */
#include "compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "utils/syscache.h"

#include "resource.h"

#define ADDRESS(name) &fca_##name,

const FcaResource *const fca_resources[] = {
	FCA_RESOURCES(ADDRESS)
	NULL
};

/* A column's declaration, or NULL where the resource says nothing of it. */
const FcaColumn *
fca_resource_column(const FcaResource *resource, const char *name)
{
	for (const FcaColumn *column = resource->columns; column->name != NULL; column++)
		if (strcmp(column->name, name) == 0)
			return column;
	return NULL;
}

/*
 * The resource's relation, locked as asked for; InvalidOid where there is
 * none. As for a statement that names it, the schema's USAGE is demanded
 * (42501).
 */
Oid
fca_resource_relid(const FcaResource *resource, LOCKMODE lockmode)
{
	return RangeVarGetRelid(makeRangeVar(FCA_SCHEMA,
										 unconstify(char *, resource->relation), -1),
							lockmode, true);
}

/*
 * The resource's row type; InvalidOid where the extension has none of that
 * name.
 */
Oid
fca_resource_rowtype(const FcaResource *resource)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(resource->type),
						   ObjectIdGetDatum(get_namespace_oid(FCA_SCHEMA, false)));
}

/* The finder whose C function has that symbol, and its resource; or NULL. */
const FcaFinder *
fca_finder_of_symbol(const char *symbol, const FcaResource **resource)
{
	if (strncmp(symbol, "fca_", 4) != 0)
		return NULL;
	for (int i = 0; fca_resources[i] != NULL; i++)
		for (const FcaFinder *const *finder = fca_resources[i]->finders; *finder != NULL; finder++)
			if (strcmp((*finder)->name, symbol + 4) == 0)
			{
				*resource = fca_resources[i];
				return *finder;
			}
	return NULL;
}
