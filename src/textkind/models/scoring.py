"""Texts straight to logits with a fitted vocabulary and packed weights: the kernel of prediction.

Weights are stored as one signed byte a class and one scale a feature: a quarter of the memory of
float32, so more of them stay in the cache.
"""

import numpy as np
import pyarrow as pa

from textkind.encoding.characters import character_table
from textkind.encoding.ngram_kernels import hash_text
from textkind.encoding.ngrams import (
    LOGARITHMS,
    NgramEncoder,
    kernel_settings,
    row_blocks,
    scratch_for,
    text_buffers,
)
from textkind.encoding.row_kernels import weigh_span
from textkind.models.descent import compiled
from textkind.models.lanes import WIDTH, fill, load, multiply_add, store
from textkind.parallel import run_blocks

STRETCH = 1 << 14  # features packed at a time
STEPS = 127  # of a signed byte, on either side of 0
SMALL = 1 << 16  # bytes of text below which starting threads costs more than it saves


@compiled
def score_rows(
    content, offsets, first, last, table, words, characters, borders, symbols, bits,
    hashes, spans, points, found, slots, columns, values,
    column_of, importance, logarithms, sublinear, weights, scales, biases, logits,
):  # fmt: skip
    """Logits of texts first..last-1.

    weights (V * blocks, 16) int8, scales (V,), biases (blocks, 16), logits (N * blocks, 16).
    """
    blocks = biases.shape[0]
    for row in range(first, last):
        middle, end = hash_text(
            content, offsets[row], offsets[row + 1], table, words, characters, borders, symbols,
            bits, hashes, spans, points, found, slots, columns, values, 0,
        )  # fmt: skip
        kept = weigh_span(
            0, middle, 0, columns, values, column_of, importance, logarithms, sublinear
        )
        kept = weigh_span(
            middle, end, kept, columns, values, column_of, importance, logarithms, sublinear
        )
        for i in range(kept):
            values[i] *= scales[columns[i]]
        for block in range(blocks):
            logit = load(biases, block)
            for i in range(kept):
                weight = load(weights, columns[i] * blocks + block)
                logit = multiply_add(fill(values[i]), weight, logit)
            store(logits, row * blocks + block, logit)


@compiled
def largest_weights(weights, first, last, problems, largest):
    """Of every feature first..last-1 the largest absolute weight in any problem."""
    width = weights.shape[2]
    for feature in range(first, last):
        found = np.float32(0)
        for problem in range(problems):
            weight = weights[problem // width, feature, problem % width]
            found = max(found, abs(weight))
        largest[feature] = found


@compiled
def whole_steps(weights, first, last, scales, steps):
    """steps = weights / scales, to the nearest whole number within a signed byte."""
    width = weights.shape[2]
    for feature in range(first, last):
        factor = np.float32(1) / scales[feature]
        for problem in range(steps.shape[1]):
            weight = weights[problem // width, feature, problem % width]
            rounded = np.rint(weight * factor)
            steps[feature, problem] = np.int8(min(max(rounded, -STEPS), STEPS))


def pack_weights(
    weights: np.ndarray, problems: int, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Round weights (blocks, V, width) float32 to steps (V, P) int8 and scales (V,) float32.

    weight = steps * scale; the scale is rounded to float16 first, so that both are stored exactly.
    """
    size = weights.shape[1]
    steps = np.empty((size, problems), np.int8)
    scales = np.empty(size, np.float32)

    def work(block: int) -> None:
        first, last = block * STRETCH, min((block + 1) * STRETCH, size)
        largest_weights(weights, first, last, problems, scales)
        smallest = np.finfo(np.float16).tiny
        largest = scales[first:last] / STEPS
        scales[first:last] = np.maximum(largest, smallest).astype(np.float16)
        whole_steps(weights, first, last, scales, steps)

    run_blocks(work, -(-size // STRETCH), threads)
    return steps, scales


def in_lanes(steps: np.ndarray, biases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps (V, P) int8 and biases (P,) as the kernel takes them: padded to whole blocks."""
    size, problems = steps.shape
    blocks = -(-problems // WIDTH)
    wide = np.zeros((size, blocks * WIDTH), np.int8)
    wide[:, :problems] = steps
    wide_biases = np.zeros(blocks * WIDTH, np.float32)
    wide_biases[:problems] = biases
    return wide.reshape(size * blocks, WIDTH), wide_biases.reshape(blocks, WIDTH)


def score_texts(
    encoder: NgramEncoder,
    weights: np.ndarray,
    scales: np.ndarray,
    biases: np.ndarray,
    texts: pa.LargeStringArray,
    threads: int | None = None,
) -> np.ndarray:
    """(N, blocks * 16) float32 margins; weights and biases as `in_lanes` gives them."""
    content, offsets = text_buffers(texts)
    logits = np.empty((len(texts) * biases.shape[0], WIDTH), np.float32)
    settings = encoder.settings
    small = content.size <= SMALL
    edges = (0, len(texts)) if small else row_blocks(offsets, SMALL).tolist()

    def work(block: int) -> None:
        first, last = edges[block], edges[block + 1]
        if first == last:
            return
        longest = int((offsets[first + 1 : last + 1] - offsets[first:last]).max())
        scratch = scratch_for(settings, longest)
        room = scratch[3].size
        arguments = (
            *kernel_settings(settings), encoder.bits, *scratch,
            np.empty(room, np.int32), np.empty(room, np.float32),
            encoder.column_of, encoder.importance, LOGARITHMS, settings.sublinear,
            weights, scales, biases, logits,
        )  # fmt: skip
        score_rows(content, offsets, first, last, character_table(), *arguments)

    if small:
        work(0)
    else:
        run_blocks(work, len(edges) - 1, threads)
    return logits.reshape(len(texts), biases.size)
