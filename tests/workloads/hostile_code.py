# SPDX-License-Identifier: BSD-2-Clause
"""hostile_code.py: code objects whose names and files would harm what writes them as they are.

Three threads run them in turn and compete for the GIL. Truth: how many there are.
"""
import os
import threading

import common

NAMES = ("a;b", "<b>&amp;\"'", "\x1b[31mred\x1b]0;x\x07", "two\nlines\r\tx", "x" * 10000, "\udcff\udc80bad",
         "\u202ertl\u2066\u200b\ufeff", "]]><!--", "\U0001f40d \u65e5\u672c", "12 34", " ", "[brackets]", "</script>",
         "\x7f\x9b1m", "\uffff\ufffe\U0010ffff", "%s%n{0}$(x)`y`", "-->", "\\x41\\u{42}", "a:1", "f (x.py:3)")
SOURCE = """
def f():
    for _ in range(20000):
        pass
"""


def function_of(name):
    scope = {}
    exec(compile(SOURCE, "<string>", "exec"), scope)
    f = scope["f"]
    # no NUL, which os.fsencode() and the like refuse and a C string cannot have
    changes = {"co_name": name, "co_filename": "/srv/" + name + "/\u202e.py"}
    if hasattr(f.__code__, "co_qualname"):
        changes["co_qualname"] = name
    f.__code__ = f.__code__.replace(**changes)
    return f


def spin(functions, name):
    common.set_name(name)
    while True:
        for f in functions:
            f()


def main():
    args = common.options()
    functions = [function_of(name) for name in NAMES]
    for name in (b"a;b\n<x>", b"\x1b[2J\xff", b"\xe2\x80\xae\"'&"):
        threading.Thread(target=spin, args=(functions, name), daemon=True).start()
    common.finish(functions=len(NAMES), pid=os.getpid(), **common.run(args.seconds))


main()
