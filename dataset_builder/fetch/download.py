"""One image from the web into a file: from allowed hosts only, bounded, retried where that may help, and checked.

Nothing of what a server says is taken on trust: neither its redirects, nor the type, length or end of what it sends.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry

from dataset_builder.fetch.pacing import Pacer
from modeling_patentlmm.image_processing_patentlmm import FigureError, open_figure

MAX_BYTES = 64 * 2**20  # a sheet is 0.04 MB as a rule
MAX_REDIRECTS = 5
ATTEMPTS = 5
LONGEST_BACK_OFF = 60.0  # seconds
PATIENCE = 600.0  # seconds; a host that wants to be left alone for longer ends the run

_CHUNK = 2**16
# Strict on purpose: no user names, no brackets, no backslashes, which parsers of addresses understand differently.
_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+)(?P<port>:\d{1,5})?(?:[/?][!-\[\]-~]*)?")
_PORTS = {"http": ":80", "https": ":443"}
_UNTYPED = ("application/octet-stream", "binary/octet-stream")


class DownloadError(Exception):
    """An image that did not come: `reason` to count by, `detail` for people, and whether to try `again`."""

    def __init__(self, reason: str, detail: str, again: bool = False, wait: float | None = None):
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.again, self.wait = reason, detail, again, wait


class Downloaded(NamedTuple):
    """What is in the file."""

    sha256: str
    size: int


class Downloader:
    """Downloads images from `hosts`, each "name" (the scheme's own port) or "name:port", by the turns of `pacer`.

    `timeout` is the longest silence of a server in seconds; ten times as much may a whole image take. `back_off` is the
    wait before the second attempt; each further one doubles it.
    """

    def __init__(self, hosts: Collection[str], pacer: Pacer, timeout: float = 30.0, back_off: float = 1.0):
        self._hosts = {host.lower() for host in hosts}
        self._pacer, self._timeout, self._back_off = pacer, timeout, back_off
        self._threads = threading.local()

    def download(self, url: str, path: Path) -> Downloaded:
        """Download the image at `url` into `path`, which holds whatever came when this fails.

        Raises:
            DownloadError: it did not come, or is no image that `open_figure` reads.
            Stopped: the run has been stopped.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(url, path)
            except DownloadError as error:
                if not error.again or attempt == ATTEMPTS - 1:
                    raise
                self._wait(url, attempt, error)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, url: str, attempt: int, error: DownloadError) -> None:
        if error.wait is not None:
            if error.wait > PATIENCE:
                self._pacer.stop(f"{self._host(url)} asks to be left alone for {error.wait:.0f} seconds")
            self._pacer.pause(self._host(url), error.wait)
        self._pacer.sleep(min(self._back_off * 2**attempt, LONGEST_BACK_OFF) * random.uniform(0.5, 1.5))

    def _attempt(self, url: str, path: Path) -> Downloaded:
        deadline = time.monotonic() + 10 * self._timeout
        try:
            with self._follow(url) as response, open(path, "wb") as file:
                _check_head(response)
                downloaded = _receive(response, file, self._chunks(response, deadline))
        except (requests.Timeout, ReadTimeoutError) as error:
            raise DownloadError("timeout", _said(error), again=True) from None
        except (requests.RequestException, HTTPError) as error:
            raise DownloadError("connection", _said(error), again=True) from None
        check_image(path)
        return downloaded

    def _follow(self, url: str) -> requests.Response:
        """The first answer that is no redirect; each address on the way must be allowed."""
        for _ in range(MAX_REDIRECTS + 1):
            self._pacer.wait(self._host(url))
            response = self._session.get(url, stream=True, allow_redirects=False, timeout=self._timeout)
            if not response.is_redirect:
                return response
            response.close()
            target = urljoin(url, response.headers["Location"])
            if self._refused(target) or url.startswith("https:") and not target.startswith("https:"):
                raise DownloadError("redirected_elsewhere", f"redirected to {target[:200]!r}, which is not allowed")
            url = target
        raise DownloadError("redirected_elsewhere", f"redirected more than {MAX_REDIRECTS} times")

    def _chunks(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        response.raw.enforce_content_length = False  # `_receive` does, and tells it from a broken connection
        # read1 returns what has come: a server that drips cannot hold a whole chunk back beyond the deadline
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            self._pacer.sleep(0)
            if time.monotonic() > deadline:
                raise DownloadError("timeout", "takes too long as a whole", again=True)
            yield chunk

    def _host(self, url: str) -> str:
        if refusal := self._refused(url):
            raise DownloadError("refused_address", refusal)
        return _host_of(url)

    def _refused(self, url: str) -> str | None:
        host = _host_of(url)
        if host is None:
            return f"{url[:200]!r} is no plain http or https address"
        return None if host in self._hosts else f"{host} is not among the allowed hosts"

    @property
    def _session(self) -> requests.Session:
        """One session a thread: requests does not promise that threads can share one."""
        if not hasattr(self._threads, "session"):
            self._threads.session = requests.Session()
            # identity: what is sent is what is stored, and nothing needs to be unpacked
            self._threads.session.headers.update(
                {"User-Agent": "patentlmm dataset_builder.fetch", "Accept": "image/*", "Accept-Encoding": "identity"}
            )
        return self._threads.session


def check_image(path: Path) -> None:
    """Decode the image in `path`, within bounds.

    Raises:
        DownloadError: it is none.
    """
    try:
        open_figure(path)
    except FigureError as error:
        raise DownloadError("not_an_image", str(error).removeprefix(f"{path}: ")) from None


def _host_of(url: str) -> str | None:
    """ "name" or "name:port" of an address, in lower case, a port that goes without saying dropped."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return None
    port = found["port"] or ""
    return found["host"].lower() + ("" if port == _PORTS[found["scheme"]] else port)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _check_head(response: requests.Response) -> None:
    """Refuse by status and headers, before any of the body is read."""
    status, headers = response.status_code, response.headers
    if status != 200:
        again = status in (408, 429) or status >= 500
        raise DownloadError(f"http_{status}", f"the server answered {status}", again, _retry_after(headers))
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if not kind.startswith("image/") and kind not in _UNTYPED:
        raise DownloadError("wrong_type", f"the server sends {kind[:100] or 'no type'!r}, not an image")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise DownloadError("encoded", f"the server packs it ({headers['Content-Encoding'][:100]}) against our wish")
    if (length := _length(headers)) is not None and length > MAX_BYTES:
        raise DownloadError("too_large", f"has {length} bytes, more than {MAX_BYTES}")


def _length(headers) -> int | None:
    length = headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"\d{1,18}", length) else None


def _retry_after(headers) -> float | None:
    """The seconds that Retry-After asks for, given as such or as a date (RFC 9110, 10.2.3)."""
    if "Retry-After" not in headers:
        return None
    try:
        return float(Retry().parse_retry_after(headers["Retry-After"]))
    except HTTPError:  # neither of the two
        return None


def _receive(response: requests.Response, file: BinaryIO, chunks: Iterator[bytes]) -> Downloaded:
    """The body into `file`, held against its announced length and MD5."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise DownloadError("too_large", f"goes on after {MAX_BYTES} bytes")
        file.write(chunk)
        sha256.update(chunk)
        md5.update(chunk)
    if (length := _length(response.headers)) not in (None, size):
        raise DownloadError("truncated", f"ended after {size} of {length} bytes", again=True)
    if _announced_md5(response.headers) not in (None, md5.digest()):
        raise DownloadError("damaged", "has another MD5 than the server announced", again=True)
    return Downloaded(sha256.hexdigest(), size)


def _announced_md5(headers) -> bytes | None:
    """The MD5 that Google's storage announces of what it stores, where it sends just that."""
    if headers.get("x-goog-stored-content-encoding", "identity") != "identity":
        return None
    found = re.search(r"md5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    return base64.b64decode(found[1]) if found else None
