"""The text of a patent application from a file: plain text, Word, Red Book XML, Google Patents or other HTML.

Files come from anywhere, so nothing is fetched, unpacked or expanded: sizes are bounded, XML may declare no entities of
its own, and of a Word file only the one part that holds the text is read, in memory.
"""

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from html import unescape
from html.entities import html5
from xml.parsers import expat

SUFFIXES = {".txt": "text", ".md": "text", ".docx": "docx", ".xml": "xml", ".html": "html", ".htm": "html"}
MAX_BYTES = 20_000_000  # of a file, and of the text part of a Word file; the longest of 2,329 patents has 3 million
MAX_DEPTH = 200  # nested elements
MAX_PARAGRAPH = 20_000  # characters; longer ones are cut at a space, as what reads them may take its square in time


class SpecificationError(ValueError):
    """A file that no specification can be read from; the message is one line that names the file and the remedy."""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: its text on one line, its printed number ("0012") or None, and the section it stands in.

    Sections are "brief" (the list of drawings), "detailed", "parts" (a list of reference signs), "claims" and "other".
    """

    text: str
    number: str | None = None
    section: str = "other"

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Where each sentence starts and ends in `text`."""
        return split_sentences(self.text)


@dataclass(frozen=True)
class Specification:
    """The paragraphs of a text, in order."""

    paragraphs: tuple[Paragraph, ...]


def read_specification(path: str | os.PathLike) -> Specification:
    """The paragraphs of a .txt, .docx, .xml or .html file.

    Raises:
        SpecificationError: missing, empty, too large, damaged, of another format or encoding, or without text.
    """
    name = os.fspath(path)
    data = _read_bytes(name)
    kind = _kind(name, data)
    paragraphs = _with_sections(READERS[kind](name, data))
    if not paragraphs:
        raise SpecificationError(f"{name}: holds no text; name the file with the description")
    return Specification(paragraphs)


def specification_from_text(text: str) -> Specification:
    """The paragraphs of a text: blank lines part them, and so do lines in capitals and paragraph numbers "[0012]"."""
    return Specification(_with_sections(_lines_to_blocks(text)))


def _read_bytes(name: str) -> bytes:
    try:
        status = os.stat(name)
        if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES:
            with open(name, "rb") as file:
                data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecificationError(f"{name}: cannot be read ({reason}); check the path and its permissions") from None
    if not stat.S_ISREG(status.st_mode):
        raise SpecificationError(f"{name}: is not a file; name the file with the description")
    if status.st_size > MAX_BYTES:
        raise SpecificationError(f"{name}: is larger than {MAX_BYTES} bytes; save the text alone, without images")
    if not data.strip():
        raise SpecificationError(f"{name}: is empty; fetch or save it again")
    return data


def _kind(name: str, data: bytes) -> str:
    """The format by the first bytes where they tell, else by the suffix."""
    for magic, what in (
        (b"%PDF", "is a PDF; take the text out first, for example `pdftotext FILE spec.txt`"),
        (b"\xd0\xcf\x11\xe0", "is an old or encrypted Word file; save it as .docx without a password"),
        (b"{\\rtf", "is RTF; save it as .docx or .txt"),
    ):
        if data.startswith(magic):
            raise SpecificationError(f"{name}: {what}")
    if data.startswith(b"PK"):
        return "docx"
    suffix = os.path.splitext(name)[1].lower()
    if suffix not in SUFFIXES or suffix == ".docx":
        wrong = "is not a Word file" if suffix == ".docx" else f"has the suffix {suffix or 'none'}"
        raise SpecificationError(f"{name}: {wrong}; give the text as .txt, .docx, .xml or .html")
    return SUFFIXES[suffix]


# --- plain text ------------------------------------------------------------------------------------------------------

_LISTED = re.compile(r"\s*[A-Z]?\d{1,5}[A-Za-z']{0,2}\s*[-–—:=\t]\s*[A-Za-z]")  # "102 - housing"
_NUMBERED = re.compile(r"\s*[\[(](\d{4,5})[\])]\s*")


def _decode(name: str, data: bytes, encoding: str = "utf-8-sig") -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        reason = f"byte {error.start} is not" if isinstance(error, UnicodeDecodeError) else "no such encoding"
        raise SpecificationError(f"{name}: is not {encoding[:40]} text ({reason}); save it as UTF-8") from None
    if "\0" in text:
        raise SpecificationError(f"{name}: is not text (it holds NUL characters); save it as UTF-8 text or .docx")
    return text


def _read_text(name: str, data: bytes) -> Iterator[Paragraph]:
    return _lines_to_blocks(_decode(name, data))


def _lines_to_blocks(text: str) -> Iterator[Paragraph]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        heading = _is_heading(line)
        starts = not line.strip() or heading or _NUMBERED.match(line) or _LISTED.match(line)
        if lines and (starts or _is_heading(lines[-1])):
            if not (heading and _is_heading(lines[-1])):  # a heading may run over two lines
                yield _paragraph(" ".join(lines))
                lines = []
        if line.strip():
            lines.append(line.strip().lstrip("#").strip())


def _is_heading(line: str) -> bool:
    letters = [letter for letter in line if letter.isalpha()]
    return 5 <= len(letters) and len(line.strip()) < 100 and all(map(str.isupper, letters)) and "FIG" not in line


def _paragraph(text: str) -> Paragraph:
    text = " ".join(text.replace("\xad", "").split())
    number = _NUMBERED.match(text)
    return Paragraph(text[number.end() :], number[1]) if number else Paragraph(text)


# --- XML -------------------------------------------------------------------------------------------------------------

_BLOCKS = frozenset(
    "p para paragraph heading h title-of-invention description claims claim claim-text li dd dt tr td th div section "
    "table row entry ul ol br h1 h2 h3 h4 h5 h6 center body description-of-drawings brief-description-of-drawings "
    "detailed-description brfsum drwdesc detdesc cl clm clmstep btext ppara hr".split()
)
_UNREAD = frozenset(
    "script style head nav footer svg math maths cwu chemistry drawings us-bibliographic-data-grant "
    "us-bibliographic-data-application subdoc-bibliographic-information subdoc-drawings sdobi sdodr number para-num "
    "us-chemistry us-math cnum".split()
)


class _Collector:
    """Elements and characters of a marked-up text into paragraphs."""

    def __init__(self):
        self.paragraphs: list[Paragraph] = []
        self._text: list[str] = []
        self._unread = 0
        self._number: str | None = None

    def open(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _BLOCKS:
            self.flush()
            number = attributes.get("num") or ""
            self._number = number if tag == "p" and number.isdigit() else None
        if tag == "para-num":
            self.flush()
            self._number = (attributes.get("num") or "").strip("[]") or None
        self._unread += tag in _UNREAD

    def close(self, tag: str) -> None:
        self._unread = max(self._unread - (tag in _UNREAD), 0)
        if tag in _BLOCKS:
            self.flush()

    def write(self, text: str) -> None:
        if not self._unread:
            self._text.append(text)

    def flush(self) -> None:
        paragraph = _paragraph("".join(self._text))
        self._text = []
        if paragraph.text:
            self.paragraphs.append(replace(paragraph, number=paragraph.number or self._number))
            self._number = None


def _parse_xml(
    name: str, data: bytes, opened: Callable[[str, dict], None], closed: Callable[[str], None], write: Callable
) -> None:
    """Drive the three handlers over an XML file; entities of its own are refused, external ones never looked for."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: dict) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise SpecificationError(f"{name}: nests more than {MAX_DEPTH} elements; save it again as .docx or .txt")
        opened(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        closed(tag)

    def entity(entity_name, is_parameter, value, base, system, public, notation) -> None:
        if not notation:  # a name for a drawing file is harmless and usual
            raise SpecificationError(f"{name}: declares entities of its own; save it again as .docx or .txt")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, write
    parser.EntityDeclHandler = entity
    parser.SkippedEntityHandler = lambda entity_name, is_parameter: write(html5.get(f"{entity_name};", " "))
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = f"{expat.ErrorString(error.code)}, line {error.lineno}"
        raise SpecificationError(f"{name}: is no whole XML document ({reason}); fetch or save it again") from None
    except (ValueError, LookupError) as error:
        if isinstance(error, SpecificationError):
            raise
        raise SpecificationError(f"{name}: has an encoding we do not know ({error}); save it as UTF-8") from None


def _read_xml(name: str, data: bytes) -> Iterator[Paragraph]:
    collector = _Collector()
    opened = lambda tag, attributes: collector.open(tag.lower(), attributes)  # noqa: E731
    _parse_xml(name, data, opened, lambda tag: collector.close(tag.lower()), collector.write)
    collector.flush()
    return iter(collector.paragraphs)


# --- Word ------------------------------------------------------------------------------------------------------------

_WORD_BREAKS = {"w:tab": " ", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}


def _read_docx(name: str, data: bytes) -> Iterator[Paragraph]:
    """The paragraphs of a Word file as they stand with all tracked changes accepted."""
    collector, inside = _Collector(), []

    def opened(tag: str, attributes: dict) -> None:
        if tag in ("w:t", "mc:Fallback"):  # the fallback repeats the text of a shape
            inside.append(tag)
        elif tag in _WORD_BREAKS and "mc:Fallback" not in inside:
            collector.write(_WORD_BREAKS[tag])

    def closed(tag: str) -> None:
        if inside and inside[-1] == tag:
            inside.pop()
        if tag == "w:p":
            collector.flush()

    def write(text: str) -> None:
        if inside and inside[-1] == "w:t" and "mc:Fallback" not in inside:
            collector.write(text)

    _parse_xml(name, _word_part(name, data), opened, closed, write)
    return iter(collector.paragraphs)


def _word_part(name: str, data: bytes) -> bytes:
    """The part of a Word file that holds the text; nothing is unpacked to disk, no more than `MAX_BYTES` in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            part = archive.getinfo("word/document.xml")
            if part.flag_bits & 1:
                raise SpecificationError(f"{name}: is encrypted; save it without a password")
            with archive.open(part) as file:
                text = file.read(MAX_BYTES + 1)
    except KeyError:
        raise SpecificationError(
            f"{name}: is a ZIP archive but not a Word file; give the text as .txt or .docx"
        ) from None
    except SpecificationError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:
        raise SpecificationError(f"{name}: is a damaged Word file ({error}); save it again") from None
    if len(text) > MAX_BYTES:
        raise SpecificationError(f"{name}: its text is larger than {MAX_BYTES} bytes; split it or save it as .txt")
    return text


# --- HTML ------------------------------------------------------------------------------------------------------------

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.I)
_TAG = re.compile(r"(/?)([A-Za-z][\w:-]{0,60})((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"(?<![\w:-])([\w:-]{1,40})\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]{1,200}))")


def _parse_html(text: str, opened: Callable[[str, dict], None], closed: Callable[[str], None], write: Callable) -> None:
    """Drive the three handlers over a page, in time that grows with its length whatever is in it.

    The library's parser searches the rest of the page again for every comment or tag that is never closed.
    """
    first, *chunks = text.split("<")
    write(unescape(first))
    until = None  # what ends a comment that is open
    for chunk in chunks:
        if until is None and chunk.startswith("!--"):
            until, chunk = "-->", chunk[3:]
        if until is not None:
            _, ended, after = chunk.partition(until)
            if ended:
                until = None
                write(unescape(after))
            continue
        tag = _TAG.match(chunk)
        if tag is None:
            write(unescape(chunk.partition(">")[2] if chunk[:1] in "/!?" and ">" in chunk else f"<{chunk}"))
            continue
        if tag[1]:
            closed(tag[2].lower())
        else:
            opened(
                tag[2].lower(),
                {m[1].lower(): unescape(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(tag[3])},
            )
        write(unescape(chunk[tag.end() :]))


class _Page:
    """A page into paragraphs, and apart from them the description and the claims of a Google Patents page."""

    def __init__(self):
        self.whole, self.sections = _Collector(), _Collector()
        self._open_sections = 0

    def _targets(self) -> list[_Collector]:
        return [self.whole, self.sections] if self._open_sections else [self.whole]

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "section" and (self._open_sections or attributes.get("itemprop") in ("description", "claims")):
            self._open_sections += 1
        for target in self._targets():
            target.open(tag, attributes)

    def close(self, tag: str) -> None:
        for target in self._targets():
            target.close(tag)
        if tag == "section" and self._open_sections:
            self._open_sections -= 1

    def write(self, text: str) -> None:
        for target in self._targets():
            target.write(text)


def _read_html(name: str, data: bytes) -> Iterator[Paragraph]:
    declared = _CHARSET.search(data[:4096])
    text = _decode(name, data, declared[1].decode("ascii") if declared else "utf-8-sig")
    page = _Page()
    _parse_html(text, page.open, page.close, page.write)
    for collector in (page.whole, page.sections):
        collector.flush()
    paragraphs = page.sections.paragraphs or page.whole.paragraphs
    # The patent office's old pages put references and classes before the text.
    starts = [i for i, each in enumerate(paragraphs) if re.fullmatch(r"(?i)claims|description", each.text)]
    return iter(paragraphs[starts[0] :] if starts else paragraphs)


READERS: dict[str, Callable[[str, bytes], Iterator[Paragraph]]] = {
    "text": _read_text,
    "docx": _read_docx,
    "xml": _read_xml,
    "html": _read_html,
}


# --- sections and sentences ------------------------------------------------------------------------------------------

_HEADINGS = {
    "brief": r"(brief|short) descriptions? of\b.*\b(drawings?|figures?|views?)|description of (the )?drawings",
    "parts": r"(list|table|key|index|explanation|description)\b.*\b(references?|parts|numerals|signs)\b|parts list|"
    r"reference (numerals|signs|characters)( list)?$",
    "claims": r"what (is|i|we) claim(ed)?|claims?$|(i|we) claim\b|the invention claimed|having thus described",
    "detailed": r"detailed description|description of (the |an? )?(\w+ ){0,3}embodiments?|"
    r"(best )?modes? (for|of) carrying",
    "other": r"(summary|background|technical field|field|abstract|cross[- ]reference)\b",
}
_HEADING = {section: re.compile(pattern, re.IGNORECASE) for section, pattern in _HEADINGS.items()}
_PARTED = re.compile(r"(?<=[.?!])[\"”’)\]]*\s+(?=[A-Z\"“(\[])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:FIGS?|Figs?|Nos?|NOS?|Ser|Pat|Dr|Mr|Ms|Inc|Corp|Co|Ltd|al|vs|approx|Sec|Eqs?|Ref|Refs|etc|cf|St|viz|Prof|"
    r"e\.g|i\.e|U\.S|U\.K|[A-Z])|FIGURES?)\.$"
)


def _with_sections(paragraphs: Iterator[Paragraph]) -> tuple[Paragraph, ...]:
    section, placed = "other", []
    for paragraph in paragraphs:
        section = heading_section(paragraph.text) or section
        placed += [replace(paragraph, text=text, section=section) for text in _cut(paragraph.text)]
    return tuple(placed)


def heading_section(text: str) -> str | None:
    """The section that a heading opens; None for any other text."""
    if len(text) >= 120:
        return None
    heading = text.strip(" .:0123456789")
    return next((name for name, pattern in _HEADING.items() if pattern.match(heading)), None)


def _cut(text: str) -> Iterator[str]:
    while len(text) > MAX_PARAGRAPH:
        end = text.rfind(" ", MAX_PARAGRAPH - 1000, MAX_PARAGRAPH)
        end = end if end > 0 else MAX_PARAGRAPH
        yield text[:end]
        text = text[end:].lstrip()
    yield text


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a paragraph starts and ends; "FIG. 2", "U.S. Pat. No. 5" and "e.g. A" do not end one."""
    spans, start = [], 0
    for gap in _PARTED.finditer(text):
        if not _ABBREVIATED.search(text[max(start, gap.start() - 12) : gap.start()]):
            spans.append((start, gap.start()))
            start = gap.end()
    return [*spans, (start, len(text))] if text else []
