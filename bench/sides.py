"""Who is measured: the process behind each side, and the settings compared."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.measure import Facts, Worker, alternate
from bench.places import environment_python

OURS = "textkind"
OURS_NEURAL = "textkind, neural"
OUR_LOOP = "textkind's loop"
PLAIN_TORCH = "plain PyTorch loop"
MODEL2VEC = "Model2Vec"
WORDPIECES = "WordPiece"
OUR_FINE_TUNING = "textkind's fine-tuning"
TRAINER = "Trainer"
OUR_ENCODER = "textkind, encoder"
OUR_EXPORT = "textkind, exported"
BERT_RUNTIMES = "runtimes of BERT"
OURS_PRETRAINED = "textkind, pretrained"
MODULES = {
    OURS: "bench.peers.ours",
    "scikit-learn": "bench.peers.scikit_learn",
    "fastText": "bench.peers.fasttext",
    "Vowpal Wabbit": "bench.peers.vowpal_wabbit",
    OURS_NEURAL: "bench.peers.ours_neural",
    OUR_LOOP: "bench.peers.our_loop",
    PLAIN_TORCH: "bench.peers.plain_torch",
    MODEL2VEC: "bench.peers.model2vec",
    WORDPIECES: "bench.peers.wordpiece",
    OUR_FINE_TUNING: "bench.peers.our_fine_tuning",
    TRAINER: "bench.peers.trainer",
    OUR_ENCODER: "bench.peers.our_encoder",
    OUR_EXPORT: "bench.peers.our_export",
    BERT_RUNTIMES: "bench.peers.bert_runtimes",
    OURS_PRETRAINED: "bench.peers.ours_pretrained",
}
PYTHONS = {  # of the sides that do not live in our own environment
    "scikit-learn": environment_python("scikit-learn"),
    "Vowpal Wabbit": environment_python("vowpalwabbit"),
    MODEL2VEC: environment_python("model2vec"),
    TRAINER: environment_python("transformers"),
    BERT_RUNTIMES: environment_python("transformers"),
}


@dataclass(frozen=True)
class Contender:
    """A side at one setting, under the name its rows carry."""

    name: str
    side: str
    setting: Facts


# that of LinearSVC on sublinear TF-IDF of words and word pairs; nothing chosen on validation
FIXED_SETTING = {
    "features": "words",
    "word_ngrams": (1, 2),
    "symbols": False,
    "minimum_document_frequency": 1,
    "objective": "squared_hinge",
    "strength": 1.0,
    "naive_bayes": False,
    "calibration": "none",
    "validation_share": 0,
}
FIXED = Contender("textkind, fixed", OURS, FIXED_SETTING)
DEFAULT = Contender("textkind, default", OURS, {})
LINEAR_SVC = Contender(
    "scikit-learn LinearSVC", "scikit-learn", {"features": "words 1-2", "classifier": "LinearSVC"}
)
HASHED_SGD = Contender(
    "scikit-learn hashed SGD",
    "scikit-learn",
    {"features": "hashed words 1-2", "classifier": "SGDClassifier"},
)
FASTTEXT = Contender("fastText d10 e5", "fastText", {"dim": 10, "epochs": 5})
WABBIT_1 = Contender(
    "Vowpal Wabbit p1", "Vowpal Wabbit", {"method": "oaa", "loss": "logistic", "passes": 1}
)
WABBIT_10 = Contender(
    "Vowpal Wabbit p10", "Vowpal Wabbit", {"method": "oaa", "loss": "logistic", "passes": 10}
)


class Workers:
    """One process a side, started when first asked for, ended together."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.open: dict[str, Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def of(self, contender: Contender) -> Worker:
        side = contender.side
        if side not in self.open:
            python = PYTHONS.get(side, Path(sys.executable))
            self.open[side] = self.stack.enter_context(Worker(python, MODULES[side]))
        return self.open[side]

    def load(
        self,
        contenders: list[Contender],
        names: list[str],
        order: str = "shuffled",
        rows: int | None = None,
        warm_up: str | None = "fit",
    ) -> Facts:
        """The same data into every side, each contender warmed up; facts about the data.

        Shuffled by default, since fastText and Vowpal Wabbit take the rows as they come. warm_up
        is the verb that is tried on few rows first, or None.
        """
        facts: Facts = {}
        for worker in {id(worker): worker for worker in map(self.of, contenders)}.values():
            facts = worker.ask("load", names=names, order=order, rows=rows)
        for contender in contenders if warm_up is not None else []:
            self.of(contender).ask("warm", setting=contender.setting, work=warm_up)
        return facts

    def in_turn(
        self, contenders: list[Contender], runs: int, verbs: tuple[str, ...]
    ) -> dict[str, dict[str, list[Facts]]]:
        """replies[contender name][verb]: each does all verbs, then the next, `runs` times."""

        def turn(contender: Contender) -> Callable[[], Facts]:
            return lambda: {verb: self.say(contender, verb) for verb in verbs}

        rounds = alternate({contender.name: turn(contender) for contender in contenders}, runs)
        return {
            name: {verb: [reply[verb] for reply in replies] for verb in verbs}
            for name, replies in rounds.items()
        }

    def say(self, contender: Contender, verb: str) -> Facts:
        setting = {"setting": contender.setting} if verb in ("fit", "features") else {}
        return self.of(contender).ask(verb, **setting)
