# SPDX-License-Identifier: BSD-2-Clause
"""hostile.py: threads whose names, and a child whose arguments, would harm what prints them as they
are: escape sequences, line ends, invalid UTF-8, markup, quotes.
"""
import os
import time

import common

NAMES = (b"\x1b[31mred\x1b]0;x", b"two\nlines\r\tx", b"\xff\xfe bad \xc3", b'"q\\uote"\'',
         b"<b>&amp;")
ARGV = [b"sl\x1b[2J\nee\xffp <x> \"", b"3600"]


def spin(name):
    common.set_name(name)
    while True:
        for _ in range(100000):
            pass
        time.sleep(0.001)


def main():
    args = common.options()
    child = common.fork(os.execv, "/bin/sleep", ARGV)
    tids = [common.start(spin, name) for name in NAMES]
    truth = common.run(args.seconds)
    common.finish(tids=tids, names=[name.hex() for name in NAMES], child=child, **truth)


main()
