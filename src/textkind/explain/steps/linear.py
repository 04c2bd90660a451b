"""From a text to the logits of the linear model: n-grams, their weights, and what each adds.

In all tables the n-grams that move the logit of the most probable label most come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from textkind.encoding.characters import character_table
from textkind.encoding.ngrams import NgramSettings
from textkind.explain.ngrams import (
    NgramMargins,
    bias_logits,
    ngram_margins,
    spellings,
    term_frequency,
    weights_of,
)
from textkind.explain.steps.texts import lowered, text_step
from textkind.explain.trace import (
    Cell,
    Columns,
    Quantity,
    Shown,
    Step,
    Table,
    numbers,
    sum_rows,
    table,
)
from textkind.models.linear import LinearModel
from textkind.models.trials import margins_to_logits


@dataclass(frozen=True, eq=False)
class Features:
    """The C different n-grams of a text that the vocabulary has.

    values   (C,) float32
    weights  (C, K) float32: what a value of 1 adds to each logit
    order    (C,) the heaviest for the most probable label first
    names    spelling and kind of those of them that are shown
    """

    found: NgramMargins
    values: np.ndarray
    weights: np.ndarray
    order: np.ndarray
    names: list[tuple[str, str]]


def linear_steps(model: LinearModel, text: str, shown: Shown) -> tuple[Step, ...]:
    """The steps from a text to its logits."""
    read = lowered(text, character_table())
    found = ngram_margins(model, read)  # of small letters, which have the same n-grams
    values = weights_of(model.encoder, found.columns, found.counts)
    margins = model.scales[found.columns, None] * model.steps[found.columns]
    weights = margins_to_logits(margins.astype(np.float32), len(model.labels))
    # of equal ones by bucket: columns are numbered otherwise once a model is saved
    heavy = np.abs(values * weights[:, shown.first])
    order = np.lexsort((model.encoder.buckets[found.columns], -heavy))
    features = Features(found, values, weights, order, spellings(found, order[: shown.top]))
    return (
        text_step(text, read, "Capitals are read as small letters.", shown.top),
        ngram_step(model, features, len(read), shown),
        weighing_step(model, features, shown),
        adding_step(model, features, shown),
    )


def ngram_table(
    name: str, features: Features, columns: Columns, ends: Sequence[tuple[Cell, ...]] = ()
) -> Table:
    """A table of the n-grams that are shown, from columns of C values."""
    kept = features.order[: len(features.names)]
    shown: Columns = [("n-gram", "text", [ngram for ngram, _ in features.names])]
    shown += [(title, kind, values[kept]) for title, kind, values in columns]
    return replace(table(name, shown, None, ends), of=len(features.order))


def ngram_step(model: LinearModel, features: Features, characters: int, shown: Shown) -> Step:
    """Characters as read to the n-grams that the vocabulary has."""
    found, encoder = features.found, model.encoder
    number = len(found.columns)
    is_word = encoder.is_word[found.columns]
    columns: Columns = [
        ("of", "text", np.where(is_word, "words", "characters")),
        ("times", "whole", found.counts),
        ("bucket", "whole", encoder.buckets[found.columns]),
    ]
    unknown = sum(int((one.columns < 0).sum()) for one in found.places)
    told = (
        f"Runs of {orders_in_words(encoder.settings)}: {number:,} different ones are in the "
        f"vocabulary of {len(encoder):,}; "
    )
    told += f"{unknown:,} runs are not, and are left out." if unknown else "no run is left out."
    tables = [ngram_table("n-grams", features, columns)]
    if unknown:
        some = [
            one.spelling(place)
            for one in found.places
            for place in np.flatnonzero(one.columns < 0)[: shown.top].tolist()
        ]
        left_out = table("left out", [("n-gram", "text", some)], shown.top)
        tables.append(replace(left_out, of=unknown))
    return Step(
        "n-grams", told, Quantity("characters as read", (characters,)),
        Quantity("n-grams", (number,)), tuple(tables),
    )  # fmt: skip


def orders_in_words(settings: NgramSettings) -> str:
    """Which runs are taken: 1 to 2 words and 2 to 5 characters."""
    kinds = (("words", settings.words), ("characters", settings.characters))
    return " and ".join(f"{orders[0]} to {orders[1]} {kind}" for kind, orders in kinds if orders)


def weighing_step(model: LinearModel, features: Features, shown: Shown) -> Step:
    """N-grams to the values of features, by their number and their rarity."""
    encoder, found = model.encoder, features.found
    frequency = term_frequency(encoder, found.counts)
    rarity = encoder.importance[found.columns]
    told = "tf is " + ("1 + log(times)" if encoder.settings.sublinear else "the times")
    told += "; idf is higher the fewer training texts have the n-gram"
    if (model.facts.get("settings") or {}).get("naive_bayes"):
        told += ", times its log-count ratio"
    both = encoder.settings.words and encoder.settings.characters
    length = "words and characters each have" if both else "all together have"
    columns: Columns = [
        ("tf", "number", frequency),
        ("idf", "number", rarity),
        ("tf x idf", "number", frequency * rarity),
        ("value", "number", features.values),
    ]
    return Step(
        "tf-idf", f"{told}. The products are divided so that {length} length 1.",
        Quantity("n-grams", (len(found.columns),)), numbers("values", features.values),
        (ngram_table("values", features, columns),),
    )  # fmt: skip


def adding_step(model: LinearModel, features: Features, shown: Shown) -> Step:
    """Values to logits, by the weights of each n-gram and label."""
    bias = bias_logits(model)
    additions = features.values[:, None] * features.weights
    ends = sum_rows(additions[features.order], bias, shown)
    value: Columns = [("value", "number", features.values)]
    return Step(
        "weights",
        "Each n-gram adds its value times its weight to the logit of a label; their sum and the "
        "bias are the logit.",
        numbers("values", features.values),
        numbers("logits", additions.sum(axis=0, dtype=np.float64) + bias),
        (
            ngram_table("weights", features, by_label(features.weights, shown)),
            ngram_table("additions", features, value + by_label(additions, shown), ends),
        ),
    )


def by_label(values: np.ndarray, shown: Shown) -> Columns:
    """A column of (C, K) values for each label that has one."""
    return [(shown.labels[label], "signed", values[:, label]) for label in shown.columns]
