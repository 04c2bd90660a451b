"""Encoders of other families than BERT's, computed by the library transformers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textkind.errors import ModelFolderError
from textkind.models.networks.pretrained_settings import Architecture, first_position
from textkind.optional import need

# names under which the families keep their shares of dropout
DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "embedding_dropout",
    "mlp_dropout",
    "attention_dropout",
    "dropout",
    "hidden_dropout",
)


class ForeignEncoder(nn.Module):
    """A model of transformers, without its table of tokens: it is handed their vectors.

    Weights are those of a new model; pretrained_state reads those of a folder.
    """

    def __init__(
        self, architecture: Architecture, dropout: float = 0.0, checkpointing: bool = False
    ) -> None:
        super().__init__()
        transformers = need("transformers", "an encoder of this family")
        told: dict[str, Any] = dict(architecture.config or {})
        for name in DROPOUTS:
            if name in told:
                told[name] = dropout
        config = transformers.AutoConfig.for_model(**told)
        # never on the meta device: buffers that are not saved have to be computed
        with torch.device("cpu"):
            self.model = transformers.AutoModel.from_config(config, dtype=torch.float32)
        without_table(self.model, architecture.token_width)
        self.first = first_position(told)
        # some families note how they pad, text by text
        logging.getLogger(type(self.model).__module__).setLevel(logging.ERROR)
        if checkpointing:
            self.model.activation_checkpointing_enable({"use_reentrant": False})

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Tokens' vectors (B, T, token width), (B, T) bool -> the last states (B, T, W)."""
        return self.told(x, mask).last_hidden_state

    def told(self, x: Tensor, mask: Tensor, **asked: Any) -> Any:
        """What the library's model tells of these, with what else it is asked for."""
        if self.first:  # Longformer would count on into what it pads a text with
            places = torch.arange(self.first, self.first + x.shape[1], device=x.device)
            asked["position_ids"] = places.expand(x.shape[:2])
        return self.model(inputs_embeds=x, attention_mask=mask.long(), **asked)


class OneRow(nn.Embedding):
    """Zeros for every id: of the padding that Longformer adds by itself, and masks."""

    def __init__(self, width: int, device: torch.device) -> None:
        super().__init__(1, width, device=device)
        nn.init.zeros_(self.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """(...) ids -> (..., width)."""
        return super().forward(torch.zeros_like(ids))


def without_table(model: Any, token_width: int) -> None:
    """Leave the model a table of one token: the tokens' vectors stand elsewhere."""
    device = model.get_input_embeddings().weight.device
    model.set_input_embeddings(OneRow(token_width, device))
    for parameter in model.get_input_embeddings().parameters():
        parameter.requires_grad_(False)
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # its output is not asked for


def pretrained_state(folder: Path, architecture: Architecture) -> tuple[Tensor, dict[str, Tensor]]:
    """The table of tokens, (V, token width), and the state of a ForeignEncoder, of a folder.

    ModelFolderError where weights are missing or do not fit.
    """
    transformers = need("transformers", "an encoder of this family")
    config = transformers.AutoConfig.for_model(**dict(architecture.config or {}))
    try:
        with silent(transformers.utils.logging):
            model, told = transformers.AutoModel.from_pretrained(
                folder, config=config, local_files_only=True, use_safetensors=True,
                trust_remote_code=False, dtype=torch.float32, output_loading_info=True,
            )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelFolderError(
            "transformers could not load the weights",
            found=str(error).splitlines()[0][:200],
            where=str(folder),
        ) from error
    missing = sorted(name for name in told["missing_keys"] if not name.startswith("pooler."))
    if missing or told["mismatched_keys"]:
        raise ModelFolderError(
            "the weights do not fit the config.json",
            found=[*missing, *map(str, told["mismatched_keys"])][:3],
            where=str(folder),
        )
    table = model.get_input_embeddings().weight.detach().clone()
    without_table(model, architecture.token_width)
    return table, {f"model.{name}": tensor for name, tensor in model.state_dict().items()}


@contextmanager
def silent(library: Any) -> Iterator[None]:
    """The library of that logging without progress bars and warnings inside the block."""
    bars, level = library.is_progress_bar_enabled(), library.get_verbosity()
    library.disable_progress_bar()
    library.set_verbosity_error()
    try:
        yield
    finally:
        library.set_verbosity(level)
        if bars:
            library.enable_progress_bar()
