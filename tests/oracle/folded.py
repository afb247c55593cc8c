#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/oracle/folded.py FILE [NANOSECONDS]: do all parsers of folded stacks read the same from it?

Reads each line as flamegraph.pl, speedscope and inferno do. NANOSECONDS is what the weights shall sum
up to; for 0 there must be the one frame of 1 ns that says that there is nothing.
Prints one line per violation. Exit status: 0 valid, 1 not, 2 usage.
"""
import re
import sys
import unicodedata

NOTHING = ("[nothing to show]", 1)

# flamegraph.pl, twice: what matches again is the first of two weights, of a differential graph
PERL = re.compile(r"^(.*)\s+?(\d+(?:\.\d*)?)$", re.DOTALL)
SPEEDSCOPE = re.compile(r"^(.*) ([0-9]+)$")
BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def perl(line):
    match = PERL.match(line)
    if not match:
        raise ValueError("flamegraph.pl ignores it")
    if PERL.match(match[1]):
        raise ValueError("flamegraph.pl takes it for a difference")
    if "." in match[2]:
        raise ValueError("speedscope ignores it")
    return match[1], int(match[2])


def speedscope(line):
    match = SPEEDSCOPE.match(line)
    if not match:
        raise ValueError("speedscope ignores it")
    return match[1], int(match[2])


def inferno(line):
    stack, _, samples = line.rpartition(" ")
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?", samples):
        raise ValueError("inferno ignores it")
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", stack.rpartition(" ")[2]) and " " in stack:
        raise ValueError("inferno takes it for a difference")
    return stack.rstrip(), int(samples)


def check_frames(stack):
    for frame in stack.split(";"):
        if not frame:
            raise ValueError("an empty frame")
        if len(frame) > 4000:
            raise ValueError(f"a frame of {len(frame)} characters")
    for c in stack:
        if unicodedata.category(c) in ("Cc", "Zl", "Zp") or BIDIRECTIONAL.match(c):
            raise ValueError(f"U+{ord(c):04X} is not escaped")


def check_line(line, seen):
    (stack, ns), (other, other_ns), (third, third_ns) = perl(line), speedscope(line), inferno(line)
    if not (stack.rstrip() == other.rstrip() == third and ns == other_ns == third_ns):
        raise ValueError("the parsers differ")
    check_frames(stack)
    if stack in seen:
        raise ValueError("the stack was there before")
    if ns == 0:
        raise ValueError("it weighs nothing")
    seen[stack] = ns


def check(text):
    """The stacks, and what is wrong."""
    seen, errors = {}, []
    if not text.endswith("\n"):
        errors.append("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            check_line(line, seen)
        except ValueError as error:
            errors.append(f"line {number}: {error}: {line[:100]!r}")
    return seen, errors


def check_total(seen, want):
    if want == 0:
        return [] if list(seen.items()) == [NOTHING] else ["does not say that there is nothing"]
    total = sum(seen.values())
    return [] if total == want else [f"{total} ns, not {want}"]


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    with open(sys.argv[1], encoding="utf-8", errors="strict", newline="") as file:
        seen, errors = check(file.read())
    if len(sys.argv) == 3:
        errors += check_total(seen, int(sys.argv[2]))
    print("\n".join(errors) if errors else f"{len(seen)} stacks, {sum(seen.values())} ns")
    return 1 if errors else 0


sys.exit(main())
