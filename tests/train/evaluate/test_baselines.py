"""Texts without a model."""

import pytest

from train.evaluate.baselines import NearestWriter, ReferenceWriter, TemplateWriter
from train.metrics import characters, figure_labels

ROW = {
    "words": ["FIG.", "7B", "102", "104"],
    "boxes": [[400, 900, 450, 930], [455, 900, 490, 930], [100, 100, 140, 130], [600, 500, 640, 530]],
    "confidences": [1.0] * 4,
    "brief_description": "FIG. 7B is a lid.",
}


def test_the_template_names_the_figure_as_read_and_in_detail_all_characters():
    brief, detailed = (TemplateWriter().write([ROW], task)[0].text for task in ("brief", "detailed"))
    assert figure_labels(brief) == figure_labels(detailed) == ["7B"]
    assert characters(brief) == set() and characters(detailed) == {"102", "104"}
    unread = TemplateWriter().write([ROW | {"words": [], "boxes": [], "confidences": []}], "detailed")[0].text
    assert unread == "The figure is a diagram illustrating an embodiment of the invention."


def test_the_nearest_training_figure_lends_its_text(figures):
    rows = list(figures.remove_columns("image"))
    written = NearestWriter(figures, "detailed").write(rows, "detailed")
    assert [one.text for one in written] == [row["detailed_description"] for row in rows]


def test_where_no_word_is_shared_the_first_is_taken(figures):
    written = NearestWriter(figures, "brief").write([{"words": ["zzz", "12"]}, {"words": []}], "brief")
    assert {one.text for one in written} == {figures[0]["brief_description"]}


def test_training_figures_without_texts_are_refused(figures):
    bare = figures.remove_columns("brief_description").add_column("brief_description", [None] * len(figures))
    with pytest.raises(ValueError, match="no training figure has a brief description; name other figures"):
        NearestWriter(bare, "brief")


def test_the_reference_is_given_back():
    assert ReferenceWriter().write([ROW, ROW | {"brief_description": None}], "brief")[0].text == "FIG. 7B is a lid."
