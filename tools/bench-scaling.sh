#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures how well gilprof predicts, as root: `make bench-scaling` (ten minutes), with QUICK=1 one.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo 'bench-scaling: gilprof needs root: sudo make bench-scaling' >&2
	exit 1
fi

python=/usr/bin/python3 # a fixed one: under sudo the PATH may lead to none
[ -x "$python" ] || python=python3
[ -z "${QUICK:-}" ] || set -- --quick "$@"
exec "$python" tools/bench/scaling.py --build "${BUILD:-build}" "$@"
