#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Profiles a small threaded Python program for three seconds and prints the page.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo 'demo: gilprof needs root: sudo make demo' >&2
	exit 1
fi

python=/usr/bin/python3 # a fixed one: under sudo the PATH may lead to none
[ -x "$python" ] || python=python3

# the sample ends by itself, too, should this script be killed
coproc sample { exec "$python" tests/workloads/demo.py 20; }
# shellcheck disable=SC2154 # set by coproc
pid=$sample_PID
trap 'kill "$pid" 2>/dev/null || true' EXIT
if ! read -r -t 10 -u "${sample[0]}" line || [[ $line != ready* ]]; then
	echo 'demo: the sample program did not start' >&2
	exit 1
fi

echo "gilprof -p $pid -d 3    (tests/workloads/demo.py: 3 threads compute, 1 echoes, 1 sleeps)"
echo
"${BUILD:-build}/gilprof" -p "$pid" -d 3
