"""The page: what stands where, and which step each button starts. `python -m space.app` serves it."""

import space.privacy  # isort: skip  # noqa: F401  (sets what Gradio reads when it is imported)

from collections.abc import Callable
from functools import partial
from pathlib import Path

import gradio as gr

from space import steps
from space.corrections import FIXED_COLUMNS, HEADERS
from space.endpoints import add_endpoints
from space.examples import EXAMPLES, example_choices
from space.figure_view import choices_html
from space.privacy import keep_swept
from space.session import Session, Sessions
from space.uploads import Limits
from space.writing import is_bundled, load

HERE = Path(__file__).resolve().parent
LIMITS = Limits()
MOST_WAITING = 32  # calls in the queue; the next one is told to come back later
MOST_AT_ONCE = 8  # visits that are under way; each page and each text still waits for its turn
LONG = {"concurrency_limit": MOST_AT_ONCE, "concurrency_id": "long"}

SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
PLAIN = {"apply_default_css": False}  # page.css has its own
CHOOSE = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-index]");
  if (button) trigger("select", { index: Number(button.dataset.index) });
});
"""
HEAD = """
<div class="page-head">
<h1>PatentLMM: patent figures, described</h1>
<p>Upload a drawing. Its words and reference characters are read, the brief and the detailed description are written,
and every reference character of the text leads to its box in the drawing. Have a person read every description before
it is filed.</p>
</div>
"""


def lay_out() -> dict[str, gr.blocks.Block]:
    """Everything on the page, top to bottom, by name."""
    gr.HTML(HEAD, **PLAIN)
    with gr.Row():
        with gr.Column(scale=5, min_width=300):
            upload = gr.File(label="Figure or sheets: image, TIFF, PDF", height=168, elem_id="upload")
            gr.HTML(
                '<p class="hint">Drop a file, choose one, or paste an image. PNG, JPEG, WebP, GIF, BMP, TIFF or PDF, '
                f"at most {LIMITS.max_bytes / 1e6:.0f} MB and {LIMITS.max_pages} pages.</p>",
                **PLAIN,
            )
        with gr.Column(scale=7, min_width=300):
            gr.HTML('<h2 class="side-title">Or try a published US patent</h2>', **PLAIN)
            examples = gr.HTML(choices_html("Examples", example_choices()), js_on_load=CHOOSE, **PLAIN)
    alert = gr.HTML(elem_id="alert", **PLAIN)
    with gr.Row(equal_height=True, elem_classes="status-row"):
        status = gr.HTML(elem_id="status", **PLAIN)
        stop = gr.Button("Stop", size="sm", scale=0, min_width=90, elem_id="stop")
    with gr.Column(visible=False, elem_id="workspace") as workspace:
        strip = gr.HTML(js_on_load=CHOOSE, **PLAIN, elem_id="strip")
        with gr.Row():
            with gr.Column(scale=6, min_width=320):
                figure = gr.HTML(elem_id="figure", **PLAIN)
            with gr.Column(scale=6, min_width=320):
                text = gr.HTML(elem_id="text", **PLAIN)
        corrections = lay_out_corrections()
        with gr.Row(elem_classes="actions"):
            write_all = gr.Button("Describe all figures", variant="primary", min_width=200, elem_id="write-all")
            exports = {
                form: gr.Button(f"Save as {title}", min_width=150, elem_id=f"save-{form}")
                for form, title in {"docx": "Word", "txt": "text", "json": "JSON"}.items()
            }
        file = gr.JSON(visible=False)
        whole_set = gr.HTML(js_on_load=CHOOSE, **PLAIN, elem_id="set")
    if is_bundled():
        with gr.Accordion("What the small checkpoint can and cannot do", open=False):
            gr.HTML((HERE / "about.html").read_text(encoding="utf-8"), **PLAIN)
    return {
        "upload": upload,
        "examples": examples,
        "alert": alert,
        "status": status,
        "stop": stop,
        "workspace": workspace,
        "strip": strip,
        "figure": figure,
        "text": text,
        **corrections,
        "write_all": write_all,
        **exports,
        "file": file,
        "set": whole_set,
    }


def lay_out_corrections() -> dict[str, gr.blocks.Block]:
    """What a visitor can correct: the reference characters and their names; the figure's number, rotation and crop."""
    with gr.Row():
        with gr.Column(scale=8, min_width=320):
            table = gr.Dataframe(
                headers=list(HEADERS),
                datatype="str",
                type="array",
                static_columns=list(FIXED_COLUMNS),
                column_widths=[140, 285, 115, 145, 105],
                wrap=True,
                label="Reference characters: correct them, name the parts, add rows",
                buttons=[],
                interactive=True,
                elem_id="table",
            )
        with gr.Column(scale=4, min_width=300):
            parts = gr.Textbox(
                label="Your list of parts, for all figures",
                placeholder="10 = housing\n12 = lid",
                lines=6,
                elem_id="parts",
            )
            write_again = gr.Button("Write again with these", variant="primary", elem_id="write-again")
    with gr.Accordion("Correct this figure: number, rotation, crop", open=False, elem_id="correct"):
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                preview = gr.HTML(elem_id="preview", **PLAIN)
            with gr.Column(scale=5, min_width=300):
                label = gr.Textbox(label="Figure number", placeholder="3A", max_length=12, elem_id="label")
                rotation = gr.Radio(
                    [("as uploaded", "0"), ("90", "90"), ("180", "180"), ("270", "270")],
                    label="Turn the page counter-clockwise by degrees",
                    elem_id="rotation",
                )
                sides = [
                    gr.Slider(0, 100, step=0.1, label=f"{side.capitalize()} edge, percent of the page", elem_id=side)
                    for side in ("left", "top", "right", "bottom")
                ]
                correct = gr.Button("Read and write again", elem_id="read-again")
    return {
        "table": table,
        "parts": parts,
        "write_again": write_again,
        "preview": preview,
        "label": label,
        "rotation": rotation,
        **dict(zip(("left", "top", "right", "bottom"), sides, strict=True)),
        "correct": correct,
    }


def connect(page: gr.Blocks, components: dict[str, gr.blocks.Block], sessions: Sessions) -> None:
    """Which step each component starts, for the session of whoever used it."""
    options = {"outputs": list(components.values()), "show_progress": "hidden", "api_visibility": "private"}
    long = {**options, **LONG}
    short = {**options, "concurrency_limit": None}

    def named(updates: dict) -> dict:
        return {components[name]: value for name, value in updates.items()}

    def by_inputs(step: Callable) -> Callable:
        def run(request: gr.Request, *inputs):
            for updates in step(sessions.of(request.session_hash), *inputs):
                yield named(updates)

        return run

    def by_index(step: Callable) -> Callable:
        def run(request: gr.Request, event: gr.EventData):
            for updates in step(sessions.of(request.session_hash), int(event.index)):
                yield named(updates)

        return run

    def at_once(step: Callable) -> Callable:
        def run(request: gr.Request, *inputs):
            return named(step(sessions.of(request.session_hash), *inputs))

        return run

    sides = [components[side] for side in ("left", "top", "right", "bottom")]
    components["upload"].upload(by_inputs(open_upload), components["upload"], **long)
    components["examples"].select(by_index(open_example), None, **long)
    components["strip"].select(by_index(steps.choose), None, **long)
    components["set"].select(by_index(steps.choose), None, **long)
    components["write_again"].click(by_inputs(steps.write_again), [components["table"], components["parts"]], **long)
    components["correct"].click(by_inputs(steps.correct), [components["rotation"], components["label"], *sides], **long)
    components["write_all"].click(by_inputs(steps.write_all), None, **long)
    components["stop"].click(at_once(steps.stop), None, **short)
    for form in ("docx", "txt", "json"):
        saved = components[form].click(at_once(partial(steps.export, form=form)), None, **short)
        saved.then(None, components["file"], None, js="(file) => saveFile(file)")
    components["rotation"].input(at_once(steps.turn_preview), components["rotation"], **short)

    def close(request: gr.Request) -> None:
        sessions.close(request.session_hash)

    page.unload(close)


def open_upload(session: Session, path: str | None) -> steps.Updates:
    """Open what was uploaded."""
    if path:
        yield from steps.open_upload(session, path)


def open_example(session: Session, index: int) -> steps.Updates:
    """Open one of the examples."""
    if 0 <= index < len(EXAMPLES):
        yield from steps.open_upload(session, str(EXAMPLES[index].path), EXAMPLES[index].title)


def build(sessions: Sessions) -> gr.Blocks:
    """The page, ready to be launched."""
    with gr.Blocks(title="PatentLMM", analytics_enabled=False) as page:
        connect(page, lay_out(), sessions)
        add_endpoints(LONG)
    return page.queue(max_size=MOST_WAITING)


def launch_options() -> dict:
    """How the page is served: nothing of other servers, no history, no public monitoring."""
    return {
        "theme": gr.themes.Default(
            primary_hue="blue", neutral_hue="slate", font=SYSTEM_FONTS, font_mono=("ui-monospace", "monospace")
        ),
        "css_paths": HERE / "page.css",
        "head": f"<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>",
        "max_file_size": LIMITS.max_bytes,
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "show_error": False,  # of what nobody foresaw; a gr.Error is told all the same
        "mcp_server": True,
    }


def main() -> None:
    """Load the model, then serve the page; what visitors leave behind is swept."""
    load()
    keep_swept()
    build(Sessions()).launch(**launch_options())


if __name__ == "__main__":
    main()
