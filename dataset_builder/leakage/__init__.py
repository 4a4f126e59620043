"""What the splits of a dataset share: figures of one patent or family, drawings and texts that are nearly the same."""

from dataset_builder.leakage.audit import Leak, LeakReport, Pair, Trace, audit_splits
from dataset_builder.leakage.report import write_report

__all__ = ["Leak", "LeakReport", "Pair", "Trace", "audit_splits", "write_report"]
