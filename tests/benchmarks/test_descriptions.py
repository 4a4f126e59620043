"""How the texts of figures and the names of parts are scored."""

from benchmarks.descriptions import Tally, peer_figures, peer_parts, score_briefs, score_paragraphs, score_terms
from dataset_builder.descriptions import FigureText, PartName
from dataset_builder.patent import BRIEF, Paragraph, Patent

PATENT = Patent(
    "US1B2",
    "Hinge",
    paragraphs=(
        Paragraph("a", "FIG. 1 is a view; FIG. 2 is a section.", section=BRIEF),
        Paragraph("b", "FIG. 1 shows the steel pin 12."),
        Paragraph("c", "The pin turns."),
    ),
)


def label(figure: str, brief: str | None = None, **fields) -> dict:
    return {"figure": figure, "brief": brief, "brief_shared": False, "paragraphs": [], "optional": [], **fields}


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.right, tally.wrong, tally.missing


def test_a_brief_is_right_apart_from_case_space_and_its_end():
    labels = [label("1", "FIG. 1 is a view"), label("2", "FIG. 2 is a section on line 2-2"), label("3", "FIG. 3: X")]
    tally = Tally()
    found = [
        FigureText("1", "Fig.1 is a  view; and"),
        FigureText("2", "FIG. 2 is a section."),
        FigureText("4", "FIG. 4."),
    ]
    score_briefs(tally, "US1B2", labels, found)
    assert counts(tally) == (1, 2, 2)
    assert [error["kind"] for error in tally.errors] == ["wrong_extent", "missing_figure", "extra_figure"]


def test_optional_paragraphs_count_neither_way():
    tally = Tally()
    score_paragraphs(
        tally, PATENT, [label("1", paragraphs=["b"], optional=["c"])], [FigureText("1", detailed_paragraphs=("b", "c"))]
    )
    assert counts(tally) == (1, 0, 0)
    score_paragraphs(tally, PATENT, [label("1", paragraphs=["b"])], [FigureText("1", detailed_paragraphs=("c",))])
    assert counts(tally) == (1, 1, 1)
    assert [error["kind"] for error in tally.errors] == ["goes_on_too_far", "naming_missed"]


def test_of_a_patent_labelled_in_part_other_figures_count_not():
    tally = Tally()
    labels = [label("1", "FIG. 1 is a view", partial=True)]
    score_briefs(tally, "US1B2", labels, [FigureText("1", "FIG. 1 is a view."), FigureText("9", "FIG. 9.")])
    assert counts(tally) == (1, 0, 0)


def test_terms_are_pairs_without_ordinals():
    tally = Tally()
    labels = [
        {"numeral": "12", "terms": ["pin", "steel pin"], "optional": ["long pin"]},
        {"numeral": "14", "terms": ["lid"]},
    ]
    parts = [
        PartName("12", "first pin", 2),
        PartName("12", "long pin", 1),
        PartName("12", "rod", 1),
        PartName("3", "x", 1),
    ]
    score_terms(tally, "US1B2", labels, parts)
    assert counts(tally) == (1, 2, 2)


def test_the_peer_takes_what_it_sees():
    first, second = peer_figures(PATENT)
    assert (first.figure, first.brief, first.detailed_paragraphs) == ("1", "FIG. 1 is a view;", ("b",))
    assert (second.figure, second.detailed_paragraphs) == ("2", ())
    assert peer_parts(PATENT) == (PartName("12", "steel pin", 1),)
