"""Described figures as a file that the page hands to the browser, without leaving one on the server."""

import base64
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from space.filing import Described, as_json, as_text, write_docx

TYPES = {
    "txt": "text/plain",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def as_bytes(described: Sequence[Described], form: str) -> bytes:
    """The figures as they are filed: text, JSON or a Word document."""
    if form == "txt":
        return as_text(described).encode()
    if form == "json":
        return json.dumps(as_json(described), indent=2, ensure_ascii=False).encode()
    with tempfile.TemporaryDirectory(prefix="patentlmm-export-") as folder:
        path = Path(folder) / "descriptions.docx"
        write_docx(described, path)
        return path.read_bytes()


def as_file(described: Sequence[Described], form: str, name: str) -> dict[str, str]:
    """The same with its name and type, in base64, as `saveFile` of `page.js` takes it."""
    content = base64.b64encode(as_bytes(described, form)).decode("ascii")
    return {"name": name, "type": TYPES[form], "base64": content}
