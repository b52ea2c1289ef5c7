#!/usr/bin/env bash
# Usage: tools/check.sh [--set NAME=VALUE ...] [[--accept] TEST ...]
#
# Installs what is missing (Debian and Ubuntu, as root), then, outside of this clone and on throwaway
# servers: builds with gcc and with clang, warnings being errors, and runs the regression tests (sql/),
# the isolation tests (specs/) and the TAP tests (t/). The last line counts: "N passed, N failed".
#
# With names, builds with gcc and runs only those tests: "locks" for sql/locks.sql, "lock_wait" for
# specs/lock_wait.spec, "003_plans" for t/003_plans.pl, or the file.
#
#   --accept          write what those of sql/ and specs/ give to expected/, for you to review with git diff
#   --set NAME=VALUE  a setting of every server, as plan_cache_mode=force_generic_plan; some tests then show
#                     what it changes, and those that test a setting set it themselves
#
# PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The packages that every test needs, beside a PostgreSQL, and those that all of them need.
needed=(gcc libc6-dev make)
all_needed=("${needed[@]}" clang shellcheck perl libipc-run-perl python3-pglast)
tests=()
passed=0 failed=0 complete=no

# try NAME COMMAND...: run it, and count whether it succeeds.
try() {
	if "${@:2}"; then
		passed=$((passed + 1))
		echo "ok      $1"
	else
		failed=$((failed + 1))
		echo "FAILED  $1"
		return 1
	fi
}

# finish: remove all that was made, and end with the count whatever happened.
finish() {
	local status=$?
	trap '' INT TERM HUP
	remove_work
	# Stopped before the end by something that no test was counted for.
	[[ $complete == yes || $failed -gt 0 ]] || failed=1
	[[ $failed -eq 0 || $status -ne 0 ]] || status=1
	echo "$passed passed, $failed failed"
	exit "$status"
}

# choose NAME...: the tests of these names, or all.
choose() {
	local name file all=("$root"/{sql/*.sql,specs/*.spec,t/*.pl})
	[[ $# -gt 0 ]] || tests=("${all[@]#"$root/"}")
	for name in "$@"; do
		for file in "${all[@]}"; do
			[[ ${file%.*} != */"$name" && $file != "$root/${name#./}" && $file != "$name" ]] || break
			file=
		done
		[[ -n $file ]] || die "$(printf '%s ' there are "${all[@]#"$root/"}" | fold -sw 100)
there is no test \"$name\""
		tests+=("${file#"$root/"}")
	done
}

# chosen FOLDER: the names of the chosen tests in it.
chosen() {
	printf '%s\n' "${tests[@]}" | sed -n "s,^$1/\(.*\)\..*,\1,p" | paste -sd ' '
}

# compile COMPILER FLAG...: build in $work/COMPILER with all warnings on, as errors. Not every callback
# uses all of its arguments, a declaration names the fields that are other than 0, and the server's
# headers are a system folder, which is not warned about.
compile() {
	copy_sources "$work/$1"
	try "build with $1" await "$work/$1.log" run_make "$work/$1" -s -j"$cores" CC="$1" all COPT="-Wall -Wextra -Werror \
		-Wno-unused-parameter -Wno-missing-field-initializers -isystem $("$PG_CONFIG" --includedir-server) ${*:2}" ||
		cat "$work/$1.log"
}

# check_version: is the version written in the control file and in the changelog, and nowhere else?
# (META.json.in has @VERSION@ for it, and the version of its own format.)
check_version() {
	local version pattern
	version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$root/fca_repo.control")
	pattern=${version//./\\.}
	pattern="fca_repo--$pattern\\.sql|[Vv][Ee][Rr][Ss][Ii][Oo][Nn]['\"]? *[:?]?[=:] *['\"]?${pattern}['\"]?([^0-9.]|\$)"
	[[ -n $version && -f $work/inst$("$PG_CONFIG" --sharedir)/extension/fca_repo--$version.sql ]] &&
		! grep -rnEI --exclude={fca_repo.control,CHANGELOG.md,META.json.in} -e "$pattern" "$work/gcc"
}

# run_regress FOLDER MAKE-ARGUMENT...: run the chosen tests in it, and count the lines of pg_regress, of
# 15 ("test x ... ok") and of 16 and newer ("ok 1 - x"); show what differs.
run_regress() {
	local log=$work/$1.log status=0 failures=$failed count=$((passed + failed)) result name
	[[ -n $(chosen "$1") ]] || return 0
	await "$log" run_make "$work/gcc" installcheck TAP_TESTS= "${@:2}" || status=$?
	# 15 says "ok (test process exited ...)" where a spec cannot be read, and the expected file shows the same.
	sed -nE 's/^(test)? +([^ ]+) +\.\.\. ok +[0-9]+ ms.*/ok \2/p; s/^(test)? +([^ ]+) +\.\.\. (FAILED|ok +\().*/not \2/p
		s/^(ok|not)( ok)? +[0-9]+ +[-+] ([^ ]+).*/\1 \3/p' "$log" |
		while read -r result name; do
			try "$1/$name" test "$result" = ok || :
		done
	# It came to no test, or to an end that none of them explains.
	[[ $count -lt $((passed + failed)) && ($status -eq 0 || $failed -gt $failures) ]] || try "$1: run of the tests" false || :
	[[ $failed -ne $failures ]] || return 0
	tail -n 30 "$log" "$work/server.log"
	find "$work/gcc" -name regression.diffs -exec head -n 500 {} \; -delete
}

# run_tap NAME: run one file of TAP tests. Its servers read TEMP_CONFIG, and so find the extension.
run_tap() {
	local log=$work/tap.log logs=$work/gcc/tmp_check/log
	TEMP_CONFIG=$work/load.conf await "$log" run_make "$work/gcc" installcheck REGRESS= ISOLATION= PROVE_TESTS="t/$1.pl" || :
	if grep -q '^Result: NOTESTS' "$log"; then
		echo "skipped t/$1: $(grep -o 'skipped: .*' "$log")"
	elif ! try "t/$1" grep -q '^Result: PASS' "$log"; then
		tail -n 100 "$log"
		grep -v '\bok [0-9]' "$logs/regress_log_$1" | tail -n 100 || :
		tail -n 30 "$logs"/*.log || :
	fi
	# The next one removes them.
	cat "$logs"/*.log >>"$work/tap-servers.log" 2>/dev/null || :
}

# run_tests: run those that were chosen.
run_tests() {
	local name
	run_regress sql ISOLATION= REGRESS="$(chosen sql)"
	run_regress specs REGRESS= ISOLATION="$(chosen specs)"
	for name in $(chosen t); do
		run_tap "$name"
	done
}

# accept: run the chosen tests of sql/ and specs/, and write what they give to expected/.
accept() {
	local name result
	for name in $(chosen sql) $(chosen specs); do
		# A new test is compared with nothing.
		as_user touch "$work/gcc/expected/$name.out"
	done
	await "$work/accept.log" run_make "$work/gcc" installcheck TAP_TESTS= ISOLATION= REGRESS="$(chosen sql)" || :
	await "$work/accept.log" run_make "$work/gcc" installcheck TAP_TESTS= REGRESS= ISOLATION="$(chosen specs)" || :
	for name in $(chosen sql) $(chosen specs); do
		result=$(find "$work/gcc" -path "*/results/$name.out" -size +0)
		! cmp -s "$result" "$root/expected/$name.out" || continue
		try "$name: wrote expected/$name.out; read it, or its git diff, before you commit it" \
			cp --no-preserve=all "$result" "$root/expected/$name.out" || tail -n 30 "$work/accept.log"
	done
}

# main ARGUMENT...: do what was asked for.
main() {
	local run=run_tests
	while [[ ${1:-} == -* ]]; do
		case $1 in
			--help | -h) show_help ;;
			--accept) run=accept ;;
			--set) add_setting "${2:-}" && shift ;;
			*) die "unknown argument \"$1\"; --help says more" ;;
		esac
		shift
	done
	choose "$@"
	[[ $run != accept || ($# -gt 0 && -z $(chosen t)) ]] ||
		die "--accept needs names of tests in sql/ or specs/; what they give is for you to review"
	catch_signals
	[[ -z $(chosen t) ]] || needed+=(perl libipc-run-perl)
	if [[ $# -eq 0 ]]; then
		say "all tests: this takes 6 to 10 minutes on two cores, and longer where others use them"
		needed=("${all_needed[@]}")
		# Its package leaves a service, which is none of the business of a machine that is worked on.
		[[ ${CI:-} != true ]] || needed+=(pgbouncer)
	fi
	need postgresql "${needed[@]}"
	make_work
	say "checking with $("$bindir/postgres" --version)"
	# PGXS hands clang the flags that gcc was configured with.
	[[ $# -gt 0 ]] || compile clang -Wno-unknown-warning-option -Wno-ignored-optimization-argument
	compile gcc
	install_module "$work/gcc"
	[[ $# -gt 0 ]] || try version check_version || :
	[[ $# -gt 0 ]] || try "shell scripts" shellcheck -x -S warning -P "$work/gcc" "$root"/{.ci/run,tools/*.sh} || :
	start_server
	"$run"
	complete=yes
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
