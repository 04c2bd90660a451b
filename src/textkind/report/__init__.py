"""The report: metrics.json and the mistakes in, one self-contained HTML page out."""

from textkind.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
