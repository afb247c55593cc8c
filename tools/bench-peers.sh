#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures what other tools cost beside gilprof, as root: `make bench-peers` (ten minutes),
# `make bench-peers QUICK=1` (two), MARKDOWN=1 for tables as README.md has them. Installs what is
# missing: py-spy below build/, perf and bpftrace as packages. PYTHON=... is who runs the workloads.
set -euo pipefail
cd "$(dirname "$0")/.."

PY_SPY=0.4.3
build=${BUILD:-build}
venv=$build/peers/venv

if [ "$(id -u)" != 0 ]; then
	echo 'bench-peers: it needs root: sudo make bench-peers' >&2
	exit 1
fi

# in a mount namespace of our own: perf and bpftrace need these, and nothing stays mounted
if [ -z "${PEERS_UNSHARED:-}" ]; then
	PEERS_UNSHARED=1 exec unshare --mount --propagation private "$0" "$@"
fi
[ -e /sys/kernel/debug/tracing ] || mount -t debugfs none /sys/kernel/debug || true
[ -e /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing || true

# --- what is missing ---

runs() { "$1" --version >/dev/null 2>&1; }

apt_knows=
# package NAME...: installs the first that can be; peers.py says what is not there
package() {
	local name
	command -v apt-get >/dev/null || return 0
	export DEBIAN_FRONTEND=noninteractive
	[ "$apt_knows" ] || timeout 120 apt-get -qq update >/dev/null || true
	apt_knows=1
	for name; do
		echo "bench-peers: installing $name" >&2
		timeout 300 apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$name" \
			>/dev/null 2>&1 && return
		echo "bench-peers: $name could not be installed" >&2
	done
}

python=/usr/bin/python3 # a fixed one: under sudo the PATH may lead to none
[ -x "$python" ] || python=python3

install_py_spy() {
	"$python" -c 'import ensurepip' 2>/dev/null || package python3-venv
	echo "bench-peers: installing py-spy $PY_SPY below $build" >&2
	timeout 120 "$python" -m venv "$venv" >/dev/null &&
		timeout 120 "$venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: \
			"py-spy==$PY_SPY" >&2
}

[ "$("$venv/bin/py-spy" --version 2>/dev/null)" = "py-spy $PY_SPY" ] || install_py_spy || true
runs perf || package linux-perf linux-tools-generic
runs bpftrace || package bpftrace

# --- main ---

# distributions strip take_gil, which one peer needs: pyenv's newest has it
if [ -z "${PYTHON:-}" ]; then
	PYTHON=$(find "${PYENV_ROOT:-$HOME/.pyenv}/versions" -path '*[0-9]/bin/python3.1[0-4]' \
		2>/dev/null | sort -V | tail -n1 || true)
	[ "$PYTHON" ] || PYTHON=$python
fi
export PYTHON

[ -z "${QUICK:-}" ] || set -- --quick "$@"
[ -z "${MARKDOWN:-}" ] || set -- --markdown "$@"
exec "$python" tools/bench/peers.py --build "$build" "$@"
