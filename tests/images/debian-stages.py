# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the stages of cloud-init in forks of one process.

Each stage is a Python of its own that imports the same, which takes an emulated guest longer than the rest of its boot.
The first stage starts this one, which stays for the others: they write a line to the FIFO ``ask``, the arguments of
cloud-init, and read the exit code from ``answer``.
"""

import gc
import os
import signal
import sys
from pathlib import Path

# What is imported stays, and is shared by all.
gc.disable()

from cloudinit.cmd.main import main  # noqa: E402

# As its generator would say it.
ENABLED = Path("/run/cloud-init/enabled")
ASK, ANSWER = (Path("/run/cloud-init-stages", name) for name in ("ask", "answer"))
LAST = "--mode=final"


def run(arguments):
    """The exit code of one stage."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = main(["/usr/bin/cloud-init", *arguments])
        except SystemExit as end:
            code = end.code
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code if isinstance(code, int) else int(bool(code)))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def serve():
    arguments = []
    while LAST not in arguments:
        arguments = ASK.read_text().split()
        code = run(arguments)
        if LAST in arguments:
            ASK.unlink()
        ANSWER.write_text(f"{code}\n")


ENABLED.parent.mkdir(exist_ok=True)
ENABLED.touch()
ASK.parent.mkdir()
os.mkfifo(ANSWER)
gc.freeze()
first = run(sys.argv[1:])
os.mkfifo(ASK)
if not os.fork():
    # systemd ends what is left of a service that has failed.
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve()
# Nothing is left to clean up, which takes as long as an import.
os._exit(first)
