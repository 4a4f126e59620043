"""The card of a built dataset: its README.md with counts, lengths, pictures, provenance and what was left out."""

from dataset_builder.card.statistics import CardError
from dataset_builder.card.writing import LICENCE, LIMITS, Making, write_card

__all__ = ["LICENCE", "LIMITS", "CardError", "Making", "write_card"]
