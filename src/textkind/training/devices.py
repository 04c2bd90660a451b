"""What is different from one device to another."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from textkind.errors import SettingsError

# A GPU's libraries plan anew for every shape of a batch: where texts have few lengths, so have they
# few plans. On the CPU padding is work like any other.
LENGTH_MULTIPLE = {"cpu": 1, "cuda": 32}
# all kernels of attention but cuDNN's, whose plan for a new shape takes a tenth of a second
ATTENTION = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


def device_of(name: str) -> torch.device:
    """The device of that name; auto is cuda where there is one."""
    has_cuda = torch.cuda.is_available()
    if name == "cuda" and not has_cuda:
        raise SettingsError("there is no cuda device here", hint="leave --device out, or pass cpu")
    return torch.device("cuda" if name != "cpu" and has_cuda else "cpu")


def length_multiple(device: torch.device) -> int:
    """What the length of a batch is rounded up to a multiple of."""
    return LENGTH_MULTIPLE[device.type]


def attention_kernels(device: torch.device) -> AbstractContextManager[None]:
    """Inside of it attention takes the kernels that serve batches of changing shapes."""
    return sdpa_kernel(ATTENTION) if device.type == "cuda" else nullcontext()
