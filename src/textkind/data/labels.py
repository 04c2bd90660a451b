"""The label set: the only owner of label order."""

from dataclasses import dataclass

import numpy as np

from textkind.errors import DataError, did_you_mean


@dataclass(frozen=True)
class LabelSet:
    """Label names in their one order (sorted), and whether a text may have several."""

    names: tuple[str, ...]
    several: bool = False

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise DataError("label names must differ from one another", found=self.names)

    def __len__(self) -> int:
        return len(self.names)

    def id_of(self, name: str) -> int:
        """The id of a label name; DataError with the nearest names where it is unknown."""
        try:
            return self.names.index(name)
        except ValueError:
            raise DataError(
                "a label that the label set does not have",
                found=name,
                hint=did_you_mean(name, self.names),
            ) from None

    def ids_of(self, other: "LabelSet") -> np.ndarray:
        """(K,) int64 the ids here of the labels of another set; DataError where one is unknown."""
        return np.array([self.id_of(name) for name in other.names], np.int64)
