"""Saved Google Patents pages to patents: texts with their figure and numeral tags, sheets with callouts.

A page tags what its makers' reader saw: `figure-callout` around a part's name (numeral, name, sheets), `figref` around
a figure, `<b>` around a numeral, and under each sheet where on it each numeral stands. Pages come in two generations of
markup: `div.description-paragraph`, and `ul.description > li > div.description-line` with `para-num` before it; pages
of other offices have `description > p`. Of machine translations the English is kept (`span.google-src-text` holds the
original). Nothing is fetched: a sheet has its image only where a file of its name lies beside the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lxml import etree
from PIL import Image
from tqdm import tqdm

from dataset_builder.google_patents.marks import MARKING, MarkedText, clean_term
from dataset_builder.patent import BRIEF, Callout, Paragraph, Patent, Sheet
from dataset_builder.redbook.numbers import application_number, class_symbols, earliest_last, kind_of
from dataset_builder.rejects import Rejects, Unusable
from modeling_patentlmm.image_processing_patentlmm import open_figure

SUFFIXES = (".html", ".htm")
MAX_BYTES = 20_000_000  # of a page; that of a patent with 26 claims and 103 citations has half a million
MAX_DEPTH = 200  # nested elements
MAX_ELEMENTS = 200_000  # that page has 7,500


class PageError(Unusable):
    """A page that no patent can be read from."""


def read_google_patents(path: str | Path, rejects: Rejects) -> Iterator[Patent]:
    """The patents of one saved page, or of the .html and .htm files of a folder, in the order of their names.

    A page that holds no patent in English, is damaged, or exceeds the bounds goes into `rejects`.

    Raises:
        FileNotFoundError: there is no such page or folder, or the folder holds no pages.
    """
    pages = _pages(Path(path))
    for page in tqdm(pages, desc="pages", unit="page", disable=None if len(pages) > 1 else True):
        try:
            yield _patent(page, _parse(_read(page)))
        except PageError as error:
            rejects.add(str(page), page.stem, error.reason, f"{page} {error}")


def _pages(path: Path) -> list[Path]:
    inside = sorted(path.iterdir()) if path.is_dir() else [path]
    pages = [each for each in inside if each.is_file() and (each == path or each.suffix.lower() in SUFFIXES)]
    if not pages:
        raise FileNotFoundError(f"{path}: no saved page (.html) is here; name one, or the folder that holds them")
    return pages


def _read(page: Path) -> bytes:
    try:
        with open(page, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PageError("unreadable", f"cannot be read ({error.strerror}); check its permissions") from None
    if len(data) > MAX_BYTES:
        raise PageError("too_large", f"is larger than {MAX_BYTES} bytes; save the page alone, without its images")
    if not data.strip():
        raise PageError("empty", "is empty; save the page again")
    return data


# --- the page as a tree ----------------------------------------------------------------------------------------------

_READ_ATTRIBUTES = frozenset(
    "itemprop content class num id label filenames datetime src href lang style name scheme".split()
)


_TAG = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_ILLEGIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no tree takes these


def _legible(text: str) -> str:
    return _ILLEGIBLE.sub(" ", text)


class _BoundedTree:
    """A parser's target: the tree of a page within bounds, with the attributes that are read here.

    Where libxml2 builds the tree itself, a tag with 100,000 attributes takes it minutes.
    """

    def __init__(self):
        self.exceeded = ""
        self._builder = etree.TreeBuilder()
        self._depth = self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            self.exceeded = f"more than {MAX_DEPTH} nested elements"
        if self._count > MAX_ELEMENTS:
            self.exceeded = f"more than {MAX_ELEMENTS} elements"
        if self.exceeded:
            raise ValueError(self.exceeded)
        kept = {name: _legible(value) for name, value in attributes.items() if name in _READ_ATTRIBUTES}
        self._builder.start(tag if _TAG.fullmatch(tag) else "span", kept)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag if _TAG.fullmatch(tag) else "span")

    def data(self, text: str) -> None:
        self._builder.data(_legible(text))

    def close(self) -> etree._Element:
        return self._builder.close()


def _parse(data: bytes) -> etree._Element:
    """The tree of a page. No entities but HTML's own are known, and nothing is loaded."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PageError("wrong_encoding", f"is not UTF-8 text (byte {error.start}); save the page again") from None
    target = _BoundedTree()
    parser = etree.HTMLParser(target=target, no_network=True, huge_tree=False)
    try:
        return etree.HTML(text.replace("\0", " "), parser=parser)
    except (etree.LxmlError, ValueError):
        limits = [entry.message for entry in parser.error_log if entry.type_name == "ERR_RESOURCE_LIMIT"]
        reason = target.exceeded or " ".join(" ".join(limits[:1]).split()) or "no elements"
        raise PageError("broken_markup", f"cannot be parsed ({reason}); save the page again") from None


# --- what the page says of the patent --------------------------------------------------------------------------------


def _patent(page: Path, root: etree._Element) -> Patent:
    patent_id = _patent_id(root)
    paragraphs = _paragraphs(_english(root, "description"))
    if not paragraphs:
        raise PageError("no_description", "holds no description; open the page until it is complete, and save it again")
    filed = _date(root, "filingDate", "dateSubmitted")
    application = _application(root)
    return Patent(
        patent_id=patent_id,
        title=_title(root),
        kind=kind_of(patent_id),
        publication_date=_date(root, "publicationDate", "issue"),
        filing_date=filed,
        priority_date=_date(root, "priorityDate", "priority"),
        application=application,
        related=_related(root, application, filed),
        cpc=_cpc(root),
        abstract=_text(_english(root, "abstract")),
        claims=_claims(_english(root, "claims")),
        paragraphs=paragraphs,
        sheets=tuple(_sheet(page, item) for item in _items(root, "images")),
        source=page.name,
    )


def _patent_id(root: etree._Element) -> str:
    number = _property(root, "publicationNumber")
    if re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3,16}", number):
        return number
    title = _text(root.find(".//title"))
    if re.match(r"United States Patent(?: Application)?:", title):
        raise PageError(
            "uspto_full_text", "is a page of the patent office's old full-text site; take the Red Book XML instead"
        )
    raise PageError("no_patent", "holds no patent: none of a Google Patents page's elements is there; save the page")


def _items(root: etree._Element, name: str) -> list[etree._Element]:
    return root.xpath("//*[@itemprop=$name]", name=name)


def _property(root: etree._Element, name: str) -> str:
    """The first value of a property, "" where there is none."""
    for item in root.xpath("(.//*[@itemprop=$name])[1]", name=name):
        return item.get("content") or item.get("datetime") or _text(item)
    return ""


def _title(root: etree._Element) -> str:
    title = _property(root, "title")
    return title or " ".join("".join(root.xpath("//meta[@name='DC.title']/@content")[:1]).split())


def _date(root: etree._Element, name: str, scheme: str) -> str | None:
    dates = [_property(root, name), *root.xpath("//meta[@name='DC.date'][@scheme=$scheme]/@content", scheme=scheme)]
    return next((each for each in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", each)), None)


def _application(element: etree._Element) -> str | None:
    """The number of the application that an element names first, in plain form."""
    written = _property(element, "applicationNumber").upper()
    has_country = re.match(r"[A-Z]{2}\d", written)
    return application_number(written[:2], written[2:]) if has_country else application_number(None, written)


def _related(root: etree._Element, application: str | None, filed: str | None) -> tuple[str, ...]:
    """The applications filed before this one among those that the page lists as priorities and parents, earliest last.

    The page's priorities are all of the family, later ones too; a parent counts without a date.
    """
    dates: dict[str, str] = {}
    for name in ("parentApps", "appsClaimingPriority", "priorityApps"):
        for row in _items(root, name):
            number, date = _application(row), _property(row, "filingDate")
            if number and number != application and (name == "parentApps" or "" < date < (filed or "")):
                dates.setdefault(number, date)
    return earliest_last(dates.items())


def _cpc(root: etree._Element) -> tuple[str, ...]:
    """The codes of the finest classes, in the page's order."""
    leaves = root.xpath(
        "//li[@itemprop='classifications'][meta[@itemprop='Leaf'][@content='true']]"
        "[meta[@itemprop='IsCPC'][@content='true']]"
    )
    return class_symbols(_property(leaf, "Code") for leaf in leaves)


# --- texts -----------------------------------------------------------------------------------------------------------

_HEADINGS = frozenset("heading h1 h2 h3 h4 h5 h6".split())
_PARAGRAPHS = frozenset(("description-paragraph", "description-line"))
_BLOCKS = frozenset("div li p br tr td th ul ol table dd dt claim claim-text".split())
_UNREAD = frozenset("script style svg math maths chemistry".split())


def _english(root: etree._Element, section: str) -> etree._Element | None:
    """The content of a section, None where the page has none, or none in English."""
    for content in root.xpath("(//section[@itemprop=$name])[1]/*[@itemprop='content']", name=section):
        languages = {language.lower()[:2] for language in content.xpath("./*/@lang")}
        return content if not languages or "en" in languages else None
    return None


def _is_unread(element: etree._Element) -> bool:
    """The original of a translation, a hidden number, what is no text."""
    hidden = "display:none" in element.get("style", "").replace(" ", "")
    return element.tag in _UNREAD or hidden or "google-src-text" in element.get("class", "").split()


def _text(element: etree._Element | None) -> str:
    """The text of an element on one line."""
    line = MarkedText()
    if element is not None:
        for event, each in _walk(element):
            _write(line, event, each, element)
    return line.text


def _walk(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The starts and ends of an element and all in it; of what is not read, only the end."""
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, each in walker:
        if event == "start" and each is not element and _is_unread(each):
            walker.skip_subtree()
        else:
            yield event, each


def _write(line: MarkedText, event: str, each: etree._Element, root: etree._Element) -> None:
    if each.tag in _BLOCKS:
        line.write(" ")
    if event == "start":
        line.write(each.text or "")
    elif each is not root:
        line.write(each.tail or "")


def _claims(section: etree._Element | None) -> tuple[str, ...]:
    """The claims, each on one line; wrappers of claims are claims in the markup, too."""
    if section is None:
        return ()
    is_claim = "(self::claim or contains(concat(' ', @class, ' '), ' claim '))"
    innermost = section.xpath(f".//*[{is_claim}][not(.//*[{is_claim}])]")
    return tuple(text for text in map(_text, innermost) if text)


def _paragraphs(section: etree._Element | None) -> tuple[Paragraph, ...]:
    return tuple(_Description(section).paragraphs) if section is not None else ()


class _Description:
    """The paragraphs and headings of a description, with what is marked in them."""

    def __init__(self, section: etree._Element):
        self.paragraphs: list[Paragraph] = []
        self._section = section
        self._brief = 0
        self._number: str | None = None
        self._start()
        for event, each in _walk(section):
            (self._open if event == "start" else self._close)(each)
        self._flush()

    def _start(self, id: str | None = None) -> None:
        self._line, self._id = MarkedText(), id

    def _open(self, element: etree._Element) -> None:
        if self._begins(element):
            self._flush()
            self._start(element.get("id") or _paragraph_id(element.get("num", "")))
        if element.tag == "description-of-drawings":
            self._brief += 1
        elif element.tag == "para-num":
            self._flush()
            self._number = element.get("num", "").strip("[] ") or None
        elif _is_suffix(element):
            self._line.join()
        elif element.tag in MARKING:
            self._line.open(element.tag, element.attrib)
        _write(self._line, "start", element, self._section)

    def _close(self, element: etree._Element) -> None:
        if element.tag in MARKING:
            self._line.close(element.tag)
        if self._begins(element):
            self._flush(element.tag in _HEADINGS)
        if element.tag == "description-of-drawings":
            self._flush()
            self._brief -= 1
        _write(self._line, "end", element, self._section)

    def _begins(self, element: etree._Element) -> bool:
        """Whether an element is a paragraph or a heading."""
        named = bool(_PARAGRAPHS & set(element.get("class", "").split()))
        return named or element.tag in _HEADINGS or element.tag == "p"

    def _flush(self, is_heading: bool = False) -> None:
        text, marks = self._line.finish()
        if text:
            id = self._id or f"{'h' if is_heading else 'p'}-{len(self.paragraphs) + 1:04d}"
            section = BRIEF if self._brief else None
            self.paragraphs.append(Paragraph(id, text, self._number, is_heading, section, marks))
            self._number = None
        self._start()


def _is_suffix(element: etree._Element) -> bool:
    """Whether an element is the letter of the numeral before it, which pages set off: "<b>54</b> <i>a</i>"."""
    before = element.getprevious()
    return (
        element.tag == "i"
        and before is not None
        and before.tag == "b"
        and re.fullmatch(r"\d+", (before.text or "").strip()) is not None
        and not (before.tail or "").strip()
        and re.fullmatch(r"[A-Za-z]{1,2}'*", (element.text or "").strip()) is not None
    )


def _paragraph_id(number: str) -> str | None:
    return number if number.startswith("p") else None


# --- sheets ----------------------------------------------------------------------------------------------------------


def _sheet(page: Path, item: etree._Element) -> Sheet:
    """A sheet by its full image; "-D00000" is the copy on the front page."""
    url = _property(item, "full") or "".join(item.xpath("(.//img)[1]/@src"))
    name = url.rsplit("/", 1)[-1]
    number = re.search(r"(\d+)\.\w{3,4}$", name)
    is_front_page = bool(re.search(r"-D0+\.\w{3,4}$", name))
    beside = page.with_name(name) if re.fullmatch(r"[\w.-]+\.\w{3,4}", name) else page
    return Sheet(
        name=name,
        number=int(number[1]) if number and not is_front_page else None,
        is_front_page=is_front_page,
        url=url,
        callouts=tuple(_callout(each) for each in item.xpath(".//*[@itemprop='callouts']")),
        open=partial(_open_first, beside) if beside != page and beside.is_file() else None,
    )


def _open_first(path: Path) -> Image.Image:
    return open_figure(path)[0]


def _callout(item: etree._Element) -> Callout:
    """A numeral on a sheet; its bounds are pixels of the full image."""
    sides = [_property(item, side) for side in ("left", "top", "right", "bottom")]
    box = tuple(map(int, sides)) if all(re.fullmatch(r"\d{1,5}", side) for side in sides) else None
    return Callout(_property(item, "id"), clean_term(_property(item, "label")), box)
