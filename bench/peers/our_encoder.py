"""Our fine-tuned encoder as it predicts; it also makes the model that all sides read."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from bench.data import DataSet
from bench.measure import Desk, Facts, serve
from textkind import TextClassifier
from textkind.classifier import Classifier, predict_ids
from textkind.errors import ModelFolderError
from textkind.export.settings import ExportSettings
from textkind.models.networks.pretrained_settings import PretrainedSettings
from textkind.models.neural_settings import default_settings
from textkind.models.precision import in_precision
from textkind.workflow.export import export_model

EPOCHS = 2
OURS, THEIRS = "textkind", "hugging_face"


class OurEncoder:
    classifier: Classifier

    def take(self, data: DataSet) -> None:
        self.train = data.train

    def fit(self, setting: Facts) -> Facts:
        """setting: folder of the model that `make` wrote; precision; graph: False without one.

        Reads, and fits nothing.
        """
        loaded = TextClassifier.load(Path(setting["folder"]) / OURS).classifier_
        model = in_precision(loaded.model, setting["precision"])
        if not setting.get("graph", True):
            model.reader.can_be_graph = False
        self.classifier = replace(loaded, model=model)
        return {}

    def make(self, folder: Path) -> None:
        """Fine-tune on the training part and write the model twice, as ours and as theirs.

        It reads [CLS], which theirs does: the work is the same as with the mean of our default.
        """
        default = default_settings("pretrained")
        neural = replace(
            default,
            layers=PretrainedSettings(pooling="cls", normalize=False),
            training=replace(default.training, epochs=EPOCHS),
        )
        made = TextClassifier("pretrained", neural=neural).fit(self.train.texts, self.train.labels)
        settings = ExportSettings("huggingface", overwrite=True)
        export_model(made.classifier_, folder / THEIRS, settings)
        made.save(folder / OURS, overwrite=True)  # last: it says that all is there

    def predict(self, texts: list[str]) -> list[str]:
        ids = predict_ids(self.classifier, pa.array(texts, pa.large_string()))
        return [self.classifier.labels.names[number] for number in ids]

    def save(self, folder: Path) -> None:
        raise NotImplementedError("the model is there already")

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("an encoder makes no sparse matrix")


class OurEncoderDesk(Desk):
    """What only we are asked."""

    def __init__(self, side: OurEncoder) -> None:
        super().__init__(side)
        self.ours = side

    def make(self, folder: str) -> Facts:
        """The model that all sides read, where it is not there yet."""
        try:
            TextClassifier.load(Path(folder) / OURS)
        except ModelFolderError:  # there is none yet, or another version's
            self.ours.make(Path(folder))
        return {}


if __name__ == "__main__":
    serve(OurEncoderDesk(OurEncoder()))
