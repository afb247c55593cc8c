#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A ProcessPoolExecutor of three forked workers, beside 48 MB that the parent had before.

split: the first computes, the second for 0.4 of the time, the third has nothing to do. The second has
written to 16 of the 48 MB. stream: each gets tasks of 20 ms, one after the other, and waits between them.

The truth: CPU time by PID, and when each task began and ended, "tasks" by PID.
"""
import concurrent.futures
import json
import os
import signal
import sys
import threading
import time

from common import STOP, finish, options

MB = 1 << 20
data = bytearray(b"x") * (48 * MB)
STEP_NS = 5_000_000


def spin(ns):
    end = time.thread_time_ns() + ns
    while time.thread_time_ns() < end:
        pass


def now():
    return time.monotonic_ns()


def work(share, log, seconds):
    """Computes for that share of the time, and logs [time, CPU time] as it goes."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
    if 0 < share < 1:
        data[:16 * MB] = b"y" * (16 * MB)
    end = now() + seconds * 1_000_000_000
    with open(log, "a", buffering=1, encoding="ascii") as file:
        while share and now() < end:
            began, used = now(), time.process_time_ns()
            spin(STEP_NS)
            file.write(json.dumps([now(), time.process_time_ns()]) + "\n")
            # by CPU time, so that it holds on a busy machine, too
            rest = (time.process_time_ns() - used) / share - (now() - began)
            if rest > 0:
                time.sleep(rest / 1e9)
        file.write(json.dumps([now(), time.process_time_ns()]) + "\n")
    return os.getpid()


def task(_):
    began = now()
    spin(20_000_000)
    return os.getpid(), began, now()


def meet(barrier_dir, count):
    """Keeps its worker until all have one of these."""
    open(os.path.join(barrier_dir, str(os.getpid())), "w", encoding="ascii").close()
    while len(os.listdir(barrier_dir)) < count:
        time.sleep(0.002)
    return os.getpid()


def stream(pool, stop, tasks):
    while not stop.is_set():
        pid, began, end = pool.submit(task, None).result()
        tasks.setdefault(pid, []).append([began, end])
        time.sleep(0.02)


def count_steps(log):
    with open(log, "a+", encoding="ascii") as file:
        file.seek(0)
        return len(file.readlines())


def await_until(condition):
    while not condition():
        time.sleep(0.01)


def main():
    o = options(("how", "split"), dir="/tmp")
    meeting = os.path.join(o.dir, "meeting")
    os.mkdir(meeting)
    with concurrent.futures.ProcessPoolExecutor(3) as pool:
        pids = [f.result() for f in [pool.submit(meet, meeting, 3) for _ in range(3)]]
        log = os.path.join(o.dir, "log")
        stop, tasks = threading.Event(), {}
        streamer = threading.Thread(target=stream, args=(pool, stop, tasks))
        if o.how == "split":
            for share in (1, 0.4):
                pool.submit(work, share, f"{log}.{share}", int(min(o.seconds, 60)))
            await_until(lambda: all(count_steps(f"{log}.{share}") > 5 for share in (1, 0.4)))
        else:
            streamer.start()
            await_until(lambda: len(tasks) == len(pids))
        print("ready", os.getpid(), *pids, flush=True)
        signal.sigtimedwait(STOP, o.seconds)
        stop.set()
        if o.how != "split":
            streamer.join()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        finish(tasks=tasks, pids=pids)


if __name__ == "__main__":
    sys.exit(main())
