# SPDX-License-Identifier: MIT
"""Every source file says its license in its first lines."""
from tree import Finding

SUFFIXES = {".c", ".h", ".py", ".sh", ".cmake", ".ts", ".js", ".mjs", ".svelte", ".css", ".sql", ".ini"}
NAMES = {"CMakeLists.txt"}
TAG = "SPDX-License-Identifier: MIT"


def check(tree):
    for path in tree.files():
        lines = tree.lines(path)[:5] if path.suffix in SUFFIXES or path.suffix == "" or path.name in NAMES else []
        script = bool(lines) and lines[0].startswith("#!")
        if (path.suffix in SUFFIXES or path.name in NAMES or script) and not any(TAG in line for line in lines):
            yield Finding(path, 1, f"no line `{TAG}` among the first five")
