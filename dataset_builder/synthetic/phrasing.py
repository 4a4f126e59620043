"""Brief and detailed descriptions of drawn figures in the phrasing of US patents (37 CFR 1.74, 1.84(p)).

A description uses a part's name only where it can be known (`Part.known`), says every reference character of the
scene at least once and no other digits, and names the figure by its label or, for the single unnumbered view of
37 CFR 1.84(u), "the figure". In graphs the first axis of the scene is the horizontal one, the second the vertical one;
in mechanical views a link's label is the relation ("mounted on"), elsewhere what passes along it ("read request").
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from random import Random

from .scene import Link, Part, Scene
from .vocabulary import article, with_article

VIEW_NOUNS: dict[str, tuple[str, ...]] = {
    "block_diagram": (
        "block diagram",
        "schematic block diagram",
        "functional block diagram",
        "simplified block diagram",
        "high-level block diagram",
    ),
    "flowchart": ("flowchart", "flow chart", "flow diagram", "process flow diagram", "logic flow diagram"),
    "network": (
        "network diagram",
        "network architecture diagram",
        "schematic network diagram",
        "network topology diagram",
        "system architecture diagram",
    ),
    "graph": ("graph", "plot", "chart", "graphical representation", "waveform diagram", "timing diagram"),
    "circuit": (
        "circuit diagram",
        "schematic circuit diagram",
        "circuit schematic",
        "electrical schematic",
        "wiring diagram",
    ),
    "screen": ("screen shot", "user interface", "graphical user interface", "display screen", "screenshot"),
    "mechanical": (
        "perspective view",
        "side view",
        "cross-sectional view",
        "front view",
        "exploded perspective view",
        "top plan view",
        "side elevational view",
        "front elevational view",
        "sectional view",
        "rear perspective view",
        "exploded view",
        "isometric view",
        "bottom plan view",
        "enlarged view",
        "partial cross-sectional view",
    ),
}

_KINDS: tuple[tuple[str, str], ...] = (
    ("block_diagram", r"block diagrams?"),
    ("flowchart", r"flow ?charts?|flow diagrams?"),
    ("network", r"network diagrams?|architecture diagrams?|topology diagrams?|network environment"),
    ("circuit", r"circuit diagrams?|schematic diagrams?|circuit schematics?|electrical schematics?|wiring diagrams?"),
    ("screen", r"screen ?shots?|user interfaces?|display screens?"),
    ("graph", r"histograms?|graphs?|plots?|(?<!flow )charts?|graphical representations?|(?:waveform|timing) diagrams?"),
    (
        "mechanical",
        r"(?:perspective|side|sectional|front|plan|elevational|elevation|rear|top|bottom|end|exploded|isometric|"
        r"enlarged|fragmentary|partial|schematic)(?:,? [\w-]+)? views?",
    ),
)
_KIND = re.compile("|".join(rf"(?P<{family}>\b(?:{pattern})\b)" for family, pattern in _KINDS), re.IGNORECASE)

_GENERIC: dict[str, tuple[str, ...]] = {
    "block_diagram": ("a system", "an apparatus", "an embodiment of the invention", "an exemplary system", "a device"),
    "flowchart": ("a method", "an exemplary method", "a process", "one embodiment of a method"),
    "network": (
        "a communication environment",
        "an exemplary system",
        "an environment in which embodiments may operate",
    ),
    "graph": (
        "results obtained with an embodiment",
        "the operation of an embodiment",
        "characteristics of an embodiment",
    ),
    "circuit": ("a circuit", "an exemplary circuit", "an electronic circuit", "a circuit of one embodiment"),
    "screen": ("an exemplary application", "a display of one embodiment", "an application program"),
    "mechanical": (
        "an embodiment of the invention",
        "an apparatus",
        "one embodiment of the present invention",
        "a device",
        "a preferred embodiment",
        "an exemplary embodiment of the apparatus",
    ),
}

_TAILS = (
    "in accordance with an embodiment",
    "according to an embodiment of the invention",
    "in accordance with an embodiment of the present invention",
    "according to one embodiment",
    "in accordance with an exemplary embodiment",
    "according to various embodiments",
    "in accordance with the present disclosure",
    "according to some embodiments described herein",
    "according to a preferred embodiment",
    "consistent with an embodiment of the present disclosure",
)

# {V} is the view with its article, {s} the subject, {x} the tail; the first form is by far the most common one.
_BRIEFS: dict[str, tuple[str, ...]] = {
    "block_diagram": (
        "{F} is {V} of {s} {x}.",
        "{F} is {V} illustrating {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} is {V} showing {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} showing the configuration of {s} {x}.",
        "{F} is {V} showing an example of {s} {x}.",
        "{F} is {V} of an example of {s} {x}.",
        "{F} is {V} depicting the principal components of {s} {x}.",
        "{F} presents {V} of {s} {x}.",
        "{F} is {V} schematically illustrating {s} {x}.",
        "{F} provides {V} of {s} {x}.",
        "{F} is {V} which shows {s} {x}.",
        "{F} diagrammatically illustrates, as {V}, {s} {x}.",
    ),
    "flowchart": (
        "{F} is {V} illustrating {s} {x}.",
        "{F} is {V} of {s} {x}.",
        "{F} is {V} showing {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} is {V} depicting {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} is {V} describing {s} {x}.",
        "{F} is {V} showing the steps of {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} illustrating an example of {s} {x}.",
        "{F} is {V} outlining {s} {x}.",
        "{F} is {V} for explaining {s} {x}.",
        "{F} is {V} representing {s} {x}.",
        "{F} provides {V} of {s} {x}.",
        "{F} sets forth {V} of {s} {x}.",
    ),
    "network": (
        "{F} is {V} of {s} {x}.",
        "{F} is {V} illustrating {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} is {V} showing {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} is {V} depicting {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} in which {s} is shown {x}.",
        "{F} is {V} showing the configuration of {s} {x}.",
        "{F} provides {V} of {s} {x}.",
        "{F} is {V} of an exemplary arrangement of {s} {x}.",
        "{F} presents {V} of {s} {x}.",
        "{F} is {V} schematically showing {s} {x}.",
        "{F} is {V} which illustrates {s} {x}.",
    ),
    "graph": (
        "{F} is {V} showing {s} {x}.",
        "{F} is {V} illustrating {s} {x}.",
        "{F} is {V} of {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} is {V} depicting {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} is {V} plotting {s} {x}.",
        "{F} is {V} which shows {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} representing {s} {x}.",
        "{F} is {V} for explaining {s} {x}.",
        "{F} presents {V} of {s} {x}.",
        "{F} is {V} showing an example of {s} {x}.",
        "{F} provides {V} of {s} {x}.",
    ),
    "circuit": (
        "{F} is {V} of {s} {x}.",
        "{F} is {V} illustrating {s} {x}.",
        "{F} is {V} showing {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} is {V} showing the configuration of {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} of an implementation of {s} {x}.",
        "{F} is {V} depicting {s} {x}.",
        "{F} is {V} showing an example of {s} {x}.",
        "{F} presents {V} of {s} {x}.",
        "{F} is {V} for explaining {s} {x}.",
        "{F} provides {V} of {s} {x}.",
        "{F} is {V} detailing {s} {x}.",
    ),
    "screen": (
        "{F} is {V} of {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} is {V} illustrating {s} {x}.",
        "{F} is {V} showing {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} depicting {s} {x}.",
        "{F} is {V} showing an example of {s} {x}.",
        "{F} shows {V} that presents {s} {x}.",
        "{F} is {V} presenting {s} to a user {x}.",
        "{F} provides {V} of {s} {x}.",
        "{F} is {V} of an example of {s} {x}.",
        "{F} presents {V} of {s} {x}.",
        "{F} is {V} that includes {s} {x}.",
    ),
    "mechanical": (
        "{F} is {V} of {s} {x}.",
        "{F} is {V} showing {s} {x}.",
        "{F} is {V} illustrating {s} {x}.",
        "{F} shows {V} of {s} {x}.",
        "{F} illustrates {V} of {s} {x}.",
        "{F} depicts {V} of {s} {x}.",
        "{F} is {V} of {s} embodying features of the invention {x}.",
        "{F} is {V} schematically illustrating {s} {x}.",
        "{F} is {V} depicting {s} {x}.",
        "{F} is {V} showing the structure of {s} {x}.",
        "{F} presents {V} of {s} {x}.",
        "{F} is {V} showing an example of {s} {x}.",
        "{F} provides {V} of {s} {x}.",
        "{F} is {V} of {s} constructed {x}.",
    ),
}

_RELATIONS = (
    "{y} as a function of {h}",
    "{y} versus {h}",
    "the relationship between {y} and {h}",
    "{y} plotted against {h}",
    "the variation of {y} with {h}",
    "changes in {y} with respect to {h}",
)

# {o} is what the figure is of, with its reference character where it has one.
_OPENINGS = (
    "{F} is {V} of {o} {x}.",
    "Referring now to {f}, {o} is shown.",
    "{F} illustrates {o} {x}.",
    "Referring to {f}, there is shown {V} of {o}.",
    "{F} shows {V} of {o}.",
    "With reference to {f}, {o} is illustrated.",
    "Turning now to {f}, {V} of {o} is shown.",
    "{F} depicts {o} {x}.",
    "As shown in {f}, {o} is provided {x}.",
    "In {f}, {o} is depicted {x}.",
    "Reference is now made to {f}, which illustrates {o}.",
    "{V} of {o} is shown in {f}.",
    "With further reference to {f}, {o} is illustrated.",
)
_GRAPH_OPENINGS = (
    "{F} is {V} showing {o}.",
    "Referring now to {f}, {V} of {o} is shown.",
    "{F} illustrates {V} of {o}.",
    "{F} shows {o} {x}.",
    "With reference to {f}, {V} of {o} is presented.",
    "Turning now to {f}, {V} illustrates {o}.",
    "{F} depicts {V} of {o} {x}.",
    "{V} of {o} is shown in {f}.",
    "In {f}, {o} is plotted.",
)
_INCLUDES = (
    "{s} includes {t}.",
    "{s} comprises {t}.",
    "{s} has {t}.",
    "As shown, {s} includes {t}.",
    "Included in {s} are {t}.",
    "{s} is made up of {t}.",
    "{s} contains {t}.",
    "In the illustrated embodiment, {s} includes {t}.",
)
_INCLUDES_ONE = ("{s} includes {t}.", "{s} comprises {t}.", "{s} has {t}.", "As shown, {s} includes {t}.")
_FURTHER = ("{s} further includes {t}.", "{s} also includes {t}.", "{s} additionally includes {t}.")
_SHOWS = (
    "The illustrated embodiment includes {t}.",
    "As shown, the embodiment includes {t}.",
    "The embodiment shown includes {t}.",
    "As shown in {f}, the embodiment includes {t}.",
    "{F} shows {t}.",
)
_SHOWS_MORE = (
    "{F} also shows {t}.",
    "The illustrated embodiment further includes {t}.",
    "{F} further illustrates {t}.",
)
_DIRECTED = (
    "{s} is coupled to {t}.",
    "{s} provides an output to {t}.",
    "{s} is connected to {t}.",
    "An output of {s} is supplied to {t}.",
    "{s} sends signals to {t}.",
    "{s} is operatively coupled to {t}.",
    "{t} receives an input from {s}.",
    "{s} feeds {t}.",
)
_UNDIRECTED = (
    "{s} is coupled to {t}.",
    "{s} communicates with {t}.",
    "{s} is connected to {t}.",
    "{s} is in communication with {t}.",
    "{s} is operatively coupled to {t}.",
    "{s} is communicatively coupled to {t}.",
    "{s} exchanges signals with {t}.",
)
_CHAINED = (
    "{s} is coupled to {t}, which is in turn coupled to {u}.",
    "{s} is connected to {t}, and {t} is connected to {u}.",
    "{s} is coupled to {t}, and {t} is coupled to {u}.",
)
_CARRIED = (
    "{s} sends {m} to {t}.",
    "{s} provides {m} to {t}.",
    "{s} supplies {m} to {t}.",
    "{s} transmits {m} to {t}.",
    "{m} is passed from {s} to {t}.",
    "{t} receives {m} from {s}.",
)
_NETWORKED = (
    "{t} communicate with one another over {s}.",
    "{t} are connected to {s}.",
    "{t} are coupled to {s}.",
    "{s} interconnects {t}.",
    "{t} are in communication with each other through {s}.",
    "{s} allows {t} to communicate with one another.",
)
_WIRED = (
    "{s} is connected to {t}.",
    "{s} is coupled to {t}.",
    "{s} is electrically connected to {t}.",
    "One terminal of {s} is connected to {t}.",
    "{s} is electrically coupled to {t}.",
)
_BETWEEN = (
    "{s} is connected between {t} and {u}.",
    "{s} is coupled between {t} and {u}.",
    "{s} is connected to {t} and to {u}.",
    "{s} is disposed between {t} and {u}.",
)
_FASTENED = (
    "{s} is connected to {t}.",
    "{s} is attached to {t}.",
    "{s} is coupled to {t}.",
    "{s} engages {t}.",
    "{s} is joined to {t}.",
)
_NEUTRAL_MANY = (
    "Reference numerals {n} designate parts shown in {f}.",
    "{e} {n} are indicated in {f}.",
    "{f} indicates {e} {n}.",
    "The portions indicated at {n} are visible in {f}.",
    "In this view, {e} {n} are indicated.",
)
_NEUTRAL_ONE = (
    "Reference numeral {n} designates a part shown in {f}.",
    "{e} {n} is indicated in {f}.",
    "{f} indicates {e} {n}.",
    "The portion indicated at {n} is visible in {f}.",
)
_PADDING: dict[str, tuple[str, ...]] = {
    "block_diagram": (
        "It will be appreciated that the arrangement shown is exemplary, and that other arrangements may be used.",
        "These elements may be implemented in hardware, software, or a combination thereof.",
        "The functions described may be combined or divided among the elements in other ways.",
        "Other configurations are possible without departing from the scope of the invention.",
        "Only those elements that are helpful in understanding the embodiment are shown.",
        "Those skilled in the art will recognize that additional elements may be provided.",
    ),
    "flowchart": (
        "The order in which the operations are described is not intended to be limiting.",
        "It will be appreciated that some of the operations may be omitted or performed in a different order.",
        "The operations may be repeated as often as required.",
        "Additional operations may be performed without departing from the scope of the invention.",
    ),
    "network": (
        "It will be appreciated that any number of such devices may be provided.",
        "The connections may be wired, wireless, or a combination thereof.",
        "Other network arrangements may be used without departing from the scope of the invention.",
        "The arrangement shown is exemplary only.",
    ),
    "graph": (
        "The values shown are exemplary and may vary with the particular application.",
        "It will be appreciated that the scale of the drawing is chosen for clarity of illustration.",
        "Similar results may be obtained with other embodiments.",
        "The behavior shown is typical of the illustrated embodiment.",
    ),
    "circuit": (
        "The values of the elements may be selected according to the particular application.",
        "Other circuit configurations may be used without departing from the scope of the invention.",
        "It will be appreciated that equivalent elements may be substituted for those shown.",
        "The circuit may be implemented with discrete elements or as an integrated circuit.",
    ),
    "screen": (
        "It will be appreciated that the layout shown is exemplary and that other layouts may be used.",
        "The information shown may be updated in response to input from the user.",
        "The user may interact with the display using any suitable input device.",
        "Other controls may be provided depending on the particular application.",
    ),
    "mechanical": (
        "The drawing is not necessarily to scale, and certain features may be exaggerated for clarity.",
        "It will be appreciated that modifications may be made without departing from the scope of the invention.",
        "The parts may be made of any suitable material, such as metal or plastic.",
        "The relative arrangement of the parts is best seen in this view.",
        "Other shapes and arrangements may be used within the scope of the invention.",
    ),
}

# What a part without a known name is called.
_NOUNS: dict[str, tuple[str, ...]] = {
    "block_diagram": ("element", "block", "component", "part"),
    "flowchart": ("block", "element", "part"),
    "network": ("element", "node", "component", "device"),
    "graph": ("element", "portion", "part"),
    "circuit": ("element", "component", "part"),
    "screen": ("element", "item", "area", "part"),
    "mechanical": ("element", "part", "component", "member"),
}

_STEP_NOUNS = ("step", "block", "operation", "act")
_STEPS = (
    "At {k}, the {m} includes {g}.",
    "In {k}, the {m} includes {g}.",
    "Next, at {k}, the {m} includes {g}.",
    "The {m} continues at {k} with {g}.",
    "{k} includes {g}.",
    "The {m} then includes {g} at {k}.",
    "{k} involves {g}.",
    "Thereafter, at {k}, the {m} includes {g}.",
    "{g} is performed at {k}.",
)
_FIRST_STEPS = (
    "The {m} begins at {k} with {g}.",
    "At {k}, the {m} includes {g}.",
    "The {m} starts with {g} at {k}.",
    "First, at {k}, the {m} includes {g}.",
    "Initially, in {k}, the {m} includes {g}.",
    "The {m} commences at {k}, which includes {g}.",
)
_BARE_STEPS = (
    "The {m} then includes {g}.",
    "Next, the {m} includes {g}.",
    "The {m} includes {g}.",
    "This is followed by {g}.",
    "The {m} continues with {g}.",
)
_HIDDEN_STEPS = (
    "The {m} proceeds to {k}.",
    "Processing continues at {k}.",
    "{k} is then performed.",
    "The {m} then continues with {k}.",
)
_DECISIONS = (
    "At {k}, it is determined whether {c}.",
    "At {k}, a determination is made as to whether {c}.",
    "In {k}, the {m} includes determining whether {c}.",
    "At {k}, the {m} determines whether {c}.",
    "{k} determines whether {c}.",
    "Next, at {k}, it is determined whether {c}.",
    "At {k}, a check is made to determine whether {c}.",
)
_BARE_DECISIONS = (
    "It is then determined whether {c}.",
    "A determination is made as to whether {c}.",
    "The {m} then determines whether {c}.",
)
_HIDDEN_DECISIONS = (
    "At {k}, a determination is made.",
    "A determination is made at {k}.",
    "The {m} branches at {k}.",
)
_BRANCHES = (
    "If so, {a}. Otherwise, {b}.",
    "If so, {a}; otherwise, {b}.",
    "If {c}, {a}. If not, {b}.",
    "If the determination is affirmative, {a}. If the determination is negative, {b}.",
    "If yes, {a}. If no, {b}.",
    "If {c}, {a}; if not, {b}.",
    "When {c}, {a}, and when not, {b}.",
)
_PROCEEDS = (
    "the {m} proceeds to {k}",
    "the {m} continues to {k}",
    "the {m} advances to {k}",
    "flow passes to {k}",
    "control passes to {k}",
    "the {m} moves to {k}",
)
_RETURNS = ("the {m} returns to {k}", "the {m} loops back to {k}", "control returns to {k}", "flow returns to {k}")
_ENDS = (
    "The {m} ends at {k}.",
    "The {m} then ends at {k}.",
    "Processing terminates at {k}.",
    "The {m} concludes at {k}.",
)
_BEGINS = (
    "The {m} begins at {k}.",
    "The {m} starts at {k}.",
    "Processing begins at {k}.",
    "The {m} is initiated at {k}.",
)
_AFFIRMATIVE, _NEGATIVE = {"yes", "y", "true"}, {"no", "n", "false"}

_CURVES = (
    "{l} {n} represents {c}.",
    "{l} {n} shows {c}.",
    "{c} is represented by {l} {n}.",
    "In the drawing, {l} {n} represents {c}.",
    "{c} is shown by {l} {n}.",
    "{l} {n} corresponds to {c}.",
)
_BARE_CURVES = ("{c} is plotted.", "{c} is included in the drawing.", "{c} is shown.")
_SINGLE_AXES = ("The {d} axis{a} represents {h}.", "The {d} axis{a} indicates {h}.")
_HIDDEN_CURVES = ("{l} {n} is shown.", "A {l} is indicated at {n}.", "{l} {n} is plotted.")
_AXES = (
    "The horizontal axis{a} represents {h}, and the vertical axis{b} represents {v}.",
    "The horizontal axis{a} indicates {h}, while the vertical axis{b} indicates {v}.",
    "In the graph, the abscissa{a} represents {h} and the ordinate{b} represents {v}.",
    "The vertical axis{b} represents {v}, and the horizontal axis{a} represents {h}.",
    "Along the horizontal axis{a} is plotted {h}, and along the vertical axis{b} is plotted {v}.",
)
_USES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("button", ("The user may select {s} to perform the corresponding action.", "{s} may be selected by the user.")),
    ("icon", ("{s} may be selected by the user.", "The user may select {s} to perform the corresponding action.")),
    ("field", ("The user may enter a value in {s}.", "{s} accepts input from the user.")),
    ("checkbox", ("{s} may be checked or cleared by the user.", "The user may check or clear {s}.")),
    ("menu", ("The user may choose one of several options from {s}.", "{s} allows the user to choose an option.")),
    ("slider", ("The user may adjust a setting by moving {s}.", "{s} may be moved by the user.")),
    ("tab", ("Selecting {s} brings the associated page to the front.", "The user may switch pages using {s}.")),
    ("list", ("{s} presents a number of items to the user.", "The user may choose an item from {s}.")),
)
_DESIGNATOR = re.compile(r"[A-Z]{1,4}\d+[A-Za-z']*")
_HUB = re.compile(r"\b(?:network|subnetwork|internet|cloud|bus|lan|wan)$", re.IGNORECASE)
_SLOT = re.compile(r"\{(\w)\}")
_BUDGET = 150


@lru_cache(maxsize=64)
def _weights(count: int) -> tuple[float, ...]:
    """Cumulative weights of `count` forms: the first holds 45 %, the others share the rest like 1/rank."""
    rest = [1 / rank for rank in range(1, count)]
    return tuple(accumulate([0.45, *(0.55 * share / sum(rest) for share in rest)])) if rest else (1.0,)


def _pick(rng: Random, forms: Sequence[str]) -> str:
    return forms[bisect(_weights(len(forms)), rng.random(), 0, len(forms) - 1)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _label_words(label: str) -> str:
    """What a link's printed label says in prose: lower case, acronyms of a mixed-case label kept."""
    if label.isupper() and len(label) > 4:
        return label.lower()
    return " ".join(word if word.isupper() else word[:1].lower() + word[1:] for word in label.split())


# What an unnamed part that stands for the whole figure is called.
_WHOLES = {
    "block_diagram": "system",
    "flowchart": "method",
    "network": "system",
    "graph": "graph",
    "circuit": "circuit",
    "screen": "display",
    "mechanical": "apparatus",
}
_WHOLE = re.compile(r"an? (system|apparatus|device|arrangement|method|process|circuit)\b")
_GENERAL = re.compile(r"system|apparatus|device|arrangement|environment|network environment|circuit|assembly|display")
_INCLUDING = re.compile(r" including .*")
_ROLE_NOUNS = {"curve": "curve", "axis": "axis", "step": "step", "decision": "decision", "terminal": "block"}


class _Teller:
    """Tells one scene: gives parts their names at first and later mentions and keeps account of what was told."""

    def __init__(self, scene: Scene, rng: Random) -> None:
        self.scene, self.rng, self.parts = scene, rng, scene.parts
        self.told: set[int] = set()
        self.alias: dict[int, str] = {}
        self.sentences: list[str] = []
        self.comma = "," if rng.random() < 0.65 else ""
        self.noun = _pick(rng, _NOUNS.get(scene.family, _NOUNS["block_diagram"]))
        self.words = 0
        self.figure = f"FIG. {scene.label}" if scene.label else _pick(rng, ("the figure", "the drawing"))
        self.view = f"{article(scene.view)} {scene.view}"

    def known_view(self) -> dict[str, str]:
        return {"F": self.figure, "f": self.figure, "V": self.view, "x": _pick(self.rng, _TAILS)}

    def tellable(self, index: int) -> bool:
        part = self.parts[index]
        return part.numeral is not None or (part.known and part.role != "terminal")

    def neutral(self, part: Part) -> str:
        """The noun for a part without a known name, as far as its drawn form tells it."""
        return _ROLE_NOUNS.get(part.role, self.noun)

    def name(self, index: int) -> str:
        """The part as named here: "a memory 104" at its first mention, "the memory 104" later, "element 12" unknown."""
        part, first = self.parts[index], index not in self.told
        self.told.add(index)
        if index in self.alias:
            noun = self.alias[index]
            return f"{article(noun) if first else 'the'} {noun} {part.numeral}"
        if not part.known or part.role == "terminal":
            return f"{self.neutral(part)} {part.numeral}"
        character = part.numeral
        if character is None and part.printed and _DESIGNATOR.fullmatch(part.printed) and part.printed not in part.term:
            character = part.printed
        if part.term == "ground":
            noun = part.term
        elif part.role == "step":
            noun = f"{'a' if first else 'the'} step of {part.term}"
        elif part.role == "decision":
            noun = f"{'a' if first else 'the'} determination of whether {part.term}"
        else:
            noun = with_article(part.term) if first else f"the {part.term}"
        return noun if character is None else f"{noun} {character}"

    def series(self, items: Sequence[str]) -> str:
        if len(items) < 3:
            return " and ".join(items)
        return f"{', '.join(items[:-1])}{self.comma} and {items[-1]}"

    def names(self, indices: Iterable[int]) -> str:
        """The parts as one series; unknown parts of one noun are drawn together ("elements 12 and 14")."""
        known, neutral = [], {}
        for index in indices:
            part = self.parts[index]
            if (part.known and part.role != "terminal") or index in self.alias:
                known.append(self.name(index))
            else:
                self.told.add(index)
                neutral.setdefault(self.neutral(part), []).append(part.numeral)
        for noun, numerals in neutral.items():
            plural = noun if len(numerals) == 1 else "axes" if noun == "axis" else f"{noun}s"
            if known and len(numerals) > 2:
                known.append(f"{plural} {', '.join(numerals[:-1])} and {numerals[-1]}")
            else:
                known.append(f"{plural} {self.series(numerals)}")
        return self.series(known)

    def fill(self, form: str, **slots: object) -> str:
        """The form with its slots filled left to right: a part's index, a list of them, or text."""

        def say(match: re.Match[str]) -> str:
            value = slots[match[1]]
            return (
                self.name(value) if isinstance(value, int) else value if isinstance(value, str) else self.names(value)
            )

        return _capital(_SLOT.sub(say, form))

    def say(self, forms: Sequence[str], **slots: object) -> None:
        """Add a sentence in one of the forms."""
        sentence = self.fill(_pick(self.rng, forms), **slots)
        self.words += sentence.count(" ") + 1
        self.sentences.append(sentence)

    def untold(self, indices: Iterable[int] | None = None) -> list[int]:
        chosen = range(len(self.parts)) if indices is None else indices
        return [index for index in chosen if index not in self.told and self.tellable(index)]

    def roots(self) -> list[int]:
        """The outermost parts that hold others, and the containers that stand alone."""
        parents = {part.parent for part in self.parts}
        return [
            index
            for index, part in enumerate(self.parts)
            if part.parent is None and (index in parents or part.role == "container") and self.tellable(index)
        ]

    def root(self) -> int | None:
        """The part that stands for the whole figure: a container of a general name ("system"), else the outermost."""
        roots = self.roots()
        general = (i for i in roots if _GENERAL.fullmatch(self.parts[i].term) or not self.parts[i].known)
        return next(general, roots[0] if roots else None)

    def subject(self) -> str:
        return self.scene.subject if self.scene.subject_known else _pick(self.rng, _GENERIC[self.scene.family])

    def opening(self, forms: Sequence[str], subject: int | str) -> None:
        """The opening sentence; what is said to be of an embodiment is not said so twice."""
        slots = self.known_view()
        if isinstance(subject, str) and "embodiment" in subject:
            slots["x"] = ""
        self.say(forms, o=subject, **slots)
        self.sentences[-1] = self.sentences[-1].replace(" .", ".")

    def open(self, root: int | None, forms: Sequence[str] = _OPENINGS) -> None:
        """Name the figure and what it is of: the root part if its name is known, else the subject."""
        self.opening(forms, self.whole(root))

    def whole(self, root: int | None) -> int | str:
        """What the figure is of, for the opening: the root part, else the subject.

        A root whose name is unknown still stands for the whole, and gets its character as "a system 100".
        """
        subject = self.subject()
        if root is not None and not self.parts[root].known:
            told = _WHOLE.match(subject)
            self.alias[root] = told[1] if told else _WHOLES[self.scene.family]
        return root if root is not None else _INCLUDING.sub("", subject)

    def contents(self, owner: int | None, children: Sequence[int]) -> None:
        """Say what `owner` (None: the figure) holds, at most four to a sentence."""
        step, last = 4 if len(children) != 5 else 3, ""
        for start in range(0, len(children), step):
            group = children[start : start + step]
            if owner is None:
                forms = _SHOWS_MORE if start or len(self.sentences) > 1 else _SHOWS
            else:
                forms = _FURTHER if start else _INCLUDES_ONE if len(group) == 1 else _INCLUDES
            last = _pick(self.rng, [form for form in forms if form != last])
            self.say((last,), s=owner, t=group, F=self.figure, f=self.figure)

    def containment(self) -> None:
        """Say the parts of each container from the outside in, then the loose parts."""
        children: dict[int | None, list[int]] = {}
        for index, part in enumerate(self.parts):
            if part.role not in ("message", "axis", "curve"):
                children.setdefault(part.parent, []).append(index)
        queue = list(children.get(None, ()))
        whole = next((index for index in queue if index in self.told and index not in children), None)
        outer = [index for index in queue if index != whole and (whole is not None or index not in children)]
        if whole is not None or not self.told:
            self.contents(whole, self.untold(outer))
        while queue:
            index = queue.pop(0)
            inner = [child for child in children.get(index, ()) if self.tellable(child)]
            if inner and self.tellable(index):
                self.contents(index, inner)
            queue.extend(children.get(index, ()))
        self.contents(None, self.untold(outer))

    def rest(self) -> None:
        """Say whatever has not been told yet, so that no reference character of the drawing is left out."""
        known = [index for index in self.untold() if self.parts[index].known]
        if known:
            self.contents(None, known)
        numerals = list(dict.fromkeys(self.parts[index].numeral for index in self.untold()))
        self.told.update(self.untold())
        size = -(-len(numerals) // -(-len(numerals) // 6)) if numerals else 1
        for start in range(0, len(numerals), size):
            group = numerals[start : start + size]
            one = len(group) == 1
            noun = self.noun if one else f"{self.noun}s"
            self.say(_NEUTRAL_ONE if one else _NEUTRAL_MANY, n=self.series(group), e=noun, f=self.figure)

    def pad(self) -> None:
        """Close a short description with a customary remark."""
        if self.words < 60:
            remark = _pick(self.rng, _PADDING[self.scene.family])
            self.say((remark,))
            if self.words < 45:
                self.say([other for other in _PADDING[self.scene.family] if other != remark])

    def text(self) -> str:
        return " ".join(self.sentences)


def _grouped(links: Sequence[Link]) -> list[tuple[Link, list[int]]]:
    """Unlabelled links of one source and kind drawn together, in order of first appearance."""
    groups: dict[tuple[object, ...], tuple[Link, list[int]]] = {}
    for number, link in enumerate(links):
        key = (link.source, link.directed) if link.label is None else (number,)
        groups.setdefault(key, (link, []))[1].append(link.target)
    return list(groups.values())


def _sound_links(teller: _Teller) -> list[Link]:
    """The links whose two ends may be spoken of, each pair of parts once per label."""
    sound, seen = [], set()
    for link in teller.scene.links:
        pair = (frozenset((link.source, link.target)), link.label)
        if link.source != link.target and pair not in seen and all(map(teller.tellable, (link.source, link.target))):
            seen.add(pair)
            sound.append(link)
    return sound


def _connections(teller: _Teller, directed: Sequence[str], undirected: Sequence[str]) -> None:
    """State the links, those of one source together, until the description is long enough."""
    groups = _grouped(_sound_links(teller))
    while groups:
        link, targets = groups.pop(0)
        if teller.words > _BUDGET and not any(index not in teller.told for index in (link.source, *targets)):
            continue
        following = groups[0] if groups else None
        if link.label is not None:
            _carried(teller, link)
        elif (
            following is not None
            and len(targets) == len(following[1]) == 1
            and following[0].source == targets[0]
            and following[0].label is None
            and following[1][0] != link.source
            and teller.rng.random() < 0.3
        ):
            teller.say(_CHAINED, s=link.source, t=targets[0], u=groups.pop(0)[1][0])
        else:
            forms = directed if link.directed else undirected
            if len(targets) > 1:
                forms = [form for form in forms if not form.startswith("{t}")]
            teller.say(forms, s=link.source, t=targets)


def _carried(teller: _Teller, link: Link) -> None:
    """State a labelled link; a message that is a part of the scene by that name is spoken of as that part."""
    words = _label_words(link.label or "")
    named = [i for i, part in enumerate(teller.parts) if part.role == "message" and part.term == words]
    teller.say(_CARRIED, s=link.source, t=link.target, m=named[0] if named else with_article(words))


def _tell_blocks(teller: _Teller) -> None:
    teller.open(teller.root())
    teller.containment()
    _hubs(teller)
    _connections(teller, _DIRECTED, _UNDIRECTED)


def _tell_network(teller: _Teller) -> None:
    roots = [root for root in teller.roots() if not _HUB.search(teller.parts[root].term)]
    teller.open(teller.root() if teller.root() in roots else roots[0] if roots else None)
    teller.containment()
    _hubs(teller)
    _connections(teller, _UNDIRECTED, _UNDIRECTED)


def _hubs(teller: _Teller) -> None:
    """State once what a network or a bus connects, and take those links from the scene."""
    links = _sound_links(teller)
    for hub, part in enumerate(teller.parts):
        spokes = [link for link in links if hub in (link.source, link.target) and link.label is None]
        if not (part.known and _HUB.search(part.term)) or not 2 <= len(spokes) <= 6:
            continue
        others = list(dict.fromkeys(link.target if link.source == hub else link.source for link in spokes))
        if len(others) > 1:
            teller.say(_NETWORKED, s=hub, t=others)
            links = [link for link in links if link not in spokes]
    teller.scene = replace(teller.scene, links=tuple(links))


def _tell_circuit(teller: _Teller) -> None:
    teller.open(teller.root())
    teller.containment()
    links = _sound_links(teller)
    degree = Counter(end for link in links for end in (link.source, link.target))
    while links and teller.words <= _BUDGET:
        link = links.pop(0)
        second = next((other for other in links if link.source in (other.source, other.target)), None)
        if degree[link.source] != 2:
            second = None
        if link.label is not None:
            _carried(teller, link)
        elif second is not None and second.label is None:
            links.remove(second)
            other = second.target if second.source == link.source else second.source
            teller.say(_BETWEEN, s=link.source, t=link.target, u=other)
        else:
            teller.say(_WIRED, s=link.source, t=link.target)


def _tell_mechanical(teller: _Teller) -> None:
    root = teller.root()
    teller.open(root)
    if root is not None and any(part.parent is not None for part in teller.parts):
        teller.containment()
    else:
        known = [index for index in teller.untold() if teller.parts[index].known]
        teller.contents(root if root in teller.told else None, known)
    for link in _sound_links(teller):
        ends = [teller.parts[link.source], teller.parts[link.target]]
        if teller.words > _BUDGET or not all(part.known for part in ends):
            continue
        if link.label is None:
            teller.say(_FASTENED, s=link.source, t=link.target)
        else:
            teller.say((f"{{s}} is {_label_words(link.label)} {{t}}.",), s=link.source, t=link.target)


def _tell_screen(teller: _Teller) -> None:
    teller.open(teller.root())
    teller.containment()
    controls = [i for i, part in enumerate(teller.parts) if part.role == "control" and part.known]
    for index in controls:
        forms = next((forms for word, forms in _USES if teller.parts[index].term.endswith(word)), None)
        if forms is not None and teller.words < 110:
            teller.say(forms, s=index)
    _connections(teller, _DIRECTED, _UNDIRECTED)


def _measure(part: Part) -> str:
    """An axis in prose with its printed unit: "output voltage (V)"."""
    unit = re.search(r"\([^()\d]{1,12}\)$", part.printed or "")
    return f"{part.term} {unit[0]}" if unit else part.term


def _axes(teller: _Teller) -> tuple[Part | None, Part | None]:
    axes = [part for part in teller.parts if part.role == "axis"]
    return axes[0] if axes else None, axes[1] if len(axes) > 1 else None


def _graph_subject(teller: _Teller) -> str:
    horizontal, vertical = _axes(teller)
    if horizontal and vertical and horizontal.known and vertical.known:
        form = _pick(teller.rng, _RELATIONS)
        return _SLOT.sub(lambda match: vertical.term if match[1] == "y" else horizontal.term, form)
    return teller.subject()


def _tell_axes(teller: _Teller) -> None:
    horizontal, vertical = _axes(teller)
    if not (horizontal and vertical and horizontal.known and vertical.known):
        return _tell_single_axis(teller)
    characters = {key: f" {part.numeral}" if part.numeral else "" for key, part in (("a", horizontal), ("b", vertical))}
    teller.say(_AXES, h=_measure(horizontal), v=_measure(vertical), **characters)
    teller.told.update(index for index, part in enumerate(teller.parts) if part in (horizontal, vertical))


def _tell_single_axis(teller: _Teller) -> None:
    for index, part in enumerate(teller.parts):
        if part.role == "axis" and part.known:
            teller.told.add(index)
            side = "vertical" if part is _axes(teller)[1] else "horizontal"
            character = f" {part.numeral}" if part.numeral else ""
            teller.say(_SINGLE_AXES, d=side, a=character, h=_measure(part))


def _line_noun(view: str) -> str:
    """What the plotted lines of such a view are called."""
    if re.search("timing|waveform", view):
        return "waveform"
    return "bar" if re.search("bar |histogram", view) else "curve"


def _tell_graph(teller: _Teller) -> None:
    teller.opening(_GRAPH_OPENINGS, _graph_subject(teller))
    _tell_axes(teller)
    line = _line_noun(teller.scene.view)
    for index in teller.untold(i for i, part in enumerate(teller.parts) if part.role == "curve"):
        part = teller.parts[index]
        teller.told.add(index)
        if part.known:
            forms = _CURVES if part.numeral else _BARE_CURVES
            teller.say(forms, c=with_article(part.term), n=part.numeral or "", l=line)
        else:
            teller.say(_HIDDEN_CURVES, n=part.numeral, l=line)
    regions = [i for i, part in enumerate(teller.parts) if part.role not in ("axis", "curve") and part.known]
    teller.contents(None, teller.untold(regions))


class _Flow:
    """The course of a flowchart: the nodes in the order of the links, and what follows each."""

    def __init__(self, teller: _Teller) -> None:
        parts = teller.parts
        self.nodes = [i for i, part in enumerate(parts) if part.role in ("step", "decision", "terminal")]
        self.after: dict[int, list[Link]] = {index: [] for index in self.nodes}
        entered = set()
        for link in teller.scene.links:
            if link.source in self.after and link.target in self.after:
                self.after[link.source].append(link)
                entered.add(link.target)
        self.entered = entered
        self.order: list[int] = []
        stack = [index for index in self.nodes if index not in entered][:1] or self.nodes[:1]
        while stack:
            index = stack.pop()
            if index not in self.order:
                self.order.append(index)
                stack.extend(link.target for link in reversed(self.after[index]))
        self.order += [index for index in self.nodes if index not in self.order]

    def ends(self, index: int) -> bool:
        return not self.after[index]


class _FlowTeller:
    """Tells a flowchart along its course."""

    def __init__(self, teller: _Teller) -> None:
        self.teller, self.flow = teller, _Flow(teller)
        rng = teller.rng
        self.step = _pick(rng, _STEP_NOUNS)
        self.decision = _pick(rng, (self.step, f"decision {self.step}", "decision"))
        named = teller.subject()
        self.method = "process" if "process " in f"{named} " else "method"
        self.subject = named
        self.narrated: set[int] = set()

    def whole(self, root: int) -> int | str:
        """The method with the character of the part that stands for it: "a method 300 of storing a page"."""
        part = self.teller.parts[root]
        if part.known and part.term not in ("method", "process"):
            return root
        self.teller.alias[root] = self.method
        told = re.match(r"an? (?:method|process)( (?:of|for) .*)", self.subject)
        return f"{self.teller.name(root)}{told[1]}" if told else root

    def key(self, index: int) -> str | None:
        """How the text points at a node: "step 302", or by what it does where it has no reference character."""
        part = self.teller.parts[index]
        if part.numeral is not None:
            self.teller.told.add(index)
            noun = {"decision": self.decision, "terminal": "block"}.get(part.role, self.step)
            return f"{noun} {part.numeral}"
        if part.known and part.role == "step":
            return f"the step of {part.term}"
        return f"the determination of whether {part.term}" if part.known and part.role == "decision" else None

    def go(self, index: int) -> str | None:
        """The clause that the course goes on to a node, returns to it, or ends."""
        part, key = self.teller.parts[index], self.key(index)
        if part.role == "terminal" and self.flow.ends(index):
            self.narrated.add(index)
            self.teller.told.add(index)
            verb = "returns" if (part.printed or "").lower() == "return" else "ends"
            return f"the {self.method} {verb}" + (f" at {key}" if key else "")
        if key is None:
            return None
        form = _pick(self.teller.rng, _RETURNS if index in self.narrated else _PROCEEDS)
        return _SLOT.sub(lambda match: self.method if match[1] == "m" else key, form)

    def tell_terminal(self, index: int) -> None:
        part, key = self.teller.parts[index], self.key(index)
        self.teller.told.add(index)
        forms = _ENDS if index in self.flow.entered else _BEGINS
        if key:
            self.teller.say(forms, m=self.method, k=key)
        elif forms is _ENDS:
            verb = "returns" if (part.printed or "").lower() == "return" else "ends"
            self.teller.say((f"The {{m}} then {verb}.",), m=self.method)

    def tell_step(self, index: int, first: bool) -> None:
        part = self.teller.parts[index]
        self.teller.told.add(index)
        key = self.key(index) if part.numeral else None
        if part.known:
            forms = _FIRST_STEPS if key and first else _STEPS if key else _BARE_STEPS
            self.teller.say(forms, m=self.method, k=key or "", g=part.term)
        elif key:
            self.teller.say(_HIDDEN_STEPS, m=self.method, k=key)

    def tell_decision(self, index: int) -> None:
        part = self.teller.parts[index]
        self.teller.told.add(index)
        key = self.key(index) if part.numeral else None
        if part.known:
            self.teller.say(_DECISIONS if key else _BARE_DECISIONS, m=self.method, k=key or "", c=part.term)
        elif key:
            self.teller.say(_HIDDEN_DECISIONS, m=self.method, k=key)
        if part.known or key:
            self.tell_branches(part, self.flow.after[index])

    def tell_branches(self, part: Part, links: Sequence[Link]) -> None:
        ways = {(link.label or "").lower(): link.target for link in links}
        yes = next((ways[label] for label in ways if label in _AFFIRMATIVE), None)
        no = next((ways[label] for label in ways if label in _NEGATIVE), None)
        if yes is None or no is None:
            return self.tell_ways(links)
        then, otherwise = self.go(yes), self.go(no)
        if then and otherwise:
            forms = _BRANCHES if part.known else [form for form in _BRANCHES if "{c}" not in form and "so" not in form]
            return self.teller.say(forms, a=then, b=otherwise, c=part.term)
        if then:
            self.teller.say(("If so, {a}.", "If the determination is affirmative, {a}."), a=then)
        if otherwise:
            self.teller.say(("If not, {b}.", "If the determination is negative, {b}."), b=otherwise)

    def tell_ways(self, links: Sequence[Link]) -> None:
        """Branches whose labels are not a yes and a no."""
        for link in links:
            clause = self.go(link.target)
            if clause:
                lead = f'In the case of "{link.label}", ' if link.label else "In one case, "
                self.teller.say((lead + "{a}.",), a=clause)

    def tell_jump(self, index: int, following: int | None) -> None:
        """Where the course goes on from a step, unless the next sentence tells it."""
        for link in self.flow.after[index]:
            if link.target != following:
                clause = self.go(link.target)
                if clause:
                    self.teller.say(("{a}.", "From there, {a}.", "Thereafter, {a}."), a=clause)

    def run(self) -> None:
        order = self.flow.order
        for position, index in enumerate(order):
            role = self.teller.parts[index].role
            following = next((i for i in order[position + 1 :] if i not in self.narrated), None)
            if index in self.narrated:
                continue
            self.narrated.add(index)
            if role == "decision":
                self.tell_decision(index)
                continue
            if role == "terminal":
                self.tell_terminal(index)
            else:
                self.tell_step(index, first=len(self.teller.sentences) == 1)
            self.tell_jump(index, following)


_FLOW_OPENINGS = tuple(form for form in _OPENINGS if "provided" not in form)


def _tell_flowchart(teller: _Teller) -> None:
    flow = _FlowTeller(teller)
    roots = teller.roots()
    teller.opening(_FLOW_OPENINGS, flow.whole(roots[0]) if roots else flow.subject)
    flow.run()


_TELLERS = {
    "block_diagram": _tell_blocks,
    "flowchart": _tell_flowchart,
    "network": _tell_network,
    "graph": _tell_graph,
    "circuit": _tell_circuit,
    "screen": _tell_screen,
    "mechanical": _tell_mechanical,
}


def brief(scene: Scene, rng: Random) -> str:
    """The sentence of the brief description of the drawings, 10 to 35 words."""
    teller = _Teller(scene, rng)
    subject = _graph_subject(teller) if scene.family == "graph" else teller.subject()
    form = _pick(rng, _BRIEFS[scene.family])
    told = form.count(" ") + subject.count(" ") + scene.view.count(" ")
    bare = "constructed" not in form and "embodiment" not in form and told > 8 and rng.random() < 0.35
    tail = "" if bare or ("embodiment" in subject) else _pick(rng, _TAILS)
    slots = {**teller.known_view(), "s": subject, "x": tail}
    text = _SLOT.sub(lambda match: slots[match[1]], form).replace(" .", ".")
    return _capital(text)


def detailed(scene: Scene, rng: Random) -> str:
    """The paragraph of the detailed description, about 10 to 14 words for each part."""
    teller = _Teller(scene, rng)
    _TELLERS[scene.family](teller)
    teller.rest()
    teller.pad()
    return teller.text()


def describe(scene: Scene, rng: Random) -> tuple[str, str]:
    """The brief and the detailed description of a scene; the same for the same state of `rng`."""
    if scene.family not in _TELLERS:
        raise ValueError(f"unknown family {scene.family!r}: use one of {', '.join(_TELLERS)}")
    return brief(scene, rng), detailed(scene, rng)


def kind_of(text: str) -> str | None:
    """The family that a description's words for the view tell, None where they tell none."""
    match = _KIND.search(text)
    if match is not None:
        return match.lastgroup
    if re.search(r"\b(?:method|process) (?:for|of)\b", text):
        return "flowchart"
    return "graph" if re.search(r"\bdiagram\b", text) else None
