#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Many short lives in one window, against what the kernel books for them.

load helpers
load truth

@test "200 processes of 20 ms and 2,000 threads of 5 ms" {
	local stolen
	requires bpf
	stolen=$(stolen_ns)
	# shellcheck disable=SC2016 # expanded by the inner shell
	profile_command sh -c '"$0/churn_procs" >"$1" & "$0/churn_threads" >"$2"; wait' \
		"$BUILD/workloads" "$BATS_TEST_TMPDIR/processes" "$BATS_TEST_TMPDIR/threads"
	compare churn "$BATS_TEST_TMPDIR/processes" "$BATS_TEST_TMPDIR/threads" \
		$(($(stolen_ns) - stolen))
}
