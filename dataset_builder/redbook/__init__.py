"""Patents out of the USPTO's Red Book: grants since 2002 and applications since 2001, from XML files and archives."""

from dataset_builder.redbook.reader import RedbookError, read_redbook

__all__ = ["RedbookError", "read_redbook"]
