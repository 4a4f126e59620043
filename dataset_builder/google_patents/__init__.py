"""Patents out of saved Google Patents pages."""

from dataset_builder.google_patents.reader import SUFFIXES, read_google_patents

__all__ = ["SUFFIXES", "read_google_patents"]
