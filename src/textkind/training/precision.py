"""Whether bfloat16 pays here: asked of the machine and of the network itself, at the start."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch

from textkind.progress import SILENT, Talk

GAIN = 1.3  # times as fast, before half of the digits are given up
HOPELESS = 4.0  # times as slow, at which one try is enough
TRIES, MORE_TRIES = 3, 10  # of a batch; of a small product, which a busy machine may hold up
ENOUGH = 0.02  # seconds that short tries go on for, since one of them may be held up


def reduced(precision: str, device: torch.device) -> AbstractContextManager:
    """The context in which the network computes."""
    if precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def probed_precision(
    asked: str, device: torch.device, attempt: Callable[[], None], talk: Talk = SILENT
) -> str:
    """float32 or bfloat16: as asked, or the quicker one.

    attempt() runs the network forward and backward on one batch. A small matrix product is timed
    first: a processor without bfloat16 can take fifty times as long, and is not asked again.
    """
    if asked != "auto":
        return asked
    if device.type == "cuda":
        is_quick = torch.cuda.is_bf16_supported(including_emulation=False)
        chosen = "bfloat16" if is_quick else "float32"
        talk.note(f"computing in {chosen}")
        return chosen
    left, right = torch.ones(128, 256), torch.ones(256, 256)
    halves = left.bfloat16(), right.bfloat16()
    plain = _quickest(lambda: left @ right, MORE_TRIES)
    if plain < GAIN * _quickest(lambda: halves[0] @ halves[1], MORE_TRIES):
        return "float32"
    plain = _quickest(attempt, TRIES)
    with reduced("bfloat16", device):
        half = _quickest(attempt, 1)
        if half < HOPELESS * plain:
            half = _quickest(attempt, TRIES)
    if plain < GAIN * half:
        return "float32"
    talk.note(f"computing in bfloat16, {plain / half:.1f} times as fast here as float32")
    return "bfloat16"


def _quickest(work: Callable[[], object], tries: int) -> float:
    """Seconds of the quickest of some tries, or one; the first of several is left out."""
    seconds: list[float] = []
    while len(seconds) <= tries or sum(seconds) < ENOUGH:
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
        if tries == 1:
            return seconds[0]
    return min(seconds[1:])
