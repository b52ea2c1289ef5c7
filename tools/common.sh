# shellcheck shell=bash
# What the scripts of tools/ share; they source it, nobody runs it. They work in a temporary folder,
# $work: the sources are copied there, built, installed below $work/inst and loaded by a throwaway
# server in $work/data. The clone stays as it is, and so does every PostgreSQL server of the machine.

# The oldest major that the extension supports.
oldest_major=15

# A pipe's last command can set a variable. <(...) needs /proc, which not every container has.
shopt -s lastpipe
# The caller's settings for other servers, makes and repositories must not reach ours.
for name in "${!PG@}"; do
	[[ $name == PG_CONFIG ]] || unset "$name"
done
unset MAKEFLAGS MAKELEVEL MFLAGS GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE TEMP_CONFIG
export LC_ALL=C.UTF-8
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || cores=1
bindir='' work='' user='' running=''
# Lines for the configuration of every server.
given_settings=()

# say TEXT...: one line of progress.
say() {
	printf '==> %s\n' "$*"
}

# die TEXT...: say what is wrong, and stop.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# show_help: what stands at the top of the script.
show_help() {
	sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
	exit
}

# catch_signals: call finish, whatever ends the script.
catch_signals() {
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# finish: remove what was made; check.sh has one of its own.
finish() {
	local status=$?
	trap '' INT TERM HUP
	remove_work
	exit "$status"
}

# is_root: are we root, who can install packages but cannot run a server?
is_root() {
	[[ $EUID -eq 0 ]]
}

# as_user COMMAND...: run it as the owner of $work, who is never root.
as_user() {
	if is_root; then
		runuser -u "$user" -- env HOME="$work" "$@"
	else
		"$@"
	fi
}

# await LOG COMMAND...: run it as a process group, which a signal ends at once and as a whole.
await() {
	local log=$1 status=0
	set -m
	"${@:2}" >"$log" 2>&1 </dev/null &
	running=$!
	set +m
	wait "$running" || status=$?
	running=
	return "$status"
}

#
# What is needed, and how to get it
#

# find_postgres: set PG_CONFIG, and bindir, to what the user chose, else to the PATH's, else to the
# newest of Debian's; the server must be new enough, and its headers not newer than itself, since
# a minor can add a function that a module then needs.
find_postgres() {
	local candidate server headers
	for candidate in ${PG_CONFIG:-pg_config $(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -rV)}; do
		bindir=$("$candidate" --bindir) || continue
		server=$("$bindir/postgres" -V | sed 's/.*PostgreSQL) \([^ ]*\).*/\1/') || continue
		headers=$(sed -n 's/^#define PG_VERSION "\([^ "]*\).*/\1/p' "$("$candidate" --includedir-server)/pg_config.h") || continue
		if [[ -f $("$candidate" --pgxs) && ${server%%[!0-9]*} -ge $oldest_major ]] &&
			printf '%s\n' "$headers" "$server" | sort -CV; then
			PG_CONFIG=$candidate
			return
		fi
	done
	return 1
} 2>/dev/null

# print_postgresql: the packages of a server and its headers: those of the newest one that is installed,
# which stays at its version, since an upgrade restarts it; else the distribution's own.
print_postgresql() {
	local server
	server=$(dpkg-query -W -f '${db:Status-Status} ${Package}=${Version}\n' 'postgresql-1[5-9]' 2>/dev/null |
		sed -n 's/^installed //p' | sort -V | tail -n 1) || :
	[[ -n $server ]] || server=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: //p') || :
	printf '%s\n' "$server" "${server/postgresql/postgresql-server-dev}"
}

# print_lacking PACKAGE...: those of Debian's packages that are not installed, one a line.
print_lacking() {
	local package
	for package in "$@"; do
		if [[ $package == postgresql ]]; then
			find_postgres || print_postgresql
		elif [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
			echo "$package"
		fi
	done
}

# apt_get ARGUMENT...: apt-get without questions. Some lines show that it goes on; it ends by itself,
# also where a signal comes, so that no package is half installed.
apt_get() {
	DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1 \
		apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
		-o Dpkg::Options::=--force-confold "$@" </dev/null |
		(trap '' INT TERM HUP; exec sed -un 's/^\(Need to get\|Get:[0-9]*0 \|Unpacking [^l]\|Setting up [^l]\).*/    &/p')
}

# install_packages PACKAGE...: install them, with no cluster made, and no service started or restarted.
install_packages() (
	clusters=/etc/postgresql-common/createcluster.d policy=/usr/sbin/policy-rc.d
	made=("$clusters/fca_repo.conf")
	trap 'rm -f "${made[@]}"; rmdir "$clusters" /etc/postgresql-common 2>/dev/null || :' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	# Read beside createcluster.conf, which is the package's own.
	mkdir -p "$clusters"
	echo 'create_main_cluster = false' >"${made[0]}"
	if [[ ! -e $policy ]]; then
		made+=("$policy")
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	apt_get install --no-install-recommends --no-remove "$@"
)

# need PACKAGE...: see that they are there; install them, or say so. (Elsewhere than on Debian, what is
# missing is seen when it is called.)
need() {
	local lacking
	find_postgres || [[ -z ${PG_CONFIG:-} ]] || die "PG_CONFIG=$PG_CONFIG cannot be used: it needs a server," \
		"$oldest_major or newer, and server headers with PGXS that are not newer"
	command -v dpkg-query >/dev/null || return 0
	print_lacking "$@" | mapfile -t lacking
	[[ ${#lacking[@]} -gt 0 ]] || return 0
	is_root || die "install these packages, or run this as root: ${lacking[*]}"
	say "installing what is missing; this takes some minutes"
	apt_get update || say "not all package lists could be updated; going on with what is there"
	print_lacking "$@" | mapfile -t lacking
	install_packages "${lacking[@]}" || die "could not install ${lacking[*]}. (A server that is installed is not" \
		"upgraded: where its version is named here, do that first.)"
	find_postgres || [[ " $* " != *" postgresql "* ]] || die "installed ${lacking[*]}, but no PostgreSQL can be used"
}

# print_archives DEB MAJOR: lines of a sources.list with the Debian that has that major.
print_archives() {
	local release label mirror releases=([15]=bookworm [17]=trixie [18]=sid [19]=sid)
	release=${releases[$2]}
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sort -u | while read -r label mirror; do
		[[ $label != Debian ]] || echo "$1 $mirror $release main"
		[[ $label != Debian || $2 != 19 ]] || echo "$1 $mirror experimental main"
		[[ $label != Debian-Security || $release == sid ]] || echo "$1 $mirror $release-security main"
	done
}

#
# The temporary folder and the throwaway server
#

# make_work: make $work where its owner can run programs and a socket's path fits.
make_work() {
	! is_root || user=$(id -un postgres 2>/dev/null) || user=nobody
	work=$(mktemp -d -t fca_repo.XXXXXX)
	mkdir "$work/tmp" "$work/s"
	cp /bin/true "$work/try"
	! is_root || chown -R "$user" "$work"
	cd "$work" || exit
	export TMPDIR=$work/tmp
	# A socket's path has at most 107 bytes, and half of them are ours.
	{ [[ ${#work} -le 60 ]] && as_user ./try; } || die "set TMPDIR to a folder with a short name that ${user:-you} can run programs in"
}

# remove_work: stop what runs in $work, servers of interrupted tests too, and remove it.
remove_work() {
	local pid tries
	for ((tries = 0; tries < 50 && running > 0; tries++)); do
		kill -TERM -- "-$running" 2>/dev/null || break
		sleep 0.1
	done
	[[ -z $running ]] || kill -KILL -- "-$running" 2>/dev/null || :
	cd /
	[[ -n $work ]] || return 0
	find "$work" -name postmaster.pid | while IFS= read -r pid; do
		as_user "$bindir/pg_ctl" stop -D "${pid%/*}" -m immediate >/dev/null 2>&1 </dev/null || :
	done
	rm -rf "$work"
}

# run_make FOLDER ARGUMENT...: make there with our PostgreSQL, without bitcode, which would need clang.
run_make() {
	as_user make -C "$1" PG_CONFIG="$PG_CONFIG" with_llvm=no "${@:2}"
}

# copy_sources FOLDER: copy the project to that new folder, without what was built in it.
copy_sources() {
	mkdir "$1"
	tar -C "$root" --exclude=./.git -cf - . | tar -C "$1" --no-same-owner -xf -
	! is_root || chown -R "$user" "$1"
	await "$work/clean.log" run_make "$1" clean
}

# add_setting NAME=VALUE: have it for every server.
add_setting() {
	[[ $1 =~ ^([a-z_.]+)=(.*)$ ]] || die "--set needs NAME=VALUE, not \"$1\""
	given_settings+=("${BASH_REMATCH[1]} = '${BASH_REMATCH[2]//\'/\'\'}'")
}

# install_module FOLDER: build there, install below $work/inst, and tell servers so in $work/load.conf, where
# the given settings are too.
install_module() {
	local settings
	await "$work/build.log" run_make "$1" -s -j"$cores" install DESTDIR="$work/inst" ||
		{ cat "$work/build.log" >&2; die "the build failed"; }
	settings=$("$bindir/postgres" --describe-config | cut -f 1)
	if grep -qx extension_destdir <<<"$settings"; then
		# Debian's and Ubuntu's own setting.
		echo "extension_destdir = '$work/inst'"
	elif grep -qx extension_control_path <<<"$settings"; then
		# 18 and newer.
		echo "extension_control_path = '$work/inst$("$PG_CONFIG" --sharedir):\$system'"
		echo "dynamic_library_path = '$work/inst$("$PG_CONFIG" --pkglibdir):\$libdir'"
	elif [[ ! -f $("$PG_CONFIG" --sharedir)/extension/fca_repo.control ]]; then
		die "this server only loads what is installed in it: first make install PG_CONFIG=$PG_CONFIG"
	fi >"$work/load.conf"
	[[ ${#given_settings[@]} -eq 0 ]] || printf '%s\n' "${given_settings[@]}" >>"$work/load.conf"
}

# start_server SETTING...: start a server that only its own socket in $work/s leads to.
start_server() {
	await "$work/start.log" as_user "$bindir/initdb" -D "$work/data" -U postgres -A trust -E UTF8 \
		--locale=C.UTF-8 --no-sync || { cat "$work/start.log" >&2; die "initdb failed"; }
	printf '%s\n' "unix_socket_directories = '$work/s'" "listen_addresses = ''" "fsync = off" \
		"full_page_writes = off" "synchronous_commit = off" "$@" |
		cat "$work/load.conf" - >>"$work/data/postgresql.conf"
	await "$work/start.log" as_user "$bindir/pg_ctl" start -w -D "$work/data" -l "$work/server.log" ||
		{ cat "$work/start.log" "$work/server.log" >&2; die "the server did not start"; }
	export PGHOST=$work/s PGUSER=postgres
}

# prepare_server SETTING...: what demo.sh, bench.sh and fuzz.sh need: a server that has the module.
prepare_server() {
	need postgresql gcc libc6-dev make
	make_work
	say "building with $("$bindir/postgres" --version), for a throwaway server in $work"
	copy_sources "$work/src"
	install_module "$work/src"
	start_server "$@"
}
