#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs what building, the demo and the tests need, and with --analyze what the linters and the
# fuzzers need. Looks for the things, not for the packages: does nothing, fast and without network,
# where all is there.
set -euo pipefail

LIBBPF_MIN=1.1
# for Ubuntu 22.04, which has 0.5: v1.3.4
LIBBPF_URL=https://github.com/libbpf/libbpf
LIBBPF_COMMIT=bf3ffb69f3bba7e5f3552d35b066e3f09e61b2a8

missing=()
have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
lib() { have pkg-config && pkg-config --exists "$1"; }

# need PACKAGE CHECK...: PACKAGE is missing if CHECK fails
need() {
	local package=$1
	shift
	"$@" || missing+=("$package")
}

bpftool_runs() {
	local tool
	for tool in bpftool /usr/sbin/bpftool /usr/lib/linux-tools*/bpftool \
		/usr/lib/linux-tools/*/bpftool; do
		"$tool" version >/dev/null 2>&1 && return
	done
	return 1
}

# --- what is needed ---

python_headers() { [ -n "$(find /usr/include -name Python.h -print -quit 2>/dev/null)" ]; }

find_missing() {
	missing=()
	need clang have clang
	need llvm have llvm-symbolizer
	need gcc have gcc
	need make have make
	need binutils have readelf
	need pkg-config have pkg-config
	need libbpf-dev lib libbpf
	need libelf-dev lib libelf
	need libdw-dev lib libdw
	need zlib1g-dev lib zlib
	need liblzma-dev lib liblzma
	need libjansson-dev lib jansson
	need libcap-dev lib libcap
	need libprotobuf-c-dev lib libprotobuf-c
	need protobuf-c-compiler have protoc-c
	need libc6-dev test -e /usr/include/stdio.h
	need bpftool bpftool_runs
	need bats have bats
	need python3 have python3
	need python3-dev python_headers
	need gunicorn have gunicorn
	need python3-jsonschema /usr/bin/python3 -c "import jsonschema"
	if [ "$analyze" ]; then
		need clang-format have clang-format
		need clang-tidy have clang-tidy
		need cppcheck have cppcheck
		need shellcheck have shellcheck
		need libclang-rt-dev clang_has_fuzzer
		# to click on flame graphs; large, so not for everybody who builds. Ubuntu's is a snap
		need chromium has_browser_or_is_ubuntu
	fi
}

clang_has_fuzzer() {
	have clang && [ -n "$(find "$(clang -print-resource-dir)/" -name 'libclang_rt.fuzzer*' \
		-print -quit)" ]
}

has_browser_or_is_ubuntu() {
	have chromium || have chromium-browser || have google-chrome ||
		grep -qx 'ID=ubuntu' /etc/os-release
}

# --- how Debian and Ubuntu call it ---

available() { [[ $(apt-cache policy "$1") == *"Candidate: "[^\(]* ]]; }

# the name of a package whose name differs between releases; empty if there is none
package() {
	local version
	case $1 in
	bpftool)
		# shellcheck source=/dev/null
		version=$(. /etc/os-release && echo "$VERSION_ID")
		first_available bpftool "linux-tools-generic-hwe-$version" linux-tools-generic
		;;
	libclang-rt-dev)
		version=$(clang -dumpversion 2>/dev/null) || return 0
		first_available "libclang-rt-${version%%.*}-dev" "libclang-common-${version%%.*}-dev"
		;;
	*)
		echo "$1"
		;;
	esac
}

first_available() {
	local name
	for name; do
		if available "$name"; then
			echo "$name"
			return
		fi
	done
}

# its errors go to stderr, which stays
apt_quietly() { apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }

apt_install() {
	local name packages=()
	export DEBIAN_FRONTEND=noninteractive
	# somebody else's package source may be broken: that need not concern us
	apt_quietly update || echo "deps: apt-get update failed, going on with what it knows" >&2
	for name in "${missing[@]}"; do
		name=$(package "$name")
		[ -z "$name" ] || packages+=("$name")
	done
	echo "deps: installing ${packages[*]}"
	apt_quietly install -y --no-install-recommends "${packages[@]}"
}

libbpf_too_old() { lib libbpf && ! lib "libbpf >= $LIBBPF_MIN"; }

build_libbpf() {
	local dir
	echo "deps: libbpf $(pkg-config --modversion libbpf) is too old, building $LIBBPF_MIN+" \
		"from $LIBBPF_URL into /usr/local"
	have git || apt_quietly install -y --no-install-recommends git ca-certificates
	dir=$(mktemp -d)
	git -C "$dir" init -q
	git -C "$dir" fetch -q --depth 1 "$LIBBPF_URL" "$LIBBPF_COMMIT"
	git -C "$dir" checkout -q FETCH_HEAD
	make -s -C "$dir/src" install install_uapi_headers PREFIX=/usr/local LIBDIR=/usr/local/lib
	ldconfig
	rm -rf "$dir"
}

# --- main ---

die() {
	echo "deps: $*" >&2
	exit 1
}

analyze=
[ "${1:-}" = --analyze ] && analyze=1

# twice: what the sanitizers' package is called is known when clang is there
for _ in 1 2; do
	find_missing
	[ ${#missing[@]} = 0 ] && break
	have apt-get || die "please install the equivalents of these Debian packages: ${missing[*]}"
	[ "$(id -u)" = 0 ] || die "run this as root to install: ${missing[*]}"
	apt_install
done
find_missing
[ ${#missing[@]} = 0 ] || die "still missing after installation: ${missing[*]}"
if libbpf_too_old; then
	[ "$(id -u)" = 0 ] || die "libbpf $LIBBPF_MIN or newer is needed; run this as root to build it"
	build_libbpf
fi
