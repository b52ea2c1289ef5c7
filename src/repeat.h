/*
 * repeat.h
 *		A call repeated by one query: its executor is kept from call to call.
 *
 * In "FROM t, LATERAL fca.find_by_x(t.y)" the same plan runs for each row of t.
 * To start and end the executor costs more than to find a row by an index, so
 * from the second call of a query on it is started once and rescanned.
 */
#ifndef FCA_REPEAT_H
#define FCA_REPEAT_H

#include "compat.h"

#include "plan.h"

extern bool fca_repeat_run(FunctionCallInfo fcinfo, FcaPlan *plan,
						   const FcaQuery *query, uint64 count,
						   DestReceiver *dest, uint64 *processed);

#endif							/* FCA_REPEAT_H */
