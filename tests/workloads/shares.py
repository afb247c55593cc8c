# SPDX-License-Identifier: BSD-2-Clause
"""shares.py [--seconds S]: functions that run for random lengths of time, in random order, in two
threads that compete for the GIL.

Truth: cpu = {function: CPU time by time.thread_time_ns()}, of both threads.
"""
import random
import threading
import time

import common

UNITS = 20000


def light(end):
    while time.thread_time_ns() < end:
        pass


def strings(end):
    while time.thread_time_ns() < end:
        ",".join(str(i) for i in range(50))


def dicts(end):
    while time.thread_time_ns() < end:
        {i: i + 1 for i in range(50)}


def arithmetic(end):
    x = 1
    while time.thread_time_ns() < end:
        for _ in range(50):
            x = (x * 31 + 7) % 1000003


def recursive(end, depth=20):
    if depth:
        return recursive(end, depth - 1)
    while time.thread_time_ns() < end:
        pass
    return None


FUNCTIONS = {light: 1, strings: 2, dicts: 3, arithmetic: 4, recursive: 5}


def work(seconds, cpu, seed):
    rng = random.Random(seed)
    names, weights = zip(*FUNCTIONS.items())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        function, = rng.choices(names, weights)
        begin = time.thread_time_ns()
        function(begin + int(rng.expovariate(1 / 5e6)))
        cpu[function.__name__] += time.thread_time_ns() - begin


def main():
    args = common.options()
    cpus = [dict.fromkeys((f.__name__ for f in FUNCTIONS), 0) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(args.seconds, cpu, i)) for i, cpu in enumerate(cpus)]
    print("ready", flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    common.finish(cpu={name: sum(cpu[name] for cpu in cpus) for name in cpus[0]})


main()
