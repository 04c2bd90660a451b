"""Whether the compiled kernels beside the networks can compute something, or PyTorch must."""

import torch
from torch import Tensor


def kernels_take(x: Tensor) -> bool:
    """True for float32 on the CPU, where nothing traces the computation."""
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )


def quick_here(x: Tensor) -> bool:
    """Whether kernels_take it, outside autocast: inside, what comes of it should be rounded."""
    return kernels_take(x) and not torch.is_autocast_enabled("cpu")
