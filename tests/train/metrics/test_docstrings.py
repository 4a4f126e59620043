"""The worked examples of the measures."""

import doctest
import importlib
import pkgutil

import pytest

from train import metrics

MODULES = [module.name for module in pkgutil.iter_modules(metrics.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_worked_examples(name):
    assert doctest.testmod(importlib.import_module(f"train.metrics.{name}")).failed == 0


def test_every_measure_has_one():
    finder = doctest.DocTestFinder()
    modules = [importlib.import_module(f"train.metrics.{name}") for name in MODULES]
    examples = {test.name.split(".")[-1] for module in modules for test in finder.find(module) if test.examples}
    assert {"bleu", "score_overlap", "score_characters", "figure_number_exact"} <= examples
    assert {"score_binding", "score_connections", "score_kind", "score_form"} <= examples
