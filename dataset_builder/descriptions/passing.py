"""Whether a sentence speaks of a figure that it names, opens with it, or names it in passing."""

from __future__ import annotations

import re

_PASSING = re.compile(
    "|".join(
        (
            # taken along line 4-4 of FIG. 3
            r"\b(?:along|on|at|through|from|direction of)\s+(?:the\s+)?(?:\w+\s+)?(?:lines?|planes?|arrows?|axis)\s+"
            r"\S{1,12}(?:\s*[-–—]+\s*\S{1,8})?\s+(?:of|in|from)\s*$",
            # similar to that shown in FIG. 2
            r"\b(?:similar|similarly|identical|identically|analogous|analogously|equivalent|corresponds?\s+to|"
            r"corresponding\s+to|like|unlike|same|contrast|compar\w+|than|differ\w*|opposed)\b[^.;,]{0,40}$",
            # as described above with reference to FIG. 5
            r"\b(?:above|previously|already|earlier|before|preceding)\b[^.;,]{0,60}$",
            r"\b(?:as|was|were|been)\s+(?:\w+ly\s+)?(?:described|discussed|explained|mentioned|set forth|outlined)\b"
            r"[^.;,]{0,60}$",
            # the lid 12 of FIG. 1
            r"\d\w*'?\)?\s+of\s*$",
        )
    ),
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"[(\[](?:see|cf\.?|refer to|also|e\.g\.,?|as in|as shown in|shown in|\s){0,4}$|"
    r"\w*\d\w*'?\s+(?:shown|illustrated|depicted|seen)\s+in\s*$",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\W*(?:(?:now|next|then|turning|referring|with|in|by|reference|made|is|to|again|first|as|shown|illustrated|seen|"
    r"depicted|further|also|specifically|particularly)\W+){0,6}",
    re.IGNORECASE,
)


def speaks_of(sentence: str, start: int) -> bool:
    """Whether the naming at `start` of a sentence is what the sentence is about, and no passing reference.

    In passing a text names a figure that something else is compared with ("similar to FIG. 2"), cut along or seen from
    ("line 4-4 of FIG. 3"), described elsewhere ("as described with FIG. 5"), or whose part it borrows ("the lid 12 of
    FIG. 1").
    """
    return not _PASSING.search(sentence[max(0, start - 120) : start])


def is_aside(sentence: str, start: int) -> bool:
    """Whether the naming only says where a part is drawn: "the rod 12 (FIG. 3)", "the rod 12 shown in FIG. 3"."""
    return bool(_ASIDE.search(sentence[max(0, start - 48) : start]))


def opens_with(sentence: str, start: int) -> bool:
    """Whether a sentence opens with the naming at `start`: "FIG. 3 shows", "Referring now to FIG. 3", "In FIG. 3"."""
    return start <= 60 and bool(_OPENING.fullmatch(sentence[:start]))
