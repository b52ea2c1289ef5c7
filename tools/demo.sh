#!/usr/bin/env bash
# Usage: tools/demo.sh [--customers N] [--keep]
#
# Installs what is missing (Debian and Ubuntu, as root), builds fca_repo outside of this clone, starts a throwaway
# PostgreSQL server, fills it and shows the repositories at work: about a minute, and some more where packages have
# to be fetched (they stay installed). No other server of the machine is touched.
#
#   --customers N  how many customers to make up, from 20, with all that belongs to them (default 10000)
#   --keep         leave the server running, and say how to connect and how to remove it
#
# PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

customers=10000 keep=no

# run_sql ARGUMENT...: run psql; an error that the SQL does not expect ends the demo.
run_sql() {
	PGCLIENTENCODING=UTF8 "$bindir/psql" -X -q -v ON_ERROR_STOP=1 -P pager=off -d postgres "$@"
}

while [[ $# -gt 0 ]]; do
	case $1 in
		--customers=*) customers=${1#*=} ;;
		--customers)
			customers=${2-}
			shift $(($# > 1))
			;;
		--keep) keep=yes ;;
		--help | -h) show_help ;;
		*) die "unknown argument \"$1\"; --help lists what there is" ;;
	esac
	shift
done
# On a desk of fewer, the tour has too few conversations for its pages.
[[ $customers =~ ^[1-9][0-9]{1,8}$ && $customers -ge 20 ]] ||
	die "--customers needs a whole number from 20 to 999999999, not \"$customers\""
say "a throwaway server, a support desk in it and a tour; this takes about a minute"
catch_signals
prepare_server 'max_connections = 20'
run_sql -c 'CREATE EXTENSION fca_repo;' -c 'SELECT fca.create_tables();'
say "loading $customers customers with all that belongs to them"
run_sql -v customers="$customers" -f "$root/tools/demo/load.sql"
say "[${SECONDS}s] a tour of the repositories"
# Errors are part of it: they belong between the rows.
run_sql <"$root/tools/demo/tour.sql" 2>&1
if [[ $keep == yes ]]; then
	say "the server is left running. Connect: $bindir/psql -h $work/s -U postgres"
	say "Stop and remove it: cd / && ${user:+runuser -u $user -- }$bindir/pg_ctl stop -m fast -D $work/data && rm -rf $work"
	work=
fi
say "done in ${SECONDS}s"
