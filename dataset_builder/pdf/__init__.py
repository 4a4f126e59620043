"""Patents out of PDFs, with a text layer or scanned; and the pages of any PDF."""

from dataset_builder.pdf.pages import PdfError, page_count, page_image
from dataset_builder.pdf.reader import read_pdf
from dataset_builder.pdf.scans import kind_of_scan, looks_of, readable

__all__ = ["PdfError", "kind_of_scan", "looks_of", "page_count", "page_image", "read_pdf", "readable"]
