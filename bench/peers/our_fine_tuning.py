"""Our fine-tuning at its defaults, on the texts that the Trainer beside it is given."""

import time
from dataclasses import replace
from typing import Any

from bench.data import DataSet
from bench.measure import Desk, Facts, TrainingAlone, serve
from bench.peers.ours_neural import corpus_of
from bench.peers.training_rows import warm_up_and_rows
from textkind.data.labels import LabelSet
from textkind.models.networks.pretrained_settings import PretrainedSettings
from textkind.models.neural import NeuralModel, fit_neural
from textkind.models.neural_settings import default_settings


class OurFineTuning(TrainingAlone):
    model: NeuralModel | None = None

    def take(self, data: DataSet) -> None:
        self.train = data.train

    def fit(self, setting: Facts) -> Facts:
        """setting: steps (of the Trainer, whose texts these are), precision, freeze.

        One epoch. tokens_s counts the steps alone, with the frame of every text and without
        padding; before_s is what else a fit takes: the head, and the states of frozen layers.
        """
        labels = LabelSet(tuple(sorted(set(self.train.labels))))
        settings = default_settings("pretrained")
        layers = settings.layers
        assert isinstance(layers, PretrainedSettings)
        settings = replace(
            settings,
            # as with many texts: these are few of each label
            layers=replace(layers, freeze=setting["freeze"], few_shot=False, label_names=False),
            training=replace(settings.training, epochs=1, precision=setting["precision"]),
        )
        for part in warm_up_and_rows(self.train, setting["steps"]):
            corpus = corpus_of(part, labels)
            began = time.perf_counter()
            model = self.model = fit_neural(corpus, None, settings).model
            whole = time.perf_counter() - began
        facts: dict[str, Any] = model.facts
        seconds = facts["training_seconds"]
        tokens = facts["tokens"] + len(corpus) * len(model.network.frame)  # type: ignore[arg-type]
        return {
            "seconds": seconds,
            "tokens_s": tokens / seconds,
            "tokens": tokens,
            "before_s": whole - seconds,
            "steps": facts["steps"],
            "precision": facts["precision"],
        }


if __name__ == "__main__":
    serve(Desk(OurFineTuning()))
