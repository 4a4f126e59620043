"""The log of a run as JSON lines and as curves."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
from transformers import TrainerCallback

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

LOG_FILE = "log.jsonl"
PANELS = {
    "losses of masked positions": ("mlm_loss", "mim_loss"),
    "loss of patch classes": ("patch_cls_loss",),
    "masked positions named right": ("masked_word_accuracy", "masked_code_accuracy"),
    "spread of the features": ("feature_spread",),
    "F1 of patches, held-out figures": (
        "eval_patch_f1_node",
        "eval_patch_f1_node_label",
        "eval_patch_f1_figure_label",
        "eval_patch_f1_text",
        "eval_patch_f1_arrow",
    ),
}


class CurvesCallback(TrainerCallback):
    """Write every line of the log to `log.jsonl`, and `curves.png` at each evaluation and at the end.

    A resumed run keeps the lines up to its checkpoint, and writes on from there.
    """

    def on_train_begin(self, args, state, control, **kwargs):
        if state.is_world_process_zero:
            Path(args.output_dir).mkdir(parents=True, exist_ok=True)
            lines = "".join(f"{json.dumps(line)}\n" for line in state.log_history)
            (Path(args.output_dir) / LOG_FILE).write_text(lines, encoding="utf-8")

    def on_log(self, args, state, control, **kwargs):
        path = Path(args.output_dir) / LOG_FILE
        if state.is_world_process_zero and path.is_file():
            with open(path, "a", encoding="utf-8") as lines:
                lines.write(f"{json.dumps(state.log_history[-1])}\n")

    def on_evaluate(self, args, state, control, **kwargs):
        if state.is_world_process_zero:
            draw_curves(state.log_history, Path(args.output_dir) / "curves.png")

    on_train_end = on_evaluate


def draw_curves(lines: list[dict], path: Path) -> None:
    """Losses, accuracies, feature spread and patch F1 over the steps; held-out figures dashed."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(5 * len(PANELS), 4), layout="constrained")
    for place, (title, names) in zip(axes, PANELS.items()):
        for number, name in enumerate(names):
            for key, style in ((name, "-"), (f"eval_{name}", "--")):
                points = [(line["step"], line[key]) for line in lines if key in line]
                if points:
                    place.plot(*zip(*points), style, color=f"C{number}", label=key, marker=".", markersize=3)
        place.set(title=title, xlabel="step")
        if place.lines:
            place.legend(fontsize="small")
        place.set_ylim(0, None if "loss" in title else 1.05)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
