"""Our training loop on ready token ids, at the batch size of the plain loop beside it."""

from typing import Any

from bench.data import DataSet
from bench.measure import Desk, Facts, TrainingAlone, serve
from bench.peers.training_texts import BATCH, LONGEST, rows_to_train, training_texts
from textkind.data.labels import LabelSet
from textkind.encoding.tokens import take_tokens
from textkind.models.networks.settings import SETTINGS
from textkind.models.networks.table import build_network
from textkind.training.fit import fit_network
from textkind.training.settings import TrainingSettings
from textkind.training.tasks import Examples

# one logit for two classes is our default; the plain loop has cross entropy, so we have it too
ONE_EPOCH = TrainingSettings(
    epochs=1,
    batch_texts=BATCH,
    batch_tokens=BATCH * LONGEST,
    head="softmax",
    precision="float32",
    device="cpu",
)


class OurLoop(TrainingAlone):
    model: Any = None  # a network

    def take(self, data: DataSet) -> None:
        self.texts = {ngrams: training_texts(data, ngrams) for ngrams in (1, 2)}

    def fit(self, setting: Facts) -> Facts:
        """setting: network, ngrams, steps. The clock covers steps alone, the first left out."""
        texts, name = self.texts[setting["ngrams"]], setting["network"]
        labels = LabelSet(tuple(texts.names))
        layers = SETTINGS[name]()
        network = self.model = build_network(name, texts.vocabulary, len(labels), layers, 0)
        for rows in rows_to_train(texts, setting["steps"]):
            examples = Examples(take_tokens(texts.tokens, rows), texts.targets[rows])
            trained = fit_network(network, examples, None, labels, ONE_EPOCH)
        seconds, steps = trained.facts["training_seconds"], trained.facts["steps"]
        return {
            "seconds": seconds,
            "texts_s": len(rows) / seconds,
            "step_texts": len(rows) / steps,
            "vocabulary": texts.vocabulary,
        }


if __name__ == "__main__":
    serve(Desk(OurLoop()))
