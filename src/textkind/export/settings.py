"""ExportSettings: what a model is exported as, and how; known without anything heavy."""

from dataclasses import dataclass, field

from textkind.data.settings import ReadSettings
from textkind.errors import SettingsError

MOST_CHANGED = 0.005  # share of the texts whose labels int8 may change


@dataclass(frozen=True)
class ExportSettings:
    """How a model is exported. What is None is not asked for; a target may know no such option.

    precision    float32, or int8: of ONNX
    most_changed share of the texts looked at whose labels may be others than in float32
    check        texts to look at, a file or other source, read by `reading`; None: those kept
    most_mb      megabytes of a compact file; None: the model as it is
    most_lost    points of accuracy on validation that a compact file may cost
    training     the file that the model learned from, by which a compact file is fitted anew
    custom_code  a folder of Hugging Face may bring code of its own, which its users have to trust
    """

    to: str = "onnx"
    overwrite: bool = False
    precision: str | None = None
    most_changed: float | None = None
    check: object = None
    reading: ReadSettings = field(default_factory=ReadSettings)
    custom_code: bool | None = None
    most_mb: float | None = None
    most_lost: float | None = None
    training: object = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in (None, "float32", "int8"):
            raise SettingsError("precision must be float32 or int8", found=self.precision)
        most = self.most_changed
        if most is not None and (type(most) not in (int, float) or not 0 <= most <= 1):
            raise SettingsError("most_changed must be a share of 0 to 1", found=most)
        if self.to == "onnx" and self.precision != "int8":
            for name in ("most_changed", "check"):
                if getattr(self, name) is not None:
                    raise SettingsError(
                        f"{name} goes with precision int8: in float32 nothing is rounded",
                        hint="--precision int8 (precision='int8')",
                    )
