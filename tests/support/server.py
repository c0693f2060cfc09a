"""A file server on the loopback that misbehaves on demand, for tests of downloads.

May import: the standard library.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server has, how it behaves, and what it was asked. Change it while it serves.

    Attributes:
        content: bytes. The one file, at every address.
        url: str. Its address.
        etag, modified: str or None. The validators that it sends.
        ranges: bool. Whether it answers a part when asked for one.
        cuts: list. One entry an answer: close the connection after so many bytes of the body, or
            None for all; answers after the last entry are whole.
        statuses: list of int. Answered first, one a request, with no body.
        last: int or None. How many requests it answers; every later one gets a 503.
        declared: int. Bytes that Content-Length is too large by.
        length: bool. Whether it says how long the answer is.
        chunked: bool. Whether it answers in chunks, without a length.
        content_type: str.
        heed_if_range: bool. Whether a changed file makes it answer the whole one.
        asked: list of dict. The headers of each request.
    """

    content: bytes
    url: str = ""
    etag: str | None = '"one"'
    modified: str | None = "Mon, 01 Jun 2020 00:00:00 GMT"
    ranges: bool = True
    cuts: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    last: int | None = None
    declared: int = 0
    length: bool = True
    chunked: bool = False
    content_type: str = "application/octet-stream"
    heed_if_range: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def ranges_asked(self) -> list[str | None]:
        """The Range header of each request."""
        return [headers.get("Range") for headers in self.asked]


@contextmanager
def serve(content: bytes, name: str = "UCF50.rar") -> Iterator[Site]:
    """Serves one file from 127.0.0.1 until the block ends."""
    site = Site(content)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append(dict(self.headers.items()))
            self.close_connection = True
            _answer(self, site)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}/data/{name}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, site: Site) -> None:
    if site.statuses:
        return _head(handler, site.statuses.pop(0), {"Content-Length": "0"})
    if site.last is not None and len(site.asked) > site.last:
        return _head(handler, 503, {"Content-Length": "0"})
    total, start = len(site.content), _start(handler, site)
    marks = {"ETag": site.etag, "Last-Modified": site.modified}
    headers = {key: value for key, value in marks.items() if value}
    if start is not None and start >= total:
        headers |= {"Content-Range": f"bytes */{total}", "Content-Length": "0"}
        return _head(handler, 416, headers)
    body = site.content[start or 0 :]
    headers["Content-Type"] = site.content_type
    if start is not None:
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
    if site.chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif site.length:
        headers["Content-Length"] = str(len(body) + site.declared)
    _head(handler, 200 if start is None else 206, headers)
    cut = site.cuts.pop(0) if site.cuts else None
    sent = body[:cut]
    if site.chunked:
        whole = b"" if cut is not None else b"0\r\n\r\n"
        sent = b"%x\r\n%b\r\n" % (len(sent), sent) + whole
    with contextlib.suppress(ConnectionError):  # the client had enough
        handler.wfile.write(sent)
    return None


def _start(handler: BaseHTTPRequestHandler, site: Site) -> int | None:
    """Where the part asked for starts; None for the whole file."""
    match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if not match or not site.ranges:
        return None
    condition = handler.headers.get("If-Range")
    if site.heed_if_range and condition and condition not in (site.etag, site.modified):
        return None
    return int(match[1])


def _head(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for key, value in headers.items():
        handler.send_header(key, value)
    handler.end_headers()
