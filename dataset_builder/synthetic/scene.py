"""What a drawn figure shows, before it is drawn or described."""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES = (
    "block_diagram",
    "flowchart",
    "network",
    "graph",
    "circuit",
    "screen",
    "mechanical",
)


@dataclass(frozen=True)
class Part:
    """A thing of the drawing that the description may speak of.

    `term` is the prose name in lower case, acronyms kept ("memory controller", "CPU"); for steps a gerund phrase
    ("receiving a request"), for decisions a clause ("the request is valid"). `printed` holds the exact words drawn for
    it, None when the drawing shows at most its numeral. `listed` says that a caller's parts list names it.
    `role` is one of component, container, step, decision, terminal, region, element, axis, curve, control, message.
    """

    term: str
    numeral: str | None = None
    printed: str | None = None
    role: str = "component"
    parent: int | None = None
    listed: bool = False

    @property
    def known(self) -> bool:
        """Whether the name can be known from the drawing or the list; a description may use it only then."""
        return self.printed is not None or self.listed


@dataclass(frozen=True)
class Link:
    """A connection between two parts, by their index in `Scene.parts`."""

    source: int
    target: int
    label: str | None = None
    directed: bool = True


@dataclass(frozen=True)
class Scene:
    """The content of one figure.

    `label` is the figure number as printed without "FIG." ("3A"), None for the single unnumbered view of 37 CFR
    1.84(u). `view` is the noun of the view in prose ("block diagram", "perspective view"); `subject` the noun phrase
    the figure is of, with its article ("a data storage system"), and `subject_known` says it can be read from the
    drawing.
    """

    family: str
    view: str
    label: str | None
    subject: str
    subject_known: bool
    parts: tuple[Part, ...]
    links: tuple[Link, ...] = ()
