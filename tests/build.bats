#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The build itself. It is made once more with clang, in a folder of its own.
load helpers

setup_file() {
	SCRATCH=$(mktemp -d)
	export SCRATCH
}

teardown_file() {
	rm -rf "$SCRATCH"
}

# make as a user would call it: not as a part of the make that runs the tests
clean_make() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u WERROR -u V make BUILD="$SCRATCH/build" CC=clang "$@"
}

@test "make builds with clang, without warnings" {
	requires command clang
	clean_make -j"$(nproc)" WERROR=1 all
	[ -x "$SCRATCH/build/gilprof" ]
}

@test "nothing is built twice" {
	run clean_make -n WERROR=1 all
	[ "$status" = 0 ]
	[[ $output != *" -c -o "* ]]
}

@test "a change of wire.h rebuilds both sides" {
	run clean_make -n WERROR=1 -W bpf/wire.h all
	[ "$status" = 0 ]
	[[ $output == *"/gilprof.bpf.o bpf/gilprof.bpf.c"* ]]
	[[ $output == *"gen skeleton"* ]]
	[[ $output == *"/user/session.o user/session.c"* ]]
}

@test "other flags rebuild everything" {
	run clean_make -n all # without WERROR
	[ "$status" = 0 ]
	[[ $output == *"/gilprof.bpf.o bpf/gilprof.bpf.c"* ]]
	[[ $output == *"/user/session.o user/session.c"* ]]
}

@test "make install copies gilprof below DESTDIR" {
	clean_make WERROR=1 install DESTDIR="$SCRATCH/root" PREFIX=/opt/gilprof
	[ "$(find "$SCRATCH/root" -type f)" = "$SCRATCH/root/opt/gilprof/bin/gilprof" ]
	[ "$(stat -c %a "$SCRATCH/root/opt/gilprof/bin/gilprof")" = 755 ]
}

@test "gilprof is hardened: PIE, full RELRO, stack protector" {
	run readelf -Whdls "$SCRATCH/build/gilprof"
	[[ $output == *"DYN (Position-Independent Executable"* ]]
	[[ $output == *"BIND_NOW"* ]]
	[[ $output == *"GNU_RELRO"* ]]
	[[ $output == *"__stack_chk_fail"* ]]
}

@test "the kernel side compiles for arm64" {
	clean_make -j"$(nproc)" WERROR=1 bpf-arm64
	run readelf -h "$SCRATCH"/build/arm64/gilprof.bpf.o
	[[ $output == *"Linux BPF"* ]]
}

@test "the system call names are those of this architecture" {
	local table=$SCRATCH/build/syscall_names.inc
	[ "$(wc -l <"$table")" -gt 250 ]
	[ -z "$(cut -d']' -f1 "$table" | sort | uniq -d)" ]
	[ "$(grep -cvE '^\[[0-9]+\] = "[a-z0-9_]+",$' "$table")" = 0 ]
	case $(uname -m) in
	x86_64)
		grep -qxF '[0] = "read",' "$table"
		grep -qxF '[202] = "futex",' "$table"
		grep -qxF '[240] = "futex",' "$SCRATCH/build/syscall_names_ia32.inc"
		;;
	aarch64)
		grep -qxF '[63] = "read",' "$table"
		grep -qxF '[98] = "futex",' "$table"
		;;
	esac
}

@test "make help lists every target" {
	local target
	run clean_make help
	[ "$status" = 0 ]
	for target in all deps demo test check bench bench-peers install format analyze fuzz clean \
		help; do
		grep -q "^  $target  *[a-z]" <<<"$output"
	done
}

@test "a missing library is named, and what to do about it" {
	run clean_make PKG_CONFIG=false all
	[ "$status" != 0 ]
	[[ $output == *"make deps"* ]]
}

@test "make clean leaves nothing" {
	clean_make clean
	[ ! -e "$SCRATCH/build" ]
}

@test "make deps needs no network where all is there" {
	requires root
	unshare --net tools/deps.sh
}

@test "make deps names what it cannot install" {
	mkdir -p "$SCRATCH/bin"
	ln -sf /bin/bash "$(command -v env)" "$(command -v find)" "$(command -v id)" "$SCRATCH/bin"
	run env PATH="$SCRATCH/bin" tools/deps.sh
	[ "$status" = 1 ]
	[[ $output == *"clang"*"libbpf-dev"* ]]
}

@test "every source names its licence, and the kernel side is GPL" {
	local file
	run find bpf user tests tools \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o \
		-name '*.bash' -o -name '*.bats' \) -exec grep -L SPDX-License-Identifier {} +
	[ "$output" = "" ]
	for file in bpf/*.bpf.[ch] tests/oracle/*.bpf.c; do
		head -n1 "$file" | grep -q 'GPL-2.0'
	done
	for file in user/*.[ch]; do
		head -n1 "$file" | grep -q 'BSD-2-Clause'
	done
}

@test "the machine has every CPython that the tests loop over" {
	local minor
	for minor in 8 9 10 11 12 13; do
		requires python "3.$minor"
	done
	[ "$(pythons | wc -l)" -ge 6 ]
}

@test "laws.py accepts a sound report and names each broken law" {
	cat >"$SCRATCH/forge.py" <<-'PYTHON'
	import json, sys
	report = {
	    "capture": {"duration_ns": 10**9, "lost": {"ring_full": 0}, "steal_irq_ns": 0,
	                "tick_ns": 4 * 10**6},
	    "processes": [{"pid": 7, "cpu_ns": 600 * 10**6, "kernel_cpu_ns": 602 * 10**6,
	                   "edges_on_cpu": 0,
	                   "threads": [{"tid": 7, "name": "main", "exists_ns": 10**9,
	                                "state_ns": {"run_gil": 600 * 10**6, "sleep": 400 * 10**6}}]}],
	    "cpus": [{"cpu": 0, "target_ns": 600 * 10**6, "other_ns": 0, "idle_ns": 400 * 10**6,
	              "offline_ns": 0}],
	}
	exec(sys.argv[1], {"r": report})
	json.dump(report, open(sys.argv[2], "w"))
	PYTHON
	forge() { "$PYTHON3" "$SCRATCH/forge.py" "$1" "$SCRATCH/report.json"; }
	broken() { forge "$1" && run check_laws "$SCRATCH/report.json" && [ "$status" = 1 ]; }

	forge ""
	check_laws "$SCRATCH/report.json"
	broken 'r["processes"][0]["threads"][0]["state_ns"]["sleep"] -= 2 * 10**6'
	[[ $output == *"law 1: thread 7"* ]]
	broken 'r["cpus"][0]["idle_ns"] += 2 * 10**6'
	[[ $output == *"law 2: CPU 0"* ]]
	broken 'r["processes"][0]["kernel_cpu_ns"] += 10 * 10**6'
	[[ $output == *"law 4: process 7"* ]]
	forge 'r["processes"][0].update(kernel_cpu_ns=609 * 10**6, edges_on_cpu=1)'
	check_laws "$SCRATCH/report.json"
	broken 'r["capture"]["lost"]["ring_full"] = 3'
	[[ $output == *"lost: 3 of ring_full"* ]]
	check_laws --allow-lost "$SCRATCH/report.json"
}
