#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes vmlinux/ARCH/vmlinux.h: the kernel's types, as its BTF has them. On a machine of that
# architecture from the running kernel, else from Debian's kernel package, which apt downloads
# without that architecture being added to the system.
#
#   tools/vmlinux.sh x86_64|aarch64
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=bookworm
PATH=$PATH:/usr/sbin # bpftool, on Debian

arch=${1:-}
case $arch in
x86_64) deb_arch=amd64 ;;
aarch64) deb_arch=arm64 ;;
*)
	echo "usage: $0 x86_64|aarch64" >&2
	exit 2
	;;
esac

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

private_apt() {
	local tool=$1
	shift
	"$tool" -q -o APT::Architecture="$deb_arch" -o APT::Architectures="$deb_arch" \
		-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State="$dir/state" -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root "$@"
}

# prints the package's name and version; leaves it as $dir/*.deb
download_kernel() {
	local package
	mkdir -p "$dir"/state/lists/partial "$dir"/cache/archives/partial
	echo "deb http://deb.debian.org/debian $SUITE main" >"$dir/sources.list"
	private_apt apt-get update >&2
	package=$(private_apt apt-cache depends "linux-image-cloud-$deb_arch" |
		sed -n 's/^ *Depends: *//p' | head -n1)
	(cd "$dir" && private_apt apt-get download "$package" >&2)
	basename "$dir"/*.deb
}

# extract_btf VMLINUZ BTF: unpacks the image if need be and cuts the BTF out of it
extract_btf() {
	python3 - "$@" <<'PYTHON'
import gzip, lzma, struct, sys

image = open(sys.argv[1], "rb").read()
if image[4:8] == b"zimg":  # EFI zboot, drivers/firmware/efi/libstub/zboot-header.S
    start, size = struct.unpack_from("<II", image, 8)
    image = image[start:start + size]
if image[:2] == b"\x1f\x8b":
    image = gzip.decompress(image)
elif image[:6] == b"\xfd7zXZ\0":
    image = lzma.decompress(image)

# struct btf_header: magic, version 1, no flags, its own length; the types start behind it and the
# strings, which begin and end with a NUL, behind these
HEADER = struct.pack("<HBBI", 0xEB9F, 1, 0, 24)
best, at = b"", image.find(HEADER)
while at >= 0:
    type_off, type_len, str_off, str_len = struct.unpack_from("<IIII", image, at + 8)
    blob = image[at:at + 24 + str_off + str_len]
    strings = blob[24 + str_off:]
    if (type_off == 0 and str_off == type_len and len(strings) == str_len > 0
            and strings[0] == strings[-1] == 0 and len(blob) > len(best)):
        best = blob
    at = image.find(HEADER, at + 1)
if not best:
    sys.exit("vmlinux: no BTF in " + sys.argv[1])
open(sys.argv[2], "wb").write(best)
PYTHON
}

if [ "$(uname -m)" = "$arch" ]; then
	source="the running kernel, Linux $(uname -r)"
	btf=/sys/kernel/btf/vmlinux
else
	deb=$(download_kernel)
	source="Debian's package ${deb//%3a/:}"
	dpkg-deb --fsys-tarfile "$dir/$deb" |
		tar -x -O --wildcards './boot/vmlinuz-*' >"$dir/vmlinuz"
	btf=$dir/btf
	extract_btf "$dir/vmlinuz" "$btf"
fi

mkdir -p "vmlinux/$arch"
{
	echo '/* SPDX-License-Identifier: GPL-2.0 */'
	echo "/* Made by tools/vmlinux.sh $arch from $source:"
	echo ' * bpftool btf dump file BTF format c */'
	bpftool btf dump file "$btf" format c
} >"$dir/vmlinux.h"
grep -q '^struct task_struct {' "$dir/vmlinux.h"
cp "$dir/vmlinux.h" "vmlinux/$arch/vmlinux.h"
echo "vmlinux/$arch/vmlinux.h: from $source"
