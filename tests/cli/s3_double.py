"""A bucket of our own that speaks as much of S3 as a backup needs, over HTTP, and believes no request whose
signature (AWS Signature Version 4) is not right."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET, KEY_ID, SECRET, REGION = "planets", "AKIAPLANETARIUM", "a-secret-of-a-bucket", "cn-north-1"
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=(\w+)"
)


@dataclass
class Bucket:
    """What it holds: bytes and time by key. `refuse` lets uploads of keys that end so fail."""

    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    refuse: str = "\0"
    asked: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def bucket() -> Iterator[Bucket]:
    """Serve an empty bucket while the block runs."""
    held = Bucket()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"bucket": held}))
    held.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield held
    server.shutdown()
    server.server_close()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.bucket.asked.append(f"{self.command} {self.path}")
        if not self._is_signed(parts.path, parts.query, body):
            self._send(403, _error("SignatureDoesNotMatch"))
            return
        key = unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        getattr(self, f"_{self.command.lower()}")(key, query, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    def _is_signed(self, path: str, query: str, body: bytes) -> bool:
        found = _SIGNED.fullmatch(self.headers.get("Authorization", ""))
        said = self.headers.get("x-amz-content-sha256", "")
        if found is None or found[1] != KEY_ID or found[3] != REGION:
            return False
        if said not in (hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"):
            return False
        names = found[4].split(";")
        headers = "".join(f"{name}:{(self.headers.get(name) or '').strip()}\n" for name in names)
        pairs = sorted(parse_qsl(query, keep_blank_values=True))
        asked = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
        canonical = "\n".join([self.command, path, asked, headers, found[4], said])
        scope = f"{found[2]}/{REGION}/s3/aws4_request"
        words = "\n".join(
            [
                "AWS4-HMAC-SHA256",
                self.headers["x-amz-date"],
                scope,
                hashlib.sha256(canonical.encode()).hexdigest(),
            ]
        )
        key = f"AWS4{SECRET}".encode()
        for each in (found[2], REGION, "s3", "aws4_request"):
            key = hmac.new(key, each.encode(), hashlib.sha256).digest()
        return hmac.new(key, words.encode(), hashlib.sha256).hexdigest() == found[5]

    def _put(self, key: str, query: dict[str, str], body: bytes) -> None:
        if key.endswith(self.bucket.refuse):
            self._send(403, _error("AccessDenied"))
        elif "uploadId" in query:
            self.bucket.parts[query["uploadId"]][int(query["partNumber"])] = body
            self._send(200, b"", ETag=_tag(body))
        elif source := self.headers.get("x-amz-copy-source"):
            self._copy(key, unquote(source).lstrip("/").removeprefix(f"{BUCKET}/"))
        else:
            self.bucket.objects[key] = body, datetime.now(UTC)
            self._send(200, b"", ETag=_tag(body))

    def _copy(self, key: str, source: str) -> None:
        if source not in self.bucket.objects:
            self._send(404, _error("NoSuchKey"))
            return
        body = self.bucket.objects[source][0]
        self.bucket.objects[key] = body, datetime.now(UTC)
        self._send(200, f"<CopyObjectResult><ETag>{_tag(body)}</ETag></CopyObjectResult>".encode())

    def _post(self, key: str, query: dict[str, str], body: bytes) -> None:
        if "delete" in query:
            names = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for name in names:
                self.bucket.objects.pop(name, None)
            done = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            self._send(200, f"<DeleteResult>{done}</DeleteResult>".encode())
        elif "uploads" in query:
            name = f"upload{len(self.bucket.parts)}"
            self.bucket.parts[name] = {}
            self._send(
                200,
                f"<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key>"
                f"<UploadId>{name}</UploadId></InitiateMultipartUploadResult>".encode(),
            )
        else:
            parts = self.bucket.parts.pop(query["uploadId"])
            whole = b"".join(parts[number] for number in sorted(parts))
            self.bucket.objects[key] = whole, datetime.now(UTC)
            self._send(
                200,
                f"<CompleteMultipartUploadResult><Key>{escape(key)}</Key><ETag>{_tag(whole)}</ETag>"
                "</CompleteMultipartUploadResult>".encode(),
            )

    def _get(self, key: str, query: dict[str, str], _body: bytes) -> None:
        if "list-type" in query:
            self._send(200, self._listed(query))
        elif key in self.bucket.objects:
            body, at = self.bucket.objects[key]
            self._send(200, body, ETag=_tag(body), Last_Modified=f"{at:%a, %d %b %Y %H:%M:%S GMT}")
        else:
            self._send(404, _error("NoSuchKey"))

    _head = _get

    def _delete(self, key: str, query: dict[str, str], _body: bytes) -> None:
        self.bucket.objects.pop(key, None)
        self._send(204, b"")

    def _listed(self, query: dict[str, str]) -> bytes:
        prefix, cut = query.get("prefix", ""), query.get("delimiter", "")
        said, folders = [], set()
        for key, (body, at) in sorted(self.bucket.objects.items()):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if cut and cut in rest:
                folders.add(prefix + rest.split(cut)[0] + cut)
                continue
            said.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
                f"<ETag>{_tag(body)}</ETag><Size>{len(body)}</Size></Contents>"
            )
        said += [f"<CommonPrefixes><Prefix>{escape(p)}</Prefix></CommonPrefixes>" for p in folders]
        words = "".join(["<IsTruncated>false</IsTruncated>", *said])
        return f"<ListBucketResult>{words}</ListBucketResult>".encode()

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
