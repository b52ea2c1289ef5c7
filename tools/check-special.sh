#!/usr/bin/env bash
# Usage: tools/check-special.sh [--major N] [--set NAME=VALUE ...] CHECK [TEST ...]
#
# Installs what is missing (Debian, as root), then does one of these:
#
#   assertions      all tests on a PostgreSQL with assertions
#   valgrind        all tests on the same PostgreSQL, below valgrind
#   discard-caches  short tests on the same PostgreSQL, with debug_discard_caches = 1
#   sanitizers      all tests on a PostgreSQL with assertions, AddressSanitizer and
#                   UndefinedBehaviorSanitizer; a finding ends the server process
#   analyzers       gcc -fanalyzer, clang's scan-build and cppcheck read src/
#
# PostgreSQL is built from Debian's source package, and never runs outside of a temporary folder. Beside
# the tests it has auto_explain read every statement, nested ones too, when it ends. Numbers that the tests
# read from the environment (FCA_CASES and others) are smaller by default. With names, runs only those tests,
# as tools/check.sh does. The last line counts: "N passed, N failed".
#
#   --major N         which PostgreSQL to build: 15, 17, 18 (the default) or 19
#   --set NAME=VALUE  a setting of every server, as tools/check.sh has it
#
# FCA_CACHE is a folder in which builds of PostgreSQL stay for the next time (about 1.5 GB).
set -euo pipefail
# shellcheck source=tools/check.sh
. "$(dirname "${BASH_SOURCE[0]}")/check.sh"

# The tests that end in minutes without caches.
short_tests=(locks update_if base_read base_write base_errors)
# Left out: what limits the memory of a process, of which the tools take a multiple; for valgrind also a
# million rows, and the regression tests three times over; and what tests the commands, not the server.
declare -A left_out=([assertions]=019 [sanitizers]='009|019' [valgrind]='002|009|017|019')

# apt_source COMMAND...: apt with lists of its own in $work/apt, so that the machine's stay as they are.
apt_source() {
	as_user env -C "$work/apt" "$@" -q -o Dir::Etc::SourceParts=/dev/null -o Dir::Cache="$work/apt/cache" \
		-o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::State::Lists="$work/apt/lists" \
		-o Dir::Etc::Trusted=/usr/share/keyrings/debian-archive-keyring.gpg -o Acquire::Check-Valid-Until=false
}

# fetch_source: get PostgreSQL's source into $cache/source; of the version before, where a mirror does
# not have the newest.
fetch_source() {
	local version versions log=$work/fetch.log
	[[ ! -f $cache/source.done ]] || return 0
	say "fetching the source of PostgreSQL $major"
	rm -rf "$cache/source"
	as_user mkdir -p "$work"/apt/{lists/partial,cache/archives/partial}
	print_archives deb-src "$major" >"$work/apt/sources.list"
	await "$log" apt_source apt-get update || :
	apt_source apt-cache showsrc --only-source "postgresql-$major" | sed -n 's/^Version: //p' | sort -rVu | mapfile -t versions
	for version in "${versions[@]}"; do
		if await "$log" apt_source apt-get source --download-only "postgresql-$major=$version" &&
			await "$log" as_user dpkg-source -x "$work"/apt/*.dsc "$cache/source"; then
			touch "$cache/source.done"
			return
		fi
	done
	cat "$log" >&2
	die "no source of PostgreSQL $major could be fetched"
}

# prepare NAME CONFIGURE-ARGUMENT...: have a PostgreSQL in $cache/NAME, a copy of it in $work/server, and the
# module for it. The tests use collations of ICU, and query_to_xml().
prepare() {
	local cache=${FCA_CACHE:-$work/cache}/postgresql-$major/$1
	need gcc libc6-dev make perl libipc-run-perl dpkg-dev bison flex pkg-config libicu-dev libxml2-dev valgrind
	make_work
	mkdir -p "$cache" "$work/found"
	! is_root || chown "$user" "$cache" "$work/found"
	fetch_source
	if [[ ! -f $cache/done ]]; then
		say "building PostgreSQL ($1); this takes some minutes"
		# shellcheck disable=SC2016
		await "$work/configure.log" as_user sh -euc 'cd "$0"; cores=$1; shift
			rm -rf inst; mkdir -p build; cd build; ../source/configure --prefix="$0/inst" "$@"
			for part in src config contrib/auto_explain contrib/citext contrib/pg_stat_statements contrib/pg_trgm \
				contrib/postgres_fdw; do make -s -j"$cores" -C "$part" install; done; cd ..; rm -rf build; touch done' \
			"$cache" "$cores" --enable-debug --enable-cassert --enable-tap-tests --with-icu --with-libxml \
			--without-readline --without-zlib "${@:2}" ||
			{ tail -n 30 "$work/configure.log" >&2; die "PostgreSQL could not be built"; }
	fi
	as_user cp -a "$cache/inst" "$work/server"
	suppressions=$cache/source/src/tools/valgrind.supp
	bindir=$work/server/bin PG_CONFIG=$work/server/bin/pg_config
	say "checking with $("$bindir/postgres" --version)"
	compile gcc
	install_module "$work/gcc"
	printf '%s\n' "session_preload_libraries = 'auto_explain'" 'auto_explain.log_min_duration = 0' \
		'auto_explain.log_nested_statements = on' 'auto_explain.log_analyze = on' >>"$work/load.conf"
	# These servers are slow: time is not what is tested.
	export FCA_CASES=${FCA_CASES:-300} PGCTLTIMEOUT=900 PG_TEST_TIMEOUT_DEFAULT=1800 PGISOLATIONTIMEOUT=1800
}

# show_none FILE...: are these files empty? If not, show them.
show_none() {
	! cat "$@" 2>/dev/null | head -n 300 | cat -v | grep .
}

# run_suite: run the tests. No process failed an assertion or crashed (tests kill servers by other
# signals), and none logs the bytes 0x7F, as a text or a number, that overwrite freed memory.
run_suite() {
	start_server
	run_tests
	await "$work/stop.log" as_user "$bindir/pg_ctl" stop -D "$work/data" -m fast ||
		try "shutdown of the server" false || :
	cat "$work"/{server,tap-servers}.log 2>/dev/null >"$work/logs" || :
	grep -aE $'TRAP:|was terminated by signal (4|6|7|8|11):|\x7f{8}|2139062143' "$work/logs" >"$work/errors" || :
	try "no failed assertion, no crash, no freed memory read" show_none "$work/errors" || :
}

# put_below_valgrind: each server process runs below valgrind, with the exceptions that PostgreSQL
# declares for its own code; what only initializes a folder or prints a setting does not.
put_below_valgrind() {
	export FCA_PLAN_CALLS=${FCA_PLAN_CALLS:-50} FCA_CONCURRENCY_SECONDS=${FCA_CONCURRENCY_SECONDS:-150}
	mv "$bindir/postgres" "$bindir/postgres.bin"
	cat >"$bindir/postgres" <<-END
		#!/bin/sh
		case \${1:-} in
			--boot | --single | --check | --describe-config | --version | -V | -C) exec "$bindir/postgres.bin" "\$@" ;;
		esac
		exec valgrind --quiet --verbose --leak-check=no --trace-children=yes --num-callers=25 \\
			--suppressions="$suppressions" --error-markers=VALGRIND-BEGIN,VALGRIND-END \\
			--log-file="$work/found/valgrind.%p" "$bindir/postgres.bin" "\$@"
	END
	chmod 755 "$bindir/postgres"
}

# check_valgrind: it saw many processes, and no error in them.
check_valgrind() {
	try "valgrind: saw more than 10 processes" test "$(find "$work/found" -name 'valgrind.*' | wc -l)" -gt 10 || :
	sed -n '/VALGRIND-BEGIN/,/VALGRIND-END/p' "$work"/found/valgrind.* >"$work/errors"
	try "valgrind: no error" show_none "$work/errors" || :
}

# analyze NAME COMMAND...: run it in the copied source, where it prints what it finds: the faults that
# were planted, all of them, and nothing else.
analyze() {
	local log=$work/$1.log found
	await "$log" as_user env -C "$work/gcc" "${@:2}" || tail -n 30 "$log"
	found=$(grep -oFf "$work/planted" "$log" | sort -u | wc -l)
	try "$1: finds what was planted in ${#tests[@]} files" test "$found" -eq ${#tests[@]} || :
	grep -E '^[^ ]+:[0-9]+:[0-9]*:? (fatal error|error|warning|style|performance|portability):' "$log" |
		grep -vFf "$work/planted" >"$work/errors" || :
	try "$1: finds nothing else" show_none "$work/errors" || :
}

# run_analyzers: whether they find something in src/, at the end of each file of which a null pointer is
# written to. The server's headers are a system folder: they are not ours to judge.
run_analyzers() {
	local file headers each
	# shellcheck disable=SC2016
	each='for file; do "$CC" -O2 $ANALYZE -D_GNU_SOURCE -isystem "$0" -c -o /dev/null "$file" || exit; done'
	need postgresql gcc libc6-dev make clang clang-tools cppcheck
	make_work
	headers=$("$PG_CONFIG" --includedir-server)
	copy_sources "$work/gcc"
	cd "$work/gcc"
	tests=(src/*.c src/*/*.c)
	for file in "${tests[@]}"; do
		printf '\nextern void planted(int n);\nvoid planted(int n) { int *p = NULL; if (n > 0)\n*p = n; }\n' >>"$file"
		echo "$file:$(wc -l <"$file"):" >>"$work/planted"
	done
	analyze gcc env CC=gcc ANALYZE=-fanalyzer sh -c "$each" "$headers" "${tests[@]}"
	analyze scan-build scan-build -o "$work/tmp" --use-cc=clang sh -c "$each" "$headers" "${tests[@]}"
	# Without the headers it does not know the macros, and without the compiler's it stops at an #error.
	analyze cppcheck cppcheck -q -j "$cores" --enable=warning,performance,portability --inline-suppr \
		-D__GNUC__=12 -D__x86_64__=1 -I"$headers" --suppress="*:$headers/*" "${tests[@]}"
}

major=18
while [[ ${1:-} == -* ]]; do
	[[ $1 != --help ]] || show_help
	[[ $1 == --set || ($1 == --major && ${2:-} == @(15|17|18|19)) ]] || die "unknown argument \"$*\"; --help says more"
	if [[ $1 == --set ]]; then add_setting "${2:-}"; else major=$2; fi
	shift 2
done
check=${1:-}
set -- "${@:2}"
if [[ $# -eq 0 && $check == discard-caches ]]; then
	set -- "${short_tests[@]}"
fi
choose "$@"
if [[ $# -eq 0 && -n ${left_out[$check]:-} ]]; then
	say "left out: t/${left_out[$check]}"
	printf '%s\n' "${tests[@]}" | grep -vE "^t/(${left_out[$check]})_" | mapfile -t tests
fi
catch_signals
case $check in
	assertions | discard-caches | valgrind)
		# PostgreSQL checks itself, and wipes and fences the memory that it hands out.
		prepare assertions CFLAGS='-O1 -g -fno-omit-frame-pointer' CPPFLAGS=-DUSE_VALGRIND
		[[ $check != discard-caches ]] || printf '%s\n' 'debug_discard_caches = 1' 'autovacuum = off' >>"$work/load.conf"
		[[ $check != valgrind ]] || put_below_valgrind
		run_suite
		[[ $check != valgrind ]] || check_valgrind
		;;
	sanitizers)
		# PostgreSQL frees at the end of a process what no pointer leads to any more, and its programs, which
		# the build runs too, free nothing: no leaks. A finding ends the process, and so its test fails too.
		export ASAN_OPTIONS=detect_leaks=0
		prepare sanitizers LDFLAGS=-fsanitize=address,undefined \
			CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
		ASAN_OPTIONS+=:abort_on_error=1:disable_coredump=1:detect_stack_use_after_return=0:log_path=$work/found/asan
		export UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1:log_path=$work/found/ubsan
		# A function takes several times the stack.
		echo 'max_stack_depth = 7MB' >>"$work/load.conf"
		run_suite
		# Not every library of theirs writes to the files.
		grep -aA 30 -E 'runtime error: |ERROR: AddressSanitizer' "$work/logs" >"$work/errors" || :
		try "sanitizers: no finding" show_none "$work/errors" "$work"/found/* || :
		;;
	analyzers) run_analyzers ;;
	*) die "which check? --help says more" ;;
esac
complete=yes
