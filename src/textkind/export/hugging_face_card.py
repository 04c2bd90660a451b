"""README.md of a folder of Hugging Face: the model card of the run, and how the folder is used."""

import json

from textkind.decision.calibrators import calibrator_to_json
from textkind.decision.decision import Decision
from textkind.export.targets import Subject
from textkind.report.card import render_card

FRONT = """\
---
library_name: transformers
pipeline_tag: text-classification
tags:
- "text-classification"
- "textkind"
---

# A text classifier

Fine-tuned with textkind.
"""
CODE = """
States are pooled over the text, which no class of transformers does for this family, so the folder
brings `modeling_textkind.py`. Read it before you trust it.
"""


def card_text(subject: Subject, custom_code: bool) -> str:
    """The card as Markdown; without a run it tells only how the folder is used."""
    metrics = subject.metrics
    card = FRONT if metrics is None else render_card(metrics, library="transformers")
    return card.rstrip() + "\n\n" + usage(subject.classifier.decision, custom_code)


def usage(decision: Decision, custom_code: bool) -> str:
    """How transformers reads the folder, and what its scores are."""
    trusted = ", trust_remote_code=True" if custom_code else ""
    told = calibrator_to_json(decision.calibrator)
    every = ", top_k=None" if decision.several else ""
    squashed = "sigmoid" if decision.several else "softmax"
    lines = [
        "## With transformers",
        "",
        "    from transformers import pipeline",
        "",
        f'    classify = pipeline("text-classification", model="THIS FOLDER"{trusted})',
        f'    classify("a text", truncation=True{every})',
        "",
        f"Logits are those of textkind; scores are their {squashed}, before calibration.",
    ]
    if told["name"] == "temperature":
        lines.append(f"Calibrated ones are had of logits divided by {told['temperature']:.6g}.")
    elif told["name"] != "none":
        lines += ["The calibrator, as textkind applies it:", "", f"    {json.dumps(told)[:2000]}"]
    return "\n".join(lines) + "\n" + (CODE if custom_code else "")
