#!/usr/bin/env bash
# Measure fca_repo beside what one would use instead, on a throwaway server.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The distribution's own: the modules are its packages.
python=/usr/bin/python3
python_packages=(python3 python3-sqlalchemy python3-asyncpg python3-uvloop python3-matplotlib)
output=
quick=no
arguments=()

# usage: what can be asked for.
usage() {
	cat <<-END_OF_USAGE
		Usage: tools/bench.sh [--quick] [--large] [--sizes N,N,...] [--rounds N] [--output FOLDER]

		Installs what is missing (Debian and Ubuntu, as root), builds fca_repo outside of this
		clone, starts a throwaway PostgreSQL server, loads data of several sizes, runs fca_repo and
		its alternatives in turn, and writes results.md and charts.

		  --quick          a first look in under 5 minutes: smaller data, fewer rounds
		  --large          one size more: 10,000,000 rows (needs 40 GB)
		  --sizes N,N,...  rows in the largest tables, from 10000 (default 10000,100000,1000000)
		  --rounds N       how often each alternative runs (default 7, with --quick 3)
		  --output FOLDER  where the results go (default bench/, with --quick a new temporary folder)
		  --help           this text

		PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found.
	END_OF_USAGE
}

# value_of OPTION COUNT VALUE: the value, which must be there.
value_of() {
	[[ $2 -gt 1 ]] || die "$1 needs a value"
	printf '%s\n' "$3"
}

# parse ARGUMENT...: set the options.
parse() {
	while [[ $# -gt 0 ]]; do
		case $1 in
			--quick)
				quick=yes
				arguments+=(--quick)
				;;
			--large) arguments+=(--large) ;;
			--sizes)
				arguments+=(--sizes "$(value_of "$1" $# "${2:-}")")
				[[ $2 =~ ^[1-9][0-9]{4,8}(,[1-9][0-9]{4,8})*$ ]] ||
					die "--sizes needs whole numbers from 10000, separated by commas, not \"$2\""
				shift
				;;
			--rounds)
				arguments+=(--rounds "$(value_of "$1" $# "${2:-}")")
				[[ $2 =~ ^[1-9][0-9]{0,3}$ ]] || die "--rounds needs a whole number, not \"$2\""
				shift
				;;
			--output)
				output=$(value_of "$1" $# "${2:-}")
				output=$(realpath -m "$output")
				shift
				;;
			--help | -h)
				usage
				exit 0
				;;
			*) die "unknown argument \"$1\"; --help lists what there is" ;;
		esac
		shift
	done
}

# need_python: see that Python has the modules; install them, or say what to install.
need_python() {
	local try=("$python" -c 'import asyncpg, matplotlib, sqlalchemy, uvloop')
	! "${try[@]}" 2>/dev/null || return 0
	is_root && command -v apt-get >/dev/null ||
		die "missing Python modules: install ${python_packages[*]}"
	say "installing Python's modules; this takes a minute or two"
	apt_get update || say "not all package lists could be updated; going on with what is there"
	install_packages "${python_packages[@]}" || die "could not install ${python_packages[*]}"
	"${try[@]}" || die "installed ${python_packages[*]}, but they do not work"
}

# finish: remove all that was made.
finish() {
	local status=$?
	trap '' INT TERM HUP
	remove_work
	exit "$status"
}

# write_measuring: the settings of a server that is measured, beside those that find the extension.
write_measuring() {
	local memory
	memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024 / 4) }' /proc/meminfo)
	[[ $memory -le 8192 ]] || memory=8192
	cat >>"$work/load.conf" <<-END_OF_SETTINGS
		shared_buffers = ${memory}MB
		work_mem = 64MB
		maintenance_work_mem = 512MB
		max_connections = 100
		max_wal_size = 16GB
		checkpoint_timeout = 1h
		# Every load ends with VACUUM ANALYZE; nothing is to run between two calls.
		autovacuum = off
		jit = off
		random_page_cost = 1.1
		# Rather an error than two alternatives that wait for each other.
		lock_timeout = 60s
	END_OF_SETTINGS
}

parse "$@"
if [[ -z $output ]]; then
	output=$root/bench
	[[ $quick == no ]] || output=$(mktemp -d "${TMPDIR:-/tmp}/fca_repo_bench.XXXXXX")
fi
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

need postgresql gcc make
[[ -x $bindir/pgbench ]] || die "no pgbench in $bindir"
need_python
make_work

say "building with $(server_name)"
build_for_server

say "starting a throwaway server in $work"
write_measuring
start_server

PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=$work/tmp "$python" "$root/bench/run.py" \
	--bindir "$bindir" --socket "$work/s" --output "$output" "${arguments[@]}"
say "done in ${SECONDS}s: $output/results.md"
