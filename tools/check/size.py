# SPDX-License-Identifier: MIT
"""Files and functions that grow past what one reads in one go: a note first, then an error."""
import re

from tree import Finding

FILE_NOTE, FILE_ERROR, FUNCTION_NOTE = 500, 700, 60
SUFFIXES = (".c", ".h", ".py", ".sh", ".cmake", ".ts", ".mjs", ".svelte")
# A definition as .clang-format leaves it: from column 0 to a closing brace in column 0.
HEAD = re.compile(r"[A-Za-z].*\b(\w+)\(")


def functions(lines):
    """(first line, name, length) of each function definition."""
    start = name = None
    for number, line in enumerate(lines, 1):
        match = HEAD.match(line)
        if start is None and match and not line.rstrip().endswith((";", "}")):
            start, name = number, match.group(1)
        elif start is not None and line.startswith("}"):
            yield start, name, number - start + 1
            start = None
        elif start is not None and line.endswith(";") and not line.startswith((" ", "\t")):
            start = None


def check(tree):
    for path in tree.files(*SUFFIXES):
        lines = tree.lines(path)
        if len(lines) > FILE_NOTE:
            yield Finding(path, 0, f"{len(lines)} lines: which noun is hiding in it?", len(lines) > FILE_ERROR)
        if path.suffix in (".c", ".h"):
            for start, name, length in functions(lines):
                if length > FUNCTION_NOTE:
                    yield Finding(path, start, f"{name} has {length} lines", False)
