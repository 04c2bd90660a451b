"""How a trial is remembered in the study, and told in tune.json."""

from typing import Any

FINISHED, PRUNED, FAILED, STOPPED = "finished", "pruned", "failed", "stopped"
REPEATED = "repeated"  # proposed once more: no trial of its own
ABOUT, END = "about", "end"  # attributes of a trial: written before it runs, and after
KNOWN_ORIGIN, DRAWN, USUAL = "known", "drawn", "defaults"


def about_of(trial: Any) -> dict[str, Any]:
    """The values of a trial that are read, and the key of its settings; empty before it runs."""
    found: dict[str, Any] = trial.user_attrs.get(ABOUT, {})
    return found


def end_of(trial: Any) -> dict[str, Any]:
    """How a trial ended; empty before that."""
    found: dict[str, Any] = trial.user_attrs.get(END, {})
    return found


def trial_records(study: Any) -> list[dict[str, Any]]:
    """Every trial in the order in which they began, the defaults first."""
    found = []
    for trial in study.get_trials(deepcopy=False):
        told = end_of(trial)
        if told.get("status") in (None, REPEATED):
            continue
        outcome = told.get("outcome", {})
        found.append(
            {
                "number": trial.number,
                "origin": trial.user_attrs.get("origin", DRAWN),
                "status": told["status"],
                "reason": told.get("reason", ""),
                "hint": told.get("hint", ""),
                "values": about_of(trial)["values"],
                "figures": outcome.get("figures"),
                "looks": _looks_of(trial),
                "epochs": outcome.get("epochs"),
                "began": round(told["began"], 3),
                "seconds": round(told["seconds"], 3),
            }
        )
    return found


def _looks_of(trial: Any) -> list[dict[str, float]]:
    """What a trial reported before its end."""
    return [
        {"share": step / 100, "log_loss": value}
        for step, value in sorted(trial.intermediate_values.items())
    ]
