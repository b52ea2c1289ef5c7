/*
 * settings.h
 *		The settings fca_repo.*.
 */
#ifndef FCA_SETTINGS_H
#define FCA_SETTINGS_H

#include "compat.h"

/* kB of memory for all kept plans. */
extern int	fca_plan_cache_size;

/*
 * What makes calls quicker can be switched off, to see whether it is at fault:
 * the rows are the same.
 */
extern bool fca_enable_rescan;
extern bool fca_enable_inlining;
extern bool fca_enable_index_order;
extern bool fca_enable_hashed_lists;
extern bool fca_enable_estimates;

extern void fca_settings_init(void);

#endif							/* FCA_SETTINGS_H */
