"""The discrete image tokenizer whose codes PatentMME predicts for masked patches (LA-MIM)."""

from .tokenizer import ImageTokenizer, load_image_tokenizer

__all__ = ["ImageTokenizer", "load_image_tokenizer"]
