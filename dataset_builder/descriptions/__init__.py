"""What a patent's text says of each of its figures, and what it calls the parts."""

from dataset_builder.descriptions.figures import FigureText, describe_figures
from dataset_builder.descriptions.terms import PartName, name_parts

__all__ = ["FigureText", "PartName", "describe_figures", "name_parts"]
