"""Reference characters and figure numbers in prose, ranges and lists expanded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "′": "'", "`": "'", "´": "'", "″": '"', "”": '"', "“": '"', "‐": "-", "‑": "-", "−": "-"}
)
_BLANK = "\ue000"  # stands for what has been read
# What a numeral is written with. A reference character is always a whole run, here and in grounded decoding.
RUN = re.compile(r"(?:[^\W_]|['\"\-])+")
UNITS = (
    "mm cm nm um μm µm km mg kg ml mL ms ns us μs µs ps sec secs usec μsec msec nsec hr hrs min mins Hz KHz kHz "
    "MHz GHz dB dBm kV mV μV mA μA µA kW mW MW GB MB KB kB TB Gb Mb Kb kb bp pF nF uF μF µF nH uH mH kΩ MΩ Ω ohm "
    "rpm ppm psi Pa kPa MPa eV keV MeV deg degrees degree °C °F °K percent inch inches ft feet bit bits byte "
    "bytes Kbps Mbps Gbps kbps bps seconds second minutes minute hours hour days day weeks week months month "
    "years year times pixels pixel px volts volt amps amperes watts ohms meters meter microns micron angstroms "
    "kDa mol mM μM µM nM fold nucleotides nt people percentile"
).split()


@dataclass(frozen=True)
class Reference:
    """A reference in a text: kind "character" or "figure", its plain text, and the span it was read from."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Item:
    """A numeral taken apart: S302, 110-1, 10A, 3(a) -> prefix, number, suffix, branch, prime."""

    prefix: str
    number: int
    suffix: str = ""
    branch: str = ""
    prime: str = ""

    @property
    def text(self) -> str:
        return f"{self.prefix}{self.number}{self.suffix}{self.branch}{self.prime}"


def plain_character(text: str) -> str:
    """One form for the primes, quotes and hyphens a character may be written with: 7′ -> 7', 110‑1 -> 110-1."""
    return text.translate(PLAIN).replace("''", '"')


def run_start(text: str) -> int:
    """Where the run at the end of `text` starts; its length where it ends otherwise."""
    start = len(text)
    while start and RUN.match(text[start - 1]):
        start -= 1
    return start


_FIGURE_HEAD = re.compile(
    r"(?<![A-Za-z0-9])(?:FIG(?:URE)?(?P<many>S)?|[Ff]ig(?:ure)?(?P<few>s)?)(?![A-Za-z])\.?\s{0,3}"
)
_FIGURE_ITEM = re.compile(
    r"(?P<prefix>)(?P<number>\d{1,3})(?P<suffix>[A-Z]{1,2}|[a-z]{1,2})?(?P<branch>\([A-Za-z0-9]{1,4}\))?"
    r"(?P<prime>'{1,2}|\")?(?![^\W_])"
)
_FIGURE_BRANCH = re.compile(r"-\d{1,2}[A-Za-z]?(?![^\W_])")
_ROMAN_LABEL = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})[A-H]?(?![^\W_]|['\"\-])")
_CHARACTER_ITEM = re.compile(
    r"(?P<prefix>LED|REG|MUX|AMP|INV|FET|BUF|CON|REF|[A-Z]{1,2}|[a-z])?(?P<number>\d{1,6})"
    r"(?P<suffix>[A-Z]{1,2}|[a-z]{1,2})?(?P<branch>(?:-\d{1,6}[A-Za-z]?|(?<=\d\d\d)-[a-z])(?![^\W_]))?"
    r"(?P<prime>'{1,2}(?![A-Za-z])|\")?"
    r"(?![\w%°]|['\"](?![A-Za-z])|-\d|-[A-Za-z]{2}|\(?s\))"
)
_RANGE = re.compile(r"[-–—]|\s[-–—]\s|\s+(?P<word>to|through|thru)\s+")
_LIST = re.compile(r"\s?[,;]\s*(?:(?P<last>and|or|and/or)\s+)?|\s+(?P<only>and/or|and|or|&)\s+|/(?=\w)")
_LETTER = re.compile(r"[A-Za-z](?![^\W_]|['\"\-]|\.[A-Za-z])")
_BRACKET = re.compile(r"\([A-Za-z0-9]{1,4}\)(?![^\W_])")


def _item(match: re.Match) -> Item:
    fields = match.groupdict("")
    return Item(fields["prefix"], int(fields["number"]), fields["suffix"], fields["branch"], fields["prime"])


def parse_character(text: str) -> Item | None:
    """A reference character taken apart, None for any other text."""
    match = _CHARACTER_ITEM.fullmatch(text)
    return _item(match) if match else None


def parse_label(text: str) -> Item | None:
    """A figure label taken apart, None for a Roman one or any other text."""
    match = _FIGURE_ITEM.match(text)
    if match is None:
        return None
    item, end = _figure_branch(text, _item(match), match.end())
    return item if end == len(text) else None


# --- ranges ----------------------------------------------------------------------------------------------------------


def expand(first: Item, last: Item, figure: bool) -> list[str]:
    """Everything a range names, its ends included; the two ends alone when no plausible rule joins them.

    1A-1D and 3(a)-3(c) run through the letters, 110-1 to 110-4 through the branches. Figures run by one, at most 60,
    and keep a letter that both ends have (4A-12A).
    Characters run by ten when both ends are multiples of ten from 100 on and at least 20 apart, by two when both are
    even from 10 on (from 100 on behind a letter: S302-S306, but R12-R16), else by one; at most 26. Ends that fall under
    no rule stay two references.
    """
    ends = [first.text, last.text]
    if first.prefix != last.prefix or first.prime != last.prime:
        return ends
    if first.number == last.number:
        return _by_letter(first, last) or ends
    if first.suffix != last.suffix or first.branch or last.branch or last.number <= first.number:
        return ends
    if first.suffix and not figure:
        return ends
    numbers = range(first.number, last.number + 1, 1 if figure else _step(first, last))
    expanded = [f"{first.prefix}{number}{first.suffix}{first.prime}" for number in numbers]
    return expanded if len(expanded) <= (60 if figure else 26) else ends


def _step(first: Item, last: Item) -> int:
    low, high = first.number, last.number
    if low >= 100 and low % 10 == 0 and high % 10 == 0 and high - low >= 20:
        return 10
    return 2 if low >= (100 if first.prefix else 10) and low % 2 == 0 and high % 2 == 0 else 1


def _by_letter(first: Item, last: Item) -> list[str]:
    """The members of a range over the suffix (1A-1D), the bracket (3(a)-3(c)) or the branch (110-1 to 110-4)."""
    stem = f"{first.prefix}{first.number}"
    if first.branch and last.branch and first.suffix == last.suffix:
        left, right = (item.branch.strip("-()") for item in (first, last))
        opening, closing = ("(", ")") if first.branch[0] == "(" else ("-", "")
        return [f"{stem}{first.suffix}{opening}{each}{closing}" for each in _between(left, right)]
    if first.branch or last.branch:
        return []
    return [f"{stem}{each}{first.prime}" for each in _between(first.suffix, last.suffix)]


def _between(left: str, right: str) -> list[str]:
    if left.isdigit() and right.isdigit() and int(left) < int(right) <= int(left) + 25:
        return [str(n) for n in range(int(left), int(right) + 1)]
    if len(left) == len(right) == 1 and left.isalpha() and right.isalpha() and left.isupper() == right.isupper():
        return [chr(n) for n in range(ord(left), ord(right) + 1)]
    return []


@dataclass
class _Chain:
    """The references of one list, as they are read: "2A, 2B and 3-5"."""

    kind: str
    found: list[Reference]
    last: Item
    start: int
    end: int

    def add(self, item: Item, start: int, end: int) -> None:
        self.found.append(Reference(self.kind, plain_character(item.text), start, end))
        self.last, self.start, self.end = item, start, end

    def run_to(self, item: Item, start: int, end: int) -> None:
        """The range from the last item to `item`; what lies between is read from the whole of it."""
        texts = expand(self.last, item, self.kind == "figure")
        between = [Reference(self.kind, plain_character(text), self.start, end) for text in texts[1:-1]]
        self.found += between
        self.add(item, start, end)


def _short(text: str, at: int, last: Item) -> tuple[Item, int] | None:
    """The "B" of "2A and B" and the "(b)" of "3(a) and (b)" as a full item, and where it ends."""
    bracket = _BRACKET.match(text, at)
    if bracket and last.branch.startswith("("):
        return Item(last.prefix, last.number, last.suffix, bracket.group()), bracket.end()
    letter = _LETTER.match(text, at)
    if letter is None or len(last.suffix) != 1 or last.branch or last.prime:
        return None
    if letter.group().isupper() != last.suffix.isupper() or letter.group() <= last.suffix:
        return None
    return Item(last.prefix, last.number, letter.group()), letter.end()


# --- figures ---------------------------------------------------------------------------------------------------------


def _figures(text: str) -> Iterator[tuple[list[Reference], int, int]]:
    """Each figure reference of `text` with the span of its whole list."""
    for head in _FIGURE_HEAD.finditer(text):
        chain, _ = _last_list(text, head)
        if chain:
            yield chain.found, head.start(), chain.end
        elif roman := _ROMAN_LABEL.match(text, head.end()):
            yield [Reference("figure", roman.group(), *roman.span())], head.start(), roman.end()


@dataclass(frozen=True)
class Opening:
    """A place where a numeral would be a figure's: right after "FIG." (`last` None), or after a separator in a list."""

    last: Item | None
    ranged: bool = False
    joined: bool = False
    many: bool = False

    def takes(self, item: Item) -> bool:
        """Whether `item`, written here, is read as a figure."""
        return self.last is None or figure_follows(self.last, item, self.ranged, self.joined, self.many)


def figure_list(text: str) -> tuple[int, int] | None:
    """Where the last figure reference of `text` starts, and where its list has got to."""
    heads = list(_FIGURE_HEAD.finditer(text))
    if not heads:
        return None
    chain, _ = _last_list(text, heads[-1])
    return heads[-1].start(), chain.end if chain else heads[-1].end()


def figure_opening(text: str) -> Opening | None:
    """The opening for a figure at the end of `text`, None where a numeral would be a reference character."""
    heads = list(_FIGURE_HEAD.finditer(text))
    if not heads:
        return None
    if heads[-1].end() == len(text):
        return Opening(None)
    chain, many = _last_list(text, heads[-1])
    if chain is None:
        return None
    between = _RANGE.fullmatch(text, chain.end) or _LIST.fullmatch(text, chain.end)
    if between is None or between.group() == "/":
        return None
    ranged = between.re is _RANGE
    return Opening(chain.last, ranged, not ranged and bool(between["last"] or between["only"]), many)


def _last_list(text: str, head: re.Match) -> tuple[_Chain | None, bool]:
    first = _FIGURE_ITEM.match(text, head.end())
    if first is None:
        return None, False
    item, end = _figure_branch(text, _item(first), first.end())
    chain = _Chain("figure", [], item, first.start(), end)
    chain.add(item, first.start(), end)
    return chain, _continue_figures(text, chain, bool(head["many"] or head["few"]))


def _figure_branch(text: str, item: Item, end: int) -> tuple[Item, int]:
    """FIG. 3-1 is a label of its own when what follows the hyphen is smaller than the number; else a range follows."""
    branch = _FIGURE_BRANCH.match(text, end)
    if branch is None or int(re.search(r"\d+", branch.group()).group()) > item.number or item.suffix or item.branch:
        return item, end
    return Item("", item.number, "", branch.group()), branch.end()


def _continue_figures(text: str, chain: _Chain, many: bool) -> bool:
    """Read the list on to its end; whether the list was still open to any further figure there."""
    while True:
        between = _RANGE.match(text, chain.end) or _LIST.match(text, chain.end)
        if between is None or between.group() == "/":
            return many
        ranged = between.re is _RANGE
        match = _FIGURE_ITEM.match(text, between.end())
        short = None if match else _short(text, between.end(), chain.last)
        if match is None and short is None:
            return many
        item, end = _figure_branch(text, _item(match), match.end()) if match else short
        joined = not ranged and bool(between["last"] or between["only"])
        if not figure_follows(chain.last, item, ranged, joined, many):
            return many
        (chain.run_to if ranged else chain.add)(item, between.end(), end)
        if joined:
            many = False


def figure_follows(last: Item, item: Item, ranged: bool, joined: bool, many: bool) -> bool:
    """Whether a number after a figure label goes on the list of figures, or is a reference character.

    After FIGS. it does, until "and"; after FIG. or that "and" only a range upwards, the same figure (4A, 4B) or, joined
    by "and", one of the next three ("FIG. 3 and 4").
    """
    upwards = item.number > last.number or (item.number == last.number and item.text != last.text)
    if ranged:
        return upwards
    return many or (item.number == last.number and upwards) or (joined and last.number < item.number <= last.number + 3)


# --- what is no reference --------------------------------------------------------------------------------------------

_MONTHS = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_SERIES = (
    r"\d+[A-Za-z]?(?:(?:\s*(?:,|-|–|&|and|or|to|through)\s*){1,4}\d+[A-Za-z]?){0,30}"  # bounded: tables of numbers
)
_UNIT = "|".join(sorted(map(re.escape, set(UNITS)), key=len, reverse=True))
_NO_REFERENCE = re.compile(
    "|".join(
        (
            rf"{_MONTHS}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?(?!\w)",
            rf"\d{{1,2}}\s+{_MONTHS}\s+\d{{4}}|{_MONTHS},?\s+\d{{4}}",
            r"(?i:\bclaims?\s+)" + _SERIES,
            r"(?i:\b(?:serial|ser\.|pat\.|patent|application|publication|publ?\.)\s+(?:nos?\.?|numbers?):?\s*)"
            r"(?:[A-Z]{2}\s?)?[\d/,.\-]+\d",
            r"(?i:\b(?:serial|ser\.|pat\.|publ?\.)\s+)(?:[A-Z]{2}\s?)?[\d/,.\-]+\d",
            r"(?i:\b(?:patent|application|publication):?\s+)(?:[A-Z]{2}\s?)?(?=\d+[/,.]\d|\d{5})[\d/,.\-]+\d",
            r"(?:\b(?:Nos?|NOS?)\b\.?|#)\s*:?\s*\d[\d/,.\-]*",
            r"\b(?:Tables?|TABLES?|[Ee]xamples?|EXAMPLES?|[Ee]mbodiments?|EMBODIMENTS?|[Ee]quations?|Eqs?\.?|"
            r"[Ff]ormulae?|[Ff]ormulas|"
            r"[Ee]xpressions?|[Cc]hapters?|[Pp]ages?|pp?\.|[Vv]ersions?|[Tt]ypes?|[Aa]ppendix|Lemma|Theorem|[Dd]ays?|"
            rf"SEQ ID NOS?:?|NOS?:|§+|ISO|IEEE|RFC|[Ww]indows|Release|Rel\.)\s*\(?{_SERIES}\)?",
            r"\b[Ll]ines?\s+(?P<plane>\w+'*)\s?(?:-|–|—)+\s?(?P=plane)(?!\w)",
            rf"(?<![\w.-]){_SERIES}\s*-?\s*(?:(?:{_UNIT})(?![A-Za-z])|"
            r"(?:weight|wt|mol|vol|volume)?[.\s-]*%|°|(?<=\s)[VWKLΩ](?![\w'\-]))",
            r"(?<![\w,\-])\d{1,3}(?:,\d{3})+(?![\d])",
            r"(?<!\w)\d*\.\d+(?:\.\d+)*\w*",
            r"(?<!\w)\d+(?:\.\d+)+\w*",
            r"\d+:\d+",
            r"(?<!\w)\d{1,2}/\d{1,4}(?!\w)",
            r"(?<!\w)\d+(?:st|nd|rd|th|s)\b",
            r"[=<>≤≥≈±×*^+$€£]\s*-?\d[\w.]*",
            r"(?<![\w'\-])\d[\d\-]*\s*[=<>≤≥≈±×*^+](?=\s*\S)",
            r"(?i:\b(?:in|since|year|during|by|until|before|after)\s+)(?:19|20)\d\d(?!\w)",
            r"\b[1-4]-?D\b|\b[2-5]G\b|\b(?:CO|NO|SO|H|O|N)2O?\b|\bMP[34]\b|\bI2C\b|\bIPv[46]\b|\bB[12]\b(?=[,.;)])",
            r"\b(?:US|WO|EP|JP)\s?\d[\d/,]*\w*(?:\s[AB]\d)?",
        )
    )
)

_FUNCTION_WORDS = frozenset(
    "a an the of in at to by with from for on into onto and or nor but as is are was were be been being has have "
    "had that which this these those its their if when while where whose via between among through per than then "
    "thus it may can could should will would must not no so such also within without toward towards across along "
    "over under above below after before during until upon about there here both either each".split()
)
_QUANTITY_WORDS = frozenset(
    "about approximately around than least most nearly roughly exactly only every all another other some any "
    "first last next over under equals equal substantially having comprising comprises comprise including "
    "includes include uses using use contains containing contain requires each these those additional further up "
    "between value values number total almost above below exceeds exceeding within per after".split()
)
_VERBS = frozenset(
    "denotes denote indicates indicate designates designate represents represent refers refer shows show "
    "identifies".split()
)
_POINTING = re.compile(
    r"(?:shown|indicated|designated|illustrated|depicted|denoted|seen|identified|represented|labeled|referenced|marked)"
    r"\s+(?:\w+ly\s+)?(?:at|by|as|with)\s*$"
)


def _hidden(text: str) -> str:
    """`text` with everything that is certainly no reference character blanked, every position kept.

    Runs are blanked whole: the rest of one would read as a character of its own.
    """
    for found in _NO_REFERENCE.finditer(text):
        if not _looks_like_thousands(found.group()):
            start, end = _whole_runs(text, *found.span())
            text = f"{text[:start]}{_BLANK * (end - start)}{text[end:]}"
    return text


def _looks_like_thousands(found: str) -> bool:
    """Whether `found` is a list of two in spite of its look of thousands: 102,104."""
    pair = re.fullmatch(r"(\d{3}),(\d{3})", found)
    return bool(pair) and int(pair[1]) < int(pair[2]) <= int(pair[1]) + 50


def _whole_runs(text: str, start: int, end: int) -> tuple[int, int]:
    """The span widened to the ends of the runs that it cuts."""
    if RUN.match(text, start):
        start = run_start(text[:start])
    if RUN.match(text[end - 1]) and (rest := RUN.match(text, end)):
        end = rest.end()
    return start, end


def _next_word(text: str, end: int) -> str:
    match = re.match(r"\s+([A-Za-z][\w'-]*)", text[end : end + 40])
    return match.group(1) if match else ""


def _stands_free(text: str, end: int) -> bool:
    """Whether what follows a number is no noun that it could count."""
    word = _next_word(text, end)
    return not word or word in _FUNCTION_WORDS or word in _VERBS or word.endswith(("ed", "ing"))


def _opens(text: str, item: Item, start: int, end: int) -> bool:
    """Whether a number or designator opens a list of reference characters, by the words around it.

    It does after a noun ("the housing 12", "the bus (BUS) 12", "housing (12)"); after a function word only with three
    digits or a letter and no noun behind that it could count ("as in 302,"); at the start of a sentence before a verb.
    """
    before = text[max(0, start - 60) : start].rstrip()
    if not before or before[-1] in ".,:;!?" + _BLANK:
        return bool(item.prefix.isupper()) or (_next_word(text, end) in _VERBS | {"is", "are"})
    if item.prefix.isupper():
        return True
    if before[-1] in "([":
        inner = re.search(r"(?<!\w)([A-Za-z][\w-]*)\s*[(\[]$|(\d\w*)\s[(\[]$", before)
        return bool(inner) and inner[1] not in _FUNCTION_WORDS and re.match(r"\s*[,;)\]]|\s+(?:and|or|to)", text[end:])
    if before[-1] in ")]\"'":
        return True
    word = re.search(r"[A-Za-z][\w'/-]*$", before)
    if word is None:
        return False
    name = word.group()
    if name not in _FUNCTION_WORDS and name not in _QUANTITY_WORDS:
        return True
    if item.prefix:
        return name not in ("a", "an", "the", "than")
    if not _stands_free(text, end) or name in _QUANTITY_WORDS and name not in _FUNCTION_WORDS:
        return False
    return bool(_POINTING.search(before)) or (name != "than" and (item.number >= 100 or bool(item.suffix)))


def _follows(text: str, last: Item, item: Item, end: int) -> bool:
    """Whether a number after a separator goes on the list; "rod 12 and 3 bolts" ends before its 3."""
    shorter = len(str(item.number)) < len(str(last.number)) and not item.suffix and not item.prefix
    return item.number > 0 and not (shorter and not _stands_free(text, end))


def _split_branch(match: re.Match) -> tuple[Item, Item | None, int]:
    """110-1 and 115-a are one character; 302-306, 110a-110c, R1-4 are ranges: their ends and where the first ends."""
    item = _item(match)
    if not item.branch:
        return item, None, match.end()
    digits, letter = re.fullmatch(r"-(\d*)([A-Za-z]?)", item.branch).groups()
    if not digits:
        return item, None, match.end()
    plain = Item(item.prefix, item.number, item.suffix, "", "")
    same_figure = int(digits) == item.number and letter > item.suffix
    upwards = int(digits) > item.number and len(digits) >= len(str(item.number))
    if same_figure and bool(letter) == bool(item.suffix) or upwards or int(digits) == item.number and not letter:
        return plain, Item(item.prefix, int(digits), letter, "", item.prime), match.start("branch")
    return item, None, match.end()


def _characters(text: str) -> Iterator[Reference]:
    """The reference characters of a text whose figures and quantities are blanked."""
    at = 0
    while match := _CHARACTER_START.search(text, at):
        item, until, end = _split_branch(match)
        at = match.end()
        zero = match["number"].startswith("0") and not item.prefix
        if zero or item.number == 0 and not item.prefix or not _opens(text, item, match.start(), match.end()):
            continue
        chain = _Chain("character", [], item, match.start(), end)
        chain.add(item, match.start(), end)
        if until and until.text != item.text:
            chain.run_to(until, end + 1, match.end())
        chain.end = match.end()
        _continue_characters(text, chain, match.start())
        yield from chain.found
        at = max(at, chain.end)


_CHARACTER_START = re.compile(r"(?<![\w$#@+*=<>^.°/'\-\\])" + _CHARACTER_ITEM.pattern)


def _continue_characters(text: str, chain: _Chain, start: int) -> None:
    plural = bool(re.search(r"[a-z]s\s*$", text[max(0, start - 30) : start]))
    while True:
        between = _RANGE.match(text, chain.end) or _LIST.match(text, chain.end)
        if between is None:
            return
        ranged = between.re is _RANGE
        match = _CHARACTER_ITEM.match(text, between.end())
        short = None if match else _short(text, between.end(), chain.last)
        if match is None and short is None:
            return
        item, until, end = _split_branch(match) if match else (short[0], None, short[1])
        if not _follows(text, chain.last, item, match.end() if match else end):
            return
        upwards = ranged and (between["word"] != "to" or plural)
        (chain.run_to if upwards else chain.add)(item, between.end(), end)
        if until:
            chain.run_to(until, end + 1, match.end())
        chain.end = match.end() if match else end
        plural = plural or not ranged


def find_references(text: str) -> list[Reference]:
    """The figures and reference characters a text names, in its order.

    "FIGS. 2A-2C", "FIGS. 1, 2 and 4A", "FIG. 3(a)", "110a-110c", "102, 104 and 106", "10A, B" are expanded (see
    `expand`); what a range names between its ends carries the span of the whole range. Quantities, dates, years,
    claims, tables, examples, patent numbers, section lines and decimals are no references. A range with "to" is
    expanded only after a plural or within a list ("steps 302 to 306", not "from node 102 to 106").
    """
    plain = text.translate(PLAIN)
    found: list[Reference] = []
    for references, start, end in _figures(plain):
        found += references
        plain = plain[:start] + _BLANK * (end - start) + plain[end:]
    found += _characters(_hidden(plain))
    return sorted(found, key=lambda reference: (reference.start, reference.end))


def named_characters(text: str) -> set[str]:
    """The reference characters that a text uses."""
    return {found.text for found in find_references(text) if found.kind == "character"}
