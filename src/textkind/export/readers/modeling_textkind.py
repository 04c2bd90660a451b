"""A pretrained encoder with pooling and a linear head, for transformers: the code of a folder.

    AutoModelForSequenceClassification.from_pretrained(folder, trust_remote_code=True)

It lies in folders whose head is none that transformers has: states are pooled over the text, and
brought to unit length where the encoder was trained so. It needs transformers and PyTorch alone.
"""

from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class TextkindConfig(PretrainedConfig):
    """The encoder's own config, how its states become one vector, and the labels."""

    model_type = "textkind"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        pooling: str = "mean",
        normalize: bool = False,
        **more: Any,
    ) -> None:
        self.encoder = {} if encoder is None else encoder
        self.pooling, self.normalize = pooling, normalize
        super().__init__(**more)


class TextkindForSequenceClassification(PreTrainedModel):
    """Encoder, pooling, unit length where it is asked for, linear."""

    config_class = TextkindConfig

    def __init__(self, config: TextkindConfig) -> None:
        super().__init__(config)
        encoder = AutoConfig.for_model(**config.encoder)
        self.encoder = AutoModel.from_config(encoder)
        if getattr(self.encoder, "pooler", None) is not None:
            self.encoder.pooler = None  # its output is not asked for
        width = encoder.hidden_size
        self.query = nn.Parameter(torch.zeros(width)) if config.pooling == "attention" else None
        self.classifier = nn.Linear(width, int(config.num_labels or 0))
        self.post_init()

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        return_dict: bool | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput | tuple[Tensor, ...]:
        """Logits of (B, T) ids, (B, labels); a loss where labels are given."""
        given = {"input_ids": input_ids, "inputs_embeds": inputs_embeds}
        told = next(one for one in given.values() if one is not None)
        mask = attention_mask
        if mask is None:
            mask = torch.ones(told.shape[:2], dtype=torch.long, device=told.device)
        states = self.encoder(**given, attention_mask=mask).last_hidden_state
        x = self.pooled(states, mask.bool())
        if self.config.normalize:
            x = functional.normalize(x.float(), dim=1).to(x.dtype)
        logits = self.classifier(x)
        loss = None
        if labels is not None and self.config.problem_type == "multi_label_classification":
            loss = functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
        elif labels is not None:
            loss = functional.cross_entropy(logits, labels)
        if return_dict is False:
            return (logits,) if loss is None else (loss, logits)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        """States (B, T, W) as one vector each, (B, W)."""
        if self.config.pooling == "cls":
            return x[:, 0]
        shown = mask[:, :, None]
        if self.config.pooling == "max":
            return x.masked_fill(~shown, torch.finfo(x.dtype).min).amax(dim=1)
        weights = mask.to(x.dtype)
        if self.query is not None:
            scores = (x @ self.query).masked_fill(~mask, torch.finfo(x.dtype).min)
            weights = scores.softmax(dim=1) * weights
        else:
            weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1)
        return (x * weights[:, :, None]).sum(dim=1)
