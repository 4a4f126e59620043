"""Reading a large object member by member gives what `json` gives."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.json_members import MAX_MEMBER, Members, MembersError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.dictionaries(TEXT, TEXT | st.integers() | st.lists(st.lists(st.integers())) | st.none(), max_size=4)


def members(path) -> list:
    with Members(path) as found:
        return [(key, found.read(start, end)) for key, start, end in found]


@given(st.dictionaries(TEXT, VALUES, max_size=5), st.booleans(), st.sampled_from([None, 1]), st.data())
def test_as_json_reads_it(tmp_path_factory, index, ascii_only, indent, data):
    path = tmp_path_factory.mktemp("members") / "index.json"
    written = json.dumps(index, ensure_ascii=ascii_only, indent=indent).encode()
    path.write_bytes(written)
    assert members(path) == list(index.items())
    path.write_bytes(b"\xef\xbb\xbf \n" + written + b"\n")
    assert members(path) == list(index.items())
    path.write_bytes(written[: data.draw(st.integers(0, len(written) - 1))])
    with pytest.raises(MembersError, match="fetch it again"):
        members(path)


@pytest.mark.parametrize(
    "text",
    ["null", "[]", '"x"', '{"a": 1}', '{"a": "b"}', '{"a": {"b": {}}}', '{"a": {}} {}', "{'a': {}}", '{"\\ud800": {}}'],
)
def test_other_json_is_refused(text, tmp_path):
    path = tmp_path / "index.json"
    path.write_text(text)
    with pytest.raises(MembersError, match="index.json: "):
        members(path)


def test_a_key_may_come_twice(tmp_path):
    path = tmp_path / "index.json"
    path.write_text('{"a": {"x": 1}, "a": {"x": 2}}')
    assert members(path) == [("a", {"x": 1}), ("a", {"x": 2})]


def test_damage_within_a_member_is_its_own(tmp_path):
    path = tmp_path / "index.json"
    path.write_text('{"a": {"x": \\"1"}, "b": {"x": 2}, "c": {"x": "\\q"}}'.replace(': \\"', ': "'))
    assert members(path) == [("a", {"x": "1"}), ("b", {"x": 2}), ("c", None)]
    path.write_text('{"a": ' + '{"x": ' + "[" * 100_000 + "}}")
    assert members(path) == [("a", None)]


@pytest.mark.parametrize("filling", ['"",', "\\\\u0041", "[", " "])
def test_a_member_without_end_does_not_take_the_memory(filling, tmp_path):
    """Refused once the window is full, in a process that may take 1 GB."""
    path = tmp_path / "index.json"
    opening = '{"a": {"b": "' if filling.startswith("\\") else '{"a": {'
    path.write_text(opening + filling.replace("\\\\", "\\") * (2 * MAX_MEMBER // len(filling)))
    code = (
        "import re, sys; from pathlib import Path; from dataset_builder.json_members import *\n"
        "try:\n    list(Members(Path(sys.argv[1])))\nexcept MembersError as error:\n    print(error)\n"
        # the peak of this process alone: ru_maxrss starts from its parent's
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
    )
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60)
    told, peak = result.stdout.splitlines()
    assert "damaged or cut short" in told and int(peak) < 2**20  # KB
