"""Drawing sheets to upright, separate figures with their labels, and a patent's sheets to a map of its figures."""

from dataset_builder.sheets.front_page import is_front_page_copy
from dataset_builder.sheets.mapping import FigureMap, Part, PatentFigure, Unplaced, map_figures
from dataset_builder.sheets.split import DrawnFigure, SheetSplit, split_sheet, upright_sheet

__all__ = [
    "DrawnFigure",
    "FigureMap",
    "Part",
    "PatentFigure",
    "SheetSplit",
    "Unplaced",
    "is_front_page_copy",
    "map_figures",
    "split_sheet",
    "upright_sheet",
]
