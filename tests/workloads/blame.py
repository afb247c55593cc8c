# SPDX-License-Identifier: BSD-2-Clause
"""blame.py DIR [--via HOW]: threads that keep the GIL in functions of the C extension in DIR, and
threads that wait for it meanwhile.

a and b keep it for 30 ms and 10 ms, computing and asleep, each in a call at a line of its own; c and d
wait, and d keeps it, asleep, too. --via: what a's calls stand in (see VIA). They are nice to nobody, so
that the machine's other work does not part what they log from what they do; --nice 0: they are.

Truth, by the extension's own clocks: tids by name; holds = [tid, line, what, begin, end, queued]...,
waits = [tid, begin, end]...
"""
import asyncio
import os
import sys
import threading

import common

HOLDS, WAITS, LINES = [], [], {}
DEPTH = 500


def note(mark, result):
    begin, end, _, queued, *_ = result
    HOLDS.append((threading.get_native_id(), LINES[mark], mark.split()[1], begin, end, queued))


def hold_long(gilhold):
    note("a compute", gilhold.hold_and_wait(True, 30, 0))  # a compute
    note("a sleep", gilhold.hold_and_wait(False, 30, 0))  # a sleep


def deeper(depth, gilhold):
    return deeper(depth - 1, gilhold) if depth else hold_long(gilhold)


def generator(gilhold):
    while True:
        yield hold_long(gilhold)


def hold_very_long(gilhold):
    note("a-long sleep", gilhold.hold_and_wait(False, 1500, 0))  # a-long sleep


async def coroutine(depth, gilhold):
    await coroutine(depth - 1, gilhold) if depth else hold_long(gilhold)


VIA = {
    "call": hold_long,
    "seconds": hold_very_long,
    "recursion": lambda gilhold: deeper(DEPTH, gilhold),
    "generator": lambda gilhold: next(generator(gilhold)),
    "coroutine": lambda gilhold: asyncio.new_event_loop().run_until_complete(coroutine(5, gilhold)),
}


def a(via, gilhold):
    while True:
        VIA[via](gilhold)


def b(gilhold):
    while True:
        note("b compute", gilhold.hold_and_wait(True, 10, 0))  # b compute
        note("b sleep", gilhold.hold_and_wait(False, 10, 0))  # b sleep


# A wait lasts until the next call begins: if others hold the GIL in between, it was lost once more.
def note_wait(last, result):
    if last:
        WAITS.append((threading.get_native_id(), last[-2], result[0]))
    return result


def c(gilhold):
    last = None
    while True:
        last = note_wait(last, gilhold.hold_and_wait(False, 0, 1))


def d(gilhold):
    last = None
    while True:
        result = gilhold.hold_and_wait(False, 5, 1)  # d sleep
        note("d sleep", result)
        last = note_wait(last, result)


def find_lines():
    with open(__file__) as source:
        for number, line in enumerate(source, 1):
            code, _, mark = line.partition(")  # ")
            if mark:
                LINES[mark.strip()] = number


def main():
    args = common.options(("dir", None), via="call", nice=-20)
    os.nice(args.nice)
    sys.path.insert(0, args.dir)
    import gilhold
    find_lines()
    tids = {target.__name__: common.start(target, gilhold, name=target.__name__)
            for target in (b, c, d)}
    tids["a"] = common.start(a, args.via, gilhold, name="a")
    truth = common.run(args.seconds, lambda: len(HOLDS))
    for name in ("c", "d") * 2:  # each wait is logged by the end of the next one
        common.await_next(lambda: sum(wait[0] == tids[name] for wait in WAITS))
    common.finish(tids=tids, holds=HOLDS, waits=WAITS, **truth)


main()
