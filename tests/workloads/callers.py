# SPDX-License-Identifier: BSD-2-Clause
"""callers.py WHAT [EXT]: a thread that Python and C take turns in calling; chain is in the folder EXT.

    chain       work -> call, c1, c2, c3 -> callback -> compute, d1, burn
    rest        the same with rest, e1, nap in place of compute: asleep, without the GIL
    hold        as chain, while another thread wants the GIL
    sort        work -> sorted -> key -> burn, a function of Python
    deep        as chain, 40 times callback -> call inside each other

Truth: worker, the thread's TID.
"""
import sys
import time

import common

LOOPS = 2000000


def burn(n):
    x = 1
    for i in range(n):
        x = (x * 31 + i) % 1000003
    return x


def key(number):
    return burn(1000 + number)


def sort_work():
    def work():
        sorted(range(100), key=key)

    while True:
        work()


def chain_work(chain, innermost, depth):
    left = 0

    def callback():
        nonlocal left
        left -= 1
        if left > 0:
            chain.call(callback)
        else:
            innermost()

    def work():
        nonlocal left
        left = depth
        chain.call(callback)

    while True:
        work()


def compute():
    while True:
        burn(10000)


def main():
    args = common.options(("what", None), ("ext", "."))
    sys.path.insert(0, args.ext)
    if args.what == "sort":
        worker = common.start(sort_work, name="worker")
    else:
        import chain
        innermost = (lambda: chain.rest(20)) if args.what == "rest" else (lambda: chain.compute(LOOPS))
        worker = common.start(chain_work, chain, innermost, 40 if args.what == "deep" else 1,
                              name="worker")
    if args.what == "hold":
        common.start(compute, name="waiter")
    time.sleep(0.1)
    common.run(args.seconds)
    common.finish(worker=worker)


main()
