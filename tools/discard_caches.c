/*
 * For tools/check-special.sh: runs the functions of the extension with
 * debug_discard_caches = 1, and nothing else, for a limited time of each
 * statement.
 *
 * So the tests load their rows at full speed, and one statement over thousands
 * of rows takes seconds instead of hours, while each path from the beginning of a
 * call is still gone through.  It is loaded by session_preload_libraries, and
 * discard_caches.limit is the time (ms), from the first such call in a statement.
 */
#include "postgres.h"

#include <limits.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

PG_MODULE_MAGIC;

void _PG_init(void);

static int	limit = 10000;

/* The statement whose time is running, or has run out. */
static TimestampTz statement;
static volatile sig_atomic_t has_run_out;

/* Runs in a signal handler. */
static void
end_discarding(void)
{
	has_run_out = true;
	debug_discard_caches = 0;
}

/* Is it a C function of the extension's module? */
static bool
is_of_module(Oid function)
{
	static const char module[] = "/fca_repo";
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		is_null = true;
	bool		result = false;

	if (!HeapTupleIsValid(tuple))
		return false;
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId)
	{
		Datum		probin = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_probin, &is_null);

		if (!is_null)
		{
			char	   *path = TextDatumGetCString(probin);
			size_t		length = strlen(path);

			result = length >= sizeof(module) - 1 &&
				strcmp(path + length - (sizeof(module) - 1), module) == 0;
			pfree(path);
		}
	}
	ReleaseSysCache(tuple);
	return result;
}

/* Calls can be nested: *before is what the setting was before this one. */
static void
around_call(FmgrHookEventType event, FmgrInfo *function pg_attribute_unused(), Datum *before)
{
	static TimeoutId timer = MAX_TIMEOUTS;

	if (event != FHET_START)
	{
		debug_discard_caches = has_run_out ? 0 : DatumGetInt32(*before);
		return;
	}
	*before = Int32GetDatum(debug_discard_caches);
	if (statement != GetCurrentStatementStartTimestamp())
	{
		if (timer == MAX_TIMEOUTS)
			timer = RegisterTimeout(USER_TIMEOUT, end_discarding);
		statement = GetCurrentStatementStartTimestamp();
		has_run_out = false;
		enable_timeout_after(timer, limit);
	}
	if (!has_run_out)
		debug_discard_caches = 1;
}

void
_PG_init(void)
{
	DefineCustomIntVariable("discard_caches.limit",
							"For how long each statement runs without caches.", NULL,
							&limit, 10000, 1, INT_MAX, PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	needs_fmgr_hook = is_of_module;
	fmgr_hook = around_call;
}
