#!/usr/bin/env bash
# Build fca_repo with warnings as errors and run its tests, on throwaway servers.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tools/counting.sh
. "$(dirname "${BASH_SOURCE[0]}")/counting.sh"

duration="6 to 10 minutes on two cores, and longer where others use them"
accept=no
regress=()
isolation=()
tap=()

# usage: what can be asked for.
usage() {
	cat <<-END
		Usage: tools/check.sh [[--accept] TEST ...]

		Installs what is missing (Debian and Ubuntu, as root), then, outside of this clone and on
		throwaway servers: builds with gcc and with clang, warnings being errors, and runs the
		regression tests (sql/), the isolation tests (specs/) and the TAP tests (t/). This takes
		$duration.
		The last line counts: "N passed, N failed".

		With names, builds with gcc and runs only those tests: "locks" for sql/locks.sql,
		"lock_wait" for specs/lock_wait.spec, "003_plans" for t/003_plans.pl, or the file.

		  --accept  run those of sql/ and specs/, and write what they give to expected/, for you to
		            review with git diff

		PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found.
	END
}

# print_tests FOLDER: the names of the tests in it, one a line.
print_tests() {
	find "$root/$1" -maxdepth 1 \( -name '*.sql' -o -name '*.spec' -o -name '*.pl' \) |
		sed 's,.*/,,; s,\.[a-z]*$,,' | sort
}

# choose TEST: add it to the tests that run.
choose() {
	local test=${1#"$root/"} folder name
	name=${test##*/}
	name=${name%.*}
	for folder in sql specs t; do
		[[ $test != */* || $test == ?(./)"$folder"/* ]] || continue
		print_tests "$folder" | grep -qxF -e "$name" || continue
		case $folder in
			sql) regress+=("$name") ;;
			specs) isolation+=("$name") ;;
			t) tap+=("$name") ;;
		esac
		return 0
	done
	return 1
}

# explain_tests: which tests there are.
explain_tests() {
	local folder
	echo "There are:"
	for folder in sql specs t; do
		echo "  $folder/"
		print_tests "$folder" | paste -sd ' ' | fold -sw 90 | sed 's/^/      /; s/ $//'
	done
} >&2

# build COMPILER FLAG...: build in $work/COMPILER with all warnings on, as errors.
build() {
	local compiler=$1 strict
	shift
	strict=(
		-Wall -Wextra -Werror
		# The signature of a callback is the server's: not every one uses all of its arguments.
		-Wno-unused-parameter
		# A declaration names the fields that it wants to be other than 0.
		-Wno-missing-field-initializers
		# As a system folder, the server's headers are not warned about: all else holds for our
		# own code, and for it alone.
		-isystem "$("$PG_CONFIG" --includedir-server)"
		"$@"
	)
	copy_sources "$work/$compiler"
	if await "$work/$compiler.log" \
		run_make "$work/$compiler" -s -j"$(cores)" CC="$compiler" COPT="${strict[*]}" all; then
		pass "build with $compiler"
	else
		cat "$work/$compiler.log"
		fail "build with $compiler"
		return 1
	fi
}

# check_version: the version is written in the control file and in the changelog, nowhere else
# (META.json.in has @VERSION@ for it, and the version of its own format).
check_version() {
	local version pattern script found
	version=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$root/fca_repo.control")
	pattern=${version//./\\.}
	pattern="fca_repo--$pattern\\.sql|[Vv][Ee][Rr][Ss][Ii][Oo][Nn]['\"]? *[:?]?[=:] *['\"]?${pattern}['\"]?([^0-9.]|\$)"
	script=$work/inst$("$PG_CONFIG" --sharedir)/extension/fca_repo--$version.sql
	found=$(cd "$root" && print_sources | grep -zEv '(^|/)(fca_repo\.control|CHANGELOG\.md|META\.json\.in)$' |
		xargs -0 grep -nEI -e "$pattern" /dev/null) || :
	if [[ -n $version && -f $script && -z $found ]]; then
		pass "version $version"
		return
	fi
	[[ -f $script ]] || echo "not installed: ${script##*/}"
	[[ -z $found ]] || printf 'repeats the version of fca_repo.control: %s\n' "$found"
	fail "version"
}

# check_scripts: the shell scripts are free of what shellcheck warns about.
check_scripts() {
	local scripts
	print_sources | grep -zE '\.sh$|^(\./)?\.ci/run$' | mapfile -t -d '' scripts
	if (cd "$root" && shellcheck -x -S warning "${scripts[@]}"); then
		pass "shell scripts"
	else
		fail "shell scripts"
	fi
}

# install_and_start: build with gcc, install below $work, start the server that the tests run on.
install_and_start() {
	build gcc || exit 1
	run_make "$work/gcc" -s install DESTDIR="$work/inst" >"$work/install.log" 2>&1 ||
		{ cat "$work/install.log" >&2; die "make install failed"; }
	write_load_path
	start_server
	export PGHOST=$work/s PGUSER=postgres
}

# run_tests: run those that were chosen.
run_tests() {
	local name
	if [[ ${#regress[@]} -gt 0 ]]; then
		say "regression tests"
		run_regress regress "$work/gcc" ISOLATION= REGRESS="${regress[*]}"
	fi
	if [[ ${#isolation[@]} -gt 0 ]]; then
		say "isolation tests"
		run_regress isolation "$work/gcc" REGRESS= ISOLATION="${isolation[*]}"
	fi
	[[ ${#tap[@]} -eq 0 ]] || say "TAP tests"
	for name in "${tap[@]}"; do
		run_tap "t/$name.pl" "$work/gcc"
	done
}

# accept KIND NAME...: run these tests with make's variable KIND, and write what they give to expected/.
accept() {
	local kind=$1 name expected result log=$work/$1.log
	shift
	for name in "$@"; do
		# A new test is compared with nothing.
		as_user touch "$work/gcc/expected/$name.out"
	done
	await "$log" run_make "$work/gcc" installcheck TAP_TESTS= REGRESS= ISOLATION= "$kind=$*" || :
	for name in "$@"; do
		expected=expected/$name.out
		result=$(find "$work/gcc" -path "*/results/$name.out")
		if [[ ! -s $result ]]; then
			tail -n 30 "$log"
			fail "$name: it gave nothing"
		elif cmp -s "$result" "$root/$expected"; then
			pass "$name: as $expected has it"
		else
			cat "$result" >"$root/$expected"
			pass "$name: wrote $expected; read it, or its git diff, before you commit it"
		fi
	done
}

# check_all: everything there is.
check_all() {
	check_scripts
	# PGXS hands clang the flags that gcc was configured with.
	build clang -Wno-unknown-warning-option -Wno-ignored-optimization-argument || :
	install_and_start
	check_version
	print_tests sql | mapfile -t regress
	print_tests specs | mapfile -t isolation
	print_tests t | mapfile -t tap
	run_tests
}

names=()
for argument in "$@"; do
	case $argument in
		--help | -h)
			usage
			exit 0
			;;
		--accept) accept=yes ;;
		-*) die "unknown argument \"$argument\"; --help says more" ;;
		*) names+=("$argument") ;;
	esac
done
for name in "${names[@]}"; do
	choose "$name" || { explain_tests; die "there is no test \"$name\""; }
done
[[ $accept == no || (${#names[@]} -gt 0 && ${#tap[@]} -eq 0) ]] ||
	die "--accept needs names of tests in sql/ or specs/; what they give is for you to review"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ ${#names[@]} -eq 0 ]]; then
	say "all tests: this takes $duration"
	needed=(postgresql "${test_tools[@]}")
	# Its package leaves a service, which is none of the business of a machine that is worked on.
	[[ ${CI:-} != true ]] || needed+=(pgbouncer)
else
	needed=(postgresql gcc make)
	[[ ${#tap[@]} -eq 0 ]] || needed+=(perl prove Test::More IPC::Run)
fi
need "${needed[@]}"
make_work
say "checking with $(server_name)"
if [[ ${#names[@]} -eq 0 ]]; then
	check_all
else
	install_and_start
	if [[ $accept == yes ]]; then
		[[ ${#regress[@]} -eq 0 ]] || accept REGRESS "${regress[@]}"
		[[ ${#isolation[@]} -eq 0 ]] || accept ISOLATION "${isolation[@]}"
	else
		run_tests
	fi
fi
complete=yes
