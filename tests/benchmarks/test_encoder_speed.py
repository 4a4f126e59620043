"""The encoder's benchmark runs at a small size, and its claims have reasons where they miss."""

from benchmarks import encoder_speed
from benchmarks.encoder_speed import Cell, claims, measure

SMALL = {
    "hidden_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "coordinate_size": 8,
    "shape_size": 8,
}
RATIOS = ("forward_over_kernels", "forward_over_library", "training_over_library", "memory_over_library")


def test_both_sides_agree_and_every_ratio_is_told(monkeypatch):
    monkeypatch.setitem(encoder_speed.SIZES, "base", SMALL)
    row = measure(Cell("base", 2, 8, "fp32"), "cpu", 2)
    assert row["apart"] < 1e-5 and all(row[name] > 0 for name in RATIOS[:3])


def test_a_missed_goal_has_a_reason():
    row = Cell("base", 1, 300, "fp32")._asdict() | {name: 2.0 for name in RATIOS} | {"kernels_over_library": 0.7}
    assert all(one["reason"] for one in claims([row], "cpu"))
    assert all(one["reason"] is None for one in claims([row | {name: 0.1 for name in RATIOS}], "cpu"))
