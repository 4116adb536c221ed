#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of tools/check passes a good sample and fails on a bad one: a check that cannot fail is none."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = "// SPDX-License-Identifier: MIT\n"
TOOLS = {"imports": ["cc", "ar", "nm", "objdump"], "freestanding": ["clang", "ld.lld"], "style": ["clang-format"]}

# A small tree that keeps every rule.
GOOD = {
    "src/base/a.h": HEAD + "#include <stdint.h>\nint plk_a(void);\n",
    "src/base/a.c": HEAD + '#include "base/a.h"\n\nint plk_a(void) { return 1; }\n',
    "src/crypto/b.h": HEAD + "int plk_b(void);\n",
    "src/crypto/b.c": HEAD + '#include "crypto/b.h"\n#include "base/a.h"\n\n#include <sodium/crypto_hash_sha512.h>\n\n'
    "static const char *const names[] = {\"one\", \"two\"};\n\nint plk_b(void) {\n    unsigned char hash[64];\n"
    "    crypto_hash_sha512(hash, (const unsigned char *)names[plk_a() & 1], 1);\n    return hash[0];\n}\n",
    "src/noise/n.h": HEAD + "int plk_n(void);\n",
    "src/ratchet/r.h": HEAD + '#include "base/a.h"\n',
    "host/h.h": HEAD + '#include "base/a.h"\n\n#include <stdlib.h>\n',
    "api/i.h": HEAD + '#include "host/h.h"\n',
    "apps/peerlink/main.c": HEAD + '#include "api/i.h"\n#include "local.h"\n\nint main(void) { return 0; }\n',
    "apps/peerlink/local.h": HEAD + "int local(void);\n",
    "src/crypto/label.h": HEAD + '#define PLK_LABEL "PeerLink/1/b/one" // not "PeerLink/1/b/other"\n',
    "docs/protocol/b.md": 'H("PeerLink/1/b/one")\n',
    "docs/protocol/crypto.md": "| label | use | document |\n|---|---|---|\n| `PeerLink/1/b/one` | a use | `b.md` |\n",
}
TABLE = "docs/protocol/crypto.md"


def c(text):
    return HEAD + text


# (rule, files that are added or replaced, what the finding says)
BAD = [
    ("spdx", {"src/base/x.c": "int plk_x;\n"}, "no line"),
    ("spdx", {"tools/script": "#!/bin/sh\ntrue\n"}, "no line"),
    ("layers", {"src/base/x.h": c('#include "crypto/b.h"\n')}, "includes upwards"),
    ("layers", {"src/noise/n.h": c('#include "ratchet/r.h"\n')}, "of one layer"),
    ("layers", {"src/crypto/b.h": c('#include "host/h.h"\n')}, "includes upwards"),
    ("layers", {"host/h.h": c('#include "api/i.h"\n')}, "includes upwards"),
    ("layers", {"api/i.h": c('#include "apps/peerlink/local.h"\n')}, "includes upwards"),
    ("layers", {"src/base/a.h": c('#include "base/x.h"\n'), "src/base/x.h": c('#include "base/a.h"\n')}, "includes itself"),
    ("layers", {"src/base/x.c": c("#include <string.h>\n")}, "no system header"),
    ("layers", {"src/base/x.c": c("#include <sodium/utils.h>\n")}, "only src/crypto"),
    ("layers", {"src/crypto/x.c": c("#include <sodium.h>\n")}, "single headers"),
    ("layers", {"src/base/x.c": c('#include "a.h"\n')}, "no file of the tree"),
    ("layers", {"host/x.c": c('#include "h.h"\n')}, "no file of the tree"),
    ("layers", {"src/base/x.c": c('#include "src/base/a.h"\n')}, "written as"),
    ("layers", {"src/misc/x.c": c("")}, "in no folder that has a layer"),
    ("layers", {"src/x.c": c("")}, "in no folder that has a layer"),
    ("size", {"src/base/x.c": c("\n" * 701)}, "which noun"),
    ("imports", {"src/base/x.c": c("int puts(const char *);\nint plk_x(void);\nint plk_x(void) { return puts(0); }\n")},
     "imports puts"),
    ("imports", {"src/base/x.c": c("int plk_x;\n")}, "mutable state"),
    ("imports", {"src/base/x.c": c("extern const char *plk_x[];\nconst char *plk_x[] = {\"a\", \"b\"};\n")}, "mutable state"),
    ("imports", {"src/base/x.c": c("int other(void);\nint other(void) { return 1; }\n")}, "no prefix plk_"),
    ("freestanding", {"src/base/x.c": c("#include <string.h>\n")}, "does not compile"),
    ("freestanding", {"src/base/x.c": c("int puts(const char *);\nint plk_x(void);\nint plk_x(void) { return puts(0); }\n")},
     "does not link"),
    ("freestanding", {"src/base/x.c": c("unsigned __int128 plk_x(unsigned __int128 a, unsigned __int128 b);\n"
                                        "unsigned __int128 plk_x(unsigned __int128 a, unsigned __int128 b) { return a / b; }\n")},
     "does not link"),
    ("style", {"src/base/x.c": c("int plk_x( void );\n")}, "clang-format"),
    ("labels", {"src/base/x.h": c('#define PLK_X "PeerLink/1/b/two"\n')}, "not in the table"),
    ("labels", {"src/base/x.h": c('#define PLK_X "PeerLink/1/b/one"\n')}, "one label, one use"),
    ("labels", {"src/base/x.h": c('#define PLK_X "PeerLink/1/B two"\n')}, "form of a label"),
    ("labels", {TABLE: GOOD[TABLE] + "| `PeerLink/1/b/two` | another | `b.md` |\n"}, "nowhere in the code"),
    ("labels", {TABLE: GOOD[TABLE] + "| `PeerLink/1/b/one` | again | `b.md` |\n"}, "twice"),
    ("labels", {"docs/protocol/b.md": 'H("PeerLink/1/b/one-more")\n'}, "does not speak"),
    ("labels", {TABLE: GOOD[TABLE].replace("`b.md`", "`src/base`")}, "does not speak"),
]


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def build_core(root):
    objects = []
    for source in sorted((root / "src").glob("*/*.c")):
        objects.append(str(root / (source.stem + ".o")))
        subprocess.run(["cc", "-O2", "-fPIC", "-I", str(root / "src"), "-c", str(source), "-o", objects[-1]], check=True)
    subprocess.run(["ar", "rcs", str(root / "core.a"), *objects], check=True)


def run(rule, files):
    """(exit status, output) of one rule over the good tree with these files on top."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        shutil.copy(ROOT / ".clang-format", root)
        write(root, {**GOOD, **files})
        if rule == "imports":
            build_core(root)
        done = subprocess.run([sys.executable, ROOT / "tools/check/check.py", "--root", root, "--core", root / "core.a", rule],
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def main():
    failed, skipped = 0, set()
    for rule, files, expected in [(rule, {}, "holds") for rule in sorted({rule for rule, _, _ in BAD})] + BAD:
        if not all(map(shutil.which, TOOLS.get(rule, []))):
            skipped.add(rule)
            continue
        status, output = run(rule, files)
        if (status == 0) != (not files) or expected not in output:
            failed += 1
            print(f"FAILED: {rule} with {list(files)}: expected {expected!r}, got status {status}:\n{output}")
    print(f"{len(BAD)} bad samples, {failed} failed; tools missing for: {', '.join(sorted(skipped)) or 'none'}")
    return 1 if failed else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
