"""What a question answers, printed as Markdown tables and kept as JSON under `.bench/results/`."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.places import RESULTS

Row = dict[str, object]


@dataclass(frozen=True)
class Goal:
    """One figure to reach and what was measured."""

    what: str
    target: str
    measured: str
    reached: bool


def at_least(what: str, measured: float, target: float, unit: str) -> Goal:
    """A goal reached at `target` or above."""
    return Goal(what, f"{target:,g}{unit} or more", f"{shown(measured)}{unit}", measured >= target)


def at_most(what: str, measured: float, target: float, unit: str) -> Goal:
    """A goal reached at `target` or below."""
    return Goal(what, f"{target:,g}{unit} or less", f"{shown(measured)}{unit}", measured <= target)


@dataclass(frozen=True)
class Answer:
    """The rows of a question's table and the goals it decides."""

    rows: list[Row]
    goals: list[Goal] = field(default_factory=list)


def shown(value: object) -> str:
    """Numbers with three or so figures, everything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def table(rows: list[Row]) -> str:
    """A Markdown table; its columns are the keys in the order they first appear."""
    if not rows:
        return "(none)"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += [
        "| " + " | ".join(shown(row.get(column)) for column in columns) + " |" for row in rows
    ]
    return "\n".join(lines)


def goal_rows(goals: list[Goal]) -> list[Row]:
    return [
        {
            "what": goal.what,
            "to reach": goal.target,
            "measured": goal.measured,
            "reached": "yes" if goal.reached else "NO",
        }
        for goal in goals
    ]


def processor() -> str:
    """The processor's name as the kernel gives it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def keep(question: str, answer: Answer, load_before: float) -> None:
    """Writes `.bench/results/<question>.json` with the machine's load when the question began."""
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": load_before,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"question": question, "machine": machine, **asdict(answer)}
    (RESULTS / f"{question}.json").write_text(json.dumps(content, indent=1) + "\n")
