"""A minimal FastAPI endpoint around transformers' pipeline; BENCH_MODEL names the folder.

    uvicorn bench.peers.fastapi_encoder:app        BENCH_THREADS: of PyTorch in each process

Its paths are those of fastapi_paths.py.
"""

import os

import torch
from transformers import pipeline

from bench.peers.fastapi_paths import Answer, app_of

torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
classify = pipeline("text-classification", model=os.environ["BENCH_MODEL"], device="cpu")


def answer(text: str) -> Answer:
    best = classify(text, truncation=True)[0]
    return Answer(label=best["label"], probability=best["score"])


app = app_of(answer)
