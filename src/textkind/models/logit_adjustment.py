"""Logit adjustment in the loss: a network that begins where all labels are as likely.

The loss of Menon et al. 2021 (*Long-tail learning via logit adjustment*, equation 10) is the cross
entropy of f(x) + exponent * log prior, f being what labels are chosen by. Since the prior is the
same for every text, that sum is a network like f whose last bias is higher by exponent * log prior.
So the sum itself is trained, by the plain loss, from a bias that begins there: every step is the
paper's, and what comes out are logits of the labels as they come, which calibration wants. The
label is chosen by f: the rule takes exponent * log prior off again (decision/rule_choice.py).
"""

import numpy as np
import torch
from torch import nn

from textkind.models.networks.windows import plain_network


def begin_adjusted(network: nn.Module, targets: np.ndarray, head: str, exponent: float) -> None:
    """Raise the bias of a network that is not trained yet by exponent * log prior.

    targets (N,) ids or (N, K) 0/1 of the training part; a label of none counts as of one text. Of
    one logit it is the log odds of the second label, of a sigmoid head those of every label.
    """
    own = plain_network(network)
    # a perceptron without a hidden layer has the bias of its table alone
    bias = own.get_parameter("bias" if isinstance(own.head, nn.Identity) else "head.bias")
    labels = 2 if head == "binary" else len(bias)
    member = targets if targets.ndim == 2 else np.eye(labels)[targets]
    rows = len(member)
    counts = np.clip(member.sum(axis=0, dtype=np.float64), 1, max(rows - 1, 1))
    prior = np.log(counts / rows)
    if head == "binary":
        prior = prior[1:] - prior[:1]
    elif head == "sigmoid":
        prior = prior - np.log1p(-counts / rows)
    with torch.no_grad():
        bias.add_(torch.from_numpy((exponent * prior).astype(np.float32)))
