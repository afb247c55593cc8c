# SPDX-License-Identifier: BSD-2-Clause
"""live.py WORKLOAD.py [ARG...]: runs a Python workload, its counters in the file GILPROF_COUNTER.

The lists of counters that it hands to its threads become slots of that file, of 8 bytes each; the
workload itself is as the tests know it.
"""
import mmap
import os
import runpy
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tests/workloads"))
import common  # noqa: E402

start = common.start


def live_slots():
    with open(os.environ["GILPROF_COUNTER"], "r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("q")


def start_live(target, *args, name=None):
    args = [slots[:len(arg)] if isinstance(arg, list) else arg for arg in args]
    return start(target, *args, name=name)


slots = live_slots()
common.start = start_live
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
