# SPDX-License-Identifier: BSD-2-Clause
"""pypingpong.py: two threads send each other one byte through pipes, and the GIL along with it."""
import os

import common


def ping(out, back, counts):
    while True:
        os.write(out, b"?")
        os.read(back, 1)
        counts[0] += 1


def pong(there, out):
    while True:
        os.read(there, 1)
        os.write(out, b"!")


def main():
    args = common.options()
    counts = [0]
    there, back = os.pipe(), os.pipe()
    tids = [common.start(pong, there[0], back[1], name="pong"),
            common.start(ping, there[1], back[0], counts, name="ping")]
    common.finish(tids=tids, **common.run(args.seconds, lambda: counts[0]))


main()
