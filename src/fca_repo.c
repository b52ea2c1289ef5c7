/*
 * fca_repo.c
 *		The module.
 */
#include "compat.h"

#include "plan.h"
#include "settings.h"

PG_MODULE_MAGIC_EXT(.name = "fca_repo");

void		_PG_init(void);

/* Called when the module is loaded. */
void
_PG_init(void)
{
	fca_settings_init();
	fca_plan_init();
}
