"""Which network reads the texts of a fitted model: as it was trained, or once it pays as a graph.

reader = QuickReader(network, "float32")
outputs = network_outputs(reader.network_for(tokens), tokens, width)
"""

from torch import nn

from textkind.encoding.tokens import Tokens
from textkind.errors import MissingPackageError
from textkind.models.encoder_graph import has_bert, with_graph
from textkind.models.networks.pretrained import Pretrained
from textkind.models.networks.windows import plain_network

# Tokens read, from which on the start of onnxruntime is worth its time: that of reading as many.
ENOUGH = 2048
LARGEST = 1 << 29  # bytes of an encoder's weights: the graph lays them out anew


class QuickReader:
    """The network of a model, and the same with a graph where there can be one.

    A graph reads in float32 what an encoder of BERT's kind reads, where onnxruntime is installed.
    quick is None until enough was read.
    """

    def __init__(self, network: nn.Module, precision: str) -> None:
        self.network = network
        self.quick: nn.Module | None = None
        self.read = 0  # tokens
        self.can_be_quick = precision == "float32" and has_bert(network) and is_light(network)

    def network_for(self, tokens: Tokens) -> nn.Module:
        """The network that reads these tokens: of one call all are read by the same."""
        if self.can_be_quick and self.quick is None:
            self.read += int(tokens.offsets[-1])
            if self.read >= ENOUGH:
                try:
                    self.quick = with_graph(self.network, "float32")
                except MissingPackageError:
                    self.can_be_quick = False
        return self.network if self.quick is None else self.quick


def is_light(network: nn.Module) -> bool:
    """Whether the encoder of a network that has_bert is on the CPU and not too large."""
    own = plain_network(network)
    assert isinstance(own, Pretrained)
    on_cpu = own.frame.device.type == "cpu"
    return on_cpu and sum(one.nbytes for one in own.encoder.parameters()) <= LARGEST
