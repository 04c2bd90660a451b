"""Options of the networks in general that one of them does not read: they are refused, and why."""

import argparse
from collections.abc import Collection

from textkind.cli.neural_options import PRETRAINED, TRAINING, given_options
from textkind.errors import SettingsError

READ_BY_A_HEAD = ("--metric", "--head", "--precision", "--device")  # that is fitted to its optimum
UNREAD: tuple[tuple[Collection[str], Collection[str], str], ...] = (  # models, options, hint
    (
        ("frozen",),
        [option.name for option in TRAINING if option.name not in READ_BY_A_HEAD],
        "its head is fitted to its optimum at once; --model pretrained is trained step by step",
    ),
    (
        PRETRAINED,
        ("--vocabulary-limit", "--minimum-count"),
        "a pretrained encoder brings its own tokens",
    ),
)


def refuse_unread(arguments: argparse.Namespace) -> None:
    """SettingsError for an option that the network asked for would not read."""
    given = given_options(arguments)
    for models, options, hint in UNREAD:
        if arguments.model in models:
            for name in given:
                if name in options:
                    raise SettingsError(f"{name} is not for the {arguments.model}", hint=hint)
    has_vectors = arguments.vectors is not None or arguments.model in PRETRAINED
    if arguments.freeze_vectors and not has_vectors:
        raise SettingsError(
            "--freeze-vectors is for vectors that a network starts from",
            hint="name them with --vectors",
        )
