#!/usr/bin/env bash
# Show fca_repo at work, on a throwaway server that this starts and removes.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

customers=10000
# Below this, the tour has too few conversations for its pages. Who comes first is the same on a desk
# of any size, so that what this size has, every larger one has.
fewest=20
keep=no
database=demo

# usage: what can be asked for.
usage() {
	cat <<-END
		Usage: tools/demo.sh [--customers N] [--keep]

		Installs what is missing (Debian and Ubuntu, as root), builds fca_repo outside of this
		clone, starts a throwaway PostgreSQL server, fills it and shows the repositories at work:
		about a minute, and some more where packages have to be fetched (they stay installed).
		No other server of the machine is touched.

		  --customers N  how many customers to make up, from $fewest, with all that belongs to them (default $customers)
		  --keep         leave the server running, and say how to connect and how to remove it
		  --help         this text

		PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found.
	END
}

# parse ARGUMENT...: set the options.
parse() {
	while [[ $# -gt 0 ]]; do
		case $1 in
			--customers=*) customers=${1#*=} ;;
			--customers)
				[[ $# -gt 1 ]] || die "--customers needs a number"
				customers=$2
				shift
				;;
			--keep) keep=yes ;;
			--help | -h)
				usage
				exit 0
				;;
			*) die "unknown argument \"$1\"; --help lists what there is" ;;
		esac
		shift
	done
	[[ $customers =~ ^[1-9][0-9]{0,8}$ && $customers -ge $fewest ]] ||
		die "--customers needs a whole number from $fewest to 999999999, not \"$customers\""
}

# finish: with --keep, leave the desk for the one who asked for it, once it is there; else remove all
# that was made.
finish() {
	local status=$?
	trap '' INT TERM HUP
	if [[ $keep == kept ]]; then
		explain_keep
	else
		remove_work
	fi
	exit "$status"
}

# run_sql ARGUMENT...: run psql on the demo's database, on its standard input if no argument says
# otherwise; an error that the SQL does not expect ends the demo.
run_sql() {
	PGCLIENTENCODING=UTF8 "$bindir/psql" -X -q -v ON_ERROR_STOP=1 -P pager=off \
		-h "$work/s" -U postgres -d "$database" "$@"
}

# step TEXT...: say what comes now, and when.
step() {
	say "[$((++steps))/5, ${SECONDS}s] $*"
}

# explain_keep: how to use the server that was left running, and how to get rid of it.
explain_keep() {
	local prefix=
	! is_root || prefix="cd / && runuser -u $user -- "
	cat <<-END

		The server is left running. Connect:
		    $bindir/psql -h $work/s -U postgres $database
		Stop and remove it:
		    ${prefix}$bindir/pg_ctl stop -m fast -D $work/data && rm -rf $work
	END
}

parse "$@"
say "a throwaway server, a support desk in it and a tour; this takes about a minute"
steps=0
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

need postgresql gcc make
make_work

step "building with $(server_name)"
build_for_server

step "starting a throwaway server in $work"
start_server
as_user "$bindir/createdb" -h "$work/s" -U postgres "$database"

step "creating the extension and the tables"
run_sql -c 'CREATE EXTENSION fca_repo;' -c 'SELECT fca.create_tables();'

step "loading $customers customers with all that belongs to them"
run_sql -v customers="$customers" -f "$root/tools/demo/load.sql"

[[ $keep == no ]] || keep=kept

step "a tour of the repositories"
# Errors are part of it: they belong between the rows.
run_sql <"$root/tools/demo/tour.sql" 2>&1

say "done in ${SECONDS}s"
