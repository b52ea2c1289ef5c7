/*
 * resource.c
 *		The resources, and what they declare of their columns.
 */
#include "resource.h"

const FcaResource *const fca_resources[] = {
	&fca_customers,
	&fca_products,
	&fca_accounts,
	&fca_transactions,
	&fca_conversations,
	&fca_messages,
	&fca_faqs,
	NULL
};

const FcaColumn *
fca_resource_column(const FcaResource *resource, const char *name)
{
	for (const FcaColumn *column = resource->columns; column->name != NULL; column++)
		if (strcmp(column->name, name) == 0)
			return column;
	return NULL;
}
