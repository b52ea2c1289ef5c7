#!/usr/bin/env bash
# Usage: tools/check-versions.sh [--if-possible] [MAJOR ...]
#
# For each major of PostgreSQL (default: 15 17 18 19), as root: makes a folder with the Debian that has it, from
# the machine's package sources, by debootstrap; runs all of tools/check.sh there, the longest drills with smaller
# numbers, and upgrades a database with fca_repo from 15 by pg_upgrade. The install script must be the same
# everywhere. The last line counts: "N passed, N failed".
#
#   --if-possible  where such a folder cannot be made, say so, and do not fail
#
# The folders stay in FCA_ROOTS (~/.cache/fca_repo), 2.5 GB each: remove one to have it made anew.
set -euo pipefail
# shellcheck source=tools/check.sh
. "$(dirname "${BASH_SOURCE[0]}")/check.sh"

roots=${FCA_ROOTS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fca_repo}
majors=() if_possible=no inside=''

# in_root COMMAND...: run it in $folder, with nothing of our environment; where that can be made, in a
# namespace that ends with us. The suite can do without one.
in_root() {
	local namespace=(unshare --mount --pid --fork --kill-child "--mount-proc=$folder/proc")
	"${namespace[@]}" true 2>/dev/null || namespace=()
	"${namespace[@]}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$folder" "$@" </dev/null
}

# copy_into_root: copy the sources to /fca_repo in $folder.
copy_into_root() {
	rm -rf --one-file-system "$folder"/{fca_repo,tmp/fca_repo.*}
	mkdir "$folder/fca_repo"
	tar -C "$root" --exclude=./.git -cf - . | tar -C "$folder/fca_repo" --no-same-owner -xf -
}

# make_root: make $folder; it has its name when it is whole. It also has the server to upgrade from, and that
# one's headers without the compiler that their package asks for.
make_root() {
	local final=$folder folder=$folder.new release mirror
	print_archives deb "$major" | awk 'NR == 1' | read -r _ mirror release _
	rm -rf --one-file-system "$folder"
	debootstrap --variant=minbase "$release" "$folder" "$mirror"
	# In some containers debootstrap leaves a link to itself.
	[[ ! -L $folder/proc ]] || { rm "$folder/proc"; mkdir "$folder/proc"; }
	{ print_archives deb "$major"; print_archives deb "$oldest_major"; } | sort -u >"$folder/etc/apt/sources.list"
	# sid's lists of packages may be older than what they say of themselves allows.
	echo 'Acquire::Check-Valid-Until "false";' >"$folder/etc/apt/apt.conf.d/99fca_repo"
	[[ $major != 19 ]] || release=experimental
	copy_into_root
	# sid has libraries that take the place of older ones.
	# shellcheck disable=SC2016
	in_root bash -euo pipefail -c '. /fca_repo/tools/common.sh
		apt_get update
		install_packages -o APT::Get::Remove=true "postgresql-$1" "${@:3}"
		if [[ $0 != "$1" ]]; then
			cd /var/tmp
			apt-get -o APT::Sandbox::User=root download "postgresql-server-dev-$1"
			dpkg -x postgresql-server-dev-*.deb /
		fi
		install_packages -o APT::Get::Remove=true -t "$2" "postgresql-$0" "postgresql-server-dev-$0"' \
		"$major" "$oldest_major" "$release" "${all_needed[@]}"
	mv "$folder" "$final"
}

# check_major: have $folder, and run tools/check.sh there; leave the install script in folder $inside.
check_major() {
	local status=0 script bin=/usr/lib/postgresql/$major/bin settings=(FCA_CASES=5000 FCA_CONCURRENCY_SECONDS=12 FCA_PLAN_CALLS=300)
	[[ $major == "$oldest_major" ]] || settings+=("FCA_OLD_BINDIR=/usr/lib/postgresql/$oldest_major/bin")
	mkdir -p "$roots"
	exec 9>"$folder.lock"
	flock -n 9 || die "$folder is in use"
	[[ -d $folder ]] || make_root
	cp -L /etc/resolv.conf "$folder/etc/resolv.conf" 2>/dev/null || :
	copy_into_root
	in_root "$bin/postgres" --version
	say "running the tests in $folder"
	in_root env PG_CONFIG="$bin/pg_config" "${settings[@]}" /fca_repo/tools/check.sh || status=$?
	script=fca_repo--$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" "$root/fca_repo.control").sql
	{ in_root make -s -C /fca_repo PG_CONFIG="$bin/pg_config" with_llvm=no "$script" &&
		cp "$folder/fca_repo/$script" "$inside/$major.sql"; } || status=1
	rm -rf --one-file-system "$folder/fca_repo"
	exit "$status"
}

# count LOG: add what the last line of the log counts.
count() {
	if [[ $(tail -n 1 "$1") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
	elif [[ $if_possible == yes ]] && ! grep -q '^==> running the tests' "$1"; then
		say "PostgreSQL $major cannot be checked here"
	else
		try "PostgreSQL $major" false || :
	fi
}

for argument in "$@"; do
	case $argument in
		--if-possible) if_possible=yes ;;
		15 | 17 | 18 | 19) majors+=("$argument") ;;
		--inside=*) inside=${argument#*=} ;;
		--help | -h) show_help ;;
		*) die "unknown argument \"$argument\"; --help says more" ;;
	esac
done
if [[ -n $inside ]]; then
	major=${majors[0]} folder=$roots/${majors[0]}
	check_major
fi
catch_signals
work=$(mktemp -d)
! is_root || (need debootstrap) || :
! is_root || [[ -n $(print_archives deb "$oldest_major") ]] || apt_get update || :
[[ ${#majors[@]} -gt 0 ]] || majors=(15 17 18 19)
for major in "${majors[@]}"; do
	say "PostgreSQL $major, in $roots/$major: this takes 10 minutes and more"
	await "$work/$major.log" "$0" --inside="$work" "$major" || :
	cat "$work/$major.log"
	count "$work/$major.log"
done
scripts=("$work"/*.sql)
[[ ${#scripts[@]} -lt 2 ]] || try "the same install script everywhere" diff -q --from-file="${scripts[0]}" "${scripts[@]:1}" || :
complete=yes
