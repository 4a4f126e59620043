"""Words and descriptions of drawn figures: complete, grounded, disjoint between the splits."""

import re
from functools import cache
from random import Random

import pytest

from dataset_builder.synthetic import vocabulary
from dataset_builder.synthetic.lexicon import RESERVED, RESERVED_WORDING, SEEN, SEEN_WORDING
from dataset_builder.synthetic.phrasing import VIEW_NOUNS, describe, kind_of
from dataset_builder.synthetic.scene import FAMILIES, Link, Part, Scene

SCENES_PER_FAMILY = 150
UNIT_AND_FUNCTION_WORDS = {"with", "above", "beneath", "beside"}


class SceneMaker:
    """Random scenes with printed, listed and unknown parts, numbered and not."""

    def __init__(self, seed: int, split: str = "train") -> None:
        self.rng, self.split = Random(seed), split

    def part(self, term: str, role: str, parent: int | None = None) -> Part:
        rng = self.rng
        how = rng.choice(("printed", "printed", "listed", "unknown"))
        if how == "unknown":
            term = f"zzz {term}"
        numeral = next(self.numerals) if rng.random() < 0.9 or how == "listed" else None
        return Part(term, numeral, term.upper() if how == "printed" else None, role, parent, how == "listed")

    def scene(self, family: str) -> Scene:
        rng, self.technology = self.rng, vocabulary.technology(self.rng, self.split)
        first, style = rng.choice((10, 100, 302)), rng.choice(("{}", "{}", "S{}", "{}a", "10-{}"))
        self.numerals = (style.format(first + 2 * i) for i in range(1000))
        parts, links = getattr(self, "flow" if family == "flowchart" else "graph" if family == "graph" else "things")(
            family
        )
        subject = vocabulary.subject(rng, self.split, family, self.technology)
        label, known = rng.choice((None, "1", "3A", "12")), rng.random() < 0.5
        view = rng.choice(VIEW_NOUNS[family])
        return Scene(family, view, label, subject if known else f"a zzz {subject}", known, tuple(parts), tuple(links))

    def things(self, family: str) -> tuple[list[Part], list[Link]]:
        rng, split = self.rng, self.split
        parts = []
        if rng.random() < 0.6:
            parts.append(self.part(vocabulary.container(rng, split, self.technology), "container"))
        inside = 0 if parts else None
        if family == "screen":
            names = [item.term for item in self.distinct(vocabulary.screen_control)]
        elif family == "mechanical":
            names = vocabulary.distinct(lambda: vocabulary.mechanical_part(rng, split), rng.randint(1, 9))
        else:
            names = self.distinct(vocabulary.component)
        role = "control" if family == "screen" else "component"
        parts += [self.part(name, role, inside if rng.random() < 0.8 else None) for name in names]
        if family == "circuit":
            parts.append(Part("resistor", None, "R1", "element"))
        ends = range(len(parts))
        label = vocabulary.message(rng, split).upper()
        links = [
            Link(rng.choice(ends), rng.choice(ends), rng.choice((None, None, label)), rng.random() < 0.5)
            for _ in range(0 if family in ("screen", "mechanical") else rng.randint(0, 14))
        ]
        return parts, links

    def distinct(self, make: object) -> list:
        return vocabulary.distinct(lambda: make(self.rng, self.split, self.technology), self.rng.randint(1, 10))

    def flow(self, family: str) -> tuple[list[Part], list[Link]]:
        rng, split = self.rng, self.split
        parts = [Part("start", rng.choice((None, next(self.numerals))), "START", "terminal")]
        for _ in range(rng.randint(2, 9)):
            if rng.random() < 0.3:
                parts.append(self.part(vocabulary.decision(rng, split, self.technology).clause, "decision"))
            else:
                parts.append(self.part(vocabulary.step(rng, split, self.technology).gerund, "step"))
        parts.append(Part("end", rng.choice((None, next(self.numerals))), "END", "terminal"))
        links = []
        for index, part in enumerate(parts[:-1]):
            decides = part.role == "decision"
            links.append(Link(index, index + 1, "YES" if decides else None))
            if decides:
                links.append(Link(index, rng.randrange(1, len(parts)), "NO"))
        return parts, links

    def graph(self, family: str) -> tuple[list[Part], list[Link]]:
        rng, split = self.rng, self.split
        axes = [vocabulary.axis(rng, split, independent) for independent in (True, False)]
        parts = [Part(axis.term, None, axis.printed, "axis") for axis in axes[: rng.choice((1, 2, 2))]]
        names = vocabulary.distinct(lambda: vocabulary.curve(rng, split), rng.randint(1, 4))
        return parts + [self.part(name, "curve") for name in names], []


@cache
def scenes(family: str, split: str = "train", count: int = SCENES_PER_FAMILY) -> list[tuple[Scene, str, str]]:
    maker = SceneMaker(FAMILIES.index(family), split)
    made = [maker.scene(family) for _ in range(count)]
    return [(scene, *describe(scene, maker.rng)) for scene in made]


def character(text: str) -> str:
    return rf"(?<![\w-]){re.escape(text)}(?![\w-])"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_reference_character_is_told(family):
    for scene, _, detailed in scenes(family):
        for part in scene.parts:
            if part.numeral is not None:
                assert re.search(character(part.numeral), detailed), (part, detailed)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_digit_comes_from_elsewhere(family):
    for scene, brief, detailed in scenes(family):
        marks = [part.numeral for part in scene.parts if part.numeral] + ["R1"]
        text = f"{brief} {detailed}".replace(f"FIG. {scene.label}", "")
        for mark in sorted(marks, key=len, reverse=True):
            text = re.sub(character(mark), "", text)
        assert not re.search(r"\d", text), text
        assert not re.search(r"\d", brief.replace(f"FIG. {scene.label}", "")), brief


@pytest.mark.parametrize("family", FAMILIES)
def test_names_are_told_only_where_they_can_be_known(family):
    for scene, brief, detailed in scenes(family):
        assert "zzz" not in brief + detailed, (brief, detailed)
        for part in scene.parts:
            if part.known and part.numeral and part.role not in ("terminal", "axis"):
                assert part.term.lower() in detailed.lower(), (part, detailed)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_figure_is_called_by_its_label(family):
    for scene, brief, detailed in scenes(family):
        called = re.findall(r"FIGS?\.\s*(\S+?)(?=[\s.,;]|$)", f"{brief} {detailed}")
        assert set(called) == ({scene.label} if scene.label else set()), (called, brief)
        if scene.label is None:
            assert re.search(r"\b(?:figure|drawing)\b", brief, re.IGNORECASE)
            assert re.search(r"\b(?:figure|drawing)\b", detailed, re.IGNORECASE)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_brief_tells_the_kind_of_figure(family):
    made = scenes(family)
    assert sum(kind_of(brief) == family for _, brief, _ in made) >= 0.97 * len(made)


@pytest.mark.parametrize("family", FAMILIES)
def test_lengths(family):
    for _, brief, detailed in scenes(family):
        assert 10 <= len(brief.split()) <= 35, brief
        assert 30 <= len(detailed.split()) <= 260, detailed


@pytest.mark.parametrize("family", FAMILIES)
def test_sentences_are_well_formed(family):
    for _, brief, detailed in scenes(family):
        text = f"{brief} {detailed}"
        assert not re.search(r"\s{2}|\s[.,;]|\.\.|,,|[{}]|\bNone\b", text), text
        assert not re.search(r"\ba (?:a|an|the)\b|\bthe (?:a|an|the) ", text), text
        assert all(sentence[0].isupper() for sentence in re.split(r"(?<!FIG)\. ", text)), text


def test_first_mention_takes_an_indefinite_article():
    memory, host = Part("memory", "12", "MEMORY"), Part("I/O host", "14", "I/O HOST")
    scene = Scene("block_diagram", "block diagram", "1", "a computer", True, (memory, host), (Link(0, 1),))
    for seed in range(50):
        _, detailed = describe(scene, Random(seed))
        assert re.search(r"\ba memory 12", detailed, re.IGNORECASE)
        assert re.search(r"\ban I/O host 14", detailed, re.IGNORECASE)
        assert detailed.lower().count("a memory 12") == 1
        assert "the memory 12" in detailed.lower()


def test_flowchart_follows_its_branches():
    parts = (
        Part("receiving a request", "302", "RECEIVE REQUEST", "step"),
        Part("the request is valid", "304", "REQUEST VALID?", "decision"),
        Part("storing the data", "306", "STORE DATA", "step"),
    )
    links = (Link(0, 1), Link(1, 2, "YES"), Link(1, 0, "NO"))
    scene = Scene("flowchart", "flowchart", "3", "a method of storing", True, parts, links)
    for seed in range(50):
        _, detailed = describe(scene, Random(seed))
        told = [re.search(rf"\b{numeral}\b", detailed).start() for numeral in ("302", "304", "306")]
        assert told == sorted(told)
        assert "whether the request is valid" in detailed
        assert re.search(r"(?:returns|loops back) to \w+ 302", detailed), detailed


def test_same_state_gives_the_same_description():
    for family in FAMILIES:
        scene = SceneMaker(5).scene(family)
        assert describe(scene, Random(3)) == describe(scene, Random(3))


def test_briefs_vary_with_one_form_in_front():
    made = [brief for _, brief, _ in scenes("block_diagram", count=600)]
    forms = [re.sub(r"of .*|illustrating .*|showing .*|depicting .*", "", brief).split(" a ")[0] for brief in made]
    assert len(set(forms)) >= 8


def test_unknown_family_is_refused():
    with pytest.raises(ValueError, match="unknown family 'sculpture'"):
        describe(Scene("sculpture", "view", "1", "a thing", True, ()), Random(0))


# ---- vocabulary -----------------------------------------------------------------------------------------------


def labels(split: str, count: int) -> dict[str, list[str]]:
    rng = Random(7)
    makers = {
        "component": lambda: vocabulary.component(rng, split),
        "container": lambda: vocabulary.container(rng, split),
        "message": lambda: vocabulary.message(rng, split),
        "region": lambda: vocabulary.region(rng, split),
        "step": lambda: vocabulary.step(rng, split).imperative,
        "decision": lambda: vocabulary.decision(rng, split).question,
        "curve": lambda: vocabulary.curve(rng, split),
        "mechanical_part": lambda: vocabulary.mechanical_part(rng, split),
        "mechanical_assembly": lambda: vocabulary.mechanical_assembly(rng, split),
        "screen_control": lambda: vocabulary.screen_control(rng, split).printed,
        "window": lambda: vocabulary.window(rng, split).printed,
        "subject": lambda: vocabulary.subject(rng, split, rng.choice(FAMILIES)),
        "circuit_element": lambda: vocabulary.circuit_element(rng, split).term,
        "axis": lambda: vocabulary.axis(rng, split, False).term,
    }
    return {kind: [make() for _ in range(count)] for kind, make in makers.items()}


def words_of(values: object) -> set[str]:
    """The words of a lexicon's strings, units and drawn symbols aside."""
    if isinstance(values, str):
        return set(re.findall(r"[a-z]{2,}", values.lower()))
    if isinstance(values, dict):
        return set().union(*(words_of(key) for key in values))
    return set().union(*(words_of(value[0] if isinstance(value, tuple) else value) for value in values), set())


def lexicon_words(technologies: dict, wording: object) -> set[str]:
    groups = [vars(technology).values() for technology in technologies.values()] + [vars(wording).values()]
    return set().union(*(words_of(values) for group in groups for values in group))


def test_splits_share_no_label():
    made = {split: labels(split, 60) for split in ("train", "validation", "test")}
    for kind in made["train"]:
        if kind in ("subject", "circuit_element"):  # composed anew around a label, and "ground"
            continue
        train, validation, test = (
            {re.sub(r"^is |\?$", "", label.lower()) for label in made[split][kind]} for split in made
        )
        assert not (train & validation or train & test or validation & test), kind


def test_reserved_words_are_never_seen():
    reserved = lexicon_words(RESERVED, RESERVED_WORDING) - UNIT_AND_FUNCTION_WORDS
    assert len(reserved) >= 150
    assert not reserved & lexicon_words(SEEN, SEEN_WORDING)
    told = " ".join(label for split in ("train", "test") for made in labels(split, 50).values() for label in made)
    assert not reserved & words_of(told)
    for family in FAMILIES:
        for _, brief, detailed in scenes(family):
            assert not reserved & words_of(f"{brief} {detailed}"), reserved & words_of(f"{brief} {detailed}")


def test_unseen_labels_hold_reserved_words():
    seen = lexicon_words(SEEN, SEEN_WORDING)
    for kind, made in labels("unseen", 200).items():
        for label in made:
            allowed = {"circuit", "window", "screen", "page", "dialog", "box", "method", "process", "the", "for", "of"}
            content = words_of(label) - allowed - UNIT_AND_FUNCTION_WORDS - {"an", "is", "into", "as", "on"}
            if kind != "subject":
                assert not content & seen, (kind, label)


def test_vocabulary_is_wide():
    for kind, made in labels("train", 2000).items():
        least = {"circuit_element": 700, "mechanical_assembly": 900}.get(kind, 1000)
        assert len(set(made)) >= least or kind in ("message", "axis"), (kind, len(set(made)))


def test_labels_are_short_and_hold_no_digit():
    for split in vocabulary.SPLITS:
        for kind, made in labels(split, 40).items():
            for label in made:
                assert not re.search(r"\d", label)
                assert len(label) <= (90 if kind == "subject" else 62 if kind == "step" else 44), (kind, label)


@pytest.mark.parametrize(
    ("noun", "told"),
    [
        ("memory", "a memory"),
        ("I/O port", "an I/O port"),
        ("USB hub", "a USB hub"),
        ("user interface", "a user interface"),
        ("LED driver", "an LED driver"),
        ("RAM", "a RAM"),
        ("n-type well", "an n-type well"),
        ("p-type well", "a p-type well"),
        ("unloaded curve", "an unloaded curve"),
        ("hourly rate", "an hourly rate"),
        ("sensor data", "sensor data"),
        ("user settings", "user settings"),
        ("PCI bus", "a PCI bus"),
        ("DC source", "a DC source"),
    ],
)
def test_articles(noun, told):
    assert vocabulary.with_article(noun) == told


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ("receive", "receiving"),
        ("map", "mapping"),
        ("transmit", "transmitting"),
        ("output", "outputting"),
        ("back up", "backing up"),
        ("dye", "dyeing"),
        ("control", "controlling"),
        ("free", "freeing"),
        ("filter", "filtering"),
    ],
)
def test_gerunds(verb, told):
    assert vocabulary.gerund(verb) == told


def test_distinct_names():
    rng = Random(0)
    names = vocabulary.distinct(lambda: vocabulary.component(rng, "train", "power"), 12, taken=("memory",))
    assert len({name.lower() for name in names} | {"memory"}) == 13
    with pytest.raises(ValueError, match="only 1 of 2"):
        vocabulary.distinct(lambda: "lid", 2)


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match="unknown split 'dev'"):
        vocabulary.component(Random(0), "dev")
