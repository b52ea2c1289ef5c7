/*
 * fca_repo.c
 *		The module.
 */
#include "compat.h"

#include "plan.h"

PG_MODULE_MAGIC_EXT(.name = "fca_repo");

void		_PG_init(void);

void
_PG_init(void)
{
	fca_plan_init();
}
