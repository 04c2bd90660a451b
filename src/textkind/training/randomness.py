"""Torch's random numbers inside a block, from a seed; outside of it they are as they were.

Only the generators that the block uses are seeded. torch.manual_seed would seed those of every kind
of device, and where one is not in use yet it keeps a formatted stack trace for later, on each call.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: np.random.SeedSequence, device: torch.device) -> Iterator[None]:
    """A block that draws the same numbers for the same seed, on the CPU and on `device`."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        generators.append(torch.cuda.default_generators[index])
    before = [generator.get_state() for generator in generators]
    number = int(seed.generate_state(1)[0])
    for generator in generators:
        generator.manual_seed(number)
    try:
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)
