"""Mean pooling on a corpus larger than memory: the same training, its tokens on disk.

fit = fit_stream(stream, sample, validation, NeuralSettings())

Words and what else an encoder learns are learned from the sample. Every text is encoded once, and
the batches of an epoch are drawn from one stretch of the corpus after the other.
"""

from collections import Counter

import pyarrow as pa

from textkind.data.corpus import Corpus
from textkind.data.text_stream import TextStream
from textkind.encoding.cached_tokens import cache_tokens, stretches
from textkind.encoding.ledger import ledger, told_ledger
from textkind.encoding.ngrams import canonical_order
from textkind.encoding.tokens import Tokens
from textkind.errors import SettingsError
from textkind.models.neural import NeuralFit, trained_model
from textkind.models.neural_settings import NeuralSettings
from textkind.models.neural_training import examples_of
from textkind.models.reading import reading_of
from textkind.models.starting import start_of
from textkind.progress import SILENT, Talk
from textkind.training.forward import torch_threads
from textkind.training.tasks import Examples

CACHE = "tokens"


def fit_stream(
    stream: TextStream,
    sample: Corpus,
    validation: Corpus | None,
    settings: NeuralSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> NeuralFit:
    """Train a network on a stream; validation says when to stop.

    The rest is as fit_neural. SettingsError where a second training is asked for; an OSError of the
    disk passes through.
    """
    if settings.refit:
        raise SettingsError(
            "a network is trained on a stream once, without the validation texts",
            found="refit",
            hint="leave --refit out, or --stream",
        )
    if validation is not None and len(validation) == 0:
        validation = None
    labels = stream.labels
    sample = sample.take(canonical_order(sample.texts, sample.targets))
    with torch_threads(threads):
        start = start_of(sample, settings, seed=seed, threads=threads, talk=talk)
        talk.note(f"the words known are those of {len(sample):,} of {len(stream):,} texts")
        seen = start.encoder.encode(sample.texts, threads)
        reading = reading_of(
            settings, seen, sample.targets, labels, start.encoder.size,
            seed=seed, threads=threads, talk=talk,
        )  # fmt: skip
        account = Counter[str]()

        def encode(texts: pa.LargeStringArray) -> Tokens:
            whole = start.encoder.encode(texts, threads)
            read = reading.read(whole)
            account.update(ledger(whole.lengths, read.lengths))
            talk.advance(account["texts"], len(stream))
            return read

        with talk.task("encoding the texts, once for all epochs"):
            tokens, targets = cache_tokens(
                stream.blocks(), encode, stream.folder / CACHE, labels, stream.bytes
            )
        talk.note(
            f"the tokens take {tokens.ids.nbytes / 1e9:,.2f} GB on disk until the fit is done"
        )
        if account["texts_cut"]:
            talk.note(told_ledger(account, "training texts"))
        examples = Examples(
            tokens, targets, start.encoder.unknown_id, edges=stretches(tokens.offsets)
        )
        ledgers, held_out = {"train": dict(account)}, None
        if validation is not None:
            whole = start.encoder.encode(validation.texts, threads)
            held_out, ledgers["validation"] = examples_of(
                validation, start.encoder, whole, reading, talk, "validation"
            )
        model, trained = trained_model(
            start, settings, reading, labels, examples, held_out, ledgers,
            counted=reading.read(seen), looked_at=sample.texts, rows=len(stream), has_names=False,
            seed=seed, threads=threads, talk=talk,
        )  # fmt: skip
    return NeuralFit(model, trained.validation_logits)
