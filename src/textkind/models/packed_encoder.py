"""An encoder of BERT's kind that reads in bfloat16, its weights laid out once for the processor.

    if is_packable():
        quick = with_packed(network)           a whole network that reads through one

PyTorch lays out the weights of a product anew in each call, which is much of the time of a short
text, and rounds between a product and its activation. oneDNN, which computes its products in
bfloat16, takes weights that were laid out before and joins the activation; PyTorch's compiler
reaches it by the same operators. Products are in bfloat16, all else is in float32.
"""

from functools import cache

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from textkind.models.encoder_graph import with_encoder
from textkind.models.networks.bert import Bert, Block
from textkind.models.networks.pretrained_settings import Architecture

NO_ACTIVATION = ("none", "")
JOINED = {  # by activation: what oneDNN calls it, and by which formula
    "gelu": ("gelu", "none"),
    "gelu_new": ("gelu", "tanh"),
    "gelu_pytorch_tanh": ("gelu", "tanh"),
    "relu": ("relu", ""),
}


class PackedLinear(nn.Module):
    """x -> activation(x W^T + b) in bfloat16, for reading alone."""

    def __init__(
        self,
        layer: nn.Linear,
        joined: tuple[str, str] = NO_ACTIVATION,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__()
        self.activation, self.formula = joined
        self.dtype = dtype  # of what comes out
        rounded = layer.weight.detach().to(torch.bfloat16).contiguous()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(rounded)
        self.bias = layer.bias.detach().to(torch.bfloat16)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)."""
        found: Tensor = torch.ops.mkldnn._linear_pointwise(
            x.to(torch.bfloat16), self.weight, self.bias, self.activation, [], self.formula
        )
        return found.to(self.dtype)


class PackedEncoder(nn.Module):
    """A Bert, read as the head of the file tells; what is no product is shared with it."""

    def __init__(self, bert: Bert, architecture: Architecture) -> None:
        super().__init__()
        self.bert, self.architecture = bert, architecture
        self.packed = packed_bert(bert, architecture)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens' vectors (B, T, W), (B, T) bool -> the last states (B, T, W) float32."""
        states: Tensor = self.packed(x, mask)
        return states

    def __reduce__(self) -> tuple[type, tuple[Bert, Architecture]]:
        """Copies and pickles lay the weights out again."""
        return PackedEncoder, (self.bert, self.architecture)


def packed_bert(bert: Bert, architecture: Architecture) -> Bert:
    """A Bert whose blocks have packed products.

    Attention mixes in float32, which for short texts is quicker than in bfloat16.
    """
    with torch.device("meta"):  # its own numbers are not wanted
        packed = Bert(architecture)
    packed.positions, packed.norm, packed.distances = bert.positions, bert.norm, bert.distances
    for mine, block in zip(packed.blocks, bert.blocks, strict=True):
        assert isinstance(mine, Block)
        assert isinstance(block, Block)
        products = {
            "query_key_value": PackedLinear(block.query_key_value, dtype=torch.float32),
            "attention_out": PackedLinear(block.attention_out),
            "inner": PackedLinear(block.inner, JOINED[architecture.activation]),
            "inner_out": PackedLinear(block.inner_out),
        }
        for name, product in products.items():
            mine.add_module(name, product)
        mine.attention_norm, mine.inner_norm = block.attention_norm, block.inner_norm
        mine.activation = nn.Identity()
    return packed.eval()


def with_packed(network: nn.Module) -> nn.Module:
    """The network with its encoder packed, where it has_bert; all else is shared with it."""
    return with_encoder(network, PackedEncoder)


@cache
def is_packable() -> bool:
    """Whether PyTorch has these operators here, and the processor computes in bfloat16.

    They are no part of PyTorch's public interface: so a small product is tried.
    """
    layer, x = nn.Linear(32, 32), torch.linspace(-1, 1, 64).reshape(2, 32)
    try:
        if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        with torch.inference_mode():
            found = PackedLinear(layer, JOINED["gelu"])(x)
            wanted = functional.gelu(layer(x))
    except (AttributeError, RuntimeError):
        return False
    return torch.allclose(found.float(), wanted, atol=0.05)
