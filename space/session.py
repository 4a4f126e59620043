"""One visitor's upload and what was written of it: in memory only, gone when the page is closed.

Gradio tells visitors apart by the hash of their session; nobody else's can be asked for.
"""

import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from PIL import Image

from modeling_patentlmm import Description, FigureReading, Numeral, take_inventory
from modeling_patentlmm.naming_patentlmm import printed_names
from space.figure_view import data_uri
from space.filing import Character, Described
from space.uploads import FoundFigure, ReadPage

THUMBNAIL_SIDE = 260
IDLE_SECONDS = 3600.0  # after which a session is forgotten although its page was not seen to close


def pack(image: Image.Image) -> bytes:
    """An image as PNG: a sheet of line art takes a hundredth of its pixels."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def unpack(packed: bytes) -> Image.Image:
    """The image that `pack` took."""
    return Image.open(io.BytesIO(packed))


@dataclass
class Figure:
    """A figure of an upload: a `FoundFigure` with its images packed, and what was made of it.

    `label` is the figure number that was read or that the visitor gave, `given` says which; `reading_seconds` is what
    its page took to be read. `added` are reference characters that were not read but belong to it all the same, as the
    visitor says. `description` is None until one is written.
    """

    page: int
    pages: int
    sheet: bytes
    sheet_size: tuple[int, int]
    rotation: int
    box: tuple[int, int, int, int]
    picture: bytes
    reading: FigureReading
    label: str | None
    given: bool = False
    reading_seconds: float = 0.0
    added: set[str] = field(default_factory=set)
    description: Description | None = None

    @classmethod
    def of(cls, found: FoundFigure, sheet: bytes, reading_seconds: float) -> "Figure":
        """What was found, with its packed sheet."""
        return cls(
            page=found.page,
            pages=found.pages,
            sheet=sheet,
            sheet_size=found.sheet.size,
            rotation=found.rotation,
            box=found.box,
            picture=pack(found.image),
            reading=found.reading,
            label=found.label,
            reading_seconds=reading_seconds,
        )

    @property
    def found(self) -> FoundFigure:
        """The figure as it was found, its images unpacked."""
        sheet, image = unpack(self.sheet), unpack(self.picture)
        return FoundFigure(self.page, self.pages, sheet, self.rotation, self.box, image, self.label, self.reading)

    @cached_property
    def thumbnail(self) -> str:
        """A small picture of it as a data URI."""
        return data_uri(unpack(self.picture), THUMBNAIL_SIDE)

    @property
    def name(self) -> str:
        """What the figure is called: FIG. 3A, or where it stands."""
        return f"FIG. {self.label}" if self.label else f"Figure on page {self.page}"

    def names(self, parts: Mapping[str, str]) -> dict[str, str]:
        """What the reference characters are called: in the list of parts, else in print beside them."""
        return printed_names(*self.reading.columns, self.reading.size, parts)

    def described(self, parts: Mapping[str, str], source: str) -> Described:
        """The figure as it is filed; `source` is the file it is from."""
        description, names = self.description, self.names(parts)
        characters = tuple(_character(numeral, names.get(numeral.text)) for numeral in distinct(description.numerals))
        place = f"{source}, page {self.page}" if self.pages > 1 else source
        return Described(self.label, description.brief or "", description.detailed or "", characters, place)

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the figure on its upright page, in percent."""
        return tuple(round(100 * side / self.sheet_size[i % 2], 1) for i, side in enumerate(self.box))


def distinct(numerals: Iterable[Numeral]) -> list[Numeral]:
    """Each reference character once, where it was read best."""
    best: dict[str, Numeral] = {}
    for numeral in numerals:
        if numeral.text not in best or numeral.confidence > best[numeral.text].confidence:
            best[numeral.text] = numeral
    return list(best.values())


def _character(numeral: Numeral, name: str | None) -> Character:
    confidence = None if numeral.confidence == 1 else numeral.confidence  # 1 is what the visitor said
    return Character(numeral.text, name or None, confidence, numeral.box is not None, numeral.mentioned)


@dataclass
class Session:
    """What one visitor uploaded: its name, the figures found, the list of parts, and which figure is looked at."""

    name: str = ""
    figures: list[Figure] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    chosen: int = 0
    _begun: Counter = field(default_factory=Counter)

    @property
    def figure(self) -> Figure:
        """The chosen figure."""
        return self.figures[self.chosen]

    def parts_of(self, figure: Figure) -> dict[str, str]:
        """The part of the list that the text of a figure may use.

        All of it where there is one figure only; else what was read in the figure or added to it, because a part of
        another figure is not to be invented here.
        """
        only = len(self.figures) == figure.pages == 1
        shown = {*take_inventory(*figure.reading.columns).texts, *figure.added}
        return {text: name for text, name in self.parts.items() if only or text in shown}

    def open(self, name: str) -> None:
        """Forget the last upload for a new one; the list of parts stays."""
        self.name, self.figures, self.chosen = name, [], 0

    def add(self, page: ReadPage, reading_seconds: float) -> None:
        """Take the figures of a page."""
        sheets = [pack(found.sheet) for found in page.figures[:1]]  # one sheet for all
        self.figures += [Figure.of(found, sheets[0], reading_seconds) for found in page.figures]

    def described(self) -> list[Described]:
        """The figures that have a description, as they are filed."""
        return [figure.described(self.parts, self.name) for figure in self.figures if figure.description]

    def begin(self, work: str) -> Callable[[], bool]:
        """Start a piece of work, which ends the last of its kind; returns what says whether it is still wanted."""
        self._begun[work] += 1
        mine = self._begun[work]
        return lambda: mine == self._begun[work]

    def halt(self) -> None:
        """Whatever is under way is not wanted any more."""
        for work in list(self._begun):
            self.begin(work)


class Sessions:
    """The sessions of all visitors by the hash that Gradio gave them."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS):
        self._sessions: dict[str, tuple[Session, float]] = {}
        self._lock = threading.Lock()
        self._idle_seconds = idle_seconds

    def of(self, key: str) -> Session:
        """The session of a visitor, a new one at the first call."""
        with self._lock:
            now = time.monotonic()
            for other, (session, seen) in list(self._sessions.items()):
                if now - seen > self._idle_seconds:
                    session.halt()
                    del self._sessions[other]
            session = self._sessions[key][0] if key in self._sessions else Session()
            self._sessions[key] = (session, now)
            return session

    def close(self, key: str) -> None:
        """Forget a visitor's session and end its work."""
        with self._lock:
            session, _ = self._sessions.pop(key, (None, 0.0))
        if session:
            session.halt()

    def __len__(self) -> int:
        return len(self._sessions)
