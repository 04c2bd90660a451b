"""How far the probabilities can be trusted, before calibration and after."""

from typing import Any

import numpy as np
from markupsafe import Markup

from textkind.report.figures import Metrics, is_several, value_of
from textkind.report.reliability import reliability_diagram
from textkind.report.wording import known, number


def calibration_sections(metrics: Metrics, part: Metrics) -> dict[str, Any]:
    """Diagram, bins and figures of the shown part, and what they were before calibration."""
    before = metrics.get("uncalibrated") or {}
    decision = (metrics.get("fit") or {}).get("decision") or {}
    return {
        "diagram": _diagram(part, "reliability"),
        "bins": _bins(part),
        "brier_parts": _brier_parts(part),
        "calibrated": _calibrated(metrics, part, before, decision),
        "diagram_before": _diagram(before, "before"),
        "bins_before": _bins(before),
        "calibrators": [
            {
                "name": one["name"],
                "chosen": one["name"] == decision["calibrator"],
                "log_loss": number(one["log_loss"], "plain"),
                "error": number(one["standard_error"], "plain"),
                "ece": number(one["ece"], "plain"),
            }
            for one in decision.get("candidates", [])
        ],
    }


def _calibrated(metrics: Metrics, part: Metrics, before: Metrics, decision: Metrics) -> Markup:
    """What calibration did, in words; empty where there was none."""
    if not before or "calibrator" not in decision:
        return Markup("")
    told = Markup(
        "Calibration ({}) brought the calibration error from {} to {}, and the log loss from {} "
        "to {}."
    ).format(
        decision["calibrator"],
        number(before["ece_mass"], "plain"),
        number(value_of(part, "ece_mass"), "plain"),
        number(before["log_loss"], "plain"),
        number(value_of(part, "log_loss"), "plain"),
    )
    if is_several(metrics) or not decision["labels_changed"]:
        return told
    changed = number(decision["labels_changed"], "count")
    return told + Markup(" Of validation {} texts have another likeliest label for it.").format(
        changed
    )


def _brier_parts(part: Metrics) -> Markup:
    """The Brier score as a sum, and the class-wise calibration error; empty where undefined."""
    told = part.get("calibration") or {}
    if known(told.get("ece_classwise")) is None:
        return Markup("")
    keys = "reliability", "resolution", "uncertainty", "within_bins"
    return Markup(
        "The Brier score is {} for what the probabilities are off (reliability), less {} for what "
        "they tell apart (resolution), plus {} that the data leaves open (uncertainty), and {} "
        "within bins. The class-wise calibration error, the mean over the labels, is {}."
    ).format(
        *(number(told.get(f"brier_{key}"), "plain") for key in keys),
        number(told["ece_classwise"], "plain"),
    )


def _bins(part: Metrics) -> list[dict[str, Markup]]:
    """The bins of equal mass, as a table shows them."""
    return [
        {
            "low": number(one["low"], "percent"),
            "high": number(one["high"], "percent"),
            "count": number(one["count"], "count"),
            "confidence": number(one["confidence"], "percent"),
            "accuracy": number(one["accuracy"], "percent"),
        }
        for one in (part.get("reliability") or {}).get("equal_mass", [])
    ]


def _diagram(part: Metrics, name: str) -> Markup:
    """The reliability diagram of a part, empty where there are no bins."""
    reliability = part.get("reliability") or {}
    mass, width = (reliability.get(kind, []) for kind in ("equal_mass", "equal_width"))
    if not mass or not width:
        return Markup("")
    confidence, accuracy, count = (
        np.array([one[key] for one in mass], np.float64)
        for key in ("confidence", "accuracy", "count")
    )
    low, high, width_count = (
        np.array([one[key] for one in width], np.float64) for key in ("low", "high", "count")
    )
    description = (
        f"{len(mass)} bins of about {count.mean():,.0f}; stated confidence from "
        f"{confidence.min():.2f} to {confidence.max():.2f}, share right from "
        f"{accuracy.min():.2f} to {accuracy.max():.2f}. The table below has all figures."
    )
    return reliability_diagram(
        confidence, accuracy, count, low, high, width_count, description, name
    )
