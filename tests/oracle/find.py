#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""find.py PID: prints the arguments with which giloracle measures this CPython process.

It finds the GIL and take_gil on its own: with binutils and /proc/PID/mem, by the facts of CPython's
source, and without any of gilprof's code, which it helps to check.
"""
import re
import subprocess
import sys

# From _PyRuntime: the GIL itself up to 3.11, the first interpreter from 3.12 on.
GIL = {8: 1152, 9: 352, 10: 352, 11: 360}
INTERPRETERS = {12: 40, 13: 632}
# In an interpreter: the next one, the pointer to its GIL.
NEXT = {12: 0, 13: 7264}
GIL_POINTER = {12: 384, 13: 16}


def output(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          universal_newlines=True).stdout


class Elf:
    """What binutils say about a file."""

    def __init__(self, path):
        self.path = path
        self.loads = [[int(x, 16) for x in (f[1], f[2], f[4])]
                      for f in map(str.split, output("readelf", "-lW", path).splitlines())
                      if f and f[0] == "LOAD"]

    def offset(self, address):
        for offset, start, size in self.loads:
            if start <= address < start + size:
                return address - start + offset
        raise LookupError("%s: nothing at %#x" % (self.path, address))

    def symbols(self, pattern, *options):
        lines = map(str.split, output("nm", *options, self.path).splitlines())
        return [int(f[0], 16) for f in lines if len(f) == 3 and re.fullmatch(pattern, f[2])]

    def functions(self):
        """The extents of all functions and of their cold parts, stripped or not: .eh_frame."""
        return [tuple(int(x, 16) for x in match)
                for match in re.findall(r"pc=(\w+)\.\.(\w+)", output("readelf", "-wF", self.path))]

    def code(self, start, end):
        """[address, mnemonic, operands] of each instruction."""
        lines = output("objdump", "-d", "--no-show-raw-insn", "--start-address=%d" % start,
                       "--stop-address=%d" % end, self.path).splitlines()
        found = (re.match(r"\s*([0-9a-f]+):\s+(?:(?:bnd|notrack|rep[z]?) )?(\S+)\s*(.*)", line)
                 for line in lines)
        return [(int(m[1], 16), m[2], m[3]) for m in found if m]


def target(operands):
    match = re.match(r"([0-9a-f]+) <", operands)
    return int(match[1], 16) if match else None


def extent(functions, address):
    return next((f for f in functions if f[0] <= address < f[1]), None)


def take_gil_entries(elf, functions):
    """take_gil and its clones; stripped: what PyEval_AcquireLock calls and has a timed wait."""
    entries = elf.symbols(r"take_gil(\.(constprop|lto_priv|isra)\.\d+)*", "--defined-only")
    if entries:
        return entries
    [start] = elf.symbols("PyEval_AcquireLock(@.*)?", "-D", "--defined-only")
    callees = [target(operands) for _, name, operands in elf.code(*extent(functions, start))
               if name in ("call", "jmp")]
    waiting = [f for f in callees if f and extent(functions, f) and any(
        name == "call" and "<pthread_cond_timedwait@plt>" in operands
        for _, name, operands in elf.code(*extent(functions, f)))]
    if len(set(waiting)) != 1:
        raise LookupError("%s: take_gil not found" % elf.path)
    return waiting[:1]


def returns(elf, functions, entry):
    """Where the function at `entry` is left: `ret`s and tail jumps, also of its cold parts."""
    hot = extent(functions, entry)
    parts, code = [hot], elf.code(*hot)
    for _, name, operands in list(code):
        part = name[0] == "j" and target(operands) and extent(functions, target(operands))
        if not part or part in parts:
            continue
        inside = elf.code(*part)
        if any(n[0] == "j" and target(o) and hot[0] <= target(o) < hot[1] for _, n, o in inside):
            parts.append(part)
            code += inside
    for address, name, operands in code:
        if name == "ret" or name == "jmp" and leaves(elf, functions, parts, operands):
            yield address


def leaves(elf, functions, parts, operands):
    """Is it a tail jump? Not one into a cold part that ends the process."""
    to = target(operands)
    part = to and extent(functions, to)
    if not to or part in parts:
        return False
    return "@plt>" in operands or any(name == "ret" for _, name, _ in elf.code(*part))


def mappings(pid):
    with open("/proc/%d/maps" % pid) as maps:
        for line in maps:
            fields = line.split(None, 5)
            if len(fields) == 6 and fields[5].startswith("/"):
                start = int(fields[0].split("-")[0], 16)
                yield start, int(fields[2], 16), fields[5].strip()


def python_file(pid):
    """The file with _PyRuntime, its symbol's value, and where the file begins in memory."""
    for start, offset, path in mappings(pid):
        if offset == 0 and re.search(r"/(lib)?python3[^/]*$", path):
            runtime = Elf(path).symbols("_PyRuntime(@.*)?", "-D", "--defined-only")
            if runtime:
                return Elf(path), runtime[0], start
    raise LookupError("process %d: no CPython" % pid)


def libc_file(pid):
    return next(p for _, _, p in mappings(pid) if re.search(r"/libc(-[\d.]+)?\.so(\.6)?$", p))


def libc_layout(path):
    with open(path, "rb") as file:
        version = re.search(rb"GNU C Library .* version 2\.(\d+)", file.read())
    return "glibc2.41" if int(version[1]) >= 41 else "glibc2.25"


def cond_signal(path):
    """FILE:OFFSET of the pthread_cond_signal that programs are linked with today: @@."""
    elf = Elf(path)
    [address] = elf.symbols("pthread_cond_signal@@.*", "-D", "--defined-only",
                            "--with-symbol-versions")
    return "%s:%#x" % (path, elf.offset(address))


def gils(pid, runtime, minor):
    """The addresses of the GILs, of the main interpreter first."""
    if minor in GIL:
        return [runtime + GIL[minor]]
    with open("/proc/%d/mem" % pid, "rb") as memory:
        def word(address):
            memory.seek(address)
            return int.from_bytes(memory.read(8), "little")
        found, interpreter = set(), word(runtime + INTERPRETERS[minor])
        while interpreter:
            found.add(word(interpreter + GIL_POINTER[minor]))
            interpreter = word(interpreter + NEXT[minor])
    return sorted(found)


def main(pid):
    elf, runtime, start = python_file(pid)
    minor = int(re.search(r"python3\.(\d+)", elf.path)[1])
    runtime += start - elf.loads[0][1]
    functions = elf.functions()
    libc = libc_file(pid)
    print("--pid", pid, "--libc", libc_layout(libc))
    for gil in gils(pid, runtime, minor):
        print("--gil %#x" % gil)
    print("--signal", cond_signal(libc))
    for entry in take_gil_entries(elf, functions):
        print("--take-gil %s:%#x" % (elf.path, elf.offset(entry)))
        for address in returns(elf, functions, entry):
            print("--ret %s:%#x" % (elf.path, elf.offset(address)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
