#!/usr/bin/env bash
# Usage: tools/fuzz.sh [--calls N] [--seed N] [--jobs N] [--seconds N] [--output FOLDER]
#
# Calls every function of fca_repo with random and with hostile arguments, amid DDL and changes of role, on a
# throwaway server: 100000 times, or N. Answers are compared with plain SQL, errors with t/fuzz/errors.py. Each kind
# of failure is shrunk to SQL for a regression test, which --output keeps. The same seed gives the same calls.
# PG_CONFIG names the PostgreSQL to use: one that was built with --enable-cassert finds more.
set -euo pipefail
# shellcheck source=tools/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ ${1:-} != @(-h|--help) ]] || show_help
folder=$PWD status=0
catch_signals
need python3
# A database is made for every few thousand calls.
prepare_server 'autovacuum = off' 'max_wal_size = 8GB' 'max_connections = 50'
cd "$folder"
PYTHONDONTWRITEBYTECODE=1 python3 "$root/t/fuzz/fuzz.py" --host "$work/s" --giants --calls 100000 --jobs "$cores" "$@" || status=$?
! grep -E 'TRAP|PANIC|terminated by signal' "$work/server.log" || status=1
exit "$status"
