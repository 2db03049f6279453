"""Backups in a bucket that speaks S3 (AWS, MinIO, R2, OSS, COS …). The one place that knows the client.

Where and as whom is said by the customary variables: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY. A backup's objects lie below its name; the manifest comes last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.cli.backups import manifest
from app.cli.backups.manifest import CHUNK, Kept, Manifest

_LEFT_AFTER = timedelta(days=1)
_PATIENCE = timedelta(seconds=60)
_LONGEST_TOLD = 300


class BucketShelf:
    """Backups below one prefix of a bucket."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._folders: dict[str, Path] = {}
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        with _told(self._address):
            self._store = S3Store.from_url(
                self._address,
                client_options={"allow_http": plain, "timeout": "600s", "connect_timeout": "10s"},
                retry_config={"max_retries": 4, "retry_timeout": _PATIENCE},
            )

    def tell(self, name: str) -> str:
        """Return its address."""
        return f"{self._address}/{name}"

    def names(self) -> list[str]:
        """Return prefixes below which a manifest lies."""
        with _told(self._address):
            found = obstore.list_with_delimiter(self._store)["common_prefixes"]
        names = [prefix.rstrip("/").rpartition("/")[2] for prefix in found]
        return sorted(name for name in names if manifest.FILE in self._first_level(name))

    def is_taken(self, name: str) -> bool:
        """Whether there is any object below the name."""
        return next(self._objects(name), None) is not None

    def begin(self, name: str) -> Path:
        """Make a folder for the database's copy, which is a file before it is an object (in TMPDIR)."""
        self._folders[name] = Path(tempfile.mkdtemp(prefix="planetarium-backup-"))
        return self._folders[name]

    def put(self, name: str, path: str, source: Path) -> Kept:
        """Measure the file and send it, in parts when it is large."""
        kept = manifest.measure(manifest.chunks_of(source))
        with _told(self.tell(name)):
            obstore.put(self._store, f"{name}/{path}", source)
        return kept

    def reuse(self, name: str, path: str, *, earlier: str, kept: Kept) -> bool:
        """Let the bucket copy it; what it is then, `verify` reads."""
        try:
            with _told(self.tell(name)):
                obstore.copy(self._store, f"{earlier}/{path}", f"{name}/{path}")
                return obstore.head(self._store, f"{name}/{path}")["size"] == kept.bytes
        except FileNotFoundError:
            return False

    def finish(self, name: str, made: Manifest) -> None:
        """Send the seal, then the manifest."""
        words, seal = manifest.write(made)
        with _told(self.tell(name)):
            obstore.put(self._store, f"{name}/{manifest.SEAL}", seal)
            obstore.put(self._store, f"{name}/{manifest.FILE}", words)
        self._drop_folder(name)

    def abandon(self, name: str) -> None:
        """Delete what was sent. Where the bucket does not answer, `sweep` does so another day."""
        self._drop_folder(name)
        try:
            self.remove(name)
        except OSError:
            return

    def sweep(self, prefix: str) -> None:
        """Delete what has no manifest and was sent a day ago or earlier."""
        limit = datetime.now(UTC) - _LEFT_AFTER
        finished = set(self.names())
        begun: dict[str, datetime] = {}
        for path, at in self._objects_with_times():
            name = path.partition("/")[0]
            begun[name] = max(at, begun.get(name, at))
        for name, at in begun.items():
            if name.startswith(prefix) and name not in finished and at < limit:
                self.remove(name)

    def chunks(self, name: str, path: str) -> Iterable[bytes]:
        """Yield an object's bytes."""
        with _told(self.tell(name)):
            for chunk in obstore.get(self._store, f"{name}/{path}").stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def paths(self, name: str) -> set[str]:
        """Return the names of all objects below the backup's."""
        return set(self._objects(name))

    def remove(self, name: str) -> None:
        """Delete all objects, the manifest first."""
        paths = sorted(self._objects(name), key=lambda path: path != manifest.FILE)
        with _told(self.tell(name)):
            for path in paths[:1]:
                obstore.delete(self._store, f"{name}/{path}")
            if paths[1:]:
                obstore.delete(self._store, [f"{name}/{path}" for path in paths[1:]])

    def _objects(self, name: str) -> Iterator[str]:
        with _told(self.tell(name)):
            for page in obstore.list(self._store, name):
                yield from (each["path"].removeprefix(f"{name}/") for each in page)

    def _objects_with_times(self) -> Iterator[tuple[str, datetime]]:
        with _told(self._address):
            for page in obstore.list(self._store):
                yield from ((each["path"], each["last_modified"]) for each in page)

    def _first_level(self, name: str) -> set[str]:
        with _told(self._address):
            found = obstore.list_with_delimiter(self._store, name)["objects"]
        return {each["path"].rpartition("/")[2] for each in found}

    def _drop_folder(self, name: str) -> None:
        if (folder := self._folders.pop(name, None)) is not None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Raise what the client says as an OSError of few words; that an object is missing stays as it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, ValueError) as error:
        told = " ".join(str(error).split())[:_LONGEST_TOLD]
        raise OSError(f"{address}: {told}") from error
