# SPDX-License-Identifier: BSD-2-Clause
"""waits.py KIND: a thread, named after KIND, that waits for it again and again, 10-20 ms each.

Truth: waits = [[begin, end, asleep]...]. The clocks are the thread's own: asleep is what is left of
end - begin without the thread's CPU time and, from /proc, its time in the run queue.
"""
import fcntl
import mmap
import os
import queue
import select
import socket
import tempfile
import threading
import time

import common

PAUSE = 0.02
BLOCK = 16 << 20


def in_process(poke):
    """Another process that pokes us at intervals: it does not share our GIL."""
    common.fork(repeat, poke)


def in_thread(poke):
    common.start(repeat, poke, name="waker")


def repeat(poke):
    while True:
        time.sleep(PAUSE)
        poke()


def wait_sleep():
    return lambda: time.sleep(PAUSE)


def poked_pipe():
    reader, writer = os.pipe()
    in_process(lambda: os.write(writer, b"x"))
    return reader


def wait_pipe():
    reader = poked_pipe()
    return lambda: os.read(reader, 1)


def wait_socket():
    ours, theirs = socket.socketpair()
    in_process(lambda: theirs.send(b"x"))
    return lambda: ours.recv(1)


def wait_select():
    reader = poked_pipe()
    return lambda: (select.select([reader], [], []), os.read(reader, 1))


def wait_poll():
    reader = poked_pipe()
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    return lambda: (poller.poll(), os.read(reader, 1))


def wait_file():
    """Reads past the page cache: the thread sleeps until the disk has delivered."""
    with tempfile.NamedTemporaryFile(dir=os.environ.get("WAITS_DIR", "/var/tmp")) as file:
        fd = os.open(file.name, os.O_RDWR)
    memory = mmap.mmap(-1, BLOCK)
    memory.write(b"x" * BLOCK)
    os.write(fd, memory)
    os.fsync(fd)
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_DIRECT)
    return lambda: os.preadv(fd, [memory], 0)


def wait_lock():
    lock = threading.Lock()
    lock.acquire()
    in_thread(lambda: lock.locked() and lock.release())
    return lock.acquire


def wait_event():
    event = threading.Event()
    in_thread(event.set)
    return lambda: (event.wait(), event.clear())


def wait_queue():
    items = queue.Queue()
    in_thread(lambda: items.put(1))
    return items.get


def wait_child():
    argv = ["sleep", str(PAUSE)]
    return lambda: os.waitpid(os.posix_spawn("/bin/sleep", argv, {}), 0)


def measure(wait, waits):
    schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    while True:
        booked, begin = common.books(schedstat), time.monotonic_ns()
        wait()
        end = time.monotonic_ns()
        waits.append((begin, end, end - begin - (common.books(schedstat) - booked)))


def main():
    args = common.options(("kind", None))
    waits = []
    tid = common.start(measure, globals()["wait_" + args.kind](), waits, name=args.kind)
    truth = common.run(args.seconds, lambda: len(waits))
    common.await_next(lambda: len(waits))
    common.finish(kind=args.kind, tid=tid, waits=waits, count=len(waits),
                  waited_ns=sum(end - begin for begin, end, _ in waits), **truth)


main()
