"""The child that reads one picture: `python -m app.media.images.child KIND`, from stdin to stdout.

It bounds itself before it looks at a byte: address space, CPU seconds (the kernel ends it wherever it
is), the size of what it writes. It gives way to whoever answers requests, and when memory runs out
it is the one to go.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import IO

from app.kernel.errors import Invalid
from app.media import images, pictures

READERS: dict[str, Callable[[IO[bytes]], list[pictures.Picture]]] = {
    "picture": lambda stream: list(images.read_picture(stream)),
    "avatar": lambda stream: [images.read_avatar(stream)],
    "cover": lambda stream: [images.read_cover(stream)],
}


def bound() -> None:
    """Give this process its bounds for the rest of its life."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CPU, (pictures.CPU_SECONDS, pictures.CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (pictures.MEMORY_BYTES, pictures.MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (pictures.OUTPUT_BYTES, pictures.OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
            score.write("1000")
    except OSError:
        # Not Linux, or not allowed: the other bounds hold.
        return


def main(kind: str) -> int:
    """Read the picture on stdin as `kind`. Returns the exit status: 3 when memory did not suffice."""
    bound()
    with open(1, "wb", closefd=False) as target, open(0, "rb", closefd=False) as source:
        try:
            pictures.pack(target, READERS[kind](source))
        except Invalid as refused:
            pictures.pack_refusal(target, refused)
        except MemoryError:
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
