"""The examples in the docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import modeling_patentlmm

MODULES = [f"modeling_patentlmm.{module.name}" for module in pkgutil.iter_modules(modeling_patentlmm.__path__)]
MODULES.remove("modeling_patentlmm.__main__")  # the command, whose docstrings hold no Python


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    assert sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES) >= 9
