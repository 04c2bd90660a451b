"""Training on a GPU beside the loops that people write: from scratch, and of a pretrained encoder.

    python -m bench.gpu [--steps 60] [--device cuda] [QUESTION ...]

Texts are ids drawn at random, in lengths like those of film reviews: a GPU cares for nothing else.
Both sides take steps of the same number of texts, in bfloat16; the first steps are left out.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from bench.measure import Facts
from bench.results import Answer, Row, at_least, goal_rows, table
from textkind.data.labels import LabelSet
from textkind.encoding.tokens import Tokens, take_tokens
from textkind.models.networks.pretrained_settings import Architecture, PretrainedSettings
from textkind.models.networks.settings import SETTINGS
from textkind.models.networks.table import build_network
from textkind.training.fit import fit_network
from textkind.training.settings import TrainingSettings
from textkind.training.tasks import Examples

VOCABULARY, LABELS = 30_522, LabelSet(("no", "yes", "maybe"))
BATCH, LONGEST = 64, 256  # texts of a step from scratch, and their tokens
BASE = Architecture(
    VOCABULARY, 768, 768, layers=12, positions=512, heads=12, inner_width=3072, before=1, behind=1
)
TUNED = (128, 256, 512)  # texts of a step that both sides of fine-tuning try
WARM_UP = 5  # steps


def random_texts(number: int, longest: int, shortest: int, seed: int = 0) -> Examples:
    """Texts of ids drawn evenly; lengths are log-normal about 200, cut to the bounds."""
    random = np.random.default_rng(seed)
    lengths = np.exp(random.normal(np.log(200), 0.6, number)).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(lengths.clip(shortest, longest))))
    ids = random.integers(5, VOCABULARY, offsets[-1], dtype=np.int32)
    return Examples(Tokens(ids, offsets), random.integers(0, len(LABELS), number, dtype=np.int32))


def our_steps(
    network: nn.Module, examples: Examples, batch: int, longest: int, device: str
) -> Facts:
    """Once over the examples; the tokens a second of all steps."""
    settings = TrainingSettings(
        epochs=1, batch_texts=batch, batch_tokens=batch * longest, head="softmax",
        precision="bfloat16", device=device, learning_rate=1e-4,
    )  # fmt: skip
    warm_up = Examples(
        take_tokens(examples.tokens, np.arange(WARM_UP * batch)),
        examples.targets[: WARM_UP * batch],
    )
    fit_network(network, warm_up, None, LABELS, settings)
    trained = fit_network(network, examples, None, LABELS, settings)
    seconds = trained.facts["training_seconds"]
    return {"seconds": seconds, "tokens_s": int(examples.tokens.offsets[-1]) / seconds}


def plain_steps(name: str, examples: Examples, device: str) -> Facts:
    """The plain loop of bench/peers/plain_torch.py over its own network of that name."""
    from torch.utils.data import DataLoader

    from bench.peers.plain_torch import NETWORKS, Texts, train_one_epoch
    from bench.peers.training_texts import TrainingTexts

    kind, collate = NETWORKS[name]
    texts = TrainingTexts(
        examples.tokens, examples.targets.astype(np.int64), list(LABELS.names), VOCABULARY
    )
    network = kind(VOCABULARY, len(LABELS))
    rows = np.arange(len(examples.tokens))
    for part in (rows[: WARM_UP * BATCH], rows):
        loader = DataLoader(Texts(texts, part), BATCH, shuffle=True, collate_fn=collate)
        began = time.perf_counter()
        train_one_epoch(network, loader, device, bfloat16=True)
        if device == "cuda":
            torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "tokens_s": int(examples.tokens.offsets[-1]) / seconds}


def from_scratch(steps: int, device: str) -> Answer:
    """Every network beside the plain loop over the same one, with autocast."""
    rows: list[Row] = []
    goals = []
    examples = random_texts(steps * BATCH, LONGEST, 16)
    for name in ("mean_pool", "cnn", "rnn", "transformer"):
        network = build_network(name, VOCABULARY, len(LABELS), SETTINGS[name](), 0)
        dense = sum(
            part.numel() for path, part in network.named_parameters() if "embed" not in path
        )
        ours = our_steps(network, examples, BATCH, LONGEST, device)
        plain = plain_steps(name, examples, device)
        ratio = ours["tokens_s"] / plain["tokens_s"]
        rows.append(
            {
                "network": name,
                "tokens/s": ours["tokens_s"],
                "plain loop": plain["tokens_s"],
                "times": ratio,
                "TFLOP/s": 6 * dense * ours["tokens_s"] / 1e12,
            }
        )
        goals.append(at_least(f"{name} from scratch on a GPU", ratio, 2.0, "x"))
    return Answer(rows, goals)


def trainer_steps(examples: Examples, batch: int, device: str, small: bool) -> Facts:
    """Hugging Face's Trainer in bfloat16, each batch padded to its longest text."""
    import transformers

    tokens = examples.tokens
    data = [
        {
            "input_ids": [
                2,
                *tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]].tolist(),
                3,
            ],
            "label": int(examples.targets[row]),
        }
        for row in range(len(tokens))
    ]

    def collate(items: list[Facts]) -> Facts:
        longest = max(len(item["input_ids"]) for item in items)
        ids = torch.zeros(len(items), longest, dtype=torch.long)
        for place, item in enumerate(items):
            ids[place, : len(item["input_ids"])] = torch.tensor(item["input_ids"])
        labels = torch.tensor([item["label"] for item in items])
        return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": labels}

    class Clock(transformers.TrainerCallback):
        began = ended = 0.0

        def on_step_end(self, arguments, state, control, **others):  # type: ignore[no-untyped-def]
            if state.global_step in (WARM_UP, state.max_steps):
                if device == "cuda":
                    torch.cuda.synchronize()
                if state.global_step == WARM_UP:
                    self.began = time.perf_counter()
                self.ended = time.perf_counter()

    config = transformers.BertConfig(num_labels=len(LABELS), **(SMALL if small else {}))
    clock = Clock()
    trainer = transformers.Trainer(
        model=transformers.BertForSequenceClassification(config),
        args=transformers.TrainingArguments(
            output_dir="/tmp/trainer", per_device_train_batch_size=batch, num_train_epochs=1,
            bf16=True, use_cpu=device == "cpu", report_to=[], save_strategy="no",
            disable_tqdm=True, dataloader_num_workers=4 if device == "cuda" else 0,
            logging_strategy="no",
        ),
        train_dataset=data, data_collator=collate, callbacks=[clock],
    )  # fmt: skip
    trainer.train()
    share = (len(tokens) - WARM_UP * batch) / len(tokens)
    seconds = clock.ended - clock.began
    return {"seconds": seconds, "tokens_s": share * int(tokens.offsets[-1]) / seconds}


SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def fine_tuning(steps: int, device: str) -> Answer:
    """A network of BERT-base's shape, texts of 126 tokens and a frame, and of 16 to 126."""
    small = device == "cpu"
    architecture = BASE if not small else Architecture(
        VOCABULARY, 32, 32, layers=2, positions=512, heads=2, inner_width=64
    )  # fmt: skip
    rows: list[Row] = []
    goals = []
    for told, shortest in (("all of 128", 126), ("16 to 128", 16)):
        best: dict[str, float] = {}
        for batch in TUNED:
            examples = random_texts(steps * batch, 126, shortest)
            settings = PretrainedSettings(architecture=architecture, pooling="mean")
            sides: dict[str, Callable[[], Facts]] = {
                "Trainer": lambda b=batch, e=examples: trainer_steps(e, b, device, small),  # type: ignore[misc]
            }
            for compiled in (False, True) if not small else (False,):
                network = build_network("pretrained", VOCABULARY, len(LABELS), settings, 0)
                if compiled:
                    network.encoder.compile_blocks()  # type: ignore[union-attr,operator]
                sides["ours, compiled" if compiled else "ours"] = (
                    lambda n=network, b=batch, e=examples: our_steps(n, e, b, 128, device)  # type: ignore[misc]
                )
            for side, ask in sides.items():
                began = time.perf_counter()
                try:
                    found = ask()["tokens_s"]
                except torch.OutOfMemoryError:
                    continue
                best[side] = max(best.get(side, 0.0), found)
                rows.append(
                    {
                        "texts": told,
                        "batch": batch,
                        "side": side,
                        "tokens/s": found,
                        "all s": time.perf_counter() - began,
                        "TFLOP/s": 6 * 85e6 * found / 1e12,
                    }
                )
                print(rows[-1], flush=True)
        ours = max(found for side, found in best.items() if side != "Trainer")
        goals.append(at_least(f"fine-tuning, {told}", ours / best["Trainer"], 2.0, "x"))
    return Answer(rows, goals)


QUESTIONS = {"from_scratch": from_scratch, "fine_tuning": fine_tuning}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("questions", nargs="*", metavar="QUESTION")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--device", default="cuda")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("skipped: no GPU here")
        return 0
    if arguments.device == "cuda":
        print(torch.cuda.get_device_name(), torch.__version__)
    goals = []
    for name in arguments.questions or QUESTIONS:
        answer = QUESTIONS[name](arguments.steps, arguments.device)
        goals += answer.goals
        print(f"## {name}\n\n{table(answer.rows)}\n", flush=True)
    print(table(goal_rows(goals)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
