"""Fetching against a server that is slow, wrong, hostile or gone, and against `kill -9`."""

import base64
import hashlib
import io
import json
import multiprocessing
import random
import socket
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from tqdm import tqdm

from dataset_builder.fetch import HOSTS, FetchError, download, fetch_images, fetching
from dataset_builder.fetch.__main__ import main
from dataset_builder.fetch.manifest import Entry, Manifest


def png(number: int = 0) -> bytes:
    image = Image.new("L", (120, 90), "white")
    ImageDraw.Draw(image).text((20, 20), f"FIG. {number}", fill="black")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """Answers each path by a function of the handler; remembers what was asked, and when."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked, self.released = {}, [], threading.Event()
        self.host = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def close(self):
        self.released.set()  # whoever stalls goes home
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """Clients that hang up are part of these tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        self.server.asked.append((time.monotonic(), self.path))
        self.server.answers[self.path](self)

    def send(self, body: bytes = b"", status: int = 200, kind: str = "image/png", **headers):
        self.send_response(status)
        headers = {"Content_Type": kind, "Content_Length": str(len(body)), **headers}
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    yield server
    server.close()


@pytest.fixture
def write_index(tmp_path):
    def write(addresses: dict) -> Path:
        index = {image_id: {"image_url": url, "brief_description": "FIG."} for image_id, url in addresses.items()}
        path = tmp_path / "PatentDesc-355k.json"
        path.write_text(json.dumps(index))
        return path

    return write


@pytest.fixture
def run(server, tmp_path, write_index):
    """Fetch from the server, fast and impatient."""

    def run(addresses: dict, **options):
        options = {"hosts": [server.host], "rate": 1000.0, "timeout": 0.2, "back_off": 0.01, **options}
        return fetch_images(write_index(addresses), tmp_path / "images", **options)

    return run


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "images" / "manifest.jsonl").read_text().splitlines()]


def image_ids(count: int) -> list[str]:
    return [f"US1100000{number // 4}B2__{number % 4}" for number in range(count)]


def test_images_come_and_a_second_run_asks_nothing(run, server, tmp_path):
    images = {image_id: png(number) for number, image_id in enumerate(image_ids(20))}
    for image_id, body in images.items():
        server.answers[f"/{image_id}.png"] = lambda handler, body=body: handler.send(body)
    addresses = {image_id: server.url(f"/{image_id}.png") for image_id in images}
    report = run(addresses)
    assert (report.fetched, report.requests, report.left, report.stopped) == (20, 20, 0, None)
    assert {path.stem: path.read_bytes() for path in (tmp_path / "images").glob("*.png")} == images
    known = {line["image_id"]: line["sha256"] for line in lines(tmp_path)}
    assert known == {image_id: hashlib.sha256(body).hexdigest() for image_id, body in images.items()}
    again = run(addresses)
    assert (again.there, again.requests, len(server.asked)) == (20, 0, 20)


def html(handler):
    handler.send(b"<html>Sorry</html>", kind="text/html; charset=utf-8")


def stall(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "image/png")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x89PNG")
    handler.wfile.flush()
    handler.server.released.wait(10)


def drip(handler):
    handler.send(kind="image/png", Content_Length=None, Connection="close")
    handler.close_connection = True
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def endless(handler):
    handler.send(kind="image/png", Content_Length=None, Connection="close")
    handler.close_connection = True
    while not handler.server.released.is_set():
        handler.wfile.write(b"x" * 10_000)


def truncated(handler):
    handler.send(png()[:100], Content_Length=str(len(png())), Connection="close")
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def huge_picture() -> bytes:
    """A PNG of a few bytes that says it has 100,000 x 100,000 pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 1, 0, 0, 0, 0)), (b"IDAT", b""), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


ANSWERS = {
    "http_404": (lambda handler: handler.send(status=404), False),
    "http_403": (lambda handler: handler.send(status=403), False),
    "http_500": (lambda handler: handler.send(status=500), True),
    "http_429": (lambda handler: handler.send(status=429, Retry_After="0"), True),
    "wrong_type": (html, False),
    "not_an_image": (lambda handler: handler.send(b"<html>Sorry</html>"), False),
    "not_an_image: too many pixels": (lambda handler: handler.send(huge_picture()), False),
    "truncated": (truncated, True),
    "timeout": (stall, True),
    "timeout: drips": (drip, True),
    "too_large": (endless, False),
    "too_large: says so": (lambda handler: handler.send(Content_Length=str(10**12)), False),
    "encoded": (lambda handler: handler.send(zlib.compress(b"0" * 10**6), Content_Encoding="gzip"), False),
    "damaged": (lambda handler: handler.send(png(), x_goog_hash="crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ=="), True),
    "connection": (hang_up, True),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_a_server_may_do_instead(case, run, server, tmp_path, monkeypatch):
    """Nothing is kept, the reason is written down, and only what may pass is tried again."""
    monkeypatch.setattr(download, "ATTEMPTS", 2)
    monkeypatch.setattr(download, "MAX_BYTES", 300_000)
    server.answers["/x"], worth_another_try = ANSWERS[case]
    addresses = {"US11036663B2__2": server.url("/x")}
    timeout = 0.06 if "drips" in case else 0.2
    report = run(addresses, timeout=timeout)
    reason = case.split(":")[0]
    assert report.failed == {reason: 1} and not list((tmp_path / "images").glob("**/*.png"))
    assert not list((tmp_path / "images").glob(".partial/*"))
    (line,) = lines(tmp_path)
    assert line["reason"] == reason and line["detail"] and line.get("again", False) == worth_another_try
    assert len(server.asked) == (2 if worth_another_try else 1)
    server.answers["/x"] = lambda handler: handler.send(png())
    again = run(addresses)
    assert (again.fetched, sum(again.failed.values())) == ((1, 0) if worth_another_try else (0, 1))


def test_a_failure_for_good_is_tried_again_at_another_address(run, server):
    server.answers = {"/gone": lambda h: h.send(status=410), "/here": lambda h: h.send(png())}
    assert run({"US11036663B2__2": server.url("/gone")}).failed == {"http_410": 1}
    assert run({"US11036663B2__2": server.url("/here")}).fetched == 1


def test_what_passes_is_waited_for(run, server):
    """One 500, then one 429 that asks for a second, in which nobody else may ask either."""
    answers = iter([dict(status=500), dict(status=429, Retry_After="1")])
    server.answers["/x"] = lambda handler: handler.send(**next(answers, {"body": png()}))
    addresses = {"US11036663B2__2": server.url("/x")}
    assert run(addresses).fetched == 1
    (_, second, third) = [when for when, _ in server.asked]
    assert third - second >= 1.0


def test_a_pause_holds_for_the_whole_host(run, server):
    server.answers = {f"/{n}": lambda handler: handler.send(png()) for n in range(20)}
    answers = iter([dict(status=503, Retry_After="1")])
    server.answers["/0"] = lambda handler: handler.send(**next(answers, {"body": png()}))
    report = run({image_id: server.url(f"/{n}") for n, image_id in enumerate(image_ids(20))}, rate=50.0, concurrency=2)
    times = sorted(when for when, _ in server.asked)
    assert report.fetched == 20 and max(b - a for a, b in zip(times, times[1:])) >= 0.9


def test_the_rate_holds(run, server):
    server.answers = {"/x": lambda handler: handler.send(png())}
    run({image_id: server.url("/x") for image_id in image_ids(12)}, rate=40.0)
    times = sorted(when for when, _ in server.asked)
    assert times[-1] - times[0] >= 11 / 40 - 0.02


def test_a_host_that_wants_to_be_left_alone_is(run, server, tmp_path):
    server.answers["/x"] = lambda handler: handler.send(status=429, Retry_After="86400")
    began = time.monotonic()
    report = run({image_id: server.url("/x") for image_id in image_ids(12)}, concurrency=2)
    assert "left alone" in report.stopped and report.left == 12 and "to go" in str(report)
    assert time.monotonic() - began < 5 and len(server.asked) <= 2 and not lines(tmp_path)


def test_a_dead_host_ends_the_run(run, server, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    monkeypatch.setattr(fetching, "FAILURES_IN_A_ROW", 5)
    server.answers["/x"] = lambda handler: handler.send(status=502)
    report = run({image_id: server.url("/x") for image_id in image_ids(30)}, concurrency=2)
    assert report.failed["http_502"] >= 5 and report.left > 10 and "5 failures in a row" in report.stopped


@pytest.mark.parametrize(
    "target", ["{other}", "file:///etc/passwd", "http://127.0.0.1/", "http://169.254.169.254/", ""]
)
def test_redirects_elsewhere_are_refused(target, run, server):
    other = Server()
    server.answers["/x"] = lambda handler: handler.send(status=302, Location=target.format(other=other.url("/y")))
    report = run({"US11036663B2__2": server.url("/x")})
    assert report.failed == {"redirected_elsewhere": 1} and not other.asked
    other.close()


def test_redirects_within_the_allowed_hosts_are_followed(run, server):
    server.answers = {
        "/x": lambda handler: handler.send(status=301, Location="/y"),
        "/y": lambda handler: handler.send(png()),
    }
    assert run({"US11036663B2__2": server.url("/x")}).fetched == 1


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://{host}/x",
        "http://127.0.0.1:1/x",
        "http://localhost/x",
        "http://user@{host}/x",
        "http://{host}\\@evil.example/x",
        "http://{host}@evil.example/x",
        "http://[::1]/x",
        "http://{host}.evil.example/x",
        "https://{host}\n/x",
        "//{host}/x",
    ],
)
def test_other_addresses_are_refused(address, run, server):
    report = run({"US11036663B2__2": address.format(host=server.host)})
    assert report.failed == {"refused_address": 1} and not server.asked and report.requests == 0


def test_only_google_is_allowed_as_it_is(run, server):
    assert run({"US11036663B2__2": server.url("/x")}, hosts=HOSTS).failed == {"refused_address": 1}
    assert not server.asked


@pytest.mark.parametrize("image_id", ["../../x", "/etc/x", "US1__1/../../x", "", "US11036663B2__2\u0000"])
def test_ids_that_are_none_touch_no_file(image_id, run, server, tmp_path):
    server.answers["/x"] = lambda handler: handler.send(png())
    assert run({image_id: server.url("/x")}).failed == {"malformed_id": 1}
    assert run({image_id: server.url("/x")}).failed == {"malformed_id": 1}
    assert not server.asked and not list(tmp_path.glob("**/*.png")) and len(lines(tmp_path)) == 1


def test_an_entry_without_address_is_told(run):
    assert run({"US11036663B2__2": None}).failed == {"no_address": 1}


def test_the_stored_md5_is_checked(run, server):
    md5 = base64.b64encode(hashlib.md5(png()).digest()).decode()
    server.answers["/x"] = lambda handler: handler.send(png(), x_goog_hash=f"crc32c=n03x6A==,md5={md5}")
    assert run({"US11036663B2__2": server.url("/x")}).fetched == 1


def test_an_image_without_a_line_is_checked_not_fetched(run, server, tmp_path):
    server.answers["/x"] = lambda handler: handler.send(png(7))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "US1__1.png").write_bytes(png(1))
    (tmp_path / "images" / "US2__1.png").write_bytes(png(2)[:60])
    report = run({"US1__1": server.url("/x"), "US2__1": server.url("/x")})
    assert (report.found, report.fetched, len(server.asked)) == (1, 1, 1)
    assert (tmp_path / "images" / "US1__1.png").read_bytes() == png(1)
    assert (tmp_path / "images" / "US2__1.png").read_bytes() == png(7)


def test_an_image_that_was_there_must_come_back_as_it_was(run, server, tmp_path):
    server.answers["/x"] = lambda handler: handler.send(png(1))
    addresses, file = {"US1__1": server.url("/x")}, tmp_path / "images" / "US1__1.png"
    assert run(addresses).fetched == 1
    file.write_bytes(b"cut")
    assert run(addresses).fetched == 1 and file.read_bytes() == png(1)
    file.unlink()
    server.answers["/x"] = lambda handler: handler.send(png(2))
    assert run(addresses).failed == {"changed": 1} and not file.exists()


def test_one_process_at_a_time(run, server, tmp_path, write_index):
    """The second is told, while the first waits for its image."""
    server.answers["/x"] = stall
    first = threading.Thread(target=run, args=({"US1__1": server.url("/x")},), kwargs={"timeout": 1.0})
    first.start()
    while not server.asked:
        time.sleep(0.01)
    with pytest.raises(FetchError, match="another process"):
        fetch_images(tmp_path / "PatentDesc-355k.json", tmp_path / "images")
    server.answers["/x"] = lambda handler: handler.send(png())
    server.released.set()
    first.join()


def fetch_with_own_lock(*args, **options):
    """Fetch in a forked process that is to be killed: it must not take tqdm's lock, which it shares, to its grave."""
    tqdm.set_lock(threading.RLock())
    fetch_images(*args, **options)


def test_kill_at_any_point_loses_and_corrupts_nothing(run, server, tmp_path, write_index):
    """Killed again and again; whatever is there is whole, and nothing is downloaded twice but what was under way."""
    images = {image_id: png(number) for number, image_id in enumerate(image_ids(40))}
    for image_id, body in images.items():
        server.answers[f"/{image_id}"] = lambda handler, body=body: (time.sleep(0.005), handler.send(body))
    index = write_index({image_id: server.url(f"/{image_id}") for image_id in images})
    out, rng, kills = tmp_path / "images", random.Random(0), 0
    options = dict(hosts=[server.host], rate=400.0, concurrency=2)
    for _ in range(6):
        process = multiprocessing.get_context("fork").Process(
            target=fetch_with_own_lock, args=(index, out), kwargs=options
        )
        process.start()
        process.join(rng.uniform(0.03, 0.2))
        kills += process.is_alive()
        process.kill()
        process.join()
        assert all(path.read_bytes() == images[path.stem] for path in out.glob("*.png"))
    assert kills >= 2
    report = fetch_images(index, out, **options)
    assert report.there + report.found + report.fetched == 40 and not report.failed
    assert {path.stem: path.read_bytes() for path in out.glob("*.png")} == images
    assert len(server.asked) <= 40 + kills * 2 and not (out / ".partial").exists()
    assert fetch_images(index, out, **options).requests == 0
    assert {line["image_id"] for line in lines(tmp_path)} == set(images)


@given(st.integers(0, 400), st.binary(max_size=20))
def test_a_manifest_survives_any_cut(tmp_path_factory, cut, junk):
    """What is before the cut is known, what comes after is added, whatever the torn end was."""
    path = tmp_path_factory.mktemp("manifest") / "manifest.jsonl"
    entries = [Entry(image_id, f"http://x/{image_id}", "00" * 8, 5) for image_id in image_ids(4)]
    with Manifest(path) as manifest:
        for entry in entries[:3]:
            manifest.add(entry)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + junk.replace(b"\n", b""))
    with Manifest(path) as manifest:
        survived = dict(manifest.entries)
        manifest.add(entries[3])
    assert list(survived.values()) == entries[: whole[:cut].count(b"\n")]
    with Manifest(path) as manifest:
        assert list(manifest.entries.values()) == [*survived.values(), entries[3]]


def test_the_command(server, tmp_path, write_index, capsys):
    server.answers = {"/x": lambda handler: handler.send(png()), "/gone": lambda handler: handler.send(status=404)}
    index = write_index({"US1__1": server.url("/x"), "US1__2": server.url("/gone"), "US1__3": server.url("/x")})
    (tmp_path / "test.txt").write_text("US1__1\nUS1__2\n")
    assert main([str(index), "--only", str(tmp_path / "test.txt"), "--allow-host", server.host]) == 0
    told = capsys.readouterr().err
    assert "1 fetched" in told and "1 left out: 1 http_404" in told and "manifest.jsonl" in told
    assert [path.name for path in (tmp_path / "images").glob("*.png")] == ["US1__1.png"]


def test_the_command_tells_what_is_wrong(tmp_path, capsys):
    assert main([str(tmp_path / "none.json")]) == 1
    assert "none.json: cannot be read" in capsys.readouterr().err
    (tmp_path / "index.json").write_text('{"US1__1": {"image_url": ')
    assert main([str(tmp_path / "index.json")]) == 1
    assert "damaged or cut short" in capsys.readouterr().err
