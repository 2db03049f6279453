"""Writes app/search/simplified.txt: which character stands for which when searching.

`.venv/bin/python -m bin.tools.simplified`. Two lines of the same length: traditional characters and
variants, and under each the simplified one, after OpenCC's tables for Taiwan, Hong Kong and the
mainland. Kept as a file, so that a running server needs neither OpenCC nor its memory, and an index
does not change under a library's upgrade.
"""

from __future__ import annotations

from pathlib import Path

from opencc import OpenCC

TARGET = Path(__file__).parents[2] / "app" / "search" / "simplified.txt"
RANGES = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32400))


def pairs() -> dict[str, str]:
    """Return each character that is not simplified, with its simplified one."""
    characters = [chr(code) for first, end in RANGES for code in range(first, end)]
    found: dict[str, str] = {}
    for tables in ("tw2s", "hk2s", "t2s"):
        converted = OpenCC(tables).convert("\n".join(characters)).split("\n")
        for before, after in zip(characters, converted, strict=True):
            if before != after and len(after) == 1:
                found.setdefault(before, after)
    simplified = set(found.values())
    return {before: after for before, after in found.items() if before not in simplified}


def content() -> str:
    """Return what the file holds."""
    found = dict(sorted(pairs().items()))
    return "".join(found) + "\n" + "".join(found.values()) + "\n"


if __name__ == "__main__":
    TARGET.write_text(content(), encoding="utf-8")
    print(f"{TARGET.name}: {len(content()) // 2 - 1} characters")
