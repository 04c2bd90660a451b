"""Which network reads the texts of a fitted model: as it was trained, or as is quicker.

reader = QuickReader(network, "float32")
outputs = network_outputs(reader.network_for(tokens), tokens, width)
"""

from torch import nn

from textkind.encoding.tokens import Tokens
from textkind.errors import MissingPackageError
from textkind.models.encoder_graph import has_bert, with_graph
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.windows import plain_network
from textkind.models.packed_encoder import is_packable, with_packed

# Tokens read, from which on the start of onnxruntime is worth its time: that of reading as many.
ENOUGH = 2048
LARGEST = 1 << 29  # bytes of an encoder's weights, which are laid out anew


class QuickReader:
    """The network of a model, and the same with a quicker encoder where there can be one.

    An encoder of BERT's kind is read in bfloat16 with packed weights (packed_encoder.py), where
    the processor has it; in float32 as a graph (encoder_graph.py), where onnxruntime is installed
    and enough was read. quick is None until then; precision is what PyTorch computes in.
    """

    def __init__(self, network: nn.Module, precision: str) -> None:
        self.network, self.precision = network, precision
        self.quick: nn.Module | None = None
        self.read = 0  # tokens
        self.can_be_graph = precision == "float32" and has_light_bert(network)
        if precision == "bfloat16" and can_be_packed(network):
            self.quick, self.precision = with_packed(network), "float32"  # but for its products

    def network_for(self, tokens: Tokens) -> nn.Module:
        """The network that reads these tokens: of one call all are read by the same."""
        if self.can_be_graph and self.quick is None:
            self.read += int(tokens.offsets[-1])
            if self.read >= ENOUGH:
                try:
                    self.quick = with_graph(self.network, "float32")
                except MissingPackageError:
                    self.can_be_graph = False
        return self.network if self.quick is None else self.quick


def can_be_packed(network: nn.Module) -> bool:
    """Whether the network is read with packed weights in bfloat16."""
    return has_light_bert(network) and is_packable()


def has_light_bert(network: nn.Module) -> bool:
    """Whether the network has_bert, on the CPU and not too large to be laid out anew."""
    if not has_bert(network):
        return False
    own = plain_network(network)
    assert isinstance(own, Pretrained)
    on_cpu = own.frame.device.type == "cpu"
    return on_cpu and sum(one.nbytes for one in own.encoder.parameters()) <= LARGEST
