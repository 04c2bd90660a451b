"""What each way of treating unequal labels brings on the test part, and what it costs.

A model is fitted once for each method, in one process. sms_spam, tweeteval_offensive and r52 come
as they are; of clinc150 every label keeps a share of its training texts that falls evenly (in log)
from all to a tenth, so the test part is balanced and the training part is not; goemotions has
several labels a text. micro F1 is accuracy where texts have one label. rare recall is the mean over
the half of the labels with fewest training texts; by the usual rule is by the most probable label,
or all of 0.5 and more: what training alone did.
"""

import random
from typing import Any

from bench.data import Part, read_part
from bench.places import DATA
from bench.results import Answer, Row

SETS = ("sms_spam", "tweeteval_offensive", "r52", "clinc150", "goemotions")
METHODS = {
    "linear": ("none", "weights", "root-weights", "post-hoc", "post-hoc=1", "auto"),
    "mean_pool": ("none", "weights", "root-weights", "sampling", "root-sampling", "focal",
                  "logit-adjustment", "post-hoc"),
}  # fmt: skip
OF_NETWORKS = ("sms_spam", "tweeteval_offensive", "clinc150")  # a network takes minutes a method
VALIDATION = 0.1
FEWEST = 0.1  # share of its texts that the last label of clinc150 keeps


def long_tail(part: Part) -> Part:
    """The part with label after label keeping fewer of its texts, drawn by seed 0."""
    chance = random.Random(0)
    places: dict[str, list[int]] = {}
    for place, label in enumerate(part.labels):
        places.setdefault(label, []).append(place)
    names = sorted(places)
    chance.shuffle(names)
    kept = []
    for rank, name in enumerate(names):
        share = FEWEST ** (rank / (len(names) - 1))
        kept += chance.sample(places[name], max(1, round(share * len(places[name]))))
    kept.sort()
    return Part([part.texts[i] for i in kept], [part.labels[i] for i in kept])


def parts_of(name: str) -> Any:
    """Train and validation parts of textkind, and the test corpus."""
    from textkind.data.read import read_corpus
    from textkind.data.settings import ReadSettings, SplitSettings
    from textkind.data.split import split_corpus

    folder = DATA / name
    if (folder / "train.jsonl").exists():
        train: object = folder / "train.jsonl"
        test: object = folder / "test.jsonl"
    else:
        part = read_part(folder, "train")
        part = long_tail(part) if name == "clinc150" else part
        train = {"text": part.texts, "label": part.labels}
        part = read_part(folder, "test")
        test = {"text": part.texts, "label": part.labels}
    corpus = read_corpus(train, ReadSettings()).corpus
    tested = read_corpus(test, ReadSettings(), labels=corpus.labels).corpus
    split = SplitSettings(test_share=0.0, validation_share=VALIDATION)
    return split_corpus(corpus, split), tested


def measured(name: str, model: str, method: str, parts: Any, test: Any) -> Row:
    """One fit and its figures on the test part."""
    import numpy as np

    from textkind.classifier import predict_probabilities
    from textkind.decision.decision import decide
    from textkind.decision.rule import Rule, given_labels
    from textkind.evaluation.counts import count_labels, f1, macro, micro, recall
    from textkind.evaluation.metrics import headline, prepare
    from textkind.models.neural_settings import default_settings
    from textkind.models.settings import LinearSettings
    from textkind.workflow.imbalance import with_imbalance
    from textkind.workflow.learn import learn

    usual = LinearSettings() if model == "linear" else default_settings(model)
    learned = learn(parts.train, parts.validation, with_imbalance(usual, method))
    several, gold = test.labels.several, test.targets
    given = predict_probabilities(learned.classifier, test.texts)
    labels = len(test.labels)
    counts = count_labels(decide(learned.classifier.decision, given), gold, labels)
    plain = count_labels(given_labels(Rule(), given, several), gold, labels)
    seen = count_labels(parts.train.targets, parts.train.targets, labels).gold
    rare = np.argsort(seen, kind="stable")[: labels // 2]
    exponent = learned.decision_facts["rule"]["exponent"]
    figures = headline(prepare(given, decide(learned.classifier.decision, given), gold))
    return {
        "set": name,
        "model": model,
        "method": method,
        "macro F1": 100 * float(macro(f1, counts)),
        "micro F1": 100 * float(micro(f1, counts)),
        "rare recall": 100 * float(recall(counts)[rare].mean()),
        "commonest recall": 100 * float(recall(counts)[seen.argmax()]),
        "exponent": exponent,
        "macro F1 by the usual rule": 100 * float(macro(f1, plain)),
        "log loss": figures["log_loss"],
        "calibration error": figures["ece_mass"],
    }


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    del runs  # one fit each: what differs is the method
    rows = []
    for name in sets:
        parts, test = parts_of(name)
        for model, methods in METHODS.items():
            if model != "linear" and name not in OF_NETWORKS:
                continue
            rows += [measured(name, model, method, parts, test) for method in methods]
    return Answer(rows)
