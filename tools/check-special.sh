#!/usr/bin/env bash
# Run the tests of fca_repo on servers that are built to find faults, and the analyzers on its source.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tools/counting.sh
. "$(dirname "${BASH_SOURCE[0]}")/counting.sh"

record=no
major=
check=
cache=
server=
source_version=

# usage: what can be asked for.
usage() {
	cat <<-END
		Usage: tools/check-special.sh [--record] [--major N] CHECK [TEST ...]

		Installs what is missing (Debian, as root), then does one of these:

		  assertions      all tests on a PostgreSQL with assertions
		  valgrind        all tests on the same PostgreSQL, below valgrind
		  discard-caches  all tests on a PostgreSQL that overwrites memory when it is freed, with
		                  debug_discard_caches = 1 in every function of the extension, for the
		                  first FCA_DISCARD_SECONDS (10) of each statement
		  sanitizers      all tests on a PostgreSQL with assertions, AddressSanitizer and
		                  UndefinedBehaviorSanitizer; a finding ends the server process
		  analyzers       gcc -fanalyzer, clang's scan-build and cppcheck read src/

		PostgreSQL is built from Debian's source package, unpatched, and never runs outside of a
		temporary folder. Beside the tests it has auto_explain read every statement, nested ones too,
		when it ends. The last line counts: "N passed, N failed".

		With names, runs only those tests: "plans" for sql/plans.sql, "specs/lock_wait",
		"t/003_plans.pl".

		  --major N  which PostgreSQL to build: 15, 17, 18 or 19; by default 18, but for discard-caches 15
		  --record   also add a line to tools/special-results.md

		FCA_CACHE   a folder in which sources and builds of PostgreSQL stay for the next time (about
		            1.5 GB); by default they are made in the temporary folder
		FCA_CASES and what else the tests read from the environment: those that are slow here are
		            given smaller numbers by default
		PG_CONFIG   for analyzers: the pg_config of the PostgreSQL whose headers to use
	END
}

# why_not TEST: why the check leaves out that test; nothing if it does not.
why_not() {
	case $check:$1 in
		discard-caches:repeated_calls) echo "counts the calls for which an executor is kept: none is" ;;
		discard-caches:t/002_index_use.pl | discard-caches:t/003_plans.pl)
			echo "looks at plans: without caches the server makes them again by itself" ;;
		discard-caches:t/009_memory.pl | discard-caches:t/016_roles.pl) echo "makes calls by the thousand" ;;
		discard-caches:t/017_settings.pl | valgrind:t/017_settings.pl)
			echo "runs the regression tests three times over" ;;
		*:t/019_commands.pl) echo "builds and runs the two commands, with the packaged server" ;;
		valgrind:t/002_index_use.pl) echo "fills the relations with a million rows" ;;
		sanitizers:t/009_memory.pl | valgrind:t/009_memory.pl)
			echo "limits the memory of a process, of which the tool takes a multiple" ;;
	esac
}

# before_count: add a line to the table of results, where that was asked for.
before_count() {
	[[ $record == yes && $complete == yes ]] || return 0
	printf '| %s | %s | %s | %s | %s passed, %s failed |\n' "$(date -u +%F)" "$commit" \
		"$source_version" "$check${names[*]:+: ${names[*]}}" "$passed" "$failed" \
		>>"$root/tools/special-results.md"
}

#
# PostgreSQL from its source
#

# print_sources_list: where the source of $major is, in this machine's mirrors of Debian.
print_sources_list() {
	local release mirror security_mirror
	release=$(release_of "$major")
	mirror=$(print_mirror Debian)
	security_mirror=$(print_mirror Debian-Security)
	[[ -n $mirror ]] || die "there is no archive of Debian among the package sources of this machine"
	echo "deb-src $mirror $release main"
	[[ $release == sid || -z $security_mirror ]] ||
		echo "deb-src $security_mirror $release-security main"
	[[ $major != 19 ]] || echo "deb-src $mirror experimental main"
}

# apt_source FOLDER COMMAND ...: apt with the lists of that folder, so that the machine's stay as
# they are, and nobody needs to be root.
apt_source() {
	local folder=$1
	shift
	as_user sh -c 'cd "$1" && shift && exec "$@"' sh "$folder" "$@" -q \
		-o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Trusted=/usr/share/keyrings/debian-archive-keyring.gpg \
		-o Acquire::Check-Valid-Until=false \
		-o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache"
}

# fetch_source: get PostgreSQL's source into $cache/source, as its authors released it. A mirror
# may no longer have, or not yet have, the newest: then it is the one before.
fetch_source() {
	local folder=$cache/fetch version versions
	source_version=$(cat "$cache/source.version" 2>/dev/null) || source_version=
	[[ -z $source_version ]] || return 0
	say "fetching the source of PostgreSQL $major"
	rm -rf "$folder" "$cache/source"
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	[[ -n $(print_mirror Debian) ]] || ! is_root || apt_get update || :
	print_sources_list >"$folder/sources.list"
	! is_root || chown -R "$user" "$folder"
	apt_source "$folder" apt-get update >"$work/fetch.log" 2>&1 || :
	mapfile -t versions < <(apt_source "$folder" apt-cache showsrc --only-source "postgresql-$major" \
		2>/dev/null | sed -n 's/^Version: //p' | sort -rVu)
	for version in "${versions[@]}"; do
		if apt_source "$folder" apt-get source --download-only "postgresql-$major=$version" \
			>>"$work/fetch.log" 2>&1; then
			as_user dpkg-source -x --skip-patches "$folder"/*.dsc "$cache/source" \
				>>"$work/fetch.log" 2>&1 || break
			rm -rf "$folder"
			source_version=${version%%-*}
			echo "$source_version" >"$cache/source.version"
			return
		fi
		say "version $version cannot be fetched"
	done
	cat "$work/fetch.log" >&2
	die "no source of PostgreSQL $major could be fetched"
}

# build_server NAME ARGUMENT...: build PostgreSQL in $cache/NAME, configured with these arguments
# beside those that all have; copy it to $work/server and use it. A copy can run anywhere, and so
# nothing is ever installed into what stays.
build_server() {
	local name=$1 folder=$cache/$1 log=$work/build.log contrib
	shift
	# The tests use collations of ICU, and query_to_xml().
	set -- --enable-debug --enable-cassert --enable-tap-tests --with-icu --with-libxml \
		--without-readline --without-zlib "$@"
	if [[ $(cat "$folder/done" 2>/dev/null) != "$source_version $*" ]]; then
		say "building PostgreSQL $source_version ($name); this takes some minutes"
		rm -rf "$folder"
		mkdir "$folder"
		! is_root || chown "$user" "$folder"
		as_user mkdir "$folder/build"
		(
			cd "$folder/build"
			as_user "$cache/source/configure" --prefix="$folder/inst" "$@"
			for contrib in src config contrib/{auto_explain,citext,pg_stat_statements,pg_trgm,postgres_fdw}; do
				as_user make -s -j"$(cores)" -C "$contrib" install
			done
		) >"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; die "PostgreSQL could not be built"; }
		rm -rf "$folder/build"
		echo "$source_version $*" >"$folder/done"
	fi
	server=$work/server
	as_user cp -a "$folder/inst" "$server"
	bindir=$server/bin
	PG_CONFIG=$bindir/pg_config
}

# install_module: build the module with the flags of the server, and install it in there.
install_module() {
	copy_sources "$work/module"
	if run_make "$work/module" -s -j"$(cores)" install >"$work/module.log" 2>&1; then
		pass "build"
	else
		cat "$work/module.log"
		fail "build"
		return 1
	fi
}

#
# The tests
#

# run_suite: run the tests that were asked for, or all; say of each that is left out why.
run_suite() {
	local all=("${names[@]}") test why regress=() isolation=() tap=()
	if [[ ${#all[@]} -eq 0 ]]; then
		mapfile -t all < <(cd "$root" && printf '%s\n' sql/*.sql specs/*.spec t/*.pl |
			sed 's/^sql\/\(.*\)\.sql$/\1/; s/\.spec$//')
	fi
	for test in "${all[@]}"; do
		why=$(why_not "$test")
		if [[ -n $why && ${#names[@]} -eq 0 ]]; then
			say "left out: $test, which $why"
			continue
		fi
		case $test in
			t/*) tap+=("$test") ;;
			specs/*) isolation+=("${test#specs/}") ;;
			*) regress+=("$test") ;;
		esac
	done
	if [[ ${#regress[@]} -gt 0 || ${#isolation[@]} -gt 0 ]]; then
		start_server
		export PGHOST=$work/s PGUSER=postgres
		if [[ ${#regress[@]} -gt 0 ]]; then
			say "regression tests"
			run_regress regress "$work/module" ISOLATION= REGRESS="${regress[*]}"
		fi
		if [[ ${#isolation[@]} -gt 0 ]]; then
			say "isolation tests"
			run_regress isolation "$work/module" REGRESS= ISOLATION="${isolation[*]}"
		fi
		as_user "$bindir/pg_ctl" stop -D "$work/data" -m fast >/dev/null ||
			fail "shutdown of the server"
		unset PGHOST PGUSER
	fi
	[[ ${#tap[@]} -eq 0 ]] || say "TAP tests"
	for test in "${tap[@]}"; do
		run_tap "$test" "$work/module"
		keep_logs
	done
	keep_logs
	check_crashes
}

# keep_logs: the next TAP test removes the logs of the one before.
keep_logs() {
	cat "$work"/module/tmp_check/log/*.log >>"$work/tap-servers.log" 2>/dev/null || :
}

# check_crashes: no process failed an assertion or crashed. (Tests kill servers by other signals.)
# None logs the bytes 0x7F, as a text or a number, with which these servers overwrite freed memory.
check_crashes() {
	if grep -ahE $'TRAP:|was terminated by signal (4|6|7|8|11):|\x7f{8}|2139062143' \
		"$work/server.log" "$work/tap-servers.log" 2>/dev/null | head -n 50 | cat -v | grep .; then
		fail "a server process crashed or has read freed memory"
	else
		pass "no failed assertion, no crash, no freed memory read"
	fi
}

# prepare NAME ARGUMENT...: all that a check needs before its tests.
prepare() {
	cache=${FCA_CACHE:-$work/cache}/postgresql-$major
	mkdir -p "$cache"
	! is_root || chown "$user" "$cache"
	as_user test -w "$cache" || die "FCA_CACHE: $user cannot write in $cache"
	fetch_source
	build_server "$@"
	say "checking with $(server_name)"
	install_module || exit 1
	as_user mkdir "$work/found"
	cat >"$work/load.conf" <<-END
		session_preload_libraries = 'auto_explain'
		auto_explain.log_min_duration = 0
		auto_explain.log_nested_statements = on
		auto_explain.log_analyze = on
	END
	export FCA_CASES=${FCA_CASES:-300}
	# These servers are slow: time is not what is tested.
	export PGCTLTIMEOUT=900 PG_TEST_TIMEOUT_DEFAULT=1800 PGISOLATIONTIMEOUT=1800
}

# prepare_assertions: the server that two of the checks share.
prepare_assertions() {
	prepare assertions CFLAGS='-O1 -g -fno-omit-frame-pointer' CPPFLAGS=-DUSE_VALGRIND
}

#
# The checks
#

# check_assertions: PostgreSQL checks itself, and wipes and fences the memory that it hands out.
check_assertions() {
	prepare_assertions
	run_suite
}

# check_valgrind: each server process runs below valgrind, with the exceptions that PostgreSQL
# declares for its own code; what only initializes a folder or prints a setting does not.
check_valgrind() {
	local processes errors
	export FCA_PLAN_CALLS=${FCA_PLAN_CALLS:-50} FCA_CONCURRENCY_SECONDS=${FCA_CONCURRENCY_SECONDS:-150}
	prepare_assertions
	mv "$bindir/postgres" "$bindir/postgres.bin"
	cat >"$bindir/postgres" <<-END
		#!/bin/sh
		case \${1:-} in
			--boot | --single | --check | --describe-config | --version | -V | -C)
				exec "$bindir/postgres.bin" "\$@" ;;
		esac
		exec valgrind --quiet --verbose --leak-check=no --trace-children=yes --num-callers=25 \\
			--suppressions="$cache/source/src/tools/valgrind.supp" \\
			--error-markers=VALGRIND-BEGIN,VALGRIND-END --log-file="$work/found/valgrind.%p" \\
			"$bindir/postgres.bin" "\$@"
	END
	chmod 755 "$bindir/postgres"
	run_suite
	processes=$(find "$work/found" -name 'valgrind.*' | wc -l)
	errors=$(cat "$work"/found/valgrind.* | grep -c VALGRIND-BEGIN || :)
	if [[ $processes -gt 10 && $errors -eq 0 ]]; then
		pass "valgrind: no error in $processes processes"
	else
		sed -n '/VALGRIND-BEGIN/,/VALGRIND-END/p' "$work"/found/valgrind.* | head -n 300
		fail "valgrind: $errors errors in $processes processes"
	fi
}

# check_discard_caches: in a function of the extension, the server forgets its caches whenever it could
# have to. To load rows in the tests' own statements like that would take days.
check_discard_caches() {
	local library=$work/discard_caches.so
	# A call takes a tenth of a second and more.
	export FCA_CASES=${FCA_CASES:-30} FCA_CALLS=${FCA_CALLS:-300} FCA_CRASH_ROUNDS=${FCA_CRASH_ROUNDS:-2}
	# What finds a stale pointer is that freed memory is overwritten: with assertions all of it takes
	# three times as long.
	prepare discard-caches --disable-cassert CFLAGS='-O2 -g' \
		CPPFLAGS='-DDISCARD_CACHES_ENABLED -DCLOBBER_FREED_MEMORY'
	as_user gcc -Wall -Wextra -Werror -O2 -fPIC -shared -isystem "$("$PG_CONFIG" --includedir-server)" \
		-o "$library" "$work/module/tools/discard_caches.c"
	printf "session_preload_libraries = 'auto_explain, %s'\ndiscard_caches.limit = '%s s'\n" \
		"$library" "${FCA_DISCARD_SECONDS:-10}" >>"$work/load.conf"
	as_user patch -s -p1 -d "$work/module" -i "$work/module/tools/discard_caches.diff"
	run_suite
}

# check_sanitizers: a finding ends the process, so that its test fails too, and is kept in a file.
check_sanitizers() {
	local found
	# PostgreSQL frees at the end of a process what no pointer leads to any more, and its programs,
	# which the build runs too, free nothing: no leaks.
	export ASAN_OPTIONS=detect_leaks=0
	prepare sanitizers LDFLAGS=-fsanitize=address,undefined \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
	ASAN_OPTIONS+=:abort_on_error=1:disable_coredump=1:detect_stack_use_after_return=0:log_path=$work/found/asan
	export UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1:log_path=$work/found/ubsan
	# A function takes several times the stack.
	echo 'max_stack_depth = 7MB' >>"$work/load.conf"
	run_suite
	# Not every library of theirs writes to the files.
	found=$({
		cat "$work"/found/* 2>/dev/null
		grep -hA 30 -E 'runtime error: |ERROR: AddressSanitizer' "$work/server.log" \
			"$work/tap-servers.log" 2>/dev/null
	} | head -n 300) || :
	if [[ -z $found ]]; then
		pass "sanitizers: no finding"
	else
		echo "$found"
		fail "sanitizers: findings"
	fi
}

# analyze NAME COMMAND...: run it in the copied source, where it prints what it finds. At the end of
# each file is a null pointer that is written to: it must be found, and nothing else.
analyze() {
	local name=$1 log=$work/$1.log file planted missed=() others
	shift
	(cd "$work/module" && as_user "$@") >"$log" 2>&1 </dev/null ||
		{ tail -n 30 "$log"; fail "$name: it did not run"; return; }
	: >"$work/planted"
	for file in "${files[@]}"; do
		planted=$file:$(($(wc -l <"$root/$file") + planted_line)):
		echo "$planted" >>"$work/planted"
		grep -qF "$planted" "$log" || missed+=("$file")
	done
	others=$(grep -E '^[^ ]+:[0-9]+:[0-9]*:? (fatal error|error|warning|style|performance|portability):' "$log" |
		grep -vF -f "$work/planted") || :
	if [[ ${#missed[@]} -gt 0 ]]; then
		fail "$name: it misses the fault planted in ${missed[*]}"
	elif [[ -n $others ]]; then
		echo "$others"
		fail "$name"
	else
		pass "$name: nothing in ${#files[@]} files"
	fi
}

# check_analyzers: whether they find something in src/.
check_analyzers() {
	local files file headers planted_line=5
	source_version=$(server_name)
	source_version=${source_version#PostgreSQL }
	source_version=${source_version%% *}
	headers=$("$PG_CONFIG" --includedir-server)
	copy_sources "$work/module"
	mapfile -t files < <(cd "$root" && printf '%s\n' src/*.c src/*/*.c)
	for file in "${files[@]}"; do
		printf '%s\n' '' 'extern void planted(int n);' 'void planted(int n)' \
			'{ int *p = NULL; if (n > 0)' '*p = n;' '}' >>"$work/module/$file"
	done
	say "gcc -fanalyzer"
	# The server's headers are a system folder: they are not ours to judge.
	# shellcheck disable=SC2016
	analyze gcc sh -c 'for file; do gcc -O2 -fanalyzer -D_GNU_SOURCE -isystem "$0" -c -o /dev/null "$file" || exit; done' \
		"$headers" "${files[@]}"
	say "scan-build"
	# shellcheck disable=SC2016
	analyze scan-build scan-build -o "$work/tmp" --use-cc=clang sh -c \
		'for file; do "$CC" -O2 -D_GNU_SOURCE -isystem "$0" -c -o /dev/null "$file" || exit; done' \
		"$headers" "${files[@]}"
	say "cppcheck"
	# Without the headers it does not know the macros, and without the compiler's it stops at an
	# #error, and says nothing.
	analyze cppcheck cppcheck -q -j "$(cores)" --enable=warning,performance,portability \
		--inline-suppr -D__GNUC__=12 -D__x86_64__=1 -I"$headers" --suppress="*:$headers/*" \
		"${files[@]}"
}

while [[ ${1:-} == -* ]]; do
	case $1 in
		--help | -h)
			usage
			exit 0
			;;
		--record) record=yes ;;
		--major)
			major=${2:-}
			release_of "$major" >/dev/null || die "which major? --help says more"
			shift
			;;
		*) die "unknown argument \"$1\"; --help says more" ;;
	esac
	shift
done
check=${1:-}
names=("${@:2}")
server_needs=(apt-cache dpkg-source gcc make bison flex perl prove Test::More IPC::Run pkg-config
	libicu-dev libxml2-dev)
case $check in
	valgrind) needed=("${server_needs[@]}" valgrind) ;;
	assertions | sanitizers) needed=("${server_needs[@]}") ;;
	discard-caches) needed=("${server_needs[@]}" patch) ;;
	analyzers) needed=(postgresql gcc clang scan-build cppcheck) ;;
	*) die "which check? --help says more" ;;
esac
# What the tests give without caches differs by major: discard_caches.diff is for the oldest.
[[ -n $major || $check != discard-caches ]] || major=$oldest_major
major=${major:-18}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
need "${needed[@]}"
# Now, since the run can outlast a commit.
commit=$(git -c safe.directory="$root" -C "$root" describe --always --dirty 2>/dev/null) || commit=unknown
make_work
"check_${check/-/_}"
complete=yes
