# shellcheck shell=bash
# How tests are run and counted; tools/check.sh and tools/check-special.sh source it, after
# common.sh, whose $work it uses. The last line of both is "N passed, N failed".
# shellcheck disable=SC2154

passed=0
failed=0
# Was everything run that was to be?
complete=no
# A signal can come while the output goes to a file: the count is for who started us.
exec 3>&1

# pass NAME: count one success.
pass() {
	passed=$((passed + 1))
	printf 'ok      %s\n' "$1"
}

# fail NAME: count one failure.
fail() {
	failed=$((failed + 1))
	printf 'FAILED  %s\n' "$1"
}

# finish: remove all that was made, and end with the count whatever happened. Where there is a
# function before_count, it is called when the count is final.
finish() {
	local status=$?
	# What is begun here is ended, whatever signal comes.
	trap '' INT TERM HUP
	exec >&3
	remove_work
	# Stopped before the end by something that no test was counted for.
	[[ $complete == yes || $failed -gt 0 ]] || failed=1
	[[ $failed -eq 0 || $status -ne 0 ]] || status=1
	! declare -F before_count >/dev/null || before_count
	echo "$passed passed, $failed failed"
	exit "$status"
}

# count_results KIND LOG STATUS: count the result lines of pg_regress, of 15 ("test x ... ok") and
# of 16 and newer ("ok 1 - x"); STATUS is how it ended.
count_results() {
	local kind=$1 log=$2 status=$3 line name failures=$failed count=0
	while IFS= read -r line; do
		if [[ $line =~ ^(test)?\ +([^ ]+)\ +\.\.\.\ (ok|FAILED) ]]; then
			name=${BASH_REMATCH[2]}
		elif [[ $line =~ ^(not\ )?ok\ +[0-9]+\ +[-+]\ ([^ ]+) ]]; then
			name=${BASH_REMATCH[2]}
		else
			continue
		fi
		count=$((count + 1))
		# 15 says "ok (test process exited with exit code 1)" where a spec could not even be
		# read and the file of what is expected shows the same.
		if [[ $line =~ (^not\ |FAILED|test\ process) ]]; then
			fail "$kind $name"
		else
			pass "$kind $name"
		fi
	done <"$log"
	# It came to no test, or to an end that none of them explains.
	if [[ $count -eq 0 || ($status -ne 0 && $failed -eq $failures) ]]; then
		fail "$kind: run of the tests"
	fi
	[[ $failed -eq $failures ]] || return 1
}

# run_regress KIND FOLDER ARGUMENT...: run the tests of that kind with make's arguments, in a folder
# where the module is built; show what differs.
run_regress() {
	local kind=$1 folder=$2 log=$work/$1.log status=0 diffs
	shift 2
	await "$log" run_make "$folder" installcheck TAP_TESTS= "$@" || status=$?
	count_results "$kind" "$log" "$status" && return
	diffs=$(find "$folder" -name regression.diffs)
	if [[ -n $diffs ]]; then
		head -n 500 "$diffs"
		rm -f "$diffs"
	else
		tail -n 30 "$log"
	fi
	echo "--- the end of the server's log"
	tail -n 30 "$work/server.log"
}

# run_tap FILE FOLDER: run one file of TAP tests, in a folder where the module is built. Its servers
# read TEMP_CONFIG, and so find the extension.
run_tap() {
	local file=$1 folder=$2 log=$work/tap.log name=${1##*/}
	if TEMP_CONFIG=$work/load.conf await "$log" run_make "$folder" installcheck REGRESS= ISOLATION= \
		TAP_TESTS=1 PROVE_TESTS="$file"; then
		if grep -q '^Result: PASS' "$log"; then
			pass "tap $file"
			return
		elif grep -q '^Result: NOTESTS' "$log"; then
			say "tap $file: $(grep -o 'skipped: .*' "$log" || echo skipped)"
			return
		fi
	fi
	tail -n 100 "$log"
	echo "--- what did not pass in it"
	grep -v '\bok [0-9]' "$folder/tmp_check/log/regress_log_${name%.pl}" 2>/dev/null | tail -n 100 || :
	# A test that did not come far has none.
	{ find "$folder/tmp_check/log" -name '*.log' 2>/dev/null || :; } | sort | while IFS= read -r log; do
		echo "--- the end of ${log##*/}"
		tail -n 30 "$log"
	done
	fail "tap $file"
}
