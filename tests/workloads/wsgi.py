# SPDX-License-Identifier: BSD-2-Clause
"""The application that gunicorn serves in tests/workloads/server.py: each request computes for 3 ms of CPU
time and asks a back end, which takes its time. The answer is what this process has done so far:
[PID, time, CPU time, time spent waiting for the back end, requests], ns."""
import json
import os
import socket
import threading
import time

lock = threading.Lock()
waited_ns = requests = 0
ballast = bytearray(b"z") * (24 << 20)  # loaded before the fork: shared by all


def ask():
    with socket.socket(socket.AF_UNIX) as backend:
        backend.connect(os.environ["BACKEND"])
        backend.sendall(b"?")
        began = time.monotonic_ns()
        backend.recv(1)
        return time.monotonic_ns() - began


def app(_environ, start_response):
    global waited_ns, requests
    end = time.thread_time_ns() + 3_000_000
    while time.thread_time_ns() < end:
        pass
    took = ask()
    with lock:
        waited_ns += took
        requests += 1
        body = json.dumps([os.getpid(), time.monotonic_ns(), time.process_time_ns(), waited_ns, requests]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
