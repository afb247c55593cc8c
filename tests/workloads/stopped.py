# SPDX-License-Identifier: BSD-2-Clause
"""stopped.py: a thread that waits for a lock and two that compete for the GIL, in a process that
another one stops for 0.3 s, again and again. Truth: stops = [[begin, end]...].
"""
import json
import os
import signal
import threading
import time

import common

PAUSE = 0.3


def spin():
    while True:
        pass


def stop_parent(report):
    """Stops its parent at intervals until SIGTERM; then reports when the parent was stopped."""
    parent, stops = os.getppid(), []
    while not signal.sigtimedwait(common.STOP, PAUSE):
        begin = time.monotonic_ns()
        os.kill(parent, signal.SIGSTOP)
        time.sleep(PAUSE)
        stops.append((begin, time.monotonic_ns()))
        os.kill(parent, signal.SIGCONT)
    os.write(report, json.dumps(stops).encode())


def main():
    args = common.options()
    reader, writer = os.pipe()
    stopper = common.fork(stop_parent, writer)
    lock = threading.Lock()
    lock.acquire()
    waiter = common.start(lock.acquire, name="waiter")
    spinners = [common.start(spin, name="spin%d" % i) for i in range(2)]
    truth = common.run(args.seconds)
    os.kill(stopper, signal.SIGTERM)
    os.waitpid(stopper, 0)
    stops = json.loads(os.read(reader, 1 << 16).decode())
    common.finish(waiter=waiter, spinners=spinners, stops=stops, **truth)


main()
