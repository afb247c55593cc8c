# SPDX-License-Identifier: BSD-2-Clause
"""blocking.py: threads that block in calls again and again, below some functions of their own.

Truth: stacks = {TID: the stack that sys._current_frames() showed each time, [[function, line]...]},
the root first; a thread that was seen at several places is left out.
"""
import os
import select
import sys
import threading
import time

import common

PERIOD = 0.03


class Sleeper:
    def run(self):
        while True:
            self.doze(3)

    def doze(self, depth):
        if depth:
            self.doze(depth - 1)
        else:
            time.sleep(PERIOD)


def reader():
    ours, theirs = os.pipe()
    threading.Thread(target=feed, args=(theirs,), daemon=True).start()
    while True:
        read_all(ours)


def feed(fd):
    while True:
        time.sleep(PERIOD)
        os.write(fd, b"x")


def read_all(fd):
    return os.read(
        fd,
        100)


def poller():
    ours, _ = os.pipe()
    while True:
        (lambda: select.select([ours], [], [], PERIOD))()


def locker():
    lock = threading.Lock()
    lock.acquire()
    while True:
        lock.acquire(timeout=PERIOD)


def stack_of(frame):
    stack = []
    while frame:
        code = frame.f_code
        stack.insert(0, [getattr(code, "co_qualname", code.co_name), frame.f_lineno])
        frame = frame.f_back
    return stack


def main():
    args = common.options()
    idents = {}

    def start(target):
        def run():
            idents[threading.get_ident()] = threading.get_native_id()
            target()
        threading.Thread(target=run, daemon=True).start()

    for target in (Sleeper().run, reader, poller, locker):
        start(target)
    while len(idents) < 4:
        time.sleep(0.01)
    print("ready", os.getpid(), flush=True)
    seen, end = {}, time.monotonic() + args.seconds
    while time.monotonic() < end:
        time.sleep(0.011)
        for ident, frame in sys._current_frames().items():
            if ident in idents:
                key = (idents[ident], str(stack_of(frame)))
                seen[key] = seen.get(key, 0) + 1
    stacks = {}
    for tid in idents.values():
        counts = sorted(((n, s) for (t, s), n in seen.items() if t == tid), reverse=True)
        if counts and counts[0][0] > 0.8 * sum(n for n, _ in counts):
            stacks[tid] = eval(counts[0][1])
    common.finish(stacks=stacks)


main()
