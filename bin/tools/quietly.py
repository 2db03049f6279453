"""Runs a module that Ctrl-C ends at once and without a word: `python -m bin.tools.quietly MODULE …`.

For setting up, of which each step is whole or can be done again. Python's own way is a traceback, at the
place where it happened to be.
"""

from __future__ import annotations

import runpy
import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
