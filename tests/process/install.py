#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`cmake --install` leaves what a package needs, and the relay's service starts the program that was installed."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from _peer import check

BUILD = os.environ["PLK_BUILD_DIR"]


def run(*args):
    done = subprocess.run(args, capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, done)
    return done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder) / "usr"
        run("cmake", "--install", BUILD, "--prefix", str(prefix))
        for program in ("peerlink", "peerlink-relay"):
            check(run(str(prefix / "bin" / program), "--version").startswith(program + " "), program)
            for file in (f"bash-completion/completions/{program}", f"zsh/site-functions/_{program}",
                         f"fish/vendor_completions.d/{program}.fish"):
                check(program in (prefix / "share" / file).read_text(), file)
            if shutil.which("scdoc"):
                check(".TH" in (prefix / f"share/man/man1/{program}.1").read_text(), "manual page")
        unit = prefix / "lib/systemd/system/peerlink-relay.service"
        check(f"ExecStart={prefix}/bin/peerlink-relay --config" in unit.read_text(), unit.read_text())
        unit = prefix / "lib/systemd/user/peerlink.service"
        check(f"ExecStart={prefix}/bin/peerlink up --wait" in unit.read_text(), unit.read_text())
        entry = (prefix / "share/applications/peerlink.desktop").read_text()
        check("MimeType=x-scheme-handler/peerlink;" in entry and "Exec=peerlink open %u" in entry, entry)
        check((prefix / "share/doc/peerlink/configs/relay.ini").is_file(), "samples")
        if not shutil.which("systemd-analyze"):
            return
        unit = prefix / "lib/systemd/system/peerlink-relay.service"
        # Offline it judges the file alone, without a running systemd. Older ones cannot.
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True,
                              timeout=60)
        print(done.stdout.splitlines()[-1] if done.returncode == 0 and done.stdout else "systemd-analyze: not here")


sys.exit(main())
