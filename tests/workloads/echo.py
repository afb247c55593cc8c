# SPDX-License-Identifier: BSD-2-Clause
"""echo.py [N]: N threads in N/2 pairs that send each other one byte over a socketpair.

--work LOOPS: what each computes before it answers, 25 ns a loop or so. Without it nearly all
contention is a convoy: waits of a few microseconds, most of them over before they could sleep.
--spinners N: so many threads compute beside them.
"""
import socket

import common


def work(loops):
    for _ in range(loops):
        pass


def ask(sock, loops, counts, i):
    while True:
        work(loops)
        sock.send(b"?")
        sock.recv(1)
        counts[i] += 1


def answer(sock, loops):
    while True:
        sock.recv(1)
        work(loops)
        sock.send(b"!")


def spin():
    while True:
        work(1000)


def main():
    args = common.options(("threads", 32), work=0, spinners=0)
    counts = [0] * (args.threads // 2)
    pairs = [socket.socketpair() for _ in counts]
    tids = [common.start(answer, theirs, args.work, name="answer%d" % i)
            for i, (_, theirs) in enumerate(pairs)]
    tids += [common.start(ask, ours, args.work, counts, i, name="ask%d" % i)
             for i, (ours, _) in enumerate(pairs)]
    tids += [common.start(spin, name="spin%d" % i) for i in range(args.spinners)]
    common.finish(tids=tids, **common.run(args.seconds, lambda: sum(counts)))


main()
