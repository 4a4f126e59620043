"""Small PDFs for tests, written byte by byte: lines of Courier, strokes, and whatever else a document may hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

WIDTH, HEIGHT = 612, 792
LETTER = 6.0  # points; Courier of 10 points
LINE = 10
COLUMNS = (54, 318)  # where they begin; each holds 40 letters


def text(x: float, y: float, line: str, size: float = 10) -> str:
    """A line of Courier with its top left at (x, y)."""
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 {size} Tf {x} {HEIGHT - y - size * 0.8} Td ({escaped}) Tj ET\n"


def column(place: int, lines: Sequence[str], top: float = 100) -> str:
    """Lines in a column; those that begin with ">" stand in its middle."""
    content = ""
    for number, line in enumerate(lines):
        x = COLUMNS[place] + (LETTER * (41 - len(line)) / 2 if line.startswith(">") else 0)
        indent = len(line) - len(line.lstrip(" "))
        content += text(x + indent * LETTER, top + number * LINE, line.strip(" >")) if line.strip() else ""
    return content


def drawing(header: str, label: str = "FIG. 1") -> str:
    """A sheet: its header, a frame with a cross, and a figure's label."""
    return f"{text(60, 40, header)}150 300 300 200 re S 150 300 m 450 500 l S\n{text(280, 650, label, 14)}"


def write_pdf(path: Path, contents: Sequence[str], size: str = f"{WIDTH} {HEIGHT}", catalog: str = "") -> Path:
    """A PDF with a page for each content; `catalog` are more entries of its catalog."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(contents)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Count {len(contents)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    for i, content in enumerate(contents):
        resources = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] {resources} /Contents {5 + 2 * i} 0 R >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    path.write_bytes(assembled(objects))
    return path


def assembled(objects: Sequence[str], trailer: str = "") -> bytes:
    """Objects 1, 2, ... as a file with its table of places; `trailer` are more entries of its trailer."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + end.encode()
