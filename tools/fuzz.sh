#!/usr/bin/env bash
# Call every function with hostile arguments, amid DDL and changes of role, on a throwaway server.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The distribution's own; it needs no module.
python=/usr/bin/python3
output=
arguments=()

# usage: what can be asked for.
usage() {
	cat <<-END
		Usage: tools/fuzz.sh [--calls N] [--seed N] [--jobs N] [--seconds N] [--output FOLDER]

		Installs what is missing (Debian and Ubuntu, as root), builds fca_repo outside of this
		clone, starts a throwaway server, and calls every function of the extension with random
		and with hostile arguments. Answers are compared with plain SQL, errors with those that
		t/fuzz/errors.py allows. It ends with the number of failures; each kind of them is shrunk
		and shown as SQL that can be pasted into a regression test.

		  --calls N        how many (default 100000; 1000000 is a long run)
		  --seed N         repeat a run: the same seed gives the same calls (default: a new one)
		  --jobs N         sessions at the same time (default: one for each core)
		  --seconds N      begin nothing new after this time
		  --output FOLDER  where the SQL of failures goes (default: it is only shown)
		  --help           this text

		PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found: one
		that was built with --enable-cassert finds more.
	END
}

# parse ARGUMENT...: set the options.
parse() {
	local calls=100000 jobs
	jobs=$(cores)
	while [[ $# -gt 0 ]]; do
		case $1 in
			--calls | --seed | --jobs | --seconds)
				[[ ${2:-} =~ ^[1-9][0-9]{0,9}$ ]] || die "$1 needs a whole number"
				case $1 in
					--calls) calls=$2 ;;
					--jobs) jobs=$2 ;;
					*) arguments+=("$1" "$2") ;;
				esac
				shift
				;;
			--output)
				[[ -n ${2:-} ]] || die "--output needs a folder"
				output=$(realpath -m "$2")
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
	arguments+=(--calls "$calls" --jobs "$jobs")
}

# finish: remove all that was made; where a server went down, show what it said.
finish() {
	local status=$?
	trap '' INT TERM HUP
	if [[ -n $work && -f $work/server.log ]] &&
		grep -E 'TRAP|PANIC|terminated by signal' "$work/server.log"; then
		[[ $status -ne 0 ]] || status=1
	fi
	remove_work
	exit "$status"
}

parse "$@"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

need postgresql gcc make
[[ -x $python ]] || python=$(command -v python3) || { need python3 && python=/usr/bin/python3; }
make_work
if [[ -n $output ]]; then
	mkdir -p "$output"
	arguments+=(--output "$output")
fi

say "building with $(server_name)"
build_for_server

say "starting a throwaway server in $work"
# A database is made for every few thousand calls.
printf '%s\n' 'autovacuum = off' 'max_wal_size = 8GB' 'max_connections = 50' >>"$work/load.conf"
start_server

PYTHONDONTWRITEBYTECODE=1 "$python" "$root/t/fuzz/fuzz.py" --host "$work/s" --giants "${arguments[@]}"
say "done in ${SECONDS}s"
