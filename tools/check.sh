#!/usr/bin/env bash
# Build fca_repo with warnings as errors and run its tests, on throwaway servers.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tools/counting.sh
. "$(dirname "${BASH_SOURCE[0]}")/counting.sh"

# usage: what can be asked for.
usage() {
	cat <<-END
		Usage: tools/check.sh [TEST ...]

		Installs what is missing (Debian and Ubuntu, as root), then, outside of this clone and on
		throwaway servers: builds with gcc and with clang, warnings being errors, and runs the
		regression tests (sql/), the isolation tests (specs/) and the TAP tests (t/). With names,
		runs only those regression tests. The last line counts: "N passed, N failed".

		PG_CONFIG names the pg_config of the PostgreSQL to use, if not the first that is found.
	END
}

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
	if run_make "$work/$compiler" -s -j"$(cores)" CC="$compiler" COPT="${strict[*]}" all \
		>"$work/$compiler.log" 2>&1; then
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

# check_all: everything there is.
check_all() {
	local file
	check_scripts
	# PGXS hands clang the flags that gcc was configured with.
	build clang -Wno-unknown-warning-option -Wno-ignored-optimization-argument || :
	install_and_start
	check_version
	say "regression tests"
	run_regress regress "$work/gcc" ISOLATION=
	if compgen -G "$root/specs/*.spec" >/dev/null; then
		say "isolation tests"
		run_regress isolation "$work/gcc" REGRESS=
	fi
	if compgen -G "$root/t/*.pl" >/dev/null; then
		say "TAP tests"
		for file in "$root"/t/*.pl; do
			run_tap "t/${file##*/}" "$work/gcc"
		done
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

case ${1:-} in
	--help | -h)
		usage
		exit 0
		;;
	-*) die "unknown argument \"$1\"; --help says more" ;;
esac
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

needed=(postgresql gcc make)
[[ $# -gt 0 ]] || needed=(postgresql "${test_tools[@]}")
# Its package leaves a service, which is none of the business of a machine that is worked on.
[[ $# -gt 0 || ${CI:-} != true ]] || needed+=(pgbouncer)
need "${needed[@]}"
make_work
say "checking with $(server_name)"
if [[ $# -gt 0 ]]; then
	install_and_start
	run_regress regress "$work/gcc" ISOLATION= REGRESS="$*"
else
	check_all
fi
complete=yes
