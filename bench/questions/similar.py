"""Do the texts nearest to a text have its label? By the linear model's n-grams and by others.

A linear model (words and characters, strength 1) of the training part, 10,000 texts of it searched
for 500 test texts. Of the first five nearest, the share with the test text's own label, and with
the label that the model gives it.
"""

from typing import Any

import numpy as np

from bench.questions.next_steps import corpora, fitted
from bench.results import Answer, Row
from textkind.classifier import Classifier, predict_ids
from textkind.data.corpus import Corpus
from textkind.encoding.latent import fit_latent, latent_vectors, sparse_matrix
from textkind.encoding.ngrams import encode_ngrams
from textkind.encoding.similarity import most_similar
from textkind.models import ngram_vectors as module
from textkind.models.linear import LinearModel

SETS = ("trec", "sst2", "banking77", "tweeteval_emotion", "newsgroups20")
KNOWN, ASKED, TOP = 10_000, 500, 5


def ask(runs: int, sets: tuple[str, ...] = SETS) -> Answer:
    rows: list[Row] = []
    for name in sets:
        train, test = corpora(name)
        train, test = drawn(train, KNOWN), drawn(test, ASKED)
        classifier = fitted(train)
        answers = predict_ids(classifier, test.texts)
        for way, of in spaces(classifier, train).items():
            near = train.targets[most_similar(of(test), of(train), TOP)[0]]
            rows.append(
                {
                    "set": name,
                    "near by": way,
                    "model right %": 100 * float((answers == test.targets).mean()),
                    "own label %": 100 * float((near == test.targets[:, None]).mean()),
                    "predicted label %": 100 * float((near == answers[:, None]).mean()),
                }
            )
    return Answer(rows)


def spaces(classifier: Classifier, train: Corpus) -> dict[str, Any]:
    model = classifier.model
    assert isinstance(model, LinearModel)
    latent = fit_latent(train.texts)

    def plain(part: Corpus) -> Any:
        from sklearn.preprocessing import normalize

        return normalize(
            sparse_matrix(encode_ngrams(model.encoder, part.texts), len(model.encoder))
        )

    def heaviest(most: int) -> Any:
        def of(part: Corpus) -> Any:
            kept, module.HEAVIEST = module.HEAVIEST, most
            try:
                return module.ngram_vectors(model, part.texts)
            finally:
                module.HEAVIEST = kept

        return of

    return {
        "words": lambda part: latent_vectors(latent, part.texts),
        "n-grams as they are": plain,
        "n-grams by their weights": heaviest(1 << 30),
        f"the {module.HEAVIEST} heaviest of them": heaviest(module.HEAVIEST),
    }


def drawn(part: Corpus, most: int) -> Corpus:
    return part.take(np.sort(np.random.default_rng(0).permutation(len(part))[:most]))
