"""A served page forgets a visit when it ends; in this process, so that its sessions can be looked at."""

import http.client
import time

import pytest

pytest.importorskip("gradio")
from space.app import build, launch_options  # noqa: E402
from space.session import Sessions  # noqa: E402


@pytest.fixture
def served():
    sessions = Sessions()
    page = build(sessions)
    _, url, _ = page.launch(**{**launch_options(), "mcp_server": False}, prevent_thread_lock=True, quiet=True)
    yield sessions, url
    page.close()


def test_a_visit_is_forgotten_when_its_page_is_closed(served):
    """Gradio's page keeps a connection open as long as it is shown; when that breaks, the session goes."""
    sessions, url = served
    wanted = sessions.of("visitor").begin("write")
    sessions.of("other")
    connection = http.client.HTTPConnection(url.split("//")[1].strip("/"), timeout=30)
    connection.request("GET", "/gradio_api/heartbeat/visitor")
    answer = connection.getresponse()
    assert answer.read(5) == b"data:" and len(sessions) == 2
    connection.sock.close() if connection.sock else None
    answer.close()
    deadline = time.monotonic() + 60
    while len(sessions) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(sessions) == 1 and not wanted()
