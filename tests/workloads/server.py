#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs gunicorn (--workers, gthread with 2 threads each) and is its clients and its back end. Prints
"ready PID" of gunicorn; the truth is "answers", what tests/workloads/wsgi.py says, by PID. The back end
takes 10 ms."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from common import STOP, finish, options


def serve_backend(listener):
    def answer(connection):
        with connection:
            connection.recv(1)
            time.sleep(0.01)
            connection.sendall(b"!")

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def request(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


def load(path, answers, lock):
    while True:
        pid, *rest = request(path)
        with lock:
            answers.setdefault(pid, []).append(rest)


def await_workers(path, answers, count):
    while len(answers) < count:
        try:
            pid, *rest = request(path)
            answers.setdefault(pid, []).append(rest)
        except (OSError, ValueError, IndexError):
            time.sleep(0.05)


def main():
    o = options(dir="/tmp", workers=3)
    path, backend = os.path.join(o.dir, "socket"), os.path.join(o.dir, "backend")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(backend)
    listener.listen(64)
    threading.Thread(target=serve_backend, args=(listener,), daemon=True).start()
    gunicorn = subprocess.Popen(
        ["/usr/bin/gunicorn", "--workers", str(o.workers), "--worker-class", "gthread",
         "--threads", "2", "--preload", "--worker-tmp-dir", "/dev/shm", "--log-level", "warning",
         "--bind", "unix:" + path, "--chdir", os.path.dirname(os.path.abspath(__file__)), "wsgi:app"],
        env={**os.environ, "BACKEND": backend, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP))
    answers, lock = {}, threading.Lock()
    clients = [threading.Thread(target=load, args=(path, answers, lock), daemon=True) for _ in range(6)]
    first = {}
    await_workers(path, first, 1)
    for client in clients:
        client.start()
    while len(answers) < o.workers:
        time.sleep(0.01)
    print("ready", gunicorn.pid, flush=True)
    signal.sigtimedwait(STOP, o.seconds)
    with lock:
        truth = {str(pid): list(rows) for pid, rows in answers.items()}
    gunicorn.terminate()
    gunicorn.wait()
    finish(answers=truth)


if __name__ == "__main__":
    sys.exit(main())
