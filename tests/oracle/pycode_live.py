# SPDX-License-Identifier: BSD-2-Clause
"""Threads that stay where they are, in tricky stacks, for pycode_live_test.c to read.

Prints for each thread "thread IDENT", then "LINE FILE<TAB>NAME" of its frames, the newest first, as
sys._current_frames() tells them; "spin IDENT FIRST LAST" for one that runs on between these lines
of a function "spin"; then "end", and stays. Names and files as gilprof writes them.
"""
import _thread
import functools
import re
import sys
import threading
import time

waiting = 0
never = _thread.allocate_lock()
never.acquire()


def block():
    global waiting
    waiting += 1
    if waiting % 2:
        never.acquire(
            True,
            -1,
        )
    else:
        time.sleep(
            10000)


class Größe:
    class Внутри:
        def __init__(self, then):
            self.then = then
            self.測る(
                1)

        def 測る(self, x):
            return (
                x +
                self)

        def __radd__(self, other):
            return f"{self:x}" \
                ""

        def __format__(self, spec):
            return self.property

        @property
        @functools.wraps(block)
        def property(self):
            with self:
                pass

        def __enter__(self):
            for x in self:
                pass

        def __exit__(self, *args):
            pass

        def __iter__(self):
            return self

        def __next__(self):
            self.then()


def by_c():
    def key(x):
        re.sub("a",
               lambda m:
               list(
                   generator()),
               "a")

    sorted([1],
           key=key)


def generator():
    yield [
        (x, functools.reduce(lambda a, b: Größe.Внутри(block), [1, 2]))
        for x in (1,)
    ]


def resumed():
    yield from delegated()


def delegated():
    yield 1
    yield 2
    block()


def resume():
    for x in resumed():
        pass


async def agenerator():
    yield 1
    await awaited()
    yield 2


async def awaited():
    block()


async def main():
    async for x in agenerator():
        [y async for y in agenerator()]


def run():
    main().send(None)


def class_body():
    class Body:
        class Inner(
                object):
            x = [{block() for y in (1,)} for z in (1,)]


def recursive(n):
    if n:
        return recursive(
            n - 1) + 1
    block()


def far():
    pass


FAR = "def far(block):\n x = 1" + "\n" * 1000 + " x = (" + "x, " * 300 + "\n" * 300 + "block())\n"
exec(compile(FAR, "/tmp/b\udcff \u5185.py", "exec"))
LONG = "def far(block):\n x = x = 1\n if x: pass\n" + " x = [x if x else None]\n" * 400 + " block()\n"
long = {}
exec(compile(LONG, "<\U0001f600 \xe4>", "exec"), long)


def spin():
    x = 0
    while True:
        x += 1
        if x % 3:
            x -= (
                2)
        else:
            x = x * 2 % \
                1000
    return x


def text_of(s):
    return s.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def stacks():
    out = {}
    for ident, frame in sys._current_frames().items():
        frames = []
        while frame:
            code = frame.f_code
            name = getattr(code, "co_qualname", code.co_name)
            frames.append("%d %s\t%s" % (frame.f_lineno or 0, text_of(code.co_filename), text_of(name)))
            frame = frame.f_back
        out[ident] = frames
    return out


def tell():
    before, now = None, {}
    while waiting < len(blocked) or before != now:
        time.sleep(0.2)
        before, now = now, stacks()
        for thread in spinner.ident, threading.get_ident():
            del now[thread]
    lines = []
    for ident, frames in now.items():
        lines += ["thread %d" % ident] + frames
    first = spin.__code__.co_firstlineno
    lines += ["spin %d %d %d" % (spinner.ident, first, first + 10), "end"]
    sys.stdout.buffer.write("\n".join(lines + [""]).encode())
    sys.stdout.buffer.flush()
    time.sleep(1000)


blocked = [block, by_c, resume, run, class_body, lambda: recursive(40), lambda: far(block),
           lambda: long["far"](block), functools.partial(functools.partial(block))]
spinner = threading.Thread(target=spin, daemon=True)
for thread in [threading.Thread(target=f, daemon=True) for f in blocked] + [
        spinner, threading.Thread(target=tell, daemon=True)]:
    thread.start()
time.sleep(
    1000)
