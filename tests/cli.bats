#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Bad input: one clear line on stderr, the right status, and nothing else.

load helpers

# refuses STATUS PATTERN ARG...: ends with that status, saying one line that matches, and prints nothing
refuses() {
	local want=$1 pattern=$2 status=0
	shift 2
	"$GILPROF" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	check_refusal "$want" "$pattern" "$status" "gilprof $*"
}

check_refusal() {
	local want=$1 pattern=$2 status=$3 what=$4 err=$BATS_TEST_TMPDIR/err
	if [ "$status" != "$want" ] || [ "$(wc -l <"$err")" != 1 ] || ! grep -qE -e "$pattern" "$err" ||
		[ -s "$BATS_TEST_TMPDIR/out" ]; then
		echo "$what: status $status, wanted $want; said:" >&2
		cat "$err" "$BATS_TEST_TMPDIR/out" >&2
		return 1
	fi
}

@test "wrong usage ends with 2" {
	refuses 2 'target'
	refuses 2 "duration '0'" -d 0 -p 1
	refuses 2 "duration '-1'" -d -1 -p 1
	refuses 2 "duration '1e99'" -d 1e99 -p 1
	refuses 2 "duration 'nan'" -d nan -p 1
	refuses 2 "duration 'inf'" -d inf -p 1
	refuses 2 "duration '5s'" -d 5s -p 1
	refuses 2 "frequency '100000'" -F 100000 -p 1
	refuses 2 "frequency '0'" -F 0 -p 1
	refuses 2 "PID 'abc'" -p abc
	refuses 2 "PID '0'" -p 0
	refuses 2 "PID '-5'" -p -5
	refuses 2 "PID '1,,2'" -p 1,,2
	refuses 2 "PID '99999999999'" -p 99999999999
	refuses 2 "top" --top 0 -p 1
	refuses 2 "^gilprof: --weight 'x': must be blame, gil_wait," --weight x -p 1
	refuses 2 "--weight ''" --weight= -p 1
	refuses 2 "--weight 'Blame'" --weight Blame report x.gilprof
	refuses 2 "--weight 'hold': is of stacks" --weight hold -p 1
	refuses 2 "^gilprof: --worst '0': must be 1 to 32" --worst 0 -p 1
	refuses 2 "--worst '33'" --worst 33 -p 1
	refuses 2 "--worst '-1'" --worst -1 -p 1
	refuses 2 "--worst '1.5'" --worst 1.5 -p 1
	refuses 2 "^gilprof: --hold-over 'x': must be milliseconds" --hold-over x -p 1
	refuses 2 "--hold-over '0'" --hold-over 0 -p 1
	refuses 2 "--hold-over '5ms'" --hold-over 5ms -p 1
	refuses 2 "--hold-over '3600001'" --hold-over 3600001 -p 1
	refuses 2 "frequency '1001'" -F 1001 -p 1
	refuses 2 'not both' -p 1 -- true
	refuses 2 'suffix' -p 1 -o /tmp/x.docx
	refuses 2 'suffix' -p 1 -o .svg
	refuses 2 'suffix' -p 1 -o x.speedscope
	refuses 2 'at most 8 files' -p 1 -o 1.svg -o 2.svg -o 3.svg -o 4.svg -o 5.svg -o 6.svg -o 7.svg \
		-o 8.svg -o 9.svg
	refuses 2 'stdout' -p 1 --json -o /tmp/x.json
	refuses 2 'record' record -p 1
	refuses 2 'capture' report
	refuses 2 'no such user' --user no-such-user -- true
	refuses 2 'argument' python3 x.py
}

@test "an unknown option ends with 2" {
	refuses 2 "^gilprof: unrecognized option '--no-such-option'" --no-such-option
	refuses 2 "^gilprof: invalid option -- 'x'" record -x
	refuses 2 "^gilprof: option requires an argument -- 'F'" -F
	refuses 2 "^gilprof: option '--json' doesn't allow an argument" --json=3 -p 1
}

@test "--help and --version print and end with 0" {
	"$GILPROF" --help >"$BATS_TEST_TMPDIR/help"
	grep -q 'sudo gilprof -p 4242' "$BATS_TEST_TMPDIR/help"
	refute grep -qE '.{80}' "$BATS_TEST_TMPDIR/help"
	refute grep -qE '^[a-z]+$' "$BATS_TEST_TMPDIR/help" # what is left of a line that was too long
	for option in --weight= --worst= --hold-over= .svg .folded .speedscope.json .pb.gz; do
		grep -qF -e "$option" "$BATS_TEST_TMPDIR/help"
	done
	"$GILPROF" --version | grep -qE '^gilprof [0-9]+\.[0-9]+\.[0-9]+$'
}

@test "--json-schema is a JSON schema" {
	"$GILPROF" --json-schema >"$BATS_TEST_TMPDIR/schema.json"
	json_true "$BATS_TEST_TMPDIR/schema.json" "'gilprof.report/1' in str(r)" "'processes' in str(r)"
}

@test "no such process, a thread's ID, a kernel thread: 4" {
	requires bpf
	refuses 4 'no such process' -p 4194305
	refuses 4 'kernel thread' -p 2
	start_workload "$PYTHON3" tests/workloads/spin.py 1
	tid=$(find /proc/"$WORKLOAD_PID"/task -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tail -n1)
	refuses 4 "a thread of process $WORKLOAD_PID" -p "$tid"
}

@test "a zombie: 4" {
	requires bpf
	start_workload "$PYTHON3" -c 'import os, time
pid = os.fork()
if not pid: os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print("ready", pid, flush=True)
time.sleep(60)'
	refuses 4 'zombie' -p "$(sed -n 's/^ready //p' "$WORKLOAD_OUT")"
}

@test "another user's process without privileges: 3" {
	requires root
	requires command setpriv
	cp "$GILPROF" "$BATS_TEST_TMPDIR/gilprof"
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$BATS_TEST_TMPDIR/gilprof" \
		-p 1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	check_refusal 3 'no permission to load BPF programs: run as root' "$status" "as nobody"
}

@test "root without the capabilities: 3" {
	requires bpf
	requires command setpriv
	status=0
	setpriv --bounding-set=-bpf,-sys_admin,-perfmon --inh-caps=-all "$GILPROF" -p 1 -d 0.1 \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	check_refusal 3 'no permission' "$status" "without CAP_BPF"
}

@test "a kernel without BTF: 3" {
	requires bpf
	requires command unshare
	status=0
	unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$0" -p 1 -d 0.1' "$GILPROF" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	check_refusal 3 'no type information' "$status" "without BTF"
}

@test "a command that cannot start: 1" {
	requires bpf
	refuses 1 'cannot run /no/such/file: No such file' -- /no/such/file
	refuses 1 'cannot run /etc/passwd: Permission denied' -- /etc/passwd
}

@test "a command that ends before it is a program: 1" {
	requires bpf
	# an ELF file whose only segment cannot be mapped: exec finds out when there is no way back
	"$PYTHON3" - "$BATS_TEST_TMPDIR/half" "$GILPROF" <<-'EOF'
		import os, struct, sys
		machine = open(sys.argv[2], "rb").read(20)[18:20]
		head = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0" + machine + struct.pack(
		    "<IQQQIHHHHHH", 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
		segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 1 << 62, 0, 4096, 4096, 4096)
		with open(sys.argv[1], "wb") as f:
		    f.write(head + segment + bytes(8192))
		os.chmod(sys.argv[1], 0o755)
	EOF
	refuses 1 'half: it ended before' -- "$BATS_TEST_TMPDIR/half"
}

@test "an output that cannot be opened is known before anything is recorded: 1" {
	requires bpf
	refuses 1 'cannot write /no/such/dir/x.json: No such file' -p $$ -d 60 -o /no/such/dir/x.json
	mkdir "$BATS_TEST_TMPDIR/x.json"
	refuses 1 'Is a directory' -p $$ -d 60 -o "$BATS_TEST_TMPDIR/x.json"
}

@test "a full stdout: 1, one line" {
	requires bpf
	status=0
	"$GILPROF" -p $$ -d 0.1 >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
	: >"$BATS_TEST_TMPDIR/out"
	check_refusal 1 'No space left' "$status" "to /dev/full"
}

@test "a closed stdout ends quietly with 1" {
	requires bpf
	for format in "" --json; do
		"$PYTHON3" - "$GILPROF" -p $$ -d 0.1 $format <<-'EOF'
			import os, subprocess, sys
			readable, writable = os.pipe()
			os.close(readable)
			done = subprocess.run(sys.argv[1:], stdout=writable, stderr=subprocess.PIPE)
			sys.exit(not (done.returncode == 1 and not done.stderr))
		EOF
	done
}

@test "a full disk: 1, no half file, and the page on stdout instead" {
	requires bpf
	requires command unshare
	status=0
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount sh -c 'mount -t tmpfs -o size=4k none "$1" && echo >"$1/filler" &&
		"$0" -p $$ -d 0.2 -o "$1/x.gilprof"; status=$?; ls "$1" >&2; exit $status' \
		"$GILPROF" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR.out" 2>"$BATS_TEST_TMPDIR.err" || status=$?
	[ "$status" = 1 ]
	grep -q 'No space left' "$BATS_TEST_TMPDIR.err"
	refute grep -q 'x.gilprof$' <(tail -n +2 "$BATS_TEST_TMPDIR.err")
	grep -q '^gilprof ' "$BATS_TEST_TMPDIR.out"
}

@test "no link is followed, and the file belongs to who called sudo" {
	requires bpf
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln -s "$BATS_TEST_TMPDIR/precious" "$BATS_TEST_TMPDIR/x.json"
	SUDO_UID=65534 SUDO_GID=65534 "$GILPROF" -p $$ -d 0.1 -o "$BATS_TEST_TMPDIR/x.json"
	[ "$(cat "$BATS_TEST_TMPDIR/precious")" = precious ]
	[ ! -L "$BATS_TEST_TMPDIR/x.json" ]
	[ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/x.json")" = 65534:65534 ]
	json_true "$BATS_TEST_TMPDIR/x.json" "r['schema'] == 'gilprof.report/1'"
}
