#!/usr/bin/env bash
# Usage: tools/bench.sh [--quick] [--large] [--sizes N,N,...] [--rounds N] [--output FOLDER]
#
# Measures fca_repo beside what one would use instead, in turn, on a throwaway server, and writes results.md and
# charts to bench/, or to that folder; with --quick (under 5 minutes, smaller data) to a temporary one. --sizes are the
# rows in the largest tables (10000,100000,1000000); --large adds 10,000,000, which need 40 GB; --rounds is how
# often each alternative runs (7, with --quick 3). PG_CONFIG names the PostgreSQL to use.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ ${1:-} != @(-h|--help) ]] || show_help
folder=$PWD output=$root/bench
[[ " $* " != *" --quick "* || "$*" == *--output* ]] || output=$(mktemp -d -t fca_repo_bench.XXXXXX)
catch_signals
need python3 python3-sqlalchemy python3-asyncpg python3-uvloop python3-matplotlib
memory=$(awk '$1 == "MemTotal:" { m = int($2 / 1024 / 4); print (m > 8192 ? 8192 : m) }' /proc/meminfo)
# Every load ends with VACUUM ANALYZE: nothing is to run between two calls. And rather an error than two
# alternatives that wait for each other.
prepare_server "shared_buffers = ${memory}MB" 'work_mem = 64MB' 'maintenance_work_mem = 512MB' 'max_wal_size = 16GB' \
	'checkpoint_timeout = 1h' 'autovacuum = off' 'jit = off' 'random_page_cost = 1.1' 'lock_timeout = 60s'
cd "$folder"
PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$work/tmp /usr/bin/python3 "$root/bench/run.py" \
	--bindir "$bindir" --socket "$work/s" --output "$output" "$@"
