"""What a backup says of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

FILE, SEAL = "manifest.json", "manifest.json.sha256"
FORMAT = 1
CHUNK = 1024 * 1024


class Damaged(Exception):
    """A backup's manifest is missing, changed or of an unknown format; the words say which."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a backup: its size in bytes, and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database was when it was copied. `identity` is the same for all copies of one database,
    `lineage` tells how far its history had come (highest ids), `tables` counts rows."""

    engine: str
    migration: str
    identity: str
    lineage: dict[str, int]
    tables: dict[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`made_at` is UTC. `uploads` is False when they were left out on purpose. `missing`: uploads that the
    database names and that could not be copied; `gone`: those that were deleted while the backup was made."""

    made_at: datetime
    version: str
    facts: Facts
    uploads: bool
    files: dict[str, Kept]
    missing: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether everything is in it that was meant to be."""
        return not self.missing

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(kept.bytes for kept in self.files.values())


def write(manifest: Manifest) -> tuple[bytes, bytes]:
    """Return a manifest and its seal, which `sha256sum --check` reads too."""
    told: dict[str, Any] = {"format": FORMAT, **asdict(manifest)}
    told["made_at"] = f"{manifest.made_at:%Y-%m-%dT%H:%M:%SZ}"
    words = json.dumps(told, indent=1, ensure_ascii=False).encode()
    return words, _sealed(words)


def _sealed(words: bytes) -> bytes:
    return f"{hashlib.sha256(words).hexdigest()}  {FILE}\n".encode()


def read(words: bytes, seal: bytes) -> Manifest:
    """Return the manifest that was written. Damaged when it is not as it was sealed."""
    if seal != _sealed(words):
        raise Damaged(f"{FILE} is not as it was sealed")
    told = json.loads(words)
    if told.pop("format") != FORMAT:
        raise Damaged("it is of a later version of Planetarium")
    told["made_at"] = datetime.fromisoformat(told["made_at"])
    told["facts"] = Facts(**told["facts"])
    told["files"] = {_inside(path): Kept(**kept) for path, kept in told["files"].items()}
    return Manifest(**told)


def _inside(path: str) -> str:
    """Return a path that leads into the backup and nowhere else."""
    if path.startswith("/") or ".." in path.split("/"):
        raise Damaged(f"it names a file outside of itself: {path}")
    return path


def measure(chunks: Iterable[bytes]) -> Kept:
    """Return size and checksum of what is read."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return Kept(size, digest.hexdigest())


def chunks_of(path: Path) -> Iterable[bytes]:
    """Yield a file's bytes."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
