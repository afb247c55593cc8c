#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# bench-verdicts.sh: in how many of RUNS runs (10) each of the classic cases gets the verdict and the advice that
# tests/verdict.bats wants, for `make bench-verdicts`, as root. Ends with status 1 unless all do in all.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
	echo "bench: gilprof needs root: try sudo" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
runs=${RUNS:-10}
for ((run = 1; run <= runs; run++)); do
	bats --formatter tap tests/verdict.bats >>"$log" || true # counted below
done
grep '^not ok' -A 20 "$log" >&2 || true
awk -v want="$runs" '/^(not )?ok [0-9]+ / {
	name = $0
	sub(/^(not )?ok [0-9]+ /, "", name)
	if (!(name in good))
		names[n++] = name
	good[name] += /^ok/ && !/# skip/
}
END {
	for (i = 0; i < n; i++) {
		printf "%2d of %2d: %s\n", good[names[i]], want, names[i]
		bad += good[names[i]] < want
	}
	exit !n || bad > 0
}' "$log"
