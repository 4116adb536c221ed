# SPDX-License-Identifier: MIT
"""The labels in the code are those of the table in docs/protocol/crypto.md, each in one place; and the document that the table
names for a label speaks of it."""
import pathlib
import re

from tree import Finding

PAGE = pathlib.Path("docs/protocol/crypto.md")
LABEL = re.compile(r"PeerLink/1/[a-z0-9/-]+")
FOLDERS = ("src", "host", "api", "apps")


def in_code(tree):
    """Label to the places of its literals; comments do not count."""
    places = {}
    for folder in FOLDERS:
        for path in tree.files(".c", ".h", under=folder):
            for number, line in enumerate(tree.lines(path), 1):
                for text in re.findall(r'"(PeerLink/1/[^"]*)"', re.sub(r"(^|\s)//.*", "", line)):
                    places.setdefault(text, []).append((path, number))
    return places


def in_table(tree):
    """Label to (line, document) of each row, and the text of the page outside of the table."""
    rows, rest = {}, []
    for number, line in enumerate(tree.lines(PAGE), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `PeerLink/") and len(cells) == 3:
            for label in LABEL.findall(cells[0]):
                rows.setdefault(label, []).append((number, cells[2].strip("`")))
        else:
            rest.append(line)
    return rows, "\n".join(rest)


def speaks(tree, label, owner, places, rest):
    """Does what the table calls its document speak of the label?"""
    whole = re.compile(re.escape(label) + r"(?![a-z0-9/-])")
    if owner == "this page":
        return bool(whole.search(rest))
    if owner.endswith(".md"):
        page = tree.root / PAGE.parent / owner
        return page.is_file() and bool(whole.search(page.read_text(encoding="utf-8")))
    return any(path.as_posix().startswith(owner) for path, _ in places.get(label, []))


def check(tree):
    places, (rows, rest) = in_code(tree), in_table(tree)
    for label, found in sorted(places.items()):
        if not LABEL.fullmatch(label):
            yield Finding(*found[0], f"\"{label}\" has not the form of a label")
        elif label not in rows:
            yield Finding(*found[0], f"{label} is not in the table of {PAGE}")
        for path, number in found[1:]:
            yield Finding(path, number, f"{label} is used in {found[0][0]}, too: one label, one use")
    for label, lines in sorted(rows.items()):
        if label not in places:
            yield Finding(PAGE, lines[0][0], f"{label} is nowhere in the code")
        for number, _ in lines[1:]:
            yield Finding(PAGE, number, f"{label} is in the table twice")
        if not speaks(tree, label, lines[0][1], places, rest):
            yield Finding(PAGE, lines[0][0], f"{lines[0][1]} does not speak of {label}")
