#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# tests/oracle/pprof.sh FILE: does the real pprof take the profile? Prints what it says about it.
#
# pprof is the one of $PPROF, of an installed Go, of an earlier call, or of Debian's package of Go, of
# which it is one file that needs no other (10 MB of 60): $BUILD/oracle/pprof keeps it.
# Exit status: 0 yes, 1 no, 2 usage, 77 there is no pprof to be had.
set -euo pipefail

if [ $# != 1 ]; then
	sed -n '3,7s/^# \{0,1\}//p' "$0"
	exit 2
fi
file=$(realpath "$1")
BUILD=$(realpath -m "${BUILD:-$(dirname "$0")/../../build}")
cache=$BUILD/oracle/pprof

no_pprof() {
	echo "no pprof: $*"
	exit 77
}

# Go has it ready-made up to 1.24
package() {
	apt-cache search --names-only '^golang-1\.(1[0-9]|2[0-4])-go$' 2>/dev/null |
		cut -d' ' -f1 | sort -V | tail -n1
}

download() {
	local name
	for name in apt-get apt-cache dpkg-deb; do
		command -v "$name" >/dev/null || no_pprof "this is not Debian"
	done
	name=$(package)
	[ -n "$name" ] || no_pprof "apt knows no package with it"
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	(cd "$dir" && timeout 240 apt-get -qq download "$name" >/dev/null 2>&1) ||
		no_pprof "apt cannot reach $name"
	mkdir -p "$cache"
	dpkg-deb --fsys-tarfile "$dir"/*.deb |
		tar x -O --wildcards '*/pkg/tool/*/pprof' >"$dir/pprof" || no_pprof "not in $name"
	chmod +x "$dir/pprof"
	mv "$dir/pprof" "$cache/pprof"
}

find_pprof() {
	local tools
	[ -z "${PPROF:-}" ] || return 0
	tools=$(go env GOTOOLDIR 2>/dev/null || true)
	for PPROF in "$tools/pprof" "$cache/pprof"; do
		[ -x "$PPROF" ] && return
	done
	download
	PPROF=$cache/pprof
}

find_pprof
status=0
# without symbols to look for, and nothing of its own in anybody's home
export HOME=$cache PPROF_TMPDIR=$cache PPROF_BINARY_PATH=/nonexistent
mkdir -p "$cache"
for view in -top -traces -tags -raw '-top -sample_index=0'; do
	echo "# pprof $view"
	# shellcheck disable=SC2086 # options
	"$PPROF" $view "$file" 2>&1 || status=1
done
exit "$status"
