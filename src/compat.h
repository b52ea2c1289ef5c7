/*
 * compat.h
 *		What differs between the supported PostgreSQL versions (15, 17, 18, 19).
 *
 * The rest of the code is written for the newest; this header gives older
 * servers the new names.
 */
#ifndef FCA_COMPAT_H
#define FCA_COMPAT_H

#include "postgres.h"

#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "fca_repo needs PostgreSQL 15 or newer"
#endif

/* 16: one function checks the privileges on any kind of object */
#if PG_VERSION_NUM < 160000
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#define object_aclcheck(classid, objectid, roleid, mode) \
	((classid) == NamespaceRelationId \
	 ? pg_namespace_aclcheck(objectid, roleid, mode) \
	 : pg_proc_aclcheck(objectid, roleid, mode))
#define ExecCheckPermissions(rangetable, perminfos, error) \
	ExecCheckRTPerms(rangetable, error)
#endif

/*
 * 18: the module tells its name and version; a tuple may have room before it;
 * nobody says whether a query runs once; a function that does not return says
 * so in front; the columns of GROUP BY are those of an entry of their own
 */
#if PG_VERSION_NUM < 180000
#include "access/htup_details.h"
#include "executor/executor.h"
#define pg_noreturn pg_attribute_noreturn()
#define PG_MODULE_MAGIC_EXT(...) PG_MODULE_MAGIC
#define heap_form_minimal_tuple(desc, values, nulls, extra) \
	heap_form_minimal_tuple(desc, values, nulls)
#define ExecutorRun(desc, direction, count) \
	ExecutorRun(desc, direction, count, false)
#define RTE_GROUP RTE_JOIN
#endif

/* 19: a descriptor made by hand is finished by a call; to plan is for EXPLAIN or not */
#if PG_VERSION_NUM < 190000
#include "tcop/tcopprot.h"
#define TupleDescFinalize(desc) ((void) (desc))
#define pg_plan_query(query, string, options, params, explain) \
	pg_plan_query(query, string, options, params)
#endif

#endif							/* FCA_COMPAT_H */
