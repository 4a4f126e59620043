"""Drawn patent figures with exact truth."""
