#!/usr/bin/env bash
# Run tools/check.sh on every major of PostgreSQL that is supported, each in a Debian of its own.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

all_majors=(15 17 18 19)
# What servers are upgraded from.
old_major=15
roots=${FCA_ROOTS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fca_repo}
# How long making a root may take, in seconds.
patience=900
# The exit status of a major that could not be checked; its log says why.
not_possible=77

if_possible=no
update=no
complete=no
majors=()
passed=0
failed=0
# Where the logs are while this runs.
results=
# In a namespace of their own, mounts and processes end with what started them.
unshare=(unshare --mount --pid --fork --kill-child --mount-proc)
namespace=yes
# The majors at work, by process.
declare -A running=()

# usage: what can be asked for.
usage() {
	cat <<-END
		Usage: tools/check-versions.sh [--if-possible] [--update] [MAJOR ...]

		For each major of PostgreSQL (default: ${all_majors[*]}), as root: makes a folder with the
		Debian that has it (debootstrap, from the machine's own package sources), runs all of
		tools/check.sh in it, the longest drills with smaller numbers, and upgrades a database with
		fca_repo from $old_major by pg_upgrade.
		The install script must be the same everywhere. The last line counts: "N passed, N failed".

		Nothing of the machine is changed, but that debootstrap is installed if it is missing.

		  --if-possible  where such a folder cannot be made, say so, and do not fail
		  --update       bring the packages in the folders up to date first
		  --help         this text

		FCA_ROOTS names where the folders are kept, 2.5 GB each, so that the next run is quick
		(default: ~/.cache/fca_repo). Two of them for each core are worked in at a time, since
		tests wait too.
	END
}

# parse ARGUMENT...: set the options.
parse() {
	local argument
	for argument in "$@"; do
		case $argument in
			--if-possible) if_possible=yes ;;
			--update) update=yes ;;
			--help | -h)
				usage
				exit 0
				;;
			*)
				release_of "$argument" >/dev/null ||
					die "unknown argument \"$argument\"; --help lists what there is"
				majors+=("$argument")
				;;
		esac
	done
	[[ ${#majors[@]} -gt 0 ]] || majors=("${all_majors[@]}")
}

#
# A Debian in a folder
#

# print_sources_list: the package sources of $folder: those of the old major too. sid's servers can
# be behind security updates of the old one: 15.20 gives columns an option that 18.6 and 19rc1 do not
# know yet, so that none of its tables can be upgraded to them.
print_sources_list() {
	local newest release
	newest=$(release_of "$major")
	for release in "$newest" "$(release_of "$old_major")"; do
		echo "deb $mirror $release main"
		[[ $newest == sid || -z $security_mirror ]] ||
			echo "deb $security_mirror $release-security main"
	done | sort -u
	[[ $major != 19 ]] || echo "deb $mirror experimental main"
}

# tell TEXT...: one line of progress, of this major; all else goes to its log.
tell() {
	say "PostgreSQL $major: $*" >&3
}

# cannot TEXT...: say why this major is not checked, and end.
cannot() {
	echo "cannot check PostgreSQL $major here: $*"
	exit "$not_possible"
}

# in_time COMMAND...: run it, for as long as making a root may still take.
in_time() {
	timeout --foreground $((SECONDS < patience ? patience - SECONDS : 1)) "$@" </dev/null
}

# in_root COMMAND...: run it in $folder, with nothing of our environment.
in_root() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		chroot "$folder" "$@" </dev/null
}

# apt_in_root ARGUMENT...: apt-get there, without questions; its output is shown if it fails.
apt_in_root() {
	local log=$results/$major.apt
	in_root env DEBIAN_FRONTEND=noninteractive timeout $((SECONDS < patience ? patience - SECONDS : 1)) \
		apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 || { tail -n 30 "$log"; return 1; }
}

# remove_folder FOLDER: remove it, but nothing of what is mounted in it.
remove_folder() {
	[[ -e $1 ]] || return 0
	! awk '{ print $5 }' /proc/self/mountinfo 2>/dev/null | grep -qF "$1/" ||
		cannot "something is mounted below $1"
	rm -rf --one-file-system "$1"
}

# write_settings: let packages be quick to unpack, start nothing and make no cluster.
write_settings() {
	mkdir -p "$folder"/etc/{dpkg/dpkg.cfg.d,apt/apt.conf.d,postgresql-common/createcluster.d} \
		"$folder/usr/sbin"
	printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
		>"$folder/etc/dpkg/dpkg.cfg.d/fca_repo"
	# sid's lists of packages may be older than what they say of themselves allows.
	printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'Acquire::Languages "none";' \
		>"$folder/etc/apt/apt.conf.d/99fca_repo"
	echo 'create_main_cluster = false' >"$folder/etc/postgresql-common/createcluster.d/fca_repo.conf"
	printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
	chmod 755 "$folder/usr/sbin/policy-rc.d"
}

# mount_in_root: what a Debian expects to be there. It is done in a namespace of our own only, so
# that it ends with us, however we end; the suite can do without.
mount_in_root() {
	mkdir -p "$folder/dev/shm"
	chmod 1777 "$folder/dev/shm"
	[[ $namespace == yes ]] || return 0
	if ! mount -t proc proc "$folder/proc" ||
		! mount -t tmpfs -o mode=1777 tmpfs "$folder/dev/shm"; then
		cannot "mounting in $folder failed"
	fi
}

# umount_all: take away what we, or debootstrap, mounted in $folder.
umount_all() {
	local point
	[[ $namespace == yes ]] || return 0
	for point in sys dev/shm proc; do
		! mountpoint -q "$folder/$point" || umount "$folder/$point"
	done
}

# install_packages_in_root: PostgreSQL and the tools; and the server to upgrade from.
install_packages_in_root() {
	local packages
	print_packages "${test_tools[@]}" | mapfile -t packages
	[[ $major == "$old_major" ]] || packages+=("postgresql-$old_major")
	apt_in_root update || cannot "its package lists could not be read"
	apt_in_root install --no-install-recommends "${packages[@]}" ||
		cannot "the tools could not be installed"

	packages=("postgresql-$major" "postgresql-server-dev-$major")
	[[ $major != 19 ]] || packages+=(-t experimental)
	apt_in_root install --no-install-recommends "${packages[@]}" ||
		cannot "PostgreSQL $major could not be installed"

	# The headers of the old server, without the compiler that their package asks for.
	if [[ $major != "$old_major" ]]; then
		# The shell that expands it is the one in the folder.
		# shellcheck disable=SC2016
		in_root sh -c 'cd /var/tmp && apt-get -qq -o APT::Sandbox::User=root download "$1" &&
			dpkg -x "$1"_*.deb / && rm "$1"_*.deb' sh "postgresql-server-dev-$old_major" ||
			cannot "the headers of PostgreSQL $old_major could not be installed"
	fi
	apt_in_root clean || :
}

# make_root: make $folder; it gets its name when it is whole.
make_root() {
	local finished=$folder folder=$folder.new log=$results/$major.debootstrap release
	release=$(release_of "$major")
	tell "making a Debian $release in $finished"
	remove_folder "$folder"
	mkdir "$folder"
	write_settings
	if ! in_time debootstrap --variant=minbase "$release" "$folder" "$mirror" >"$log" 2>&1; then
		tail -n 20 "$log"
		tail -n 20 "$folder/debootstrap/debootstrap.log" 2>/dev/null || :
		cannot "debootstrap failed"
	fi
	umount_all
	# In some containers debootstrap leaves a link to itself.
	if [[ -L $folder/proc ]]; then
		rm "$folder/proc"
		mkdir "$folder/proc"
	fi
	print_sources_list >"$folder/etc/apt/sources.list"
	mount_in_root
	tell "installing PostgreSQL $major and the tools"
	install_packages_in_root
	umount_all
	mv "$folder" "$finished"
}

# prepare: have a $folder in which everything is installed, for nobody but us.
prepare() {
	local lock
	mkdir -p "$roots" || cannot "$roots cannot be made"
	exec {lock}>"$folder.lock"
	flock -n "$lock" || cannot "$folder is in use"
	[[ -d $folder ]] || make_root
	mount_in_root
	cp -L /etc/resolv.conf "$folder/etc/resolv.conf" 2>/dev/null || :
	if [[ $update == yes ]]; then
		tell "updating its packages"
		if ! apt_in_root update || ! apt_in_root dist-upgrade || ! apt_in_root clean; then
			cannot "its packages could not be updated"
		fi
	fi
	in_root "$bindir/pg_config" --version >/dev/null ||
		cannot "$folder is not whole: remove it, so that it is made again"
}

# check_inside: check one major, in the namespace if there is one; this is a process of its own.
check_inside() {
	local script status=0 settings
	folder=$roots/$major
	bindir=/usr/lib/postgresql/$major/bin
	mirror=$(print_mirror Debian)
	security_mirror=$(print_mirror Debian-Security)
	prepare

	tell "running the tests in $folder"
	rm -rf --one-file-system "$folder/fca_repo"
	copy_sources "$folder/fca_repo"
	in_root "$bindir/postgres" --version | sed 's/.*(PostgreSQL) //' >"$results/$major.version"
	# Where it fails, the script is missing when all are compared.
	script=fca_repo--$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$root/fca_repo.control").sql
	in_root make -s -C /fca_repo PG_CONFIG="$bindir/pg_config" with_llvm=no "$script" &&
		cp "$folder/fca_repo/$script" "$results/$major.sql" &&
		rm "$folder/fca_repo/$script" || :

	# The long drills are those of tools/check.sh by itself: here the majors are compared.
	settings=("PG_CONFIG=$bindir/pg_config" FCA_CASES=5000 FCA_CONCURRENCY_SECONDS=12 FCA_PLAN_CALLS=300)
	[[ $major == "$old_major" ]] || settings+=("FCA_OLD_BINDIR=/usr/lib/postgresql/$old_major/bin")
	in_root env "${settings[@]}" /fca_repo/tools/check.sh || status=$?
	rm -rf --one-file-system "$folder/fca_repo"
	exit "$status"
}

#
# All of them
#

# find_obstacle: why no Debian can be made here; nothing if one can.
find_obstacle() {
	if ! is_root; then
		echo "only root can make a Debian in a folder"
	elif ! command -v apt-get >/dev/null; then
		echo "this is no Debian"
	elif ! (need debootstrap) >&2; then
		echo "debootstrap could not be installed"
	elif [[ -z $(print_mirror Debian) ]] && ! apt_get update; then
		echo "the package lists of this machine could not be updated"
	elif [[ -z $(print_mirror Debian) ]]; then
		echo "there is no archive of Debian among the package sources of this machine"
	fi
}

# count_one MAJOR PASSED FAILED NOTE: a row of the table, and its part of the sum.
count_one() {
	passed=$((passed + $2))
	failed=$((failed + $3))
	printf '%-6s %-36s %6s %6s  %s\n' "$1" \
		"$(cat "$results/$1.version" 2>/dev/null || echo -)" "$2" "$3" "$4" >>"$results/table"
}

# not_checked MAJOR REASON: count a major that could not be checked.
not_checked() {
	say "PostgreSQL $1: not checked: $2"
	count_one "$1" 0 "$([[ $if_possible == yes ]] && echo 0 || echo 1)" "not checked"
}

# start MAJOR: start to check it, as a process group that can be stopped as a whole.
start() {
	local command=("$BASH" "${BASH_SOURCE[0]}" --inside "$1" "$namespace" "$update" "$results")
	[[ $namespace == no ]] || command=("${unshare[@]}" "${command[@]}")
	date +%s >"$results/$1.start"
	setsid "${command[@]}" >"$results/$1.log" 2>&1 </dev/null &
	running[$!]=$1
}

# finish_one: wait for one of those at work; show and count what it gave.
finish_one() {
	local pid major log status=0 seconds
	wait -n -p pid "${!running[@]}" || status=$?
	major=${running[$pid]}
	unset "running[$pid]"
	log=$results/$major.log
	seconds=$(($(date +%s) - $(cat "$results/$major.start")))

	cat "$log"
	if [[ $status -eq $not_possible ]]; then
		not_checked "$major" "$(tail -n 1 "$log")"
	elif [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		count_one "$major" "${BASH_REMATCH[@]:1:2}" "$((seconds / 60)) min $((seconds % 60)) s"
		[[ $status -eq 0 || ${BASH_REMATCH[2]} -gt 0 ]] || failed=$((failed + 1))
	else
		count_one "$major" 0 1 "ended without a count"
	fi
}

# compare_scripts: the install scripts that were built are the same, byte by byte.
compare_scripts() {
	local major first='' same=yes compared=0
	for major in "${majors[@]}"; do
		[[ -f $results/$major.version ]] || continue
		compared=$((compared + 1))
		first=${first:-$major}
		cmp "$results/$first.sql" "$results/$major.sql" || same=no
	done
	[[ $compared -gt 1 ]] || return 0
	if [[ $same == yes ]]; then
		passed=$((passed + 1))
		echo "ok      the same install script in all $compared"
	else
		failed=$((failed + 1))
		echo "FAILED  the same install script in all $compared"
	fi
}

# finish: stop what still runs, and end with the count whatever happened.
finish() {
	local status=$? pid tries
	trap - EXIT
	for pid in "${!running[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || :
		for ((tries = 0; tries < 20; tries++)); do
			kill -0 -- "-$pid" 2>/dev/null || break
			sleep 0.5
		done
		kill -KILL -- "-$pid" 2>/dev/null || :
		tail -n 20 "$results/${running[$pid]}.log"
	done
	rm -rf "$results"
	[[ $complete == yes || $failed -gt 0 ]] || failed=1
	[[ $failed -eq 0 || $status -ne 0 ]] || status=1
	echo "$passed passed, $failed failed"
	exit "$status"
}

# check_all: check the majors that were asked for.
check_all() {
	local obstacle major
	obstacle=$(find_obstacle)
	if [[ -z $obstacle ]] && ! "${unshare[@]}" true; then
		say "no mounts can be made here: the tests run without /proc"
		namespace=no
	fi
	for major in "${majors[@]}"; do
		if [[ -n $obstacle ]]; then
			not_checked "$major" "$obstacle"
			continue
		fi
		[[ ${#running[@]} -lt $((2 * $(cores))) ]] || finish_one
		start "$major"
	done
	while [[ ${#running[@]} -gt 0 ]]; do
		finish_one
	done
	compare_scripts
	printf '\n%-6s %-36s %6s %6s  %s\n' major server passed failed time
	sort -n "$results/table"
	echo
}

chosen_pg_config=
if [[ ${1:-} == --inside ]]; then
	major=$2 namespace=$3 update=$4 results=$5
	user=root
	check_inside
fi
parse "$@"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
results=$(mktemp -d)
exec 3>&1
check_all
complete=yes
