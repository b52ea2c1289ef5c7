/*
 * settings.c
 *		The settings fca_repo.*.
 */
#include "compat.h"

#include <limits.h>

#include "utils/guc.h"

#include "settings.h"

int			fca_plan_cache_size = 16 * 1024;
bool		fca_enable_rescan = true;
bool		fca_enable_inlining = true;
bool		fca_enable_index_order = true;
bool		fca_enable_hashed_lists = true;
bool		fca_enable_estimates = true;

/*
 * A switch, as the server's own enable_* are: for who looks for the cause of a
 * slow or wrong plan, and so shown by EXPLAIN (SETTINGS) and not in a sample
 * file.  Everybody may set it: it decides how rows are found, and not which.
 */
static void
define_switch(const char *name, const char *description, const char *details,
			  bool *value)
{
	DefineCustomBoolVariable(name, description, details, value, true, PGC_USERSET,
							 GUC_NOT_IN_SAMPLE | GUC_EXPLAIN, NULL, NULL, NULL);
}

/* Defines them. */
void
fca_settings_init(void)
{
	DefineCustomIntVariable("fca_repo.plan_cache_size",
							"Sets the maximum memory for the plans that a session keeps for repository calls.",
							"A plan that takes more than half of it is used once and not kept.",
							&fca_plan_cache_size,
							16 * 1024, 1024, MAX_KILOBYTES,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	define_switch("fca_repo.enable_rescan",
				  "Lets a query that repeats a call keep the executor of its plan from call to call.",
				  NULL, &fca_enable_rescan);
	define_switch("fca_repo.enable_inlining",
				  "Lets the planner put the query of a call in its place.",
				  NULL, &fca_enable_inlining);
	define_switch("fca_repo.enable_index_order",
				  "Has the list of a finder planned without bitmap scans, so that an index gives its order.",
				  NULL, &fca_enable_index_order);
	define_switch("fca_repo.enable_hashed_lists",
				  "Hashes a long list of values in a filter where no index finds them.",
				  NULL, &fca_enable_hashed_lists);
	define_switch("fca_repo.enable_estimates",
				  "Tells the planner how many rows a call gives, and at what cost.",
				  "Otherwise it is told what CREATE FUNCTION says.",
				  &fca_enable_estimates);
	MarkGUCPrefixReserved("fca_repo");
}
