"""Reading a recipe, and the error of one that cannot be followed."""

from __future__ import annotations

import sys

import yaml


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message is one sentence that names the field or file and the remedy."""


def read_recipe(*kinds: type) -> tuple:
    """The dataclasses of a recipe, from `--config recipe.yaml` and the command line, which wins.

    Raises:
        RecipeError: there is no such file, it is no YAML, or a key or value is wrong.
    """
    from trl import TrlParser  # here, so that what only needs the error needs no trl

    try:
        return TrlParser(kinds).parse_args_and_config()
    except (ValueError, OSError, yaml.YAMLError) as error:
        raise RecipeError(f"{' '.join(sys.argv[1:])}: {' '.join(str(error).split())}") from error
