#!/usr/bin/env bash
# Usage: tools/bench.sh [--quick] [--large] [--sizes N,N,...] [--rounds N] [--output FOLDER]
#        tools/bench.sh --instructions [--quick] [--cases NAME ...] [--output FOLDER]
#
# Measures fca_repo beside what one would use instead, in turn, on a throwaway server, and writes results.md and
# charts to bench/, or to that folder; with --quick (under 5 minutes, smaller data) to a temporary one. --sizes are the
# rows in the largest tables (10000,100000,1000000); --large adds 10,000,000, which need 40 GB; --rounds is how
# often each alternative runs (7, with --quick 3). PG_CONFIG names the PostgreSQL to use.
#
# With --instructions, counts the instructions of the server for each call instead, below valgrind, and writes
# instructions.md, in 12 minutes (with --quick, 3): a busy machine does not change them. --cases are the calls to count
# (all; with --quick some), by their names in the tables.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ ${1:-} != @(-h|--help) ]] || show_help
folder=$PWD output=$root/bench
[[ " $* " != *" --quick "* || "$*" == *--output* ]] || output=$(mktemp -d -t fca_repo_bench.XXXXXX)
catch_signals
memory=$(awk '$1 == "MemTotal:" { m = int($2 / 1024 / 4); print (m > 8192 ? 8192 : m) }' /proc/meminfo)
# Every load ends with VACUUM ANALYZE: nothing is to run between two calls. And rather an error than two
# alternatives that wait for each other.
settings=('work_mem = 64MB' 'maintenance_work_mem = 512MB' 'max_wal_size = 16GB' 'checkpoint_timeout = 1h'
	'autovacuum = off' 'jit = off' 'random_page_cost = 1.1' 'lock_timeout = 60s')
if [[ " $* " == *" --instructions "* ]]; then
	need python3 valgrind
	prepare_server 'shared_buffers = 2GB' 'max_parallel_workers_per_gather = 0' "${settings[@]}"
	# A server each of whose backends counts its instructions, and writes that to a file at each call of
	# pg_trigger_depth(), and what puts it in the place of the first one, which is faster at loading.
	as_user mkdir "$work/counts"
	cat >"$work/counted" <<-END
		#!/bin/sh
		exec valgrind --quiet --vgdb=no --tool=callgrind --dump-line=no --dump-before=pg_trigger_depth \
			--callgrind-out-file=$work/counts/%p "$bindir/postgres" "\$@"
	END
	cat >"$work/restart" <<-END
		#!/bin/sh
		exec $(! is_root || echo runuser -u "$user" --) "$bindir/pg_ctl" restart -w -s -D "$work/data" -l "$work/server.log" \
			-p "$work/counted"
	END
	chmod 755 "$work/counted" "$work/restart"
	set -- run_instructions.py --restart "$work/restart" --counts "$work/counts" "$@"
else
	need python3 python3-sqlalchemy python3-asyncpg python3-uvloop python3-matplotlib
	prepare_server "shared_buffers = ${memory}MB" "${settings[@]}"
	set -- run.py "$@"
fi
cd "$folder"
PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$work/tmp /usr/bin/python3 "$root/bench/$1" \
	--bindir "$bindir" --socket "$work/s" --output "$output" "${@:2}"
