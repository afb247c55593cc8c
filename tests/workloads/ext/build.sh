#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# build.sh PYTHON OUTDIR [CFLAG...]: compiles the modules of this folder for PYTHON into OUTDIR.
set -eu

python=$1
outdir=$2
shift 2
here=$(dirname "$0")
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')

mkdir -p "$outdir"
for source in "$here"/*.c; do
	${CC:-gcc} -g -O2 -Wall -shared -fPIC "$@" -I"$include" "$source" \
		-o "$outdir/$(basename "$source" .c).so"
done
