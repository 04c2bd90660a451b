"""What every training of a network shares, the first, that of a stream and an update.

What is read of a part, and afterwards what the training chose and whether it came to anything.
"""

from dataclasses import replace

import numpy as np

from textkind.data.corpus import Corpus
from textkind.encoding.ledger import ledger, told_ledger
from textkind.encoding.tokens import TokenEncoder, Tokens
from textkind.errors import TrainingError
from textkind.models.networks.pretrained_settings import FrozenSettings, PretrainedSettings
from textkind.models.networks.settings import NetworkSettings
from textkind.models.reading import Reading
from textkind.progress import Talk
from textkind.training.checkpoint_places import place_below
from textkind.training.fit import Trained
from textkind.training.settings import Places
from textkind.training.tasks import Examples

FEW = 256  # training texts whose logits are looked at where there is no validation


def chosen_layers(layers: NetworkSettings, trained: Trained) -> NetworkSettings:
    """The settings with what a training has chosen by validation."""
    if not isinstance(layers, FrozenSettings):
        return layers
    layers = replace(layers, strength=trained.facts["head"]["strength"])
    if not isinstance(layers, PretrainedSettings):
        return layers
    return replace(layers, interpolation=trained.facts["interpolation"]["share"])


def held_out_learned(trained: Trained, held_out: Examples | None) -> int:
    """How many validation texts a training has learned from: all, where its head has, or none."""
    head = trained.facts.get("head")
    if held_out is None or head is None or not head["learned_validation"]:
        return 0
    return len(held_out.tokens)


def places_of_refit(places: Places) -> Places:
    """Places beside those of the first training, for the second is a training of its own."""
    checkpoints, steps, tensorboard = places.checkpoints, places.steps, places.tensorboard
    return replace(
        places,
        checkpoints=None if checkpoints is None else place_below(checkpoints, "refit"),
        steps=None if steps is None else steps.with_stem(f"{steps.stem}-refit"),
        tensorboard=None if tensorboard is None else tensorboard / "refit",
    )


def check_finite(logits: np.ndarray) -> None:
    """TrainingError where the last steps left a network that computes no numbers."""
    if not np.isfinite(logits).all():
        raise TrainingError(
            "the training diverged: its last steps left a network whose logits are no numbers",
            hint="lower --learning-rate, or pass --precision float32",
        )


def examples_of(
    corpus: Corpus,
    encoder: TokenEncoder,
    whole: Tokens,
    reading: Reading,
    talk: Talk,
    part: str,
) -> tuple[Examples, dict[str, int]]:
    """What is read of a part whose tokens are `whole`, and its ledger, told where texts are cut."""
    tokens = reading.read(whole)
    account = ledger(whole.lengths, tokens.lengths)
    if account["texts_cut"]:
        talk.note(told_ledger(account, f"{part} texts"))
    empty = int((tokens.lengths == 0).sum())
    if empty:
        talk.note(f"{empty:,} of {len(corpus):,} {part} texts have no token")
    return Examples(tokens, corpus.targets, encoder.unknown_id, corpus.soft), account
