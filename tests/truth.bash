# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# For the bats files that compare gilprof with what others measured: `load truth` after helpers.

REPORT=$BATS_TEST_TMPDIR/report.json

# use_python X.Y | distribution: sets PYTHON, or skips the test
use_python() {
	if [ "$1" != distribution ]; then
		requires python "$1"
		PYTHON=$(python "$1")
		return
	fi
	PYTHON=$(distribution_python)
	[ -n "$PYTHON" ] || skip "the distribution has no CPython"
}

# profile PID[,PID...] [SECONDS]: for 3 s, or that
profile() {
	"$GILPROF" -p "$1" -d "${2:-3}" --json >"$REPORT"
}

# profile_command COMMAND...: as long as it runs; its output is in COMMAND_OUT
profile_command() {
	COMMAND_OUT=$BATS_TEST_TMPDIR/command.out
	"$GILPROF" -d 60 -o "$REPORT" -- "$@" >"$COMMAND_OUT"
}

# end_workload PID: lets it finish, so that its output is whole
end_workload() {
	kill -TERM "$1"
	wait "$1"
}

# start_oracle PID [OPTION]...: logs that process's waits for its GIL; sets ORACLE_PID, ORACLE_LOG.
# --take: its time in take_gil, too; --holders: who held it, too
start_oracle() {
	local arguments pid=$1 options=("${@:2}")
	# shellcheck disable=SC2153 # of helpers
	arguments=$("$PYTHON3" tests/oracle/find.py "$pid")
	if [ "${options[0]:-}" != --holders ]; then
		arguments=$(sed '/^--signal/d' <<<"$arguments")
	fi
	if [ "${options[0]:-}" != --take ]; then
		arguments=$(sed '/^--take-gil/d; /^--ret/d' <<<"$arguments")
	fi
	case ${options[0]:-} in
	--take | --holders) unset 'options[0]' ;;
	esac
	ORACLE_LOG=$BATS_TEST_TMPDIR/oracle.log
	# shellcheck disable=SC2086 # they are words
	start_workload "$BUILD/oracle/giloracle" $arguments "${options[@]}" --log "$ORACLE_LOG"
	# shellcheck disable=SC2034 # for the tests
	ORACLE_PID=$WORKLOAD_PID
}

# stolen_ns: steal, irq and softirq of the whole machine since it started, ns
stolen_ns() {
	awk -v hz="$(getconf CLK_TCK)" '/^cpu / { printf "%.0f", ($7 + $8 + $9) * 1e9 / hz }' /proc/stat
}

# compare WHAT TRUTH...: the report agrees with the truth, and keeps the laws. The figures are shown
# also when all is well.
compare() {
	local status=0 what=$1
	shift
	"$PYTHON3" tests/compare.py "$what" "$REPORT" "$@" >"$REPORT.txt" || status=$?
	sed "s/^/# $what: /" "$REPORT.txt" >&3
	check_laws "$REPORT" || status=$?
	return "$status"
}

# make_quota PERCENT: a cgroup with that quota; sets CGROUP, or skips the test
make_quota() {
	local root
	for root in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
		CGROUP=$root/gilprof-test-$$
		mkdir "$CGROUP" 2>/dev/null || continue
		if [ -f "$CGROUP/cpu.max" ]; then
			echo "${1}000 100000" >"$CGROUP/cpu.max" && return
		elif [ -f "$CGROUP/cpu.cfs_quota_us" ]; then
			echo "${1}000" >"$CGROUP/cpu.cfs_quota_us" && return
		fi
		rmdir "$CGROUP"
	done
	CGROUP=
	if [ "${CI:-}" = true ]; then # as of requires
		echo "the CI machine must have cgroups with a CPU quota" >&2
		return 1
	fi
	skip "no cgroup with a CPU quota can be made here"
}

teardown() {
	end_workloads
	[ -z "${CGROUP:-}" ] || retry 5 rmdir "$CGROUP"
}
