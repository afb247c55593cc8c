# SPDX-License-Identifier: BSD-2-Clause
"""natives.py json|regex|sort|zlib: a thread that is in a C function most of the time, while another
one wants the GIL for its bytecode.

Truth: worker and waiter (TIDs), function and line (of the call), calls.
"""
import json
import random
import re
import sys
import time
import zlib

import common

LINES, CALLS = {}, [0]


def call_json():
    text = json.dumps([{"key": i, "value": [i, str(i), None]} for i in range(100000)])
    LINES["call_json"] = sys._getframe().f_lineno + 2
    while True:
        json.loads(text)
        CALLS[0] += 1


def call_regex():
    bad = re.compile("(a+)+b")
    LINES["call_regex"] = sys._getframe().f_lineno + 2
    while True:
        bad.match("a" * 21)
        CALLS[0] += 1


def call_sort():
    numbers = [random.random() for _ in range(300000)]
    LINES["call_sort"] = sys._getframe().f_lineno + 2
    while True:
        sorted(numbers)
        CALLS[0] += 1


def call_zlib():
    data = random.Random(1).getrandbits(8 * 4000000).to_bytes(4000000, "little")
    LINES["call_zlib"] = sys._getframe().f_lineno + 2
    while True:
        zlib.compress(data, 9)
        CALLS[0] += 1


def compute():
    x = 1
    while True:
        for _ in range(1000):
            x = (x * 31 + 7) % 1000003


def main():
    args = common.options(("what", None))
    function = globals()["call_" + args.what]
    worker = common.start(function, name="native")
    while not CALLS[0]:
        time.sleep(0.01)
    waiter = common.start(compute, name="waiter")
    truth = common.run(args.seconds, lambda: CALLS[0])
    common.finish(worker=worker, waiter=waiter, function=function.__name__,
                  line=LINES[function.__name__], **truth)


main()
