"""The sides of a benchmark take turns; a ratio is that of the repeats; memory is counted from where the run begins."""

import pytest
import torch

from benchmarks.timing import environment, interleaved, median_ratio, peak_memory


def test_the_sides_take_turns_and_warm_ups_are_not_counted():
    order = []
    seconds = interleaved({"ours": lambda: order.append("ours"), "theirs": lambda: order.append("theirs")}, 3, 2)
    assert order == ["ours", "theirs"] * 5
    assert {name: len(times) for name, times in seconds.items()} == {"ours": 3, "theirs": 3}


def test_the_ratio_is_the_median_of_the_repeats():
    assert median_ratio({"ours": [1.0, 1.0, 9.0], "theirs": [2.0, 4.0, 3.0]}, "ours", "theirs") == pytest.approx(0.5)


def test_memory_is_what_a_run_adds_at_most_each_time_anew():
    size = 64 * 2**20
    for _ in range(2):
        assert size * 0.9 < peak_memory(lambda: torch.ones(size // 4).sum()) < size * 1.5


def test_the_environment_names_versions_and_threads():
    found = environment("numpy")
    assert set(found["versions"]) == {"python", "torch", "transformers", "numpy"} and found["device"]
    assert found["threads"] == torch.get_num_threads()
