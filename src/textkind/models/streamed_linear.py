"""The linear model of a corpus larger than memory: the same fit, its rows on disk.

fit = fit_stream(stream, sample, validation, LinearSettings())

Choices are made on a sample, as they are in memory. The rows are encoded once into a cache, and
every pass of the descent reads it. The model is that of fit_linear to the bit, where the corpus
fits into one buffer or the descent in memory draws its rows buffer by buffer too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkind.data.cells import Cells
from textkind.data.corpus import Corpus
from textkind.data.targets import label_counts
from textkind.data.text_stream import TextStream
from textkind.encoding.cached_ngrams import (
    append_rows,
    cache_ngrams,
    learned_encoder,
    order_cells,
    read_rows,
    rescale_cells,
    weigh_cells,
)
from textkind.encoding.ngrams import NgramEncoder, bits_for, encode_ngrams, exact_keys
from textkind.encoding.reweighing import rescale_rows, rescaled
from textkind.errors import SettingsError
from textkind.models.buffers import Buffers
from textkind.models.linear import LinearFit, LinearModel, closed, packed_model, tell_fit
from textkind.models.naive_bayes import scale_of_sums, weight_by_class
from textkind.models.problems import Stopping
from textkind.models.settings import LinearSettings, ngram_settings
from textkind.models.streamed_solver import StreamedDescent, state_bytes
from textkind.models.trials import problem_classes, problem_costs
from textkind.progress import SILENT, Talk

CACHE = "ngrams"


def fit_stream(
    stream: TextStream,
    sample: Corpus,
    validation: Corpus | None,
    settings: LinearSettings,
    *,
    seed: int = 0,
    threads: int | None = None,
    talk: Talk = SILENT,
) -> LinearFit:
    """Fit the linear model on a stream; a sample of it and validation close the open choices.

    The rest is as fit_linear. SettingsError where the settings do not go together, or the objective
    is not one that is streamed; an OSError of the disk passes through.
    """
    check_streamed(settings)
    held_out = validation if validation is not None and len(validation) else None
    chosen, choice = closed(sample, held_out, settings, seed=seed, threads=threads, talk=talk)
    with talk.task("encoding the texts, once for all passes"):
        encoded = _encoded(stream, chosen, threads, talk)
    size = int(encoded.cells.bytes().sum())
    talk.note(f"the encoded texts take {size / 1e9:,.2f} GB on disk until the fit is done")
    logits = None if choice is None else choice.winner.logits
    if choice is None or held_out is None or not settings.refit:
        with talk.task("fitting the linear model"):
            model = _fitted(encoded, stream, None, chosen, seed, threads, talk)
            if held_out is not None:
                logits = model.logits(held_out.texts, threads)
    if held_out is not None and settings.refit:
        _append(encoded, held_out, threads)
        with talk.task("fitting the linear model once more, on train and validation"):
            model = _fitted(encoded, stream, held_out, chosen, seed, threads, talk)
    tell_fit(model, choice, talk)
    return LinearFit(model, logits)


def check_streamed(settings: LinearSettings) -> None:
    """SettingsError for an objective that needs all rows in memory."""
    if settings.objective == "multinomial":
        raise SettingsError(
            "the multinomial objective is not streamed",
            found=settings.objective,
            hint="use squared_hinge or logistic, or leave --stream out",
        )


@dataclass(frozen=True, eq=False)
class _Encoded:
    """Rows on disk and their encoder: `plain`, or that weighed by `scale` (V,) besides."""

    cells: Cells
    encoder: NgramEncoder
    plain: NgramEncoder
    scale: np.ndarray | None


def _encoded(
    stream: TextStream, settings: LinearSettings, threads: int | None, talk: Talk
) -> _Encoded:
    """The rows of the stream on disk, weighed and in their canonical order."""
    ngrams = ngram_settings(settings, settings.features, len(stream))
    cached = cache_ngrams(
        _told(stream, talk), ngrams, bits_for(stream.bytes), stream.folder / CACHE, stream.labels,
        stream.bytes, threads,
    )  # fmt: skip
    cells, plain = cached.cells, learned_encoder(cached, ngrams)
    weigh_cells(cells, plain, threads)
    if not settings.naive_bayes:
        return _Encoded(cells, plain, plain, None)
    sums = np.zeros((len(plain), len(stream.labels)))
    for cell in range(len(cells)):
        rows, targets = read_rows(cells, [cell])
        weight_by_class(rows.starts, rows.ends, rows.columns, rows.values, targets, sums)
    encoder, scale = rescaled(plain, scale_of_sums(sums, plain.is_word))
    rescale_cells(cells, scale, threads)
    return _Encoded(cells, encoder, plain, scale)


def _told(stream: TextStream, talk: Talk) -> Iterator[tuple[pa.LargeStringArray, np.ndarray]]:
    done = 0
    for texts, targets in stream.blocks():
        yield texts, targets
        done += len(texts)
        talk.advance(done, len(stream))


def _append(encoded: _Encoded, more: Corpus, threads: int | None) -> None:
    """Append texts that nothing is learned of but the weights."""
    # in two steps where there are two, so that the numbers are rounded as those of the stream
    rows = encode_ngrams(encoded.plain, more.texts, threads=threads)
    if encoded.scale is not None:
        rescale_rows(rows, encoded.scale, threads)
    append_rows(encoded.cells, exact_keys(more.texts), rows, more.targets)
    order_cells(encoded.cells, threads)


def _fitted(
    encoded: _Encoded,
    stream: TextStream,
    more: Corpus | None,
    settings: LinearSettings,
    seed: int,
    threads: int | None,
    talk: Talk,
) -> LinearModel:
    """Descend over all cells, which hold the rows of the stream and of `more`."""
    labels, counts, texts = stream.labels, stream.counts, len(stream)
    if more is not None:
        counts = counts + label_counts(more.targets, len(labels))
        texts += len(more)
    classes = problem_classes(len(labels), labels.several)
    costs = problem_costs(counts, texts, classes, settings.imbalance)
    buffers = Buffers(encoded.cells, state_bytes(classes.size, settings.objective))
    solution = StreamedDescent(
        buffers, len(encoded.encoder), classes, costs * np.float32(settings.strength),
        settings.objective, seed=seed,
        stopping=Stopping(settings.tolerance, settings.most_passes), threads=threads,
    ).finish(talk)  # fmt: skip
    told = {"texts": texts, "stored_numbers": encoded.cells.values("columns")}
    return packed_model(labels, encoded.encoder, solution, settings, told, threads)
