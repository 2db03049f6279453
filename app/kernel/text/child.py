"""The child process that renders: `python -m app.kernel.text.child`, its socket as stdin.

It bounds itself: an address-space cap for its life, a CPU timer for each text whose signal has no
handler, so that the kernel ends the process even inside a regular expression. It leaves after a
minute without work and after some hundred texts, and at once when its parent is gone.
"""

from __future__ import annotations

import resource
import select
import signal
import socket
import sys
from typing import Any

from app.kernel.text import wire
from app.kernel.text.contract import ImageRef, Profile
from app.kernel.text.renderer import Renderer

MEMORY_BYTES = 256 * 1024 * 1024
CPU_SECONDS = 1.0
IDLE_SECONDS = 60.0
TEXTS_PER_CHILD = 500
"""Lexers are loaded as texts ask for them and stay; a fresh child is small again."""


def main(idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer requests until idle, used up, or alone. Ends normally in all three cases."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = socket.socket(fileno=0)
    renderer = Renderer()
    wire.send(connection, {"ready": True})
    for _ in range(TEXTS_PER_CHILD):
        if not select.select([connection], [], [], idle_seconds)[0]:
            return
        try:
            request = wire.receive(connection)
        except ConnectionError:
            return
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        reply = _answer(renderer, request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        wire.send(connection, reply)
        if "error" in reply:
            return


def _answer(renderer: Renderer, request: dict[str, Any]) -> dict[str, Any]:
    """The HTML, or the name of what went wrong; the text itself is in no message or log."""
    try:
        images = {name: ImageRef(**fields) for name, fields in request["images"].items()}
        html = renderer.render(
            request["source"], Profile(request["profile"]), request["id_prefix"], images
        )
    except Exception as error:
        return {"error": type(error).__name__}
    return {"html": html}


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
