"""Figures as plain text for stdout: aligned, readable without color, the same in a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textkind.cli.plain_tables import aligned, fact_lines, label_name, shown, with_interval
from textkind.models.neural_settings import DISTILLED
from textkind.progress import counted

HEADLINE = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "log_loss": "log loss",
    "ece_mass": "calibration error",
}
MOST_LABELS = 20


def run_table(metrics: dict[str, Any], folder: Path) -> str:
    """What a run came to: figures against the baseline, the choices, the seconds, the places."""
    parts = metrics["data"]["parts"]
    rows = ", ".join(f"{name} {part['rows']:,}" for name, part in parts.items())
    fit = metrics["fit"]
    facts = [
        ("rows", rows),
        ("labels", f"{len(metrics['labels']):,}, {metrics['task']} a text"),
        ("model", f"{fit['model']}: {_choices(fit.get('settings', {}))}"),
        *(("chosen", sentence) for sentence in fit.get("auto", {}).get("sentences", [])),
        *_training(fit),
        *_effect(metrics.get("effect")),
        *_novelty(metrics.get("novelty")),
        ("seconds", ", ".join(f"{k} {v:.1f}" for k, v in fit["seconds"].items())),
        ("report", str(folder / "report.html")),
        ("model folder", str(folder / "model")),
    ]
    return _figures(metrics) + "\n\n" + fact_lines(facts)


def model_table(card: dict[str, Any], metrics: dict[str, Any] | None) -> str:
    """What a model is; with its figures where the run folder has them."""
    names = [label_name(label) for label in card["labels"]]
    first = ", ".join(names[:MOST_LABELS])
    more = len(names) - MOST_LABELS
    origin = card["provenance"]
    fit = card["config"].get("facts", {})
    facts = [
        ("kind", f"{card['kind']}, written by textkind {card['textkind']}"),
        ("labels", f"{len(names):,}: {first}" + (f" and {more:,} more" if more > 0 else "")),
        ("a text has", "several labels" if card["several"] else "one label"),
        (
            "members",
            ", ".join(f"{name} {_number(weight)}" for name, weight in fit["members"].items()),
        )
        if "members" in fit
        else ("settings", _choices(fit.get("settings", {}))),
        *_training(fit),
        ("decision", _decision(card)),
        ("size", _size(sum(card["bytes"].values()))),
        ("learned from", f"{origin.get('rows', 0):,} rows of {origin.get('source')}"),
        ("created", str(origin.get("created"))),
    ]
    told = {} if metrics is None else metrics["fit"].get("decision") or {}
    if told.get("ece_before") is not None:
        before, after = (shown("ece_mass", told[f"ece_{when}"]) for when in ("before", "after"))
        facts.append(("calibration", f"error on validation {before} before, {after} after"))
    table = fact_lines(facts)
    return table if metrics is None else table + "\n\n" + _figures(metrics)


def _figures(metrics: dict[str, Any]) -> str:
    test, validation, baseline = metrics["test"], metrics["validation"], metrics["baseline"]
    part, name = (test, "test") if test is not None else (validation, "validation")
    if part is None:
        return "no test and no validation part: nothing was measured"
    header = ["", name, "95 % interval"]
    if baseline is not None:
        header.append(f"always {label_name(baseline['label'])!r}")
    clean = metrics.get("clean")
    if clean is not None:
        header.append(f"{clean['rows']:,} rows not in train")
    rows = [tuple(header)]
    for key, title in HEADLINE.items():
        row = [title, *with_interval(key, part[key])]
        if baseline is not None:
            row.append(shown(key, baseline[key]))
        if clean is not None:
            row.append(shown(key, clean[key]["value"]))
        rows.append(tuple(row))
    return aligned(rows)


def _choices(settings: dict[str, Any]) -> str:
    """What was chosen: of a network its layers, what it reads, and where its vectors came from."""
    if "layers" in settings:
        layers = {k: v for k, v in settings["layers"].items() if k != "architecture"}
        # with distilled vectors, and in a pretrained encoder, the tokens are the encoder's
        is_encoders = settings.get("vectors") == DISTILLED or len(layers) < len(settings["layers"])
        own = () if is_encoders else ("tokens",)
        names: Sequence[str] = (*own, "vectors", "encoder", "max_tokens")
        chosen = layers | {k: settings.get(k) for k in names if settings.get(k)}
    else:
        names = ("features", "strength", "naive_bayes", "objective", "imbalance")
        chosen = {name: settings[name] for name in names if name in settings}
    return ", ".join(f"{name} {_number(value)}" for name, value in chosen.items())


def _training(fit: dict[str, Any]) -> list[tuple[str, str]]:
    """Lines of how a network was trained; none of another model."""
    if "training_seconds" not in fit:
        return []
    best = "" if fit["best"] is None else f", the best is {fit['best']['epoch']:,}"
    tokens = f"{fit['tokens']:,} in the training texts, {fit['vocabulary']:,} known"
    if fit.get("vectors_found") is not None:
        tokens += f", {fit['vectors_found']:,} with a vector of {fit['vectors']}"
    ended = f"{counted(fit['epochs'], 'epoch')}{best}; {fit['ended']}"
    long = fit["long"]
    if long["parts"]:
        unread = sum(account["tokens_unread"] for account in long["parts"].values())
        tokens += f"; long texts by {long['strategy']}, {unread:,} tokens not read in all parts"
    place = f"{fit['training_seconds']:,.1f} s on {fit['device']} in {fit['precision']}"
    return [
        ("tokens", tokens),
        ("training", f"{ended}; {place}"),
        ("parameters", f"{fit['parameters']:,}"),
    ]


def _effect(effect: dict[str, Any] | None) -> list[tuple[str, str]]:
    """A line of what imbalance and the rule changed; none where neither was asked for."""
    if effect is None:
        return []
    changes = []
    for key in ("accuracy", "macro_f1"):
        value, without = (shown(key, effect[key][name]) for name in ("value", "without"))
        changes.append(f"{HEADLINE[key]} {value} for {without}")
    told = f"labels by {effect['rule']}, imbalance {effect['imbalance']}: "
    return [("changed", f"{told}{', '.join(changes)} of {effect['against']}")]


def _novelty(novelty: dict[str, Any] | None) -> list[tuple[str, str]]:
    """A line of how well texts out of scope are known; none where it was measured by none."""
    if novelty is None or not novelty["out_of_scope"]:
        return []
    area, kept, rejected = (shown(key, novelty[key]) for key in ("roc_auc", "kept", "rejected"))
    told = (
        f"{rejected} of {novelty['out_of_scope']:,} texts turned away where {kept} in scope keep "
        f"their label; ROC-AUC {area}, by {', '.join(novelty['scores'])}"
    )
    return [("out of scope", told)]


def _decision(card: dict[str, Any]) -> str:
    """What turns logits into labels, without what does not apply."""
    told = _calibrator(card["decision"]["calibrator"])
    told |= {k: v for k, v in card["decision"]["rule"].items() if v is not False}
    return ", ".join(
        f"{name} {_range(value) if isinstance(value, list) else _number(value)}"
        for name, value in told.items()
        if value is not None
    )


def _calibrator(found: dict[str, Any]) -> dict[str, Any]:
    """Its name, and the numbers that all labels share."""
    shared = found.get("shared", found)
    return {"calibration": found["name"]} | {k: v for k, v in shared.items() if k != "name"}


def _range(values: list[Any]) -> str:
    """The lowest and highest of numbers, or of rows of them."""
    flat = [one for row in values for one in (row if isinstance(row, list) else [row])]
    return f"{_number(min(flat))} to {_number(max(flat))}"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(map(_number, value)) if value else "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
