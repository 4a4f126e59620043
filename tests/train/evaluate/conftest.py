"""A folder of drawn figures, as `python -m dataset_builder.synthetic` writes it."""

import pytest

from dataset_builder.synthetic.shards import Plan, write_shards

COUNT = 5


@pytest.fixture(scope="session")
def figures_folder(tmp_path_factory):
    """Five figures of the split `test` and five of `train`."""
    folder = tmp_path_factory.mktemp("figures")
    for split, seed in (("test", 7), ("train", 70)):
        list(write_shards(Plan(folder, COUNT, split, seed, max_side=300)))
    return folder


@pytest.fixture
def figures(figures_folder):
    from train.evaluate.figures import load_figures

    return load_figures(figures_folder, "test")
