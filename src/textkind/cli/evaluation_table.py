"""One evaluation as plain text: figures, labels, what is mixed up, slices, and mistakes."""

from typing import Any

from textkind.cli.figures import HEADLINE, MOST_LABELS
from textkind.cli.plain_tables import aligned, label_name, one_line, shown, with_interval
from textkind.cli.promise_table import promise_table
from textkind.workflow.evaluate import EvaluateResult

# All others that an evaluation may have, by their names in metrics.json.
FURTHER = {
    "subset_accuracy": "subset accuracy",
    "hamming_loss": "hamming loss",
    "balanced_accuracy": "balanced accuracy",
    "weighted_f1": "weighted F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "samples_f1": "samples F1",
    "macro_jaccard": "macro jaccard",
    "micro_jaccard": "micro jaccard",
    "samples_jaccard": "samples jaccard",
    "matthews": "Matthews correlation",
    "cohens_kappa": "Cohen's kappa",
    "top_3_accuracy": "top-3 accuracy",
    "top_5_accuracy": "top-5 accuracy",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC (mean average precision)",
    "precision_at_1": "precision at 1",
    "precision_at_3": "precision at 3",
    "precision_at_5": "precision at 5",
    "ndcg_at_3": "nDCG at 3",
    "ndcg_at_5": "nDCG at 5",
    "label_ranking_average_precision": "label ranking average precision",
    "label_ranking_loss": "label ranking loss",
    "coverage_error": "coverage error",
    "brier": "Brier score",
    "ece_width": "calibration error, equal width",
}
LARGEST_TABLE = 10  # labels of a confusion table that fits a terminal
MOST_PAIRS = 10
MOST_SLICES = 10


def evaluation_table(result: EvaluateResult, everything: bool = False) -> str:
    """The figures of one evaluation, by label, what is mixed up, the mistakes asked for.

    everything: also the figures beside the headline, and every label.
    """
    told = f"{result.accepted:,} rows of {result.source}"
    if result.rejected:
        told += f" ({result.rejected:,} of {result.read:,} could not be used)"
    figures = result.figures
    blocks = [
        told,
        figure_table(figures, everything, result.clean),
        label_table(figures["per_label"], None if everything else MOST_LABELS),
        confusion_table(figures),
        pair_table(figures),
        slice_table(result.slices, None if everything else MOST_SLICES),
        promise_table(result.promises, None if everything else MOST_LABELS),
        novelty_table(result.novelty),
        mistake_table(result.mistakes),
    ]
    return "\n\n".join(block for block in blocks if block)


def novelty_table(novelty: dict[str, Any] | None) -> str:
    """How well texts out of scope are told; nothing where none were given."""
    if novelty is None:
        return ""
    names = {
        "roc_auc": "ROC-AUC",
        "pr_auc": "PR-AUC",
        "fpr_95": "out of scope that passes, where 95 % in scope do",
        "kept": "in scope kept, by the threshold of validation for 95 %",
        "rejected": "out of scope rejected by it",
    }
    rows = [(f"{novelty['out_of_scope']:,} texts out of scope, by {', '.join(novelty['scores'])}",
             "value")]  # fmt: skip
    rows += [(name, shown(key, novelty[key])) for key, name in names.items()]
    return aligned(rows)


def figure_table(figures: dict[str, Any], everything: bool, clean: dict[str, Any] | None) -> str:
    """The headline with its intervals, or every figure there is; beside it that of clean rows."""
    names = HEADLINE | FURTHER if everything else HEADLINE
    rows: list[tuple[str, ...]] = [("", "value", "95 % interval")]
    rows += [
        (name, *with_interval(key, figures[key])) for key, name in names.items() if key in figures
    ]
    if clean is not None:
        told = [key for key in names if key in figures]
        column = [f"{clean['rows']:,} rows not in train"]
        column += [shown(key, clean[key]["value"]) if key in clean else "" for key in told]
        rows = [(*row, cell) for row, cell in zip(rows, column, strict=True)]
    return aligned(rows)


def label_table(per_label: list[dict[str, Any]], most: int | None) -> str:
    """Precision, recall and F1 of each label with the interval of F1, the frequent first."""
    rows: list[tuple[str, ...]] = [("label", "rows", "precision", "recall", "F1", "95 % interval")]
    for one in sorted(per_label, key=lambda one: -one["support"])[:most]:
        shares = (shown(key, one[key]) for key in ("precision", "recall"))
        f1 = with_interval("f1", {"value": one["f1"]} | one["intervals"]["f1"])
        rows.append((label_name(one["label"]), f"{one['support']:,}", *shares, *f1))
    more = 0 if most is None else len(per_label) - most
    return aligned(rows) + (f"\nand {more:,} labels more: --all tells them" if more > 0 else "")


def confusion_table(figures: dict[str, Any]) -> str:
    """Gold labels by predicted ones, of a few labels; else nothing."""
    names = [label_name(one["label"]) for one in figures["per_label"]]
    if figures["confusion"] is None or len(names) > LARGEST_TABLE:
        return ""
    rows = [("gold, and predicted as", *names)]
    rows += [
        (name, *(f"{count:,}" for count in counts))
        for name, counts in zip(names, figures["confusion"]["counts"], strict=True)
    ]
    return aligned(rows)


def pair_table(figures: dict[str, Any]) -> str:
    """The labels that are mixed up most often; nothing where none are, or of two labels."""
    names = [one["label"] for one in figures["per_label"]]
    if figures["confusion"] is None or len(names) < 3:
        return ""
    pairs = figures["confusion"].get("pairs")
    if pairs is None:
        counts = figures["confusion"]["counts"]
        pairs = [
            {"gold": gold, "predicted": other, "count": counts[i][j]}
            for i, gold in enumerate(names)
            for j, other in enumerate(names)
            if i != j and counts[i][j]
        ]
        pairs.sort(key=lambda pair: -pair["count"])
    if not pairs:
        return ""
    support = {one["label"]: one["support"] for one in figures["per_label"]}
    rows = [("gold", "predicted", "rows", "of gold")]
    for pair in pairs[:MOST_PAIRS]:
        share = shown("share", pair["count"] / support[pair["gold"]])
        mixed = (label_name(pair["gold"]), label_name(pair["predicted"]))
        rows.append((*mixed, f"{pair['count']:,}", share))
    return aligned(rows, left=frozenset({1}))


def slice_table(slices: dict[str, Any] | None, most: int | None) -> str:
    """Slices, the surest to be worse first, each beside the other rows; nothing without any."""
    if slices is None:
        return ""
    figure = slices["figure"]
    rows = [(FURTHER.get(figure, HEADLINE.get(figure, figure)) + " of", "rows", "value",
             "95 % interval", "less the rest", "95 % interval", "p")]  # fmt: skip
    for one in slices["found"][:most]:
        name = f"{label_name(one['column'])}: {label_name(one['value'])}"
        difference = one["difference"]
        told = ("few rows", "", "")
        if difference is not None:
            gap = (f"{100 * difference[key]:+.1f}" for key in ("value", "low", "high"))
            value, low, high = gap
            told = (value, f"{low} to {high}", p_value(difference["p_holm"]))
        rows.append((name, f"{one['rows']:,}", *with_interval(figure, one[figure]), *told))
    more = 0 if most is None else len(slices["found"]) - most
    lines = [aligned(rows)]
    if more > 0:
        lines.append(f"and {more:,} slices more: --all tells them")
    if slices["compared"]:
        lines.append(
            f"less the rest in points; p adjusted for {slices['compared']:,} comparisons (Holm)"
        )
    return "\n".join(lines)


def p_value(p: float) -> str:
    """A p value as text: three digits, or that it is below."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def mistake_table(mistakes: list[dict[str, Any]]) -> str:
    """The mistakes with their texts, most confident first; nothing where there are none."""
    if not mistakes:
        return ""
    rows = [("row", "gold", "predicted", "probability", "text")]
    rows += [
        (
            str(one["row"]),
            label_name(one["gold"]),
            label_name(one["predicted"]),
            shown("probability", one["probability"]),
            one_line(one["text"]),
        )
        for one in mistakes
    ]
    return aligned(rows, left=frozenset({1, 2, 4}))
