# SPDX-License-Identifier: MIT
"""What every rule looks at: the files of the tree, and a finding."""
import dataclasses
import os
import pathlib

SKIPPED = {"build", "node_modules", "corpus", "__pycache__", "dist"}


@dataclasses.dataclass
class Finding:
    path: object
    line: int
    text: str
    error: bool = True

    def __str__(self):
        where = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{where}: {'' if self.error else 'note: '}{self.text}"


class Tree:
    def __init__(self, root, core):
        self.root = pathlib.Path(root)
        self.core = pathlib.Path(core)

    def files(self, *suffixes, under=""):
        """Paths below `under`, relative to the root, sorted; hidden and built ones left out."""
        found = []
        for folder, folders, names in os.walk(self.root / under):
            folders[:] = [f for f in folders if f not in SKIPPED and (not f.startswith(".") or f == ".ci")]
            for name in names:
                path = pathlib.Path(folder, name)
                if (not suffixes or path.suffix in suffixes) and path.is_file() and not path.is_symlink():
                    found.append(path.relative_to(self.root))
        return sorted(found)

    def lines(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
