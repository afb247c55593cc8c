#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/schema.py REPORT.json SCHEMA.json: is the report what its schema says?

Prints one line per violation. Exit status: 0 valid, 1 not, 2 usage, 77 python3-jsonschema is missing.
"""
import json
import sys

if len(sys.argv) != 3:
    print(__doc__)
    sys.exit(2)
try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("python3-jsonschema is missing")
    sys.exit(77)


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_constant=refuse_constant)


report, schema = (load(path) for path in sys.argv[1:])
Draft202012Validator.check_schema(schema)
errors = sorted(Draft202012Validator(schema).iter_errors(report), key=lambda e: list(map(str, e.path)))
for error in errors:
    print(f"{'/'.join(map(str, error.path))}: {error.message[:200]}")
sys.exit(1 if errors else 0)
