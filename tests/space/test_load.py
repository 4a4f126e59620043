"""Eight visitors at once for some time: every call is answered, and with its own figure."""

import os
import threading
import time

import pytest

gradio_client = pytest.importorskip("gradio_client")
from gradio_client import Client, handle_file  # noqa: E402

from tests.space.conftest import block_diagram  # noqa: E402

pytestmark = pytest.mark.slow

CLIENTS = 8
SECONDS = float(os.environ.get("PATENTLMM_LOAD_SECONDS", 20))  # no call is begun later; the last may take longer
NAMES = ("sensor", "valve", "pump", "filter", "motor", "display", "battery", "lens")


def test_eight_clients_at_once(server, tmp_path):
    """Each client asks about its own figure again and again; nothing is lost, nothing is mixed up, nothing stays."""
    for number in range(CLIENTS):
        parts = {str(10 * (number + 1)): NAMES[number], str(10 * (number + 1) + 2): NAMES[number - 1]}
        block_diagram(str(number + 1), parts).save(tmp_path / f"{number}.png")
    answers: dict[int, list[dict]] = {number: [] for number in range(CLIENTS)}
    failures: list[str] = []
    deadline = time.monotonic() + SECONDS

    def ask(number: int) -> None:
        try:
            client = Client(server.url, verbose=False, httpx_kwargs={"timeout": 600})
            while not answers[number] or time.monotonic() < deadline:
                file = handle_file(tmp_path / f"{number}.png")
                answers[number].append(client.predict(file, api_name="/describe_figure"))
        except Exception as error:
            failures.append(f"client {number}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    for number, own in answers.items():
        expected = {str(10 * (number + 1)), str(10 * (number + 1) + 2)}
        assert [answer["figure"] for answer in own] == [str(number + 1)] * len(own)
        assert all({each["text"] for each in answer["reference_characters"]} == expected for answer in own)
        assert len({answer["detailed"] for answer in own}) == 1, "the same figure gives the same text"
    assert server.files() == []
    print(f"{sum(map(len, answers.values()))} answers to {CLIENTS} clients in {SECONDS:.0f} s")
