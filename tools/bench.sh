#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures what gilprof costs, as root: `make bench` (five minutes), `make bench QUICK=1` (one).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo 'bench: gilprof needs root: sudo make bench' >&2
	exit 1
fi

python=/usr/bin/python3 # a fixed one: under sudo the PATH may lead to none
[ -x "$python" ] || python=python3
[ -z "${QUICK:-}" ] || set -- --quick "$@"
exec "$python" tools/bench/bench.py --build "${BUILD:-build}" "$@"
