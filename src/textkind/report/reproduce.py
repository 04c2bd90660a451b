"""What is needed to make the run again: metrics.json in, the command and lines of tables out."""

from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup

from textkind.models.long_settings import USED_BY
from textkind.models.neural_settings import DISTILLED
from textkind.report.wording import clip, known, number, percent_text

MOST_ROWS = 60  # of one table
NAME_LENGTH, VALUE_LENGTH, COMMAND_LENGTH = 40, 160, 1000  # characters
CHOICES = ("features", "naive_bayes", "strength")  # what validation compares
# Entries of "fit" that have a table of their own or stand elsewhere on the page.
APART = {"model", "seconds", "asked", "settings", "decision", "candidates", "gradients", "auto",
         "long"}  # fmt: skip
LONG = {"history", "notes", "candidates"}  # entries at any depth that are no lines of a table


def fact_tables(fit: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings chosen, the decision, and the course of the fit, each as names and values."""
    decision = fit.get("decision") or {}
    course = {key: value for key, value in fit.items() if key not in APART}
    tables = (
        *_setting_tables(fit.get("settings") or {}),
        ("The decision, from logits to labels.", decision, "none"),
        ("Convergence and size of the fit.", course, "none"),
    )
    return [
        {"caption": caption, "rows": _rows(facts, absent)}
        for caption, facts, absent in tables
        if facts
    ]


def _setting_tables(settings: dict[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    """The settings: of a network its layers and what it reads, and apart from them the training."""
    if "network" not in settings:
        return [("The settings, as chosen.", settings, "by default")]
    kept = {key: value for key, value in settings.items() if key != "training"}
    layers = kept.pop("layers", {})
    architecture = layers.get("architecture")
    layers = {key: value for key, value in layers.items() if key != "architecture"}
    is_encoders = settings.get("vectors") == DISTILLED or architecture is not None
    if is_encoders:
        kept.pop("tokens", None)
    made = settings.get("tokens") == "ready" or is_encoders
    used = None if made else "words" if settings.get("tokens") == "words" else "subwords"
    for kind in ("words", "subwords"):
        if kind != used:
            kept.pop(kind, None)
    if "subwords" in kept:  # their model is told by "tokens"
        kept["subwords"] = {k: v for k, v in kept["subwords"].items() if k != "model"}
    if "long" in kept:
        kept["long"] = _used_of_long(kept["long"])
    reading = {key: value for key, value in kept.items() if value is not None}
    network = {"network": reading.pop("network")} | layers | reading
    training = {} if settings["network"] == "frozen" else settings.get("training") or {}
    return [
        ("The network and what it reads.", network, "by default"),
        ("The encoder.", _told_architecture(architecture or {}), "none"),
        ("The training, as set.", training, "none"),
    ]


def _told_architecture(architecture: dict[str, Any]) -> dict[str, Any]:
    """Of an encoder what one of BERT's kind has; of another its config, but for what is nested."""
    config = architecture.get("config")
    if config is None:
        return {key: value for key, value in architecture.items() if key != "config"}
    return {k: v for k, v in config.items() if not isinstance(v, dict | list)}


def _used_of_long(long: dict[str, Any]) -> dict[str, Any]:
    """The settings of long texts that their strategy has a use for."""
    strategy = long["strategy"]
    return {k: v for k, v in long.items() if k == "strategy" or strategy in USED_BY[k]}


def _rows(facts: dict[str, Any], absent: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in _flat(facts):
        if len(rows) == MOST_ROWS:
            rows.append(("and more", "see metrics.json"))
            break
        rows.append((clip(name.replace("_", " "), NAME_LENGTH), _words(name, value, absent)))
    return rows


def _flat(facts: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    """Every plain value of nested facts under its name, and the names above it."""
    for key, value in facts.items():
        name = f"{above} {key}".strip()
        if key in LONG:
            continue
        if isinstance(value, dict) and value:
            yield from _flat(value, name)
        else:
            yield name, value


def _words(name: str, value: object, absent: str) -> str:
    """A value as people read it: yes or no, four significant digits, a gap in per cent."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == {}:
        return absent
    if name.endswith("relative_gap") and known(value) is not None:
        return percent_text(float(str(value)))
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return clip(_listed(value, absent), VALUE_LENGTH)
    return clip(str(value), VALUE_LENGTH)


def _listed(values: Iterable[object], absent: str) -> str:
    shown = list(values)
    words = ", ".join(_words("", one, absent) for one in shown[:12])
    return words + (", ..." if shown[12:] else "")


def candidate_rows(fit: dict[str, Any]) -> list[dict[str, Any]]:
    """What validation compared, in the order tried.

    Features are compared on a sample first; the last one with the settings of the fit is the one
    that was chosen.
    """
    found = [one for one in fit.get("candidates") or [] if isinstance(one, dict)]
    settings = fit.get("settings") or {}
    alike = [one for one in found if all(one.get(key) == settings.get(key) for key in CHOICES)]
    chosen = alike[-1] if alike else None
    return [
        {
            "features": clip(str(one.get("features")), NAME_LENGTH),
            "ratios": _words("", one.get("naive_bayes"), "no"),
            "strength": _words("", one.get("strength"), "none"),
            "log_loss": number(one.get("log_loss"), "plain"),
            "accuracy": number(one.get("accuracy"), "percent"),
            "chosen": one is chosen,
        }
        for one in found[:MOST_ROWS]
    ]


def seconds_rows(fit: dict[str, Any]) -> list[dict[str, str | Markup]]:
    """How long each step took."""
    return [
        {"step": clip(str(step), NAME_LENGTH), "seconds": number(value, "seconds")}
        for step, value in list((fit.get("seconds") or {}).items())[:12]
        if known(value) is not None
    ]


def made_with(metrics: dict[str, Any]) -> list[tuple[str, Markup]]:
    """Versions, seed and digests of the data: what the same command needs for the same result."""
    environment, data = metrics["environment"], metrics["data"]
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    seed = (data.get("split") or {}).get("seed")
    found = [
        ("textkind", metrics["textkind"]),
        ("Python", environment["python"]),
        ("System", environment["system"]),
        ("Packages", packages),
        ("Seed", seed),
    ]
    for name, digests in (data.get("sha256") or {}).items():
        of = "" if name == "train" else f", {name}"
        found += [(f"SHA-256 of the file{of}", digests["file"]),
                  (f"SHA-256 of the rows{of}", digests["rows"])]  # fmt: skip
    return [
        (term, Markup("<bdi>{}</bdi>").format(value)) for term, value in found if value is not None
    ]


def command(metrics: dict[str, Any]) -> str:
    """The command line as it was typed; empty where the run was not asked for by one."""
    return clip(metrics.get("command") or "", COMMAND_LENGTH)
