"""The verdict in three sentences, and what the reader must be warned of.

How good it is against always giving the commonest label; how far its probabilities can be trusted;
where it fails most. All from metrics.json, in plain words.
"""

from typing import Any

from markupsafe import Markup

from textkind.evaluation.intervals import VERY_FEW_ROWS
from textkind.report.confusion import confusions
from textkind.report.figures import (
    LABEL_FIGURES,
    PROBABILITY_FIGURES,
    Metrics,
    interval,
    is_several,
    shown_part,
    value_of,
)
from textkind.report.label_table import outcomes, worst_first
from textkind.report.wording import clip, known, name, number, plural

FEW_ROWS = 200  # below it the interval of an accuracy is some +-7 points wide
FEW_OF_A_LABEL = 10  # texts; below it the figures of a label are mostly chance
MOST_NOTES = 20
NOTE_LENGTH = 300  # characters

_TRUST = (
    (0.02, "Its probabilities can be taken nearly at their word"),
    (0.05, "Its probabilities are a fair guide"),
    (0.10, "Its probabilities should be read with care"),
    (float("inf"), "Its probabilities should not be relied on"),
)


def verdict(metrics: Metrics) -> list[Markup]:
    """Three sentences, or one where nothing was evaluated."""
    part_name, part = shown_part(metrics)
    if not part["rows"]:
        return [Markup("Nothing was evaluated, so there is nothing to say of its quality yet.")]
    good = how_good(metrics, part_name, part)
    good += without_leaks(metrics)
    if part["rows"] < VERY_FEW_ROWS:
        good += Markup(" With so few texts the interval is wide and the figures mean little.")
    return [good, how_trusted(part), where_it_fails(metrics, part)]


def how_good(metrics: Metrics, part_name: str, part: Metrics) -> Markup:
    """The accuracy with its interval against the majority baseline."""
    figure = LABEL_FIGURES[0]
    texts = plural(part["rows"], f"{part_name} text")
    gets = "exactly the right set of labels" if is_several(metrics) else "the right label"
    accuracy = number(value_of(part, "accuracy"), "percent")
    bounds = interval(part, figure)
    sentence = Markup("Of {}, <strong>{}</strong> get {}").format(texts, accuracy, gets)
    if bounds:
        sentence += Markup(" (95&nbsp;% interval {})").format(bounds)
    baseline = metrics.get("baseline") or {}
    floor = known(baseline.get("accuracy"))
    if part_name != "test" or floor is None:
        return sentence + Markup(".")
    low = value_of(part, "accuracy", "low")
    beaten = low is not None and low > floor
    always = Markup("always answering {}").format(name(baseline["label"]))
    if not baseline.get("label"):
        always = Markup("always giving the commonest answer")
    if beaten:
        words = Markup("; {} would reach {}.")
    else:
        words = Markup(", which is <strong>not clearly better</strong> than {}: {}.")
    return sentence + words.format(always, number(floor, "percent"))


def without_leaks(metrics: Metrics) -> Markup:
    """A sentence on the test texts that are in train, or nearly; empty where there are none."""
    clean = metrics.get("clean")
    if not clean:
        return Markup("")
    same, near = clean["left_out"]["same"], clean["left_out"]["near"]
    told = Markup(" {} of them {} in training too, and {} nearly").format(
        f"{same:,}", "is" if same == 1 else "are", f"{near:,}"
    )
    if not clean["rows"]:
        return told + Markup(": <strong>no text is left that tells more</strong>.")
    accuracy = number(value_of(clean, "accuracy"), "percent")
    return told + Markup("; of the other {}, <strong>{}</strong>.").format(
        f"{clean['rows']:,}", accuracy
    )


def overconfidence(part: Metrics) -> float | None:
    """Mean confidence less accuracy over all bins, None without bins."""
    bins = (part.get("reliability") or {}).get("equal_mass", [])
    if not bins:
        return None
    rows = sum(b["count"] for b in bins)
    return float(sum(b["count"] * (b["confidence"] - b["accuracy"]) for b in bins)) / rows


def how_trusted(part: Metrics) -> Markup:
    """The expected calibration error in words, and the side on which the model errs."""
    error = value_of(part, "ece_mass")
    if error is None:
        return Markup("How far its probabilities can be trusted could not be measured.")
    words = next(words for border, words in _TRUST if error <= border)
    bounds = interval(part, PROBABILITY_FIGURES[0])
    sentence = Markup(
        "<strong>{}</strong>: a stated probability is off by {} points on average "
        "(expected calibration error {}{})"
    ).format(
        words,
        f"{100 * error:.1f}",
        number(error, "plain"),
        Markup(", {}").format(bounds) if bounds else "",
    )
    lean = overconfidence(part)
    if lean is None or abs(lean) < 0.01:
        return sentence + Markup(".")
    side = "too sure of itself" if lean > 0 else "too modest"
    return sentence + Markup("; on the whole it is {}.").format(side)


def where_it_fails(metrics: Metrics, part: Metrics) -> Markup:
    """The worst label, and the most frequent confusion or the most missed label."""
    worst = worst_first(part.get("per_label") or [])
    wrong = sum(sum(outcomes(row)[1:]) for row in worst)
    if not worst or not wrong:
        return Markup("It made no mistake on these texts.")
    row = worst[0]
    sentence = Markup("It does worst on {} (F1 {}, {})").format(
        name(row["label"]), number(row["f1"], "percent"), plural(row["support"], "text")
    )
    if is_several(metrics):
        most = max(worst, key=lambda one: outcomes(one)[1])
        missed = outcomes(most)[1]
        if not missed:
            return sentence + Markup(".")
        return sentence + Markup(" and most often misses {} ({} of its {}).").format(
            name(most["label"]), number(missed, "count"), plural(most["support"], "text")
        )
    found = confusions(part, metrics["labels"])
    if found is None or not found.pairs:
        return sentence + Markup(".")
    gold, predicted, count = found.pairs[0]
    support = max(int(found.support[gold]), count)
    return sentence + Markup("; its commonest mistake is to take {} for {} ({} of {}).").format(
        name(metrics["labels"][gold]),
        name(metrics["labels"][predicted]),
        number(count, "count"),
        plural(support, "text"),
    )


def warnings(metrics: Metrics) -> list[Markup]:
    """What weakens the figures, most serious first."""
    part_name, part = shown_part(metrics)
    data: dict[str, Any] = metrics.get("data") or {}
    duplicates = data.get("duplicates") or {}
    found: list[Markup] = []
    if part_name == "validation":
        found.append(
            Markup(
                "No test part was evaluated. The figures are those of the validation part, by "
                "which settings were chosen: expect somewhat less on new texts."
            )
        )
    if part["rows"] and part["rows"] < FEW_ROWS:
        found.append(
            Markup("Only {}: the intervals are wide, small differences mean nothing.").format(
                plural(part["rows"], f"{part_name} text")
            )
        )
    if duplicates.get("across_given_files"):
        found.append(
            Markup(
                "{} of the test file also in the training file: the figures flatter the model."
            ).format(plural(duplicates["across_given_files"], "text"))
        )
    if duplicates.get("conflicting"):
        found.append(
            Markup(
                "{} of equal texts with differing labels: no model can get all of them right."
            ).format(plural(duplicates["conflicting"], "group"))
        )
    if data.get("rejected"):
        found.append(
            Markup("{} rejected, of {} read; rejected.jsonl gives the reasons.").format(
                plural(data["rejected"], "row"), number(data.get("read"), "count")
            )
        )
    few = [row for row in part.get("per_label") or [] if row["support"] < FEW_OF_A_LABEL]
    if few:
        found.append(
            Markup("{} with fewer than {} {} texts, whose figures are mostly chance: {}.").format(
                plural(len(few), "label"),
                FEW_OF_A_LABEL,
                part_name,
                Markup(", ").join(name(row["label"]) for row in few[:5])
                + (Markup(" and {} more").format(len(few) - 5) if len(few) > 5 else ""),
            )
        )
    return found


def told(notes: list[str]) -> list[str]:
    """The notes of a run, each cut to a readable length, with a last line on those left out."""
    shown = [clip(str(note), NOTE_LENGTH) for note in notes[:MOST_NOTES]]
    left = len(notes) - MOST_NOTES
    return shown + ([f"and {left:,} more notes in metrics.json"] if left > 0 else [])
