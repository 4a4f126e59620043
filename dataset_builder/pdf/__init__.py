"""Patents out of PDFs, with a text layer or scanned."""

from dataset_builder.pdf.reader import read_pdf

__all__ = ["read_pdf"]
