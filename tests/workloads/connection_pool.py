# SPDX-License-Identifier: BSD-2-Clause
"""What programs have that share a few connections among many threads."""
import queue


class ConnectionPool:
    def __init__(self, n):
        self.idle = queue.LifoQueue()
        for i in range(n):
            self.idle.put(i)

    def get_connection(self):
        return self.idle.get()
