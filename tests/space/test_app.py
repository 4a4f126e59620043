"""What programs call: gradio_client and MCP against a page that is really served."""

import asyncio
import base64
import json
import time
import urllib.request
import zipfile

import pytest

gradio_client = pytest.importorskip("gradio_client")
from gradio_client import Client, handle_file  # noqa: E402
from gradio_client.exceptions import AppError  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(server):
    return connect(server)


def connect(server) -> Client:
    """A client that is patient: the machine may be busy."""
    return Client(server.url, verbose=False, httpx_kwargs={"timeout": 240})


def test_a_figure_is_described(client, figures, server):
    found = client.predict(handle_file(figures / "figure.png"), api_name="/describe_figure")
    assert (found["figure"], found["page"], found["rotation"]) == ("1", 1, 0)
    assert "FIG. 1" in found["brief"] and found["detailed"].startswith("FIG. 1")
    characters = {each["text"]: each for each in found["reference_characters"]}
    assert set(characters) == {"10", "12", "14"}
    assert characters["12"]["name"] == "filter unit" and characters["12"]["confidence"] > 0.5
    assert all(0 <= side <= 1000 for each in characters.values() for side in each["box"])
    assert found["seconds"]["reading"] > 0 and found["seconds"]["writing"] > 0
    assert server.files() == []


def test_the_list_of_parts_is_used(client, figures):
    found = client.predict(
        handle_file(figures / "figure.png"), "12 = notch filter\n99 = lid", api_name="/describe_figure"
    )
    characters = {each["text"]: each for each in found["reference_characters"]}
    assert characters["12"]["name"] == "notch filter"
    assert characters["99"]["box"] is None and characters["99"]["name"] == "lid"


@pytest.mark.parametrize("name", ["set.tif", "set.pdf"])
def test_a_figure_is_chosen_by_its_number(name, client, figures):
    found = client.predict(handle_file(figures / name), "", "2", api_name="/describe_figure")
    assert found["figure"] == "2" and found["page"] == 2
    assert {each["text"] for each in found["reference_characters"]} == {"20", "22"}


def test_a_set_is_described_figure_by_figure(client, figures, server):
    job = client.submit(handle_file(figures / "set.tif"), "22 = feed pump", api_name="/describe_set")
    found = job.result(timeout=240)
    assert [len(each["figures"]) for each in job.outputs()] == [1, 2]
    assert [figure["label"] for figure in found["figures"]] == ["1", "2"]
    entries = {entry["text"]: entry for entry in found["reference_characters"]}
    assert list(entries["22"]["names"]) == ["feed pump"] and entries["10"]["figures"] == ["FIG. 1"]
    first = {each["text"] for each in found["figures"][0]["characters"]}
    assert first == {"10", "12", "14"}, "a part that another figure shows is not offered to this one"
    assert server.files() == []


def test_a_word_document_is_made(client, figures):
    docx = pytest.importorskip("docx")
    path = client.predict(handle_file(figures / "figure.png"), api_name="/export_docx")
    assert zipfile.is_zipfile(path)
    text = "\n".join(paragraph.text for paragraph in docx.Document(path).paragraphs)
    assert "BRIEF DESCRIPTION" in text and "FIG. 1" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("letter.png", ""), "letter.png: is not an image"),
        (("figure.png", "no list"), "Line 1"),
        (("figure.png", "", "9"), "figure.png: holds no FIG. 9; it holds FIG. 1"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, sentence, client, figures, server):
    name, *rest = arguments
    with pytest.raises(AppError, match=sentence) as raised:
        client.predict(handle_file(figures / name), *rest, api_name="/describe_figure")
    assert str(server.folder) not in str(raised.value)
    assert not [path for path in server.files() if path.suffix != ".docx"]


def test_no_address_is_fetched(client):
    file = {"path": "https://example.com/figure.png", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError, match="fetches nothing"):
        client.predict(file, api_name="/describe_figure")


def test_what_the_page_calls_itself_is_no_endpoint(client):
    """Programs see three functions; those of the page work on a visit and are closed to them."""
    endpoints = client.view_api(return_format="dict", print_info=False)
    assert set(endpoints["named_endpoints"]) == {"/describe_figure", "/describe_set", "/export_docx"}
    assert not endpoints["unnamed_endpoints"]


def test_a_file_that_is_too_large_is_refused(server):
    boundary = "x"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'.encode()
    body = head + bytes(51_000_000) + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        f"{server.url}/gradio_api/upload", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 413


def test_the_same_file_of_two_visitors_is_two_files(server, figures):
    first, second = (connect(server) for _ in range(2))
    jobs = [
        each.submit(handle_file(figures / "other.png"), api_name="/describe_figure") for each in (first, second, first)
    ]
    results = [job.result(timeout=240) for job in jobs]
    assert [result["figure"] for result in results] == ["2"] * 3


def test_mcp_tools(server, figures):
    """The tools are documented, take a file as a data URI, and answer with the description."""
    pytest.importorskip("mcp")
    tools, answer, refusal = asyncio.run(_over_mcp(server.url, (figures / "other.png").read_bytes()))
    assert {tool.name for tool in tools} == {"describe_figure", "describe_set", "export_docx"}
    assert all("patent" in tool.description and "data URI" in json.dumps(tool.inputSchema) for tool in tools)
    assert "'figure': '2'" in answer.content[0].text and not answer.isError
    assert refusal.isError and "fetches nothing" in refusal.content[0].text


async def _over_mcp(url: str, picture: bytes):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(f"{url}/gradio_api/mcp/") as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            uri = "data:image/png;base64," + base64.b64encode(picture).decode()
            answer = await session.call_tool("describe_figure", {"file": uri, "parts": "", "figure": ""})
            refusal = await session.call_tool("describe_figure", {"file": "https://example.com/a.png"})
            return tools, answer, refusal


def test_a_client_that_leaves_ends_its_set(server, figures):
    """Nobody waits for it: the machine is free for the next one before the set could have been finished."""
    leaving = connect(server)
    job = leaving.submit(handle_file(figures / "set.tif"), api_name="/describe_set")
    while not job.outputs() and not job.done():
        time.sleep(0.2)
    job.cancel()
    found = connect(server).predict(handle_file(figures / "other.png"), api_name="/describe_figure")
    assert found["figure"] == "2"
    deadline = time.monotonic() + 30
    while [path for path in server.files() if path.suffix == ".tif"] and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not [path for path in server.files() if path.suffix == ".tif"]
