# SPDX-License-Identifier: MIT
"""What the release build's core takes from outside and keeps: mem*, strlen and crypto names, and no mutable state."""
import re
import subprocess

from tree import Finding

ALLOWED = re.compile(r"mem(cpy|move|set|cmp)|strlen|crypto_\w+|sodium_mem(zero|cmp)")
LINKER = {"_GLOBAL_OFFSET_TABLE_"}


def symbols(library, *options):
    """(object, name) for what `nm` lists."""
    out = subprocess.run(["nm", "-P", *options, str(library)], check=True, capture_output=True, text=True).stdout
    member = library.name
    for line in out.splitlines():
        # An archive's member is printed as `library.a[member.o]:`.
        head = re.fullmatch(r".*\[(.+)\]:", line)
        if head:
            member = head.group(1)
        elif line.strip():
            yield member, line.split()[0]


def foreign(library):
    """(object, name) that no object of the library defines."""
    defined = {name for _, name in symbols(library, "--defined-only", "-g")}
    return [(member, name) for member, name in symbols(library, "-u") if name not in defined and name not in LINKER]


def mutable(library):
    """(object, name) of every variable that can be written: constants with relocations are not among them."""
    out = subprocess.run(["objdump", "-t", str(library)], check=True, capture_output=True, text=True).stdout
    member = library.name
    for line in out.splitlines():
        head = re.match(r"(\S+\.o):\s+file format", line)
        if head:
            member = head.group(1)
        match = re.search(r"\bO\s+(\.data(?!\.rel\.ro)\S*|\.bss\S*|\*COM\*)\s+\S+\s+(\S+)$", line)
        if match:
            yield member, match.group(2)


def check(tree):
    if not tree.core.is_file():
        yield Finding(tree.core, 0, "is not there: build it with `cmake --build --preset release --target plk_core`")
        return
    for member, name in foreign(tree.core):
        if not ALLOWED.fullmatch(name):
            yield Finding(member, 0, f"imports {name}; the core imports mem*, strlen and crypto names only")
    for member, name in mutable(tree.core):
        yield Finding(member, 0, f"{name} is mutable state outside of any struct; the core has none")
    for member, name in symbols(tree.core, "--defined-only", "-g"):
        if not name.startswith("plk_"):
            yield Finding(member, 0, f"{name} is visible outside and has no prefix plk_")
