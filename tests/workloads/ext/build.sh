#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# build.sh PYTHON OUTDIR: compiles the module gilhold for PYTHON into OUTDIR.
set -eu

python=$1
outdir=$2
here=$(dirname "$0")
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')

mkdir -p "$outdir"
${CC:-gcc} -g -O2 -Wall -shared -fPIC -I"$include" "$here/gilhold.c" -o "$outdir/gilhold.so"
