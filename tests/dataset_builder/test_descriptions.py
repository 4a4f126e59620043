"""What a patent's text says of each figure, and what it calls its parts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.descriptions import describe_figures, name_parts
from dataset_builder.patent import BRIEF, Mark, Paragraph, Patent

LIST = "BRIEF DESCRIPTION OF THE DRAWINGS"
DETAILS = "DETAILED DESCRIPTION"


def patent(*texts: str, section: str | None = None, marks: dict[int, tuple[Mark, ...]] | None = None) -> Patent:
    """A patent of these paragraphs; those in capitals are headings, those under `LIST` are marked if `section` is."""
    paragraphs, listed = [], False
    for number, text in enumerate(texts):
        heading = text.isupper() and "FIG" not in text
        listed = text == LIST if heading else listed
        mark = section if listed else None
        paragraphs.append(Paragraph(f"p{number}", text, None, heading, mark, (marks or {}).get(number, ())))
    return Patent("US1B2", "Hinge", paragraphs=tuple(paragraphs))


def briefs(*texts: str, **options) -> dict[str | None, str | None]:
    return {figure.figure: figure.brief for figure in describe_figures(patent(*texts, **options))}


def details(*texts: str) -> dict[str | None, list[int]]:
    """The numbers of the detailed paragraphs of each figure, the first behind the heading is 1."""
    first = texts.index(DETAILS)
    figures = describe_figures(patent(*texts))
    return {each.figure: [int(place[1:]) - first for place in each.detailed_paragraphs] for each in figures}


def two(*texts: str) -> dict[str | None, list[int]]:
    """`details` of a patent whose FIGS. 1 and 2 are listed."""
    return details(LIST, "FIG. 1 is a view of a hinge;", "FIG. 2 is a section.", DETAILS, *texts)


# --- brief -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", [BRIEF, None])
def test_an_entry_is_worded_as_printed_without_what_leads_on(section):
    found = briefs(
        LIST,
        "The invention is shown in the drawings, in which:",
        "FIG. 1 is a view of a hinge;",
        "FIG. 2A is a section, on line 2-2 of FIG. 1; and",
        "FIG. 2b shows it shut.",
        DETAILS,
        section=section,
    )
    assert found == {
        "1": "FIG. 1 is a view of a hinge.",
        "2A": "FIG. 2A is a section, on line 2-2 of FIG. 1.",
        "2b": "FIG. 2b shows it shut.",
    }


def test_a_shared_sentence_is_each_figures():
    whole = "FIGS. 1A-1C and 2 are respectively views and a section."
    assert briefs(LIST, whole) == dict.fromkeys(("1A", "1B", "1C", "2"), whole)


def test_an_own_entry_goes_before_a_shared_one():
    found = briefs(LIST, "FIGS. 3 to 5 are graphs of heat:", "FIG. 3: control;", "FIG. 4: treated;")
    assert found == {"3": "FIG. 3: control.", "4": "FIG. 4: treated.", "5": "FIGS. 3 to 5 are graphs of heat."}


def test_several_figures_of_one_paragraph_are_parted():
    found = briefs(
        LIST, "FIG. 1 is a top view; FIG. 2 is a side view, and FIG. 3 is a section. It is cut at A. FIG. 4: X"
    )
    assert found == {
        "1": "FIG. 1 is a top view.",
        "2": "FIG. 2 is a side view.",
        "3": "FIG. 3 is a section. It is cut at A.",
        "4": "FIG. 4: X.",
    }


def test_lists_behind_a_comma_share_their_sentence():
    whole = "FIGS. 1A to 3A are plan views, and FIGS. 1B to 3B are sections, showing a process."
    assert briefs(LIST, whole) == dict.fromkeys(("1A", "2A", "3A", "1B", "2B", "3B"), whole)


def test_a_clause_about_a_figure_of_the_entry_opens_none():
    whole = "FIGS. 5A and 5B show a lid, where FIG. 5A is a front view."
    assert briefs(LIST, whole) == {"5A": whole, "5B": whole}


def test_another_figure_named_in_an_entry_gets_nothing_of_it():
    found = briefs(LIST, "FIG. 1 is a view.", "FIG. 2 is the same view as FIG. 1 but with the lid shut.")
    assert found["1"] == "FIG. 1 is a view."


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ("FIG. IV is a view.", "IV"),
        ("FIG. 5(b) is a view.", "5(b)"),
        ("FIG. 2-A is a view.", "2-A"),
        ("FIG. 1is a view.", "1"),
        ("Fig. 1a: a view.", "1a"),
        ("FIG. 3 a belt retractor.", "3"),
        ("FIG. 6. Perspective view.", "6"),
        ("The FIGURE is a view.", None),
        ("The sole figure shows a view.", None),
        ("The single drawing illustrates a view.", None),
    ],
)
def test_labels_in_every_form(entry, label):
    assert briefs(LIST, entry, section=BRIEF) == {label: entry}


def test_a_list_without_markup_and_heading():
    found = briefs(
        "SUMMARY OF THE INVENTION",
        "The invention is a hinge as in FIG. 9 of an old patent.",
        "It will be described with reference to the drawings, in which:",
        "FIG. 1 is a view;",
        "FIG. 2 is a section.",
        "As shown in FIG. 1, the hinge has a pin 12.",
    )
    assert found == {"1": "FIG. 1 is a view.", "2": "FIG. 2 is a section."}


def test_a_list_of_one_behind_an_introduction_in_its_paragraph():
    assert briefs(LIST, "In the drawing, FIG. 1 is a view.") == {"1": "FIG. 1 is a view."}


def test_remarks_on_all_drawings_belong_to_no_figure():
    found = briefs(
        LIST, "FIG. 1 is a view. The broken lines form no part of the design.", "Like numerals mean like parts."
    )
    assert found == {"1": "FIG. 1 is a view."}


def test_an_entry_goes_on_in_the_next_paragraph():
    figure, *_ = describe_figures(patent(LIST, "FIG. 1 shows curves of", "heat and time;", "FIG. 2 is a view."))
    assert figure.brief == "FIG. 1 shows curves of heat and time."
    assert figure.brief_paragraphs == ("p1", "p2")


def test_the_list_ends_where_the_text_starts_over():
    assert two("FIG. 1 shows a pin 12.") == {"1": [1], "2": []}
    texts = (LIST, "FIG. 1 is a view.", "FIG. 2 is a section.", "FIG. 1 shows the pin 12.", "The pin 12 turns.")
    figure, _ = describe_figures(patent(*texts, section=BRIEF))
    assert figure.detailed == "FIG. 1 shows the pin 12. The pin 12 turns."


# --- detailed --------------------------------------------------------------------------------------------------------


def test_text_is_joined_with_a_space_and_comes_with_its_ids():
    figure, _ = describe_figures(
        patent(LIST, "FIG. 1 is a view.", "FIG. 2 too.", DETAILS, "FIG. 1 shows a pin 12.", "The pin 12 turns.")
    )
    assert (figure.detailed, figure.detailed_paragraphs) == ("FIG. 1 shows a pin 12. The pin 12 turns.", ("p4", "p5"))


def test_naming_and_going_on():
    assert two(
        "Hinges are known.",
        "Referring to FIG. 1, the hinge has a pin 12.",
        "The pin 12 carries a ring 14.",
        "Rings are made of steel.",
        "As shown in FIGS. 1 and 2, the ring 14 turns.",
        "The ring 14 is welded.",
        "FIG. 2 shows a bolt 16.",
        "The bolt 16 is short.",
    ) == {"1": [2, 3, 5, 6], "2": [5, 6, 7, 8]}


@pytest.mark.parametrize(
    "passing",
    [
        "It is similar to that of FIG. 1.",
        "It is cut along line 2-2 of FIG. 1.",
        "The pin 12 of FIG. 1 is not shown.",
        "The pin 12, as described above with reference to FIG. 1, turns.",
        "The pin 12 shown in FIG. 1 turns.",
        "The pin 12 (see FIG. 1) turns.",
    ],
)
def test_a_figure_named_in_passing_does_not_get_the_paragraph(passing):
    assert two(f"FIG. 2 shows a bolt 16. {passing}", "The bolt 16 is short.") == {"1": [], "2": [1, 2]}


def test_what_a_paragraph_points_at_does_not_stay_in_force():
    assert two(
        "Referring to FIG. 1, a pin 12 holds a ring 14. The ring 14 is closed, as is drawn in FIG. 2.",
        "The ring 14 is steel.",
    ) == {"1": [1, 2], "2": [1]}


@pytest.mark.parametrize(
    "end",
    [
        "EXAMPLES",
        "Embodiment 2",
        "Next, the operation of the hinge will be described.",
    ],
)
def test_headings_and_announcements_end_going_on(end):
    assert two("FIG. 1 shows a pin 12.", end, "The pin 12 turns.") == {"1": [1], "2": []}


@pytest.mark.parametrize(
    "remark",
    [
        "While the invention has been described with a pin 12, it is not so limited.",
        "The present invention is not limited to a pin 12.",
        "From the foregoing it is clear that the pin 12 may change.",
        "An advantage of the pin 12 is its low price.",
        "The pin 12 may change within the scope of the invention.",
    ],
)
def test_general_remarks_are_left_out(remark):
    assert two("FIG. 1 shows a pin 12.", remark) == {"1": [1], "2": []}


def test_a_paragraph_within_a_sentence_goes_with_the_one_before():
    assert two("FIG. 1 shows a pin 12 of length", "L = 2a", "where a is its width.") == {"1": [1, 2, 3], "2": []}


def test_background_summary_and_list_never_count():
    texts = ("BACKGROUND", "FIG. 1 shows a known pin 12.", LIST, "FIG. 1 is a view.", "FIG. 2 too.")
    assert details(*texts, "SUMMARY", "FIG. 1 shows it.", DETAILS, "FIG. 1 shows a pin 12.") == {"1": [1], "2": []}


def test_a_number_means_all_its_letters_and_case_does_not_matter():
    texts = (LIST, "FIG. 2A is a view.", "FIG. 2B is a section.", DETAILS)
    assert details(*texts, "FIG. 2 shows a pin 12.", "Fig. 2b shows a bolt 14.") == {"2A": [1], "2B": [1, 2]}


def test_the_drawing_is_the_only_figure():
    texts = (LIST, "The FIGURE is a view.", DETAILS)
    assert details(*texts, "Hinges are known.", "In the drawing, a pin 12 turns.", "The pin 12 is short.") == {
        None: [2, 3]
    }


def test_all_figures_at_once_are_a_phrase():
    texts = (LIST, "FIG. 1 is a view.", "FIG. 2 is a view.", "FIG. 3 is a view.", DETAILS)
    found = details(*texts, "Embodiments are best understood by reference to FIGS. 1 through 3.", "A pin 12 turns.")
    assert found == {"1": [], "2": [], "3": []}


def test_a_second_list_gives_each_part_to_the_figure_that_shows_it():
    texts = (LIST, "FIG. 1 is a view of a plug.", "FIG. 2 is a view of a housing.", "FIG. 3 is a view of a block.")
    assert details(
        *texts,
        DETAILS,
        "FIG. 1 is a view of a plug, FIG. 2 is a view of a housing, and FIG. 3 is a view of a block.",
        "The housing 12 has a wall 14.",
        "The wall 14 is thin.",
        "The block 20 has a hole 22.",
    ) == {"1": [1], "2": [1, 2, 3], "3": [1, 4]}


def test_a_new_step_goes_back_to_its_flow_chart():
    assert two(
        "FIG. 1 is a flow chart. In step S10 the lid opens.",
        "FIG. 2 shows the lid 12.",
        "The lid 12 is round.",
        "In step S11 the lid 12 is shut.",
    ) == {"1": [1, 4], "2": [2, 3]}


def test_figures_that_no_list_names():
    found = describe_figures(patent(LIST, "FIG. 1 is a view.", DETAILS, "FIG. 1 shows a pin.", "FIG. 3 shows a bolt."))
    assert [(each.figure, each.brief, each.detailed) for each in found] == [
        ("1", "FIG. 1 is a view.", "FIG. 1 shows a pin."),
        ("3", None, "FIG. 3 shows a bolt."),
    ]


def test_no_figures():
    assert describe_figures(patent("BACKGROUND", "Esters are known.", DETAILS, "An ester is heated.")) == ()
    assert describe_figures(Patent("US1", "")) == ()


# --- names of parts --------------------------------------------------------------------------------------------------


def named(*texts: str, **options) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for part in name_parts(patent(*texts, **options)):
        found.setdefault(part.text, []).append((part.term, part.count))
    return found


def test_variants_are_counted_the_most_frequent_first():
    text = "A first housing 12 has a lid 14. The housing 12 and its lid 14 are steel. The housing 12 is big."
    assert named(text) == {"12": [("housing", 2), ("first housing", 1)], "14": [("lid", 2)]}


def test_shared_names_and_modifiers_in_step():
    text = "The rollers 12 and 14 drive left and right doors 16 and 18 with first and second gears 20, 22."
    assert named(text) == {
        "12": [("roller", 1)],
        "14": [("roller", 1)],
        "16": [("left door", 1)],
        "18": [("right door", 1)],
        "20": [("first gear", 1)],
        "22": [("second gear", 1)],
    }


def test_a_verb_in_front_of_a_name_is_no_part_of_it():
    assert named("The film tube 12 is cut. Grippers 14a and 14b hold film tube 12. It cuts film tube 12.")["12"] == [
        ("film tube", 3)
    ]


def test_names_in_brackets_and_nouns_that_may_be_verbs():
    assert named("The armrest 2 (arm support) has a drive 4 and a pair of drive rollers 6.") == {
        "2": [("armrest", 1), ("arm support", 1)],
        "4": [("drive", 1)],
        "6": [("drive roller", 1)],
    }


@pytest.mark.parametrize(
    "text",
    [
        "The film has Pb 3 and K 2.",
        "See DE 40 17 138 A1.",
        "It weighs 20 kg as in claim 12 of 1998.",
        "The numeral 12 is large.",
    ],
)
def test_what_names_no_part(text):
    assert named(text) == {}


def test_only_what_the_source_marks_is_a_character():
    text = "The gears " + ", ".join(str(number) for number in range(11, 20)) + " have teeth 40 wide."
    marks = tuple(
        Mark("character", str(number), text.index(str(number)), text.index(str(number)) + 2) for number in range(11, 20)
    )
    assert "40" in named(text)
    assert "40" not in named(text, marks={0: marks})


def test_a_name_that_only_the_source_gives():
    marks = (
        Mark("character", "104", 8, 11, term="more media systems"),
        Mark("character", "104", 20, 23, term="media system"),
    )
    assert named("See also 104, and then 104.", marks={0: marks})["104"] == [("media system", 2)]


# --- any text --------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    "FIG. FIGS. FIGURE fig. The the 1 2 3A 3B IV 12 14 pin housing is shows are and to - ; : , . ( ) (b) step S12 "
    "shown in of drawings Referring respectively as view".split()
)
TEXTS = st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60)
PARAGRAPHS = st.lists(
    st.builds(
        lambda text, heading, section: (text, heading, section), TEXTS, st.booleans(), st.sampled_from([None, BRIEF])
    ),
    max_size=12,
).map(lambda rows: tuple(Paragraph(f"p{at}", row[0], None, *row[1:]) for at, row in enumerate(rows)))


def squeezed(text: str) -> str:
    return "".join(text.split())


@settings(deadline=None, max_examples=100)
@given(PARAGRAPHS)
def test_nothing_is_invented_and_the_order_is_kept(paragraphs):
    texts = {paragraph.id: paragraph.text for paragraph in paragraphs}
    order = list(texts)
    figures = describe_figures(Patent("US1", "", paragraphs=paragraphs))
    assert len({each.figure for each in figures}) == len(figures)
    for each in figures:
        for ids in (each.brief_paragraphs, each.detailed_paragraphs):
            assert list(ids) == sorted(set(ids), key=order.index)
        assert (each.brief is None) == (not each.brief_paragraphs)
        if each.brief:
            assert squeezed(each.brief).rstrip(".") in squeezed(" ".join(texts[id] for id in each.brief_paragraphs))
        assert (each.detailed or "") == " ".join(texts[id] for id in each.detailed_paragraphs)


@settings(deadline=None, max_examples=100)
@given(PARAGRAPHS)
def test_every_name_is_counted_from_the_text(paragraphs):
    for part in name_parts(Patent("US1", "", paragraphs=paragraphs)):
        assert part.count > 0 and part.term and part.term == part.term.lower()
        assert any(part.text in paragraph.text.replace("′", "'") for paragraph in paragraphs)


@pytest.mark.parametrize(
    "unit",
    [
        "FIG. 1 is a view; ",
        "FIG. 1, FIG. 2, and ",
        "FIGS. 1 and 2 are, and ",
        "the rod 12 ",
        "step 12 ",
        "; ",
        " ",
        "and ",
        "1-",
    ],
)
def test_time_grows_with_the_length_whatever_is_in_it(unit):
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        paragraphs = (Paragraph("a", text, section=BRIEF), Paragraph("b", text))
        start = time.process_time()
        describe_figures(Patent("US1", "", paragraphs=paragraphs))
        return time.process_time() - start

    assert seconds(16_000) < 12 * seconds(4_000) + 0.5
