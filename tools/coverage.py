#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Line coverage of src/ after the tests of the coverage preset: a table by file and folder. Fails below the floor.

tools/coverage.py BUILD_FOLDER           the table
tools/coverage.py BUILD_FOLDER FILE...   the lines of these files that no test ran"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
FLOOR = 90.0  # percent of the lines of src/
OBJECTS_AT_ONCE = 50


def read_counters(objects):
    """gcov's documents, one an object."""
    with tempfile.TemporaryDirectory() as work:
        for at in range(0, len(objects), OBJECTS_AT_ONCE):
            out = subprocess.run(["gcov", "--json-format", "--stdout", *objects[at:at + OBJECTS_AT_ONCE]], cwd=work,
                                 check=True, capture_output=True, text=True).stdout
            yield from (json.loads(text) for text in out.splitlines() if text)


def counts(build):
    """file -> line -> the times it was run, over all objects that contain it."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    objects = sorted(str(path.resolve()) for path in build.rglob("*.gcno") if "/src/" in str(path))
    if not objects:
        sys.exit(f"{build}: nothing of src/ was built with counters")
    for document in read_counters(objects):
        for file in document["files"]:
            path = pathlib.Path(file["file"])
            path = path if path.is_absolute() else ROOT / path
            if ROOT / "src" in path.parents:
                for line in file["lines"]:
                    lines[path.relative_to(ROOT)][line["line_number"]] += line["count"]
    return lines


def row(name, ran, total, mark=""):
    print(f"{name:<36} {total:>6} {ran:>6} {total - ran:>6}  {100 * ran / total:5.1f} %{mark}")


def table(files):
    """Prints it; the share of all lines that ran, in percent."""
    folders = collections.defaultdict(list)
    for path, lines in sorted(files.items()):
        folders[path.parent].append((path, sum(1 for count in lines.values() if count), len(lines)))
    print(f"{'file':<36} {'lines':>6} {'run':>6} {'not':>6}  {'share':>7}")
    for folder, rows in folders.items():
        print()
        for path, ran, total in rows:
            row(str(path), ran, total, "  <" if ran < total * FLOOR / 100 else "")
        row(f"{folder}/", sum(r[1] for r in rows), sum(r[2] for r in rows))
    everything = [r for rows in folders.values() for r in rows]
    ran, total = sum(r[1] for r in everything), sum(r[2] for r in everything)
    print()
    row("all of src/", ran, total)
    return 100 * ran / total


def show_missing(files, names):
    for name in names:
        lines = files.get(pathlib.Path(name))
        if lines is None:
            sys.exit(f"{name}: no file of src/ that was built with counters")
        text = (ROOT / name).read_text().splitlines()
        for number, count in sorted(lines.items()):
            if not count:
                print(f"{name}:{number}: {text[number - 1].strip()}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    files = counts(pathlib.Path(sys.argv[1]))
    if len(sys.argv) > 2:
        return show_missing(files, sys.argv[2:])
    share = table(files)
    if share < FLOOR:
        sys.exit(f"{share:.1f} % is below the floor of {FLOOR:.0f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
