# SPDX-License-Identifier: BSD-2-Clause
"""What the interpreter running this says of the lines of tricky code objects, for pycode_test.c.

One line per code object: the format of its table (enum pycode_format), co_firstlineno, the table in
hex, then LINE*TIMES for its instructions of two bytes each (0: no line), as co_lines() or
dis.findlinestarts() tell them. Where ctypes is there, PyCode_Addr2Line must say the same.
"""
import dis
import os
import sys

try:
    from ctypes import pythonapi, py_object, c_int
except ImportError:
    pythonapi = None

FORMAT = 1 if sys.version_info < (3, 10) else 2 if sys.version_info < (3, 11) else 3

TRICKY = r'''
import functools


def decorator(f):
    return f


@decorator
@functools.lru_cache(
    maxsize=12,
)
def decorated(a=1,
              b=lambda: (
                  2)):
    return a


def loop(n):
    while n:
        for i in range(n):
            if i % 2:
                continue
            n -= 1
        else:
            break
    return [
        x
        for x in range(n)
        if x
    ], {y: (
        y) for y in ()}


def call(
        f):
    return f(
        1,
        f(
            2,
            3),
        *[4,
          5],
        key=
        6)


class Outer:
    class Innér:
        def größe(self):
            def 内側():
                nonlocal self
                return (lambda: self
                        )()
            return 内側

    x: int = 3


def tries():
    try:
        with open("x") as f, \
             open("y") as g:
            return f
    except (OSError,
            ValueError) as e:
        raise RuntimeError from e
    finally:
        del f
        assert 1, (
            2)


def generator():
    x = yield 1
    yield from (
        generator())


async def agenerator():
    async with a as b:
        async for c in d:
            await e
            yield [f async for f in
                   g]


def one(): return 1; x = 2


def empty(): pass


def formatted(x):
    return f"{x} {x!r:>{x}}" \
        "a" % (
            x,)
'''


def far(gap, n):
    """Lines far apart, forwards and (by expressions that begin late) backwards."""
    return "def far():\n" + ("    x = 1" + "\n" * gap) * n + "    return (\n" + "\n" * gap + "x)\n"


def long(n):
    """More bytecode in one line than a byte counts, and jumps over all of it."""
    return ("def long(a):\n    for b in a:\n        if b:\n            a = [" + "a, " * n + "]\n"
            "        else:\n" + "            a = a.b(a)\n" * n + "    return a\n")


def sources():
    yield TRICKY
    for gap in 1, 2, 126, 127, 128, 129, 254, 255, 256, 257, 1000, 70000:
        yield far(gap, 3)
    for n in 10, 126, 127, 128, 200, 500:
        yield long(n)
    yield "\n" * 300 + "x = 1"
    yield "x = (" + "\n" * 200 + "y" + "\n" * 200 + "+\n z)" + "; z = 1" * 200
    for name in "argparse", "dis", "functools", "traceback", "typing", "asyncio/tasks":
        with open(os.path.join(os.path.dirname(os.__file__), name + ".py"), encoding="utf-8") as f:
            yield f.read()


def codes(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, type(code)):
            yield from codes(const)


def lines_of(code):
    lines = [0] * (len(code.co_code) // 2)
    if FORMAT == 1:
        starts = list(dis.findlinestarts(code))
        lines = [code.co_firstlineno] * len(lines)
        ranges = [(s, e, l) for (s, l), (e, _) in zip(starts, starts[1:] + [(len(code.co_code), 0)])]
    else:
        ranges = code.co_lines()
    for start, end, line in ranges:
        lines[start // 2:end // 2] = [line or 0] * ((end - start) // 2)
    return lines


def check(code, lines):
    addr2line = pythonapi.PyCode_Addr2Line
    addr2line.argtypes = py_object, c_int
    for i, line in enumerate(lines):
        said = addr2line(code, 2 * i)
        assert max(said, 0) == line, (sys.version, code, 2 * i, said, line)
    assert addr2line(code, -1) == code.co_firstlineno


def runs(lines):
    out = []
    for line in lines:
        if out and out[-1][0] == line:
            out[-1][1] += 1
        else:
            out.append([line, 1])
    return " ".join("%d*%d" % tuple(run) for run in out)


def main():
    for i, source in enumerate(sources()):
        for code in codes(compile(source, "source%d" % i, "exec")):
            table = code.co_lnotab if FORMAT == 1 else code.co_linetable
            lines = lines_of(code)
            if pythonapi:
                check(code, lines)
            print(FORMAT, code.co_firstlineno, table.hex() or "-", runs(lines))
    print("end", "checked" if pythonapi else "unchecked")


main()
