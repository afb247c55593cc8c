# SPDX-License-Identifier: BSD-2-Clause
"""A busy server: 64 threads that each sleep until a request comes, then parse, search, sort or hash, 30 frames
deep and more, by way of different functions. Its clients are another process. Ends as the workloads of the tests do,
and says what it has done.
"""
import hashlib
import heapq
import json
import os
import random
import re
import select
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/workloads"))
import common  # noqa: E402

DEPTH = 30
THINK_S = 0.02  # between an answer and the next request, on average
HOST = re.compile(r"([a-z]+)\.example (\d+)")


def parse(size):
    return len(json.loads(json.dumps({"ids": list(range(size)), "text": "x" * size}))["ids"])


def search(size):
    return len(HOST.findall("host.example 80, " * size))


def rank(size):
    return sorted(range(size), key=lambda number: number * 7919 % 1009)[0]


def digest(size):
    return hashlib.sha256(b"request " * 20 * size).digest()[0]


def log(kind, size, left):
    return on(kind, size, left)


def authenticate(kind, size, left):
    return on(kind, size, left)


def route(kind, size, left):
    return on(kind, size, left)


def limit(kind, size, left):
    return on(kind, size, left)


def cache(kind, size, left):
    return on(kind, size, left)


WORK = (parse, search, rank, digest)
LAYERS = (log, authenticate, route, limit, cache)


def on(kind, size, left):
    """To the next layer, in another order for each kind of request."""
    if left < 2:
        return WORK[kind](size)
    return LAYERS[left * (kind + 1) % len(LAYERS)](kind, size, left - 2)


def depth():
    frame, n = sys._getframe(1), 0
    while frame:
        frame, n = frame.f_back, n + 1
    return n


def serve(sock, counts, done, i):
    left = DEPTH - depth() - 1  # of the frames from here to the work
    while True:
        kind, size = sock.recv(2)
        on(kind, 20 + size, left)
        sock.send(b"!")
        done[i][kind] += 1
        counts[i] += 1


def ask(socks):
    """All the clients: each asks, waits for the answer, and thinks."""
    chance = random.Random(7)
    poll = select.poll()
    by_fd = {sock.fileno(): sock for sock in socks}
    due = [(time.monotonic() + chance.random() * THINK_S, fd) for fd in by_fd]
    heapq.heapify(due)
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    while True:
        wait = 1000 * (due[0][0] - time.monotonic()) if due else None
        for fd, _ in poll.poll(None if wait is None else max(wait, 0)):
            by_fd[fd].recv(1)
            heapq.heappush(due, (time.monotonic() + 2 * THINK_S * chance.random(), fd))
        while due and due[0][0] <= time.monotonic():
            sock = by_fd[heapq.heappop(due)[1]]
            sock.send(bytes((chance.randrange(len(WORK)), chance.randrange(256))))


def main():
    args = common.options(("threads", 64))
    counts = [0] * args.threads
    done = {i: [0] * len(WORK) for i in range(args.threads)}
    pairs = [socket.socketpair() for _ in counts]
    common.fork(ask, [theirs for _, theirs in pairs])
    for i, (ours, _) in enumerate(pairs):
        common.start(serve, ours, counts, done, i, name="server%d" % i)
    truth = common.run(args.seconds, lambda: sum(map(sum, done.values())))
    by_kind = {work.__name__: sum(d[k] for d in done.values()) for k, work in enumerate(WORK)}
    common.finish(threads=threading.active_count() - 1, depth=DEPTH, requests=by_kind, **truth)


main()
