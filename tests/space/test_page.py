"""The page in a browser, as a visitor uses it: Chromium without a screen, nothing stubbed."""

import json
import re
import shutil
import time

import pytest

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt install chromium)"),
]

PATIENCE = 240_000  # milliseconds; the machine may be busy
ROWS = "#table .virtual-body [role=row]"
DESKTOP, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


class Visit:
    """A page that is open, what it asked other servers for, and what its scripts complained of."""

    def __init__(self, browser, server, size=DESKTOP, **options):
        self.context = browser.new_context(viewport=size, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.elsewhere, self.complaints, self.server = [], [], server
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(server.url)
        self.page.wait_for_selector("#upload input[type=file]", state="attached")

    def _asked(self, request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def upload(self, path) -> None:
        self.page.set_input_files("#upload input[type=file]", str(path))

    def wait_for_text(self) -> None:
        """Until the chosen figure has its finished text."""
        self.page.wait_for_selector("#text .seconds")

    def status(self, words: str) -> None:
        """Until the status line has some words."""
        self.page.wait_for_function("words => document.querySelector('#status').innerText.includes(words)", arg=words)

    def pressed(self, selector: str) -> list[str]:
        """The reference characters that are selected among some buttons."""
        return self.page.eval_on_selector_all(
            f"{selector}[aria-pressed=true]", "buttons => buttons.map((button) => button.dataset.character)"
        )

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visit(browser, server):
    visits = []

    def open_page(**options) -> Visit:
        visits.append(Visit(browser, server, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        assert each.elsewhere == [] and each.complaints == []
        each.close()


def test_a_text_streams_and_leads_to_its_boxes(visit, figures, server):
    """The text grows; one selects a character in the text and sees its box, and the other way."""
    here = visit()
    here.upload(figures / "figure.png")
    here.page.wait_for_selector("#figure .box")
    lengths = set()
    here.page.wait_for_selector("#text .writing")
    while not here.page.query_selector("#text .seconds"):
        lengths.add(len(here.page.inner_text("#text")))
        time.sleep(0.05)
    assert len(lengths) > 3, "the text came at once"
    assert server.files() == [], "the upload is deleted when it is read"

    reference = here.page.locator("#text .reference").first
    character = reference.get_attribute("data-character")
    reference.click()
    assert set(here.pressed("#text .reference")) == {character} == set(here.pressed("#figure .box"))
    reference.click()
    assert here.pressed("button") == []
    here.page.locator(f"#figure .box[data-character='{character}']").click()
    assert set(here.pressed("#text .reference")) == {character} == set(here.pressed("#figure .box"))
    box = here.page.locator(f"#figure .box[data-character='{character}']")
    assert re.search(r"read with \d+ % confidence, in the text", box.get_attribute("aria-label"))


def test_the_table_is_edited_and_taken_up(visit, figures):
    """A misread character is put right, a part gets its name, and the list of parts shows both."""
    here = visit()
    here.upload(figures / "other.png")
    here.wait_for_text()
    found = here.page.locator(ROWS)
    rows = {found.nth(row).inner_text().split()[0]: row for row in range(2)}
    assert set(rows) == {"20", "22"}
    edit_cell(here.page, rows["20"], 1, "relief valve")
    edit_cell(here.page, rows["22"], 0, "24")
    here.page.click("#write-again")
    here.page.wait_for_selector("#figure .box[data-character='24']")
    here.wait_for_text()
    assert set(here.page.input_value("#parts textarea").splitlines()) == {"20 = relief valve", "24 = pump"}
    corrected = here.page.locator("#figure .box[data-character='24']").get_attribute("aria-label")
    assert "corrected by you" in corrected
    assert here.page.locator("#figure .box[data-character='22']").count() == 0


def edit_cell(page, row: int, column: int, text: str) -> None:
    """Type into a cell of the table as a person does, who looks: its editor takes the keys a frame after the click."""
    cell = page.locator(ROWS).nth(row).locator("[role=gridcell]").nth(column)
    cell.dblclick()
    cell.locator("textarea:focus").wait_for()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    cell.get_by_text(text, exact=True).wait_for()


def test_the_list_of_parts_is_taken_up(visit, figures):
    here = visit()
    here.upload(figures / "other.png")
    here.wait_for_text()
    here.page.fill("#parts textarea", "99 = spring\n20 = check valve")
    here.page.click("#write-again")
    here.page.wait_for_function("document.querySelector('#table').innerText.includes('your list')")
    assert "check valve" in here.page.inner_text("#table")
    here.page.fill("#parts textarea", "nonsense")
    here.page.click("#write-again")
    here.page.wait_for_selector("#alert .alert")
    assert "Line 1" in here.page.inner_text("#alert") and "10 = housing" in here.page.inner_text("#alert")


def test_a_set_is_described_stopped_and_saved(visit, figures, tmp_path):
    docx = pytest.importorskip("docx")
    here = visit()
    here.upload(figures / "set.pdf")
    here.status("set.pdf: 2 figures")
    assert here.page.locator("#strip button").count() == 2
    here.page.click("#write-all")
    here.page.wait_for_selector("#set .card")
    here.page.wait_for_function("document.querySelectorAll('#set .card').length == 2")
    here.status("set.pdf: 2 figures")
    cards = here.page.inner_text("#set")
    assert "FIG. 1" in cards and "FIG. 2" in cards
    here.page.click("#set .look >> nth=1")
    here.page.wait_for_selector("#figure .box[data-character='22']")
    for form in ("docx", "txt", "json"):
        with here.page.expect_download() as download:
            here.page.click(f"#save-{form}")
        assert download.value.suggested_filename == f"set-descriptions.{form}"
        download.value.save_as(tmp_path / f"saved.{form}")
    paragraphs = [paragraph.text for paragraph in docx.Document(tmp_path / "saved.docx").paragraphs]
    assert any("FIG. 1" in text for text in paragraphs) and any("FIG. 2" in text for text in paragraphs)
    assert "LIST OF REFERENCE CHARACTERS" in (tmp_path / "saved.txt").read_text()
    saved = json.loads((tmp_path / "saved.json").read_text())
    assert [figure["label"] for figure in saved["figures"]] == ["1", "2"]

    here.page.click("#write-all")
    here.page.wait_for_selector("#status progress")
    here.page.click("#stop")
    here.status("Stopped")


def test_number_rotation_and_crop_are_corrected(visit, figures):
    here = visit()
    here.upload(figures / "figure.png")
    here.wait_for_text()
    here.page.click("#correct > button")
    crop = here.page.locator(".crop")
    crop.scroll_into_view_if_needed()
    frame = crop.bounding_box()
    here.page.mouse.move(frame["x"] + 1, frame["y"] + 1)
    here.page.mouse.down()
    here.page.mouse.move(frame["x"] + frame["width"] - 1, frame["y"] + 0.52 * frame["height"], steps=5)
    here.page.mouse.up()
    here.page.fill("#label input, #label textarea", "5A")
    here.page.click("#read-again")
    here.page.wait_for_function("document.querySelector('#figure img')?.alt.includes('FIG. 5A')")
    here.wait_for_text()
    assert "FIG. 5A" in here.page.inner_text("#text")
    read = here.page.eval_on_selector_all("#figure .box", "boxes => boxes.map((box) => box.dataset.character)")
    assert "10" in read and "14" not in read

    here.page.click("#rotation label:has-text('180')")
    here.page.click("#read-again")
    here.page.wait_for_function("document.querySelector('#rotation input[value=\"180\"]').checked")
    here.wait_for_text()


def test_a_bad_file_is_explained(visit, figures, server):
    """In a sentence; the next file is taken as if nothing had been, and neither stays."""
    here = visit()
    here.upload(figures / "letter.png")
    alert = here.page.wait_for_selector("#alert [role=alert]")
    assert alert.inner_text().startswith("letter.png: ") and "formats: PNG" in alert.inner_text()
    here.upload(figures / "other.png")
    here.wait_for_text()
    assert here.page.locator("#alert [role=alert]").count() == 0
    assert server.files() == []


def test_words_of_a_drawing_stay_text(visit, tmp_path):
    """Markup in a file's name, a list of parts and a figure number is shown, not obeyed."""
    from tests.space.conftest import block_diagram

    name = "<img src=x onerror=alert(1)>.png"
    block_diagram("1", {"10": "<b>bold</b>", "12": "${1+1} {{1}}"}).save(tmp_path / "figure.png")
    here = visit()
    here.page.set_input_files(
        "#upload input[type=file]",
        {"name": name, "mimeType": "image/png", "buffer": (tmp_path / "figure.png").read_bytes()},
    )
    here.wait_for_text()
    here.page.fill("#parts textarea", "10 = <u onclick>lid</u>")
    here.page.click("#write-again")
    here.page.wait_for_function("document.querySelector('#table').innerText.includes('<u onclick>lid</u>')")
    here.wait_for_text()
    assert "onerror" in here.page.inner_text("#status")
    assert here.page.locator("img[src=x], #workspace u, #workspace b").count() == 0


def test_the_page_works_by_keyboard_alone(visit):
    """Tab reaches an example, a reference character and the drawing; Enter chooses and selects, Escape clears."""
    here = visit()
    tab_to(here.page, "#upload ~ * .choices button, .choices button")
    here.page.keyboard.press("Enter")
    here.wait_for_text()
    tab_to(here.page, "#figure .box")
    here.page.keyboard.press("Enter")
    assert here.pressed("#figure .box")
    here.page.keyboard.press("Escape")
    assert not here.pressed("button")
    tab_to(here.page, "#text .reference")
    here.page.keyboard.press("Space")
    assert here.pressed("#figure .box")
    tab_to(here.page, "#write-again")


def tab_to(page, selector: str, most: int = 150) -> None:
    """Press Tab until something that matches has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


UNNAMED = """() => [...document.querySelectorAll("button, input, textarea, select, a, img, [role=button]")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest("#table"))
  .filter((each) => !(each.ariaLabel || each.innerText?.trim() || each.title || each.labels?.length ||
    (each.tagName === "IMG" && each.hasAttribute("alt")) || each.getAttribute("aria-labelledby")))
  .map((each) => each.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_or_lacks_a_name(size, scheme, visit, figures):
    """On a laptop and on a phone, light and dark: everything has a name, and nothing is wider than the screen."""
    here = visit(size=size, color_scheme=scheme)
    here.upload(figures / "figure.png")
    here.wait_for_text()
    here.page.click("#correct > button")
    here.page.wait_for_selector(".crop")
    assert here.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert here.page.evaluate(UNNAMED) == []
    ink, paper = (
        here.page.evaluate(f"getComputedStyle(document.querySelector('{where}')).{what}")
        for where, what in (("#text p", "color"), ("body", "backgroundColor"))
    )
    assert contrast(ink, paper) > 7


def contrast(one: str, other: str) -> float:
    """The contrast of two CSS colours, 1 to 21 (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        shares = [float(value) / 255 for value in re.findall(r"[\d.]+", colour)[:3]]
        red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_a_pasted_image_is_an_upload(visit, figures):
    here = visit()
    picture = list((figures / "other.png").read_bytes())
    here.page.evaluate(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        picture,
    )
    here.page.wait_for_selector("#figure .box[data-character='22']")
    here.wait_for_text()


def test_two_visitors_do_not_meet(visit, figures):
    """Each sees only what is in its own figure, at the same time."""
    first, second = visit(), visit()
    first.upload(figures / "figure.png")
    second.upload(figures / "other.png")
    for here, own in ((first, {"10", "12", "14"}), (second, {"20", "22"})):
        here.wait_for_text()
        seen = here.page.eval_on_selector_all("#figure .box", "boxes => boxes.map((box) => box.dataset.character)")
        assert set(seen) == own


def test_an_upload_does_not_outlive_its_visit(browser, server, figures):
    """The page is closed while its file is being read."""
    here = Visit(browser, server)
    here.upload(figures / "set.tif")
    here.status("set.tif")
    here.close()
    deadline = time.monotonic() + PATIENCE / 1000
    while server.files() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert server.files() == []
