"""Our fine-tuned encoder as it is exported to ONNX, read by the reader that lies in the folder."""

from pathlib import Path
from typing import Any

from bench.data import DataSet
from bench.measure import Desk, Facts, serve
from textkind.export.readers.run_onnx import OnnxModel
from textkind.export.settings import ExportSettings
from textkind.workflow.export import export_model


class OurExport:
    model: Any = None

    def take(self, data: DataSet) -> None:
        self.test = data.test

    def fit(self, setting: Facts) -> Facts:
        """setting: folder of an export, threads. Reads and verifies it; fits nothing."""
        self.model = OnnxModel(setting["folder"], setting["threads"])
        return {}

    def predict(self, texts: list[str]) -> list[str]:
        found: list[str] = self.model.predict(texts)
        return found

    def save(self, folder: Path) -> None:
        raise NotImplementedError("the export is there already")

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("an encoder makes no sparse matrix")


class OurExportDesk(Desk):
    """What only we are asked."""

    def __init__(self, side: OurExport) -> None:
        super().__init__(side)
        self.ours = side

    def export(self, model: str, folder: str, precision: str) -> Facts:
        """MB of the export, and matrices that int8 leaves in float32.

        int8 is judged by every other test text, without labels: texts as they come, of which the
        model is less sure than of those it learned from.
        """
        check = None if precision == "float32" else {"text": self.ours.test.texts[::2]}
        settings = ExportSettings(precision=precision, check=check, overwrite=True)
        result = export_model(model, folder, settings)
        rounding = result.facts.get("rounding", {"in_float": []})
        return {"mb": result.size / 1e6, "in_float": len(rounding["in_float"])}


if __name__ == "__main__":
    serve(OurExportDesk(OurExport()))
