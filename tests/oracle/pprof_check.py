#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/oracle/pprof_check.py FILE [NANOSECONDS]: is it a profile that pprof takes?

Decodes the file without any library but gzip, and checks what pprof's CheckValid does, that every
reference leads somewhere, and what gilprof promises. NANOSECONDS is what the last values of the samples
shall sum up to.
Prints one line per violation. Exit status: 0 valid, 1 not, 2 usage.
"""
import gzip
import re
import sys
import zlib

VARINT, BYTES = 0, 2

# of proto/profile.proto, in github.com/google/pprof: the field, and what is in it
VALUE_TYPE = {1: "type", 2: "unit"}
LABEL = {1: "key", 2: "str", 3: "num", 4: "num_unit"}
SAMPLE = {1: "location_id[]", 2: "value[]", 3: ("label[]", LABEL)}
MAPPING = {1: "id", 2: "memory_start", 3: "memory_limit", 4: "file_offset", 5: "filename",
           6: "build_id", 7: "has_functions", 8: "has_filenames", 9: "has_line_numbers",
           10: "has_inline_frames"}
LINE = {1: "function_id", 2: "line"}
LOCATION = {1: "id", 2: "mapping_id", 3: "address", 4: ("line[]", LINE), 5: "is_folded"}
FUNCTION = {1: "id", 2: "name", 3: "system_name", 4: "filename", 5: "start_line"}
PROFILE = {1: ("sample_type[]", VALUE_TYPE), 2: ("sample[]", SAMPLE), 3: ("mapping[]", MAPPING),
           4: ("location[]", LOCATION), 5: ("function[]", FUNCTION), 6: ("string_table[]", str),
           7: "drop_frames", 8: "keep_frames", 9: "time_nanos", 10: "duration_nanos",
           11: ("period_type", VALUE_TYPE), 12: "period", 13: "comment[]", 14: "default_sample_type"}


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number without an end")
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return (value - (1 << 64) if value >> 63 else value), at


def varints(data):
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        yield value


def fields(data):
    """(field, wire type, value) of a message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == BYTES:
            at += value
            if at > len(data):
                raise ValueError("a field beyond the end")
            value = data[at - value:at]
        elif tag & 7 != VARINT:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, tag & 7, value


def name_of(what):
    return what[0] if isinstance(what, tuple) else what


def values_of(what, wire, value):
    if isinstance(what, tuple):
        if wire != BYTES:
            raise ValueError(f"{what[0]} is a number")
        return [value.decode() if what[1] is str else decode(value, what[1])]
    return list(varints(value)) if wire == BYTES else [value]


def decode(data, table):
    message = {name_of(what).rstrip("[]"): [] if name_of(what).endswith("[]") else 0
               for what in table.values()}
    for field, wire, value in fields(data):
        if field not in table:
            raise ValueError(f"no field has the number {field}")
        name = name_of(table[field])
        values = values_of(table[field], wire, value)
        if name.endswith("[]"):
            message[name[:-2]] += values
        else:
            message[name] = values[-1]
    return message


def ids(profile, table):
    found = [entry["id"] for entry in profile[table]]
    if 0 in found:
        yield f"a {table} with ID 0"
    if len(set(found)) != len(found):
        yield f"two of {table} have one ID"


def string_errors(profile):
    table = profile["string_table"]
    used = list(profile["comment"]) + [profile["default_sample_type"]]
    used += [v for t in profile["sample_type"] for v in (t["type"], t["unit"])]
    used += [v for f in profile["function"] for v in (f["name"], f["system_name"], f["filename"])]
    used += [m["filename"] for m in profile["mapping"]]
    used += [v for s in profile["sample"] for l in s["label"] for v in (l["key"], l["str"])]
    if not table or table[0]:
        yield "string 0 is not empty"
    if len(set(table)) != len(table):
        yield "a string twice"
    if any(not 0 <= index < len(table) for index in used):
        yield "a string that is not there"
    if any(re.search("[\0-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", s) for s in table):
        yield "a control character that is not escaped"


def location_errors(profile):
    mappings = {m["id"] for m in profile["mapping"]}
    functions = {f["id"] for f in profile["function"]}
    for location in profile["location"]:
        if location["mapping_id"] not in mappings:
            yield f"location {location['id']} has no mapping"
        if not location["line"]:
            yield f"location {location['id']} has no line"
        if any(line["function_id"] not in functions for line in location["line"]):
            yield f"location {location['id']} has no function"


def sample_errors(profile):
    locations = {l["id"] for l in profile["location"]}
    for number, sample in enumerate(profile["sample"]):
        keys = [label["key"] for label in sample["label"]]
        if len(sample["value"]) != len(profile["sample_type"]):
            yield f"sample {number} has {len(sample['value'])} values"
        if not sample["location_id"] or not locations.issuperset(sample["location_id"]):
            yield f"sample {number} has no such locations"
        if any(value < 0 for value in sample["value"]):
            yield f"sample {number} has a negative value"
        if len(set(keys)) != len(keys) or 0 in keys:
            yield f"sample {number} has labels of one key or of none"
        if any(bool(label["str"]) == bool(label["num"]) for label in sample["label"]):
            yield f"sample {number} has a label that is not either text or number"


def promises(profile):
    """What pprof does not ask for."""
    strings = profile["string_table"]
    types = [(strings[t["type"]], strings[t["unit"]]) for t in profile["sample_type"]]
    if [unit for _, unit in types] != ["count", "nanoseconds"]:
        yield f"the values are {types}"
    elif strings[profile["default_sample_type"]] != types[1][0]:
        yield "the default is not the time"
    for mapping in profile["mapping"]:
        if not (mapping["has_functions"] and mapping["has_filenames"] and mapping["has_line_numbers"]):
            yield "pprof will look for symbols"


def all_errors(profile):
    yield from string_errors(profile)
    for table in ("mapping", "location", "function"):
        yield from ids(profile, table)
    yield from location_errors(profile)
    yield from sample_errors(profile)


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    try:
        with gzip.open(sys.argv[1]) as file:
            profile = decode(file.read(), PROFILE)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        print(error)
        return 1
    errors = list(all_errors(profile)) or list(promises(profile))
    total = sum(sample["value"][-1] for sample in profile["sample"] if sample["value"])
    if len(sys.argv) == 3 and total != int(sys.argv[2]):
        errors.append(f"{total} ns, not {sys.argv[2]}")
    print("\n".join(errors) if errors else f"{len(profile['sample'])} samples, "
          f"{len(profile['location'])} locations, {len(profile['string_table'])} strings")
    return 1 if errors else 0


sys.exit(main())
