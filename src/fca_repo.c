/*
 * fca_repo.c
 *		The module.
 */
#include "compat.h"

PG_MODULE_MAGIC_EXT(.name = "fca_repo");
