# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What the bats files share: `load helpers` at their top.

cd "$BATS_TEST_DIRNAME/.." || exit 1
PATH=$PATH:/usr/sbin # bpftool, on Debian
BUILD=$(realpath -m "${BUILD:-build}")
GILPROF=${GILPROF:-$BUILD/gilprof}
PYTHON3=/usr/bin/python3 # never a shim that picks a version by directory
[ -x "$PYTHON3" ] || PYTHON3=python3
: "${BATS_TEST_TMPDIR:=$(mktemp -d)}" # bats before 1.4
WORKLOADS=()

# make_open: OPEN is a folder that other users may enter; bats' own are closed to them
make_open() {
	OPEN=$(mktemp -d)
	chmod 755 "$OPEN"
}

# --- what the machine has ------------------------------------------------------------------------

# requires root | bpf | python 3.12 | command NAME | ...: else skips the test, saying why. With
# CI=true the test fails instead if it is something that the CI machine must have.
requires() {
	local reason
	reason=$(lacks "$@")
	[ -n "$reason" ] || return 0
	if [ "${CI:-}" = true ] && [ -z "${GILPROF_NO_ROOT:-}" ] && ci_must_have "$@"; then
		echo "the CI machine must have this: $reason" >&2
		return 1
	fi
	skip "$reason"
}

# says why this is not here; nothing if it is
lacks() {
	case $1 in
	root)
		if [ -n "${GILPROF_NO_ROOT:-}" ]; then
			echo "needs root, left out by --no-root"
		elif [ "$(id -u)" != 0 ]; then
			echo "needs root"
		fi
		;;
	bpf)
		lacks root
		[ "$(id -u)" != 0 ] || bpftool prog list >/dev/null 2>&1 || echo "BPF is forbidden here"
		[ -r /sys/kernel/btf/vmlinux ] || echo "the kernel has no BTF"
		;;
	python) [ -n "$(python "$2")" ] || echo "no CPython $2 here" ;;
	command) command -v "$2" >/dev/null || echo "no $2 here" ;;
	arch) [ "$(uname -m)" = "$2" ] || echo "not on $2" ;;
	ia32) echo 'int main(void) { return 0; }' | gcc -m32 -x c -o /dev/null - 2>/dev/null ||
		echo "gcc cannot build 32-bit programs" ;;
	*) echo "unknown requirement: $*" ;;
	esac
}

ci_must_have() {
	case "$*" in
	root | bpf | "python 3."[89] | "python 3.1"[0-3] | "command "*) return 0 ;;
	python* | arch* | ia32) return 1 ;;
	*) return 0 ;; # a misspelt requirement must not pass as a skip
	esac
}

pyenv_versions() {
	local home
	home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6)
	find "${PYENV_ROOT:-$HOME/.pyenv}/versions" "$home/.pyenv/versions" \
		-mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -u
}

# python X.Y[t]: full path of the newest CPython X.Y, "t" for free-threaded; nothing if there is none
python() {
	local version=${1%t} suffix=${1##*[0-9]} path
	path=$(pyenv_versions | grep -E "/${version//./\\.}\.[0-9]+$suffix\$" | sort -V | tail -n1)
	for path in ${path:+"$path/bin/python$1" "$path/bin/python$version"} \
		"/usr/local/bin/python$1" "/usr/bin/python$1"; do
		if [ -x "$path" ]; then
			echo "$path"
			return
		fi
	done
}

# the distribution's own CPython, which is stripped and built with LTO
distribution_python() {
	local path
	path=$(readlink -f /usr/bin/python3) || return 0
	if dpkg -S "$path" >/dev/null 2>&1; then
		echo "$path"
	fi
}

# full paths of all CPythons to test: the newest of 3.8 to 3.13 each, and the distribution's
pythons() {
	local minor
	{
		for minor in 8 9 10 11 12 13; do
			python "3.$minor"
		done
		distribution_python
	} | awk '!seen[$0]++'
}

# --- programs to profile -------------------------------------------------------------------------

# retry SECONDS CMD...: until it succeeds
retry() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "timed out: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# refute CMD...: it must fail. A bare `! CMD` asserts nothing: bash's set -e passes over it.
refute() {
	if "$@"; then
		echo "should fail: $*" >&2
		return 1
	fi
}

# start_workload CMD...: runs it in the background and waits for its line "ready ..."; sets
# WORKLOAD_PID, and WORKLOAD_OUT, the file with its stdout. The teardown ends it, children and all.
start_workload() {
	WORKLOAD_OUT=$BATS_TEST_TMPDIR/workload${#WORKLOADS[@]}.out
	: >"$WORKLOAD_OUT"
	: >"$WORKLOAD_OUT" # an earlier program's "ready" must not be taken for this one's
	# 3 is bats' own output: a child that keeps it open keeps bats waiting
	setsid "$@" >"$WORKLOAD_OUT" 2>"$WORKLOAD_OUT.err" 3>&- </dev/null &
	WORKLOAD_PID=$!
	WORKLOADS+=("$WORKLOAD_PID")
	if ! retry 20 workload_ready || ! grep -q '^ready' "$WORKLOAD_OUT"; then
		echo "workload is not ready: $*" >&2
		cat "$WORKLOAD_OUT" "$WORKLOAD_OUT.err" >&2
		return 1
	fi
}

workload_ready() {
	grep -q '^ready' "$WORKLOAD_OUT" || ! kill -0 "$WORKLOAD_PID" 2>/dev/null
}

end_workloads() {
	local pid
	for pid in "${WORKLOADS[@]}"; do
		kill -KILL -- "-$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	WORKLOADS=()
}

teardown() {
	end_workloads
}

# --- reports -------------------------------------------------------------------------------------

# json FILE EXPR: prints the Python expression EXPR, where r is the report
json() {
	"$PYTHON3" -c 'import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    print(eval(sys.argv[2], {"r": json.load(file)}))' "$1" "$2"
}

# json_true FILE EXPR...: each holds of the report
json_true() {
	local file=$1 expr
	shift
	for expr; do
		if [ "$(json "$file" "bool($expr)")" != True ]; then
			echo "does not hold in $file: $expr" >&2
			return 1
		fi
	done
}

# check_laws [--allow-lost] FILE: the report keeps the conservation laws
check_laws() {
	"$PYTHON3" tests/laws.py "$@"
}
