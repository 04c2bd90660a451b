"""What all trials of a search have in common."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkind.models.search_spaces import Dimension
from textkind.workflow.learn import ModelSettings


@dataclass(frozen=True)
class TrialPlan:
    """What every trial is made by.

    base        the settings as asked for: the defaults of this search
    dimensions  what is searched
    folder      of the unfinished tuning, with the parts in it
    figure      what decides, of evaluation/selection.py
    budget      seconds for all trials together, those of an earlier call included; None: no end
    trials      how many, the defaults among them; None: no end
    threads     of one trial
    """

    base: ModelSettings
    dimensions: tuple[Dimension, ...]
    folder: Path
    labels: tuple[str, ...]
    several: bool
    rule: dict[str, Any]
    figure: str
    seed: int
    budget: float | None
    trials: int | None
    threads: int

    def place(self, number: int) -> Path:
        """The folder of a trial that is finished."""
        return self.folder / "trials" / str(number)
