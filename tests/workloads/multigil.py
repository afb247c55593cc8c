# SPDX-License-Identifier: BSD-2-Clause
"""multigil.py [N]: two interpreters with a GIL each (CPython 3.12+), N threads spin in each."""
import os
import struct

import common

try:
    import _interpreters
    create = lambda: _interpreters.create("isolated")  # noqa: E731
    execute = _interpreters.exec
except ImportError:
    import _xxsubinterpreters
    create = lambda: _xxsubinterpreters.create(isolated=True)  # noqa: E731
    execute = _xxsubinterpreters.run_string

# Each thread reports its TID and, about ten times a second, how far it has counted.
SPIN = """
import os, struct, threading, time
def spin(slot):
    count, at, tid = 0, 16 * slot, threading.get_native_id()
    while True:
        os.pwrite({fd}, struct.pack("=QQ", tid, count), at)
        report = time.monotonic() + 0.1
        while time.monotonic() < report:
            for _ in range(1000):
                pass
            count += 1000
for slot in range({first} + 1, {end}):
    threading.Thread(target=spin, args=(slot,)).start()
spin({first})
"""


def read(fd, slots):
    return [struct.unpack("=QQ", os.pread(fd, 16, 16 * slot)) for slot in range(slots)]


def main():
    args = common.options(("threads", 1))
    fd, slots = os.memfd_create("counts"), 2 * args.threads
    os.ftruncate(fd, 16 * slots)
    for first in range(0, slots, args.threads):
        code = SPIN.format(fd=fd, first=first, end=first + args.threads)
        common.start(execute, create(), code)
    while not all(tid for tid, _ in read(fd, slots)):
        os.sched_yield()
    truth = common.run(args.seconds, lambda: sum(count for _, count in read(fd, slots)))
    tids = [tid for tid, _ in read(fd, slots)]
    common.finish(interpreters=[tids[:args.threads], tids[args.threads:]], **truth)


main()
