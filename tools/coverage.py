#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Line coverage of src/ after the tests of the coverage preset: tools/coverage.py BUILD_FOLDER"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]


def counts(build):
    """file -> line -> the times it was run, over all objects that contain it."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    objects = sorted(str(path.resolve()) for path in build.rglob("*.gcno") if "/src/" in str(path))
    if not objects:
        sys.exit(f"{build}: nothing of src/ was built with counters")
    with tempfile.TemporaryDirectory() as work:
        out = subprocess.run(["gcov", "--json-format", "--stdout", *objects], cwd=work, check=True, capture_output=True,
                             text=True).stdout
    for text in filter(None, out.splitlines()):
        for file in json.loads(text)["files"]:
            path = pathlib.Path(file["file"])
            path = path if path.is_absolute() else ROOT / path
            if ROOT / "src" in path.parents:
                for line in file["lines"]:
                    lines[path.relative_to(ROOT)][line["line_number"]] += line["count"]
    return lines


def main():
    total = ran = 0
    for path, lines in sorted(counts(pathlib.Path(sys.argv[1])).items()):
        hit = sum(1 for count in lines.values() if count)
        print(f"{100 * hit / len(lines):6.1f} %  {hit:5}/{len(lines):<5}  {path}")
        total, ran = total + len(lines), ran + hit
    print(f"{100 * ran / total:6.1f} %  {ran:5}/{total:<5}  all of src/")


if __name__ == "__main__":
    main()
