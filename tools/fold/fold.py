#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints host/fold_table.h: Unicode simple case folding (CaseFolding.txt, C and S) as ranges, from Python's own tables."""
import sys
import unicodedata


def simple_fold(point):
    char = chr(point)
    folded = char.casefold()
    if len(folded) == 1:
        return ord(folded)
    lower = char.lower()  # a full folding of several characters: the simple one is the lower case, where it is one
    return ord(lower) if len(lower) == 1 else point


def ranges():
    found = []
    for point in range(0x80, 0x110000):
        if 0xD800 <= point < 0xE000:
            continue
        delta = simple_fold(point) - point
        if delta == 0:
            continue
        if found:
            last = found[-1]
            step = point - last[1]
            if last[2] == delta and (step == last[3] or (last[0] == last[1] and step <= 2)):
                last[1], last[3] = point, step
                continue
        found.append([point, point, delta, 1])
    return found


table = ranges()
print("// SPDX-License-Identifier: MIT")
print(f"// Written by tools/fold/fold.py from Unicode {unicodedata.unidata_version}; do not edit. A change of this table needs a")
print("// schema step that makes the search index anew (host/store_schema.c).")
print("#ifndef PLK_HOST_FOLD_TABLE_H\n#define PLK_HOST_FOLD_TABLE_H\n\n#include <stdint.h>\n")
print("// Every step-th character from first to last folds to itself plus delta.")
print("struct plk_fold_range {\n    uint32_t first, last;\n    int32_t delta;\n    uint32_t step;\n};\n")
print("static const struct plk_fold_range plk_fold_ranges[] = {")
line = "   "
for first, last, delta, step in table:
    item = f" {{0x{first:x}, 0x{last:x}, {delta}, {step}}},"
    if len(line) + len(item) > 108:
        print(line)
        line = "   "
    line += item
print(line)
print("};\n\n#endif")
sys.stderr.write(f"{len(table)} ranges\n")
