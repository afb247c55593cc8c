#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/oracle/speedscope.py FILE [NANOSECONDS]: is it what speedscope's file-format-spec.ts says?

NANOSECONDS is what the weights of all profiles shall sum up to. Also checks what gilprof promises:
nothing but printable ASCII.
Prints one line per violation. Exit status: 0 valid, 1 not, 2 usage, 77 python3-jsonschema is missing.
"""
import json
import re
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("python3-jsonschema is missing")
    sys.exit(77)

COUNT = {"type": "integer", "minimum": 0}
UNITS = ["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]


def closed(required, optional=()):
    return {"type": "object", "properties": {**required, **dict(optional)}, "required": list(required),
            "additionalProperties": False}


FRAME = closed({"name": {"type": "string", "minLength": 1}},
               {"file": {"type": "string"}, "line": {"type": "integer", "minimum": 1}, "col": COUNT})
PROFILE = closed({"type": {"const": "sampled"}, "name": {"type": "string"}, "unit": {"enum": UNITS},
                  "startValue": COUNT, "endValue": COUNT,
                  "samples": {"type": "array", "items": {"type": "array", "items": COUNT,
                                                         "minItems": 1}},
                  "weights": {"type": "array", "items": COUNT}})
FILE = closed({"$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
               "shared": closed({"frames": {"type": "array", "items": FRAME}}),
               "profiles": {"type": "array", "items": PROFILE, "minItems": 1}},
              {"name": {"type": "string"}, "activeProfileIndex": COUNT,
               "exporter": {"type": "string", "pattern": "^gilprof@[0-9]"}})


def no_duplicates(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a key twice: {[key for key, _ in pairs]}")
    return dict(pairs)


def load(path):
    with open(path, "rb") as file:
        raw = file.read()
    if re.search(rb"[^\n -~]", raw):
        raise ValueError("it is not printable ASCII")
    return json.loads(raw, object_pairs_hook=no_duplicates)


def profile_errors(profile, frames):
    """What a schema cannot say."""
    if len(profile["samples"]) != len(profile["weights"]):
        yield "samples and weights are not as many"
    if any(frame >= frames for sample in profile["samples"] for frame in sample):
        yield "a frame that is not there"
    if profile["endValue"] - profile["startValue"] != sum(profile["weights"]):
        yield "endValue is not the sum of the weights"


def all_errors(document, want):
    for error in Draft202012Validator(FILE).iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        return
    frames, profiles = document["shared"]["frames"], document["profiles"]
    if document.get("activeProfileIndex", 0) >= len(profiles):
        yield "activeProfileIndex: no such profile"
    for i, profile in enumerate(profiles):
        for error in profile_errors(profile, len(frames)):
            yield f"profiles/{i}: {error}"
    total = sum(sum(profile["weights"]) for profile in profiles)
    if want is not None and total != want:
        yield f"{total} ns, not {want}"


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    want = int(sys.argv[2]) if len(sys.argv) == 3 else None
    try:
        document = load(sys.argv[1])
    except ValueError as error:
        print(error)
        return 1
    errors = list(all_errors(document, want))
    print("\n".join(errors) if errors else f"{len(document['shared']['frames'])} frames, "
          f"{len(document['profiles'])} profiles")
    return 1 if errors else 0


sys.exit(main())
