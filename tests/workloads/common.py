# SPDX-License-Identifier: BSD-2-Clause
"""What the Python workloads share: they print "ready PID" once they run steadily, end at SIGTERM or
after --seconds S, and then print one line of JSON, their truth. Times are CLOCK_MONOTONIC ns.
"""
import argparse
import ctypes
import json
import os
import signal
import sys
import threading
import time

STOP = {signal.SIGTERM, signal.SIGINT}


def options(*positional, **extra):
    """Parses the command line; blocks the signals that end the program, in all its threads."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3600)
    for name, default in positional:
        parser.add_argument(name, nargs="?" if default is not None else None,
                            type=type(default) if default is not None else str, default=default)
    for name, default in extra.items():
        parser.add_argument("--" + name, type=type(default), default=default)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    return parser.parse_args()


def start(target, *args, name=None):
    """A daemon thread that is named for the kernel, too. Returns its TID once it runs."""
    tid, running = [], threading.Event()

    def run():
        if name:
            set_name(name.encode())
        tid.append(threading.get_native_id())
        running.set()
        target(*args)

    threading.Thread(target=run, daemon=True).start()
    running.wait()
    return tid[0]


def set_name(name):
    """Names the calling thread, with bytes."""
    ctypes.CDLL(None).prctl(15, name, 0, 0, 0)


def fork(target, *args):
    """A child process that ends with us; call it before there are threads. Returns its PID."""
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it has ended before we asked to be told
        target(*args)
        os._exit(0)
    return pid


def books(schedstat):
    """What the kernel has booked for this thread: time on a CPU, and in the run queue."""
    return time.thread_time_ns() + int(os.pread(schedstat, 64, 0).split()[1])


def run(seconds, measure=None):
    """Says "ready", waits for the end. Returns how long that took and how much it counted up."""
    before, began = measure() if measure else 0, time.monotonic_ns()
    print("ready", os.getpid(), flush=True)
    signal.sigtimedwait(STOP, seconds)
    took = time.monotonic_ns() - began
    return {"seconds": took / 1e9, "ops": (measure() if measure else 0) - before}


def await_next(measure):
    """Until one more is logged: the log then covers all that could be seen before this call."""
    before = measure()
    while measure() == before:
        time.sleep(0.001)


def finish(**truth):
    """Prints the truth and ends the process, whatever its threads do."""
    print(json.dumps(truth), flush=True)
    sys.stdout.flush()
    os._exit(0)
