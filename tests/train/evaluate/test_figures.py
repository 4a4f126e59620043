"""Loading a split, and what is refused in one sentence."""

import pytest

from train.evaluate.figures import load_figures


def test_a_split_is_loaded_whole_or_in_part(figures_folder):
    assert len(load_figures(figures_folder, "test")) == 5
    assert load_figures(figures_folder, "train", 2)["image_id"] == load_figures(figures_folder, "train")["image_id"][:2]


def test_a_split_may_be_a_folder_or_one_file(figures, tmp_path):
    (tmp_path / "validation").mkdir()
    figures.to_parquet(tmp_path / "validation" / "any.parquet")
    figures.to_parquet(tmp_path / "other.parquet")
    assert len(load_figures(tmp_path, "validation")) == len(load_figures(tmp_path, "other")) == 5


def test_what_cannot_be_loaded_is_said(figures, figures_folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no Parquet shard of the split 'valid'"):
        load_figures(figures_folder, "valid")
    figures.remove_columns("edges").to_parquet(tmp_path / "test.parquet")
    with pytest.raises(ValueError, match="test.parquet lacks the columns edges"):
        load_figures(tmp_path, "test")
    figures.select([0, 1, 0]).to_parquet(tmp_path / "test.parquet")
    with pytest.raises(ValueError, match="have one image_id"):
        load_figures(tmp_path, "test")
