# shellcheck shell=bash
# What tools/demo.sh and tools/check.sh share; they source it, nobody runs it.
#
# Both work in a temporary folder, $work: the sources are copied there, built, installed below
# $work/inst and loaded by a throwaway server in $work/data. The clone stays as it is, and so does
# every PostgreSQL server of the machine.

# The oldest major that the extension supports.
oldest_major=15

# What all the tests need, beside a server.
# shellcheck disable=SC2034
test_tools=(gcc make clang perl prove Test::More IPC::Run shellcheck pglast)

# A pipe's last command is run by the shell itself, and so can set a variable. <(...) is not used:
# it needs /proc, which is not there in every container.
shopt -s lastpipe

# The caller's settings for other servers, makes and repositories must not reach ours.
for name in "${!PG@}"; do
	[[ $name == PG_CONFIG ]] || unset "$name"
done
unset name MAKEFLAGS MAKELEVEL MFLAGS GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE TEMP_CONFIG
export LC_ALL=C.UTF-8
umask 022

chosen_pg_config=${PG_CONFIG:-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PG_CONFIG=
bindir=
work=
user=
# What await runs now.
running=
# How as_user begins a command: await has it begun apart.
apart=()

# say TEXT...: one line of progress.
say() {
	printf '==> %s\n' "$*"
}

# die TEXT...: say what is wrong, and stop.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# is_root: are we root, who can install packages but cannot run a server?
is_root() {
	[[ $EUID -eq 0 ]]
}

# as_user COMMAND...: run it as the owner of $work, who is never root. A server that it starts must
# not keep open what counting.sh has open.
as_user() {
	if is_root; then
		"${apart[@]}" runuser -u "$user" -- env HOME="$work" "$@" 3>&-
	else
		"${apart[@]}" "$@" 3>&-
	fi
}

# await LOG COMMAND...: run a command of as_user, its output to that file, so that a signal is
# answered at once and not only when the command ends. It is in a session of its own, and so can be
# stopped with all that it has begun.
await() {
	local log=$1 status=0
	shift
	{
		apart=(exec setsid)
		"$@"
	} >"$log" 2>&1 </dev/null &
	running=$!
	wait "$running" || status=$?
	running=
	return "$status"
}

# stop_running: stop what await runs, and wait until it is gone.
stop_running() {
	local tries
	[[ -n $running ]] || return 0
	for ((tries = 0; tries < 50; tries++)); do
		# Also what is not yet in its own session.
		kill -TERM -- "-$running" 2>/dev/null || kill -TERM "$running" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL -- "-$running" 2>/dev/null || :
	running=
}

#
# Which PostgreSQL
#

# version_number TEXT: "15.20 (Debian ...)" gives 150020, "19beta1" gives 190000.
version_number() {
	local major=${1%%[!0-9]*} minor=0
	[[ $1 =~ ^[0-9]+\.([0-9]+) ]] && minor=${BASH_REMATCH[1]}
	echo $((${major:-0} * 10000 + minor))
}

# server_version PG_CONFIG: the number of the server that belongs to it, 0 if there is none.
server_version() {
	local text
	text=$("$("$1" --bindir)/postgres" --version 2>/dev/null) || text=
	version_number "${text##*PostgreSQL) }"
}

# server_name: the server we use, as "PostgreSQL 15.20 (Debian ...)".
server_name() {
	"$bindir/postgres" --version | sed 's/.*(PostgreSQL)/PostgreSQL/'
}

# headers_version PG_CONFIG: the number of the server headers, 0 if there are none.
headers_version() {
	local text
	text=$(sed -n 's/^#define PG_VERSION "\(.*\)"/\1/p' \
		"$("$1" --includedir-server)/pg_config.h" 2>/dev/null) || text=
	[[ -f $("$1" --pgxs) ]] || text=
	version_number "$text"
}

# pg_problem PG_CONFIG: why no module can be built and run with it; empty if one can.
pg_problem() {
	local server headers
	"$1" --version >/dev/null 2>&1 || { echo "it does not run"; return; }
	server=$(server_version "$1")
	headers=$(headers_version "$1")
	if [[ $server -eq 0 ]]; then
		echo "no server in $("$1" --bindir)"
	elif [[ $server -lt $((oldest_major * 10000)) ]]; then
		echo "older than PostgreSQL $oldest_major"
	elif [[ $headers -eq 0 ]]; then
		echo "no server headers in $("$1" --includedir-server)"
	elif [[ $headers -gt $server ]]; then
		# A minor can add a function that a module then needs: the older server cannot load it.
		echo "its server headers ($headers) are newer than its server ($server)"
	fi
}

# find_postgres: set PG_CONFIG, and bindir, to what the user chose, else to the PATH's, else to the
# newest of Debian's that has all we need; fail if none has.
find_postgres() {
	local candidate problem
	if [[ -n $chosen_pg_config ]]; then
		PG_CONFIG=$(command -v "$chosen_pg_config") ||
			die "PG_CONFIG=$chosen_pg_config is no program"
		problem=$(pg_problem "$PG_CONFIG")
		[[ -z $problem ]] || die "PG_CONFIG=$chosen_pg_config cannot be used: $problem"
		bindir=$("$PG_CONFIG" --bindir)
		return 0
	fi
	{
		command -v pg_config || :
		printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -rV
	} | while read -r candidate; do
		if [[ -x $candidate && -z $(pg_problem "$candidate") ]]; then
			PG_CONFIG=$candidate
			bindir=$("$PG_CONFIG" --bindir)
			return 0
		fi
	done
	return 1
}

#
# Which Debian
#

# release_of MAJOR: the Debian release that has it.
release_of() {
	case $1 in
		15) echo bookworm ;;
		17) echo trixie ;;
		18 | 19) echo sid ;;
		*) return 1 ;;
	esac
}

# print_mirror LABEL: where this machine takes the packages of that archive from.
print_mirror() {
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v label="$1" '$1 == label && !seen++ { print $2 }'
}

#
# What else is needed, and how to get it
#

# compiles COMPILER: can it compile something that uses the C library?
compiles() {
	command -v "$1" >/dev/null &&
		echo '#include <stdio.h>' | "$1" -x c -fsyntax-only - 2>/dev/null
}

# print_missing TOOL...: those of the tools that are not there, one a line.
print_missing() {
	local tool
	for tool in "$@"; do
		case $tool in
			postgresql) find_postgres ;;
			gcc | clang) compiles "$tool" ;;
			*::*) perl -M"$tool" -e 1 2>/dev/null ;;
			pglast) /usr/bin/python3 -c 'import pglast' 2>/dev/null ;;
			lib*-dev) [[ $(installed_version "$tool" 2>/dev/null) ]] ;;
			*) command -v "$tool" >/dev/null ;;
		esac || echo "$tool"
	done
}

# debian_major: the major to install: that of an installed server, else the distribution's own.
debian_major() {
	local server major
	for server in $(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -rV); do
		major=${server#/usr/lib/postgresql/}
		major=${major%%/*}
		if [[ -x $server && $major -ge $oldest_major ]]; then
			echo "$major"
			return
		fi
	done
	{ apt-cache depends postgresql 2>/dev/null || :; } |
		sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1
}

# print_online: the majors of Debian's clusters that are running, one a line.
print_online() {
	! command -v pg_lsclusters >/dev/null ||
		pg_lsclusters -h | awk '$4 ~ /^online/ && !seen[$1]++ { print $1 }'
}

# installed_version PACKAGE: the version of Debian's package that is installed.
installed_version() {
	dpkg-query -W -f '${Version}' "$1"
}

# print_postgres_packages: Debian's packages for a server and its headers. Both are named, so that
# they come in the same minor version; but where a server runs, an upgrade would restart it: it
# stays at its version, and the headers are those of that version.
print_postgres_packages() {
	local major online headers=
	major=$(debian_major)
	if [[ -z $major ]]; then
		# Before the first update of the package lists.
		printf '%s\n' postgresql postgresql-server-dev-all
		return
	fi
	for online in $(print_online); do
		echo "postgresql-$online=$(installed_version "postgresql-$online")"
		[[ $online != "$major" ]] || headers="=$(installed_version "postgresql-$online")"
	done
	[[ -n $headers ]] || echo "postgresql-$major"
	echo "postgresql-server-dev-$major$headers"
}

# print_packages TOOL...: Debian's packages for the tools, one a line.
print_packages() {
	local tool
	for tool in "$@"; do
		case $tool in
			postgresql) print_postgres_packages ;;
			gcc | clang) printf '%s\n' "$tool" libc6-dev ;;
			IPC::Run) echo libipc-run-perl ;;
			prove | Test::More) echo perl ;;
			pglast) echo python3-pglast ;;
			dpkg-source) echo dpkg-dev ;;
			scan-build) echo clang-tools ;;
			*) echo "$tool" ;;
		esac
	done | sort -u
}

# After how many seconds apt_get says again how far it is.
progress_seconds=10

# show_progress: of apt-get's output, how much there is to do, and now and then a line of what is
# done; the end of it, and failure, where its last line is "failed".
show_progress() {
	local line='' status last=() started=$SECONDS shown=$SECONDS total=0 fetched=0 unpacked=0 ready=0
	# It is apt-get that ends this, also where a signal comes: a package's script that finds nobody
	# reading would be stopped in the middle.
	trap '' INT TERM HUP
	while :; do
		status=0
		IFS= read -r -t "$progress_seconds" line || status=$?
		[[ $status -eq 0 || $status -gt 128 ]] || break
		last+=("$line")
		[[ ${#last[@]} -le 31 ]] || last=("${last[@]:1}")
		case $line in
			Get:*) fetched=$((fetched + 1)) ;;
			Unpacking\ *) unpacked=$((unpacked + 1)) ;;
			Setting\ up\ *) ready=$((ready + 1)) ;;
			"Need to get "*) printf '    %s\n' "${line%.}" ;;
		esac
		[[ ! $line =~ ([0-9]+)\ upgraded,\ ([0-9]+)\ newly ]] ||
			total=$((BASH_REMATCH[1] + BASH_REMATCH[2]))
		[[ $((SECONDS - shown)) -ge $progress_seconds ]] || continue
		shown=$SECONDS
		printf '    %3d s: ' $((shown - started))
		if [[ $total -eq 0 ]]; then
			echo "$fetched parts of the package lists fetched"
		elif [[ $unpacked -eq 0 ]]; then
			echo "$fetched of $total packages fetched"
		else
			echo "$unpacked of $total packages unpacked, $ready ready"
		fi
	done
	[[ ${last[*]: -1} == failed ]] || return 0
	printf '%s\n' "${last[@]::${#last[@]}-1}" >&2
	return 1
}

# apt_get ARGUMENT...: apt-get without questions. It tells that it goes on; the end of its output is
# shown if it fails.
apt_get() {
	{
		DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 \
			UCF_FORCE_CONFFOLD=1 apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
			-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
			"$@" 2>&1 </dev/null || echo failed
	} | (show_progress)
}

# install_packages PACKAGE...: install them, with no cluster made, started or restarted. It is a
# subshell, so that its trap removes what it leaves for the packages' scripts to read.
install_packages() (
	clusters=/etc/postgresql-common/createcluster.d
	policy=/usr/sbin/policy-rc.d
	made=()

	# Called by the trap.
	# shellcheck disable=SC2317
	remove_made() {
		rm -f "${made[@]}"
		rmdir "$clusters" /etc/postgresql-common 2>/dev/null || :
	}

	trap remove_made EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	# Read together with createcluster.conf, which the package manages, and would ask about if
	# it were here first.
	mkdir -p "$clusters"
	made+=("$clusters/fca_repo.conf")
	echo 'create_main_cluster = false' >"${made[0]}"

	# No package starts a service, and clusters that are stopped stay so.
	if [[ ! -e $policy ]]; then
		made+=("$policy")
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi

	apt_get install --no-install-recommends --no-remove "$@"
)

# need TOOL...: see that the tools are there; install them, or say what to install.
need() {
	local lacking packages
	find_postgres || :
	print_missing "$@" | mapfile -t lacking
	[[ ${#lacking[@]} -gt 0 ]] || return 0

	if ! command -v apt-get >/dev/null; then
		explain_missing "${lacking[@]}"
		exit 1
	fi
	if ! is_root; then
		print_packages "${lacking[@]}" | mapfile -t packages
		die "missing: ${lacking[*]}. Run this as root, or install them as root:
    apt-get update && apt-get install --no-install-recommends ${packages[*]}"
	fi

	say "installing what is missing (${lacking[*]}); this takes some minutes"
	apt_get update || say "not all package lists could be updated; going on with what is there"
	print_packages "${lacking[@]}" | mapfile -t packages
	if ! install_packages "${packages[@]}"; then
		[[ ${packages[*]} != *=* ]] ||
			say "a server is running, so it was not upgraded: upgrade it, then try again"
		die "could not install ${packages[*]}"
	fi

	hash -r
	find_postgres || :
	print_missing "$@" | mapfile -t lacking
	[[ ${#lacking[@]} -eq 0 ]] ||
		die "installed ${packages[*]}, but these are still missing: ${lacking[*]}"
}

# explain_missing TOOL...: what to install where we cannot.
explain_missing() {
	local tool
	echo "${0##*/}: missing, and there is no apt-get to install it:"
	for tool in "$@"; do
		case $tool in
			postgresql)
				echo "  - PostgreSQL $oldest_major or newer: server, client and server headers" \
					"with PGXS, all of one"
				echo "    version; if they are there, set PG_CONFIG to their pg_config"
				;;
			gcc | clang) echo "  - the C compiler $tool, with the headers of the C library" ;;
			*::*) echo "  - the Perl module $tool" ;;
			*) echo "  - the program $tool" ;;
		esac
	done
} >&2

#
# The temporary folder
#

# make_work: make $work where its owner can reach it, a socket's path fits and programs may run.
make_work() {
	local base
	if is_root; then
		command -v runuser >/dev/null || die "runuser is missing: run this as an ordinary user"
		user=nobody
		! id postgres >/dev/null 2>&1 || user=postgres
	fi
	for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
		# A socket's path has at most 107 bytes, and half of them are ours.
		[[ $base == /* && ${#base} -le 50 ]] || continue
		work=$(mktemp -d "$base/fca_repo.XXXXXX" 2>/dev/null) || continue
		mkdir "$work/tmp"
		printf '#!/bin/sh\n' >"$work/try"
		chmod 755 "$work/try"
		! is_root || chown -R "$user" "$work"
		if as_user "$work/try" 2>/dev/null; then
			rm "$work/try"
			export TMPDIR=$work/tmp
			# The owner of $work may not read the folder that we were started in.
			cd "$work" || exit
			return
		fi
		rm -rf "$work"
		work=
	done
	die "no temporary folder that ${user:-you} can run programs in: set TMPDIR to one"
}

# remove_work: stop what runs in $work, and remove it.
remove_work() {
	local pid
	stop_running
	[[ -n $work ]] || return 0
	cd /
	# The throwaway server's, and those of tests that were interrupted.
	find "$work" -name postmaster.pid | while IFS= read -r pid; do
		as_user "$bindir/pg_ctl" stop -D "${pid%/*}" -m immediate >/dev/null 2>&1 </dev/null || :
	done
	rm -rf "$work"
	work=
}

# print_sources: the files of the project, tracked or new but not ignored, each ended by a NUL.
print_sources() (
	cd "$root" || exit
	if [[ -e .git ]] && command -v git >/dev/null; then
		# The clone may be another user's, which is no danger to a listing.
		git -c safe.directory="$root" ls-files -z -co --exclude-standard
	else
		find . -type f -print0
	fi | while IFS= read -r -d '' file; do
		[[ ! -e $file ]] || printf '%s\0' "$file"
	done
)

# copy_sources FOLDER: copy the project to that new folder, for its builder to write in.
copy_sources() {
	mkdir "$1"
	print_sources | tar -C "$root" --null -T - -cf - | tar -C "$1" --no-same-owner -xf -
	! is_root || chown -R "$user" "$1"
}

# run_make FOLDER ARGUMENT...: make there with our PostgreSQL. The bitcode for inlining would need
# clang and is of no use here.
run_make() {
	local folder=$1
	shift
	as_user make -C "$folder" PG_CONFIG="$PG_CONFIG" with_llvm=no "$@"
}

# build_for_server: build in $work/src and install below $work/inst, where the server will find it.
build_for_server() {
	copy_sources "$work/src"
	if ! run_make "$work/src" -s -j"$(cores)" install DESTDIR="$work/inst" >"$work/build.log" 2>&1; then
		cat "$work/build.log" >&2
		die "the build failed"
	fi
	write_load_path
}

# cores: how many commands may run at the same time.
cores() {
	getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

#
# The throwaway server
#

# write_load_path: write to $work/load.conf how a server finds what is installed below $work/inst.
write_load_path() {
	local settings sharedir
	settings=$(as_user "$bindir/postgres" --describe-config | cut -f 1)
	sharedir=$("$PG_CONFIG" --sharedir)
	if grep -qx extension_destdir <<<"$settings"; then
		# Debian's and Ubuntu's own setting.
		echo "extension_destdir = '$work/inst'"
	elif grep -qx extension_control_path <<<"$settings"; then
		# 18 and newer.
		echo "extension_control_path = '$work/inst$sharedir:\$system'"
		echo "dynamic_library_path = '$work/inst$("$PG_CONFIG" --pkglibdir):\$libdir'"
	elif [[ -f $sharedir/extension/fca_repo.control ]]; then
		say "this server only loads what is installed in it: taking the fca_repo installed there" >&2
	else
		die "this server only loads what is installed in it. As the owner of its folders, run
    make install PG_CONFIG=$PG_CONFIG
and try again"
	fi >"$work/load.conf"
}

# start_server: start a server that only its own socket in $work/s leads to.
start_server() {
	local log=$work/server.log
	mkdir "$work/s"
	! is_root || chown "$user" "$work/s"
	as_user "$bindir/initdb" -D "$work/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
		--no-sync >"$work/initdb.log" 2>&1 || { cat "$work/initdb.log" >&2; die "initdb failed"; }
	{
		cat "$work/load.conf"
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$work/s'"
		# It never has to survive a crash.
		printf '%s = off\n' fsync full_page_writes synchronous_commit
	} >"$work/server.conf"
	as_user sh -c "cat >>'$work/data/postgresql.conf'" <"$work/server.conf"
	as_user "$bindir/pg_ctl" start -w -D "$work/data" -l "$log" >/dev/null ||
		{ cat "$log" >&2; die "the server did not start"; }
}
