#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh bench|scaling [ARG]...: measures, as root, what gilprof costs or how well it predicts, for
# `make bench` (20 minutes, of which SERVER_S=600 seconds are a server's capture) and `make bench-scaling`
# (nine); with QUICK=1 one each.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo "bench: gilprof needs root: try sudo" >&2
	exit 1
fi

what=$1
shift
python=/usr/bin/python3 # a fixed one: under sudo the PATH may lead to none
[ -x "$python" ] || python=python3
[ -z "${QUICK:-}" ] || set -- --quick "$@"
exec "$python" "tools/bench/$what.py" --build "${BUILD:-build}" "$@"
