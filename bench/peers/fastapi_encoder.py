"""A minimal FastAPI endpoint around transformers' pipeline; BENCH_MODEL names the folder.

    uvicorn bench.peers.fastapi_encoder:app        BENCH_THREADS: of PyTorch in each process

/predict is a `def`, /predict_here an `async def`, as in fastapi_linear.py.
"""

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
app = FastAPI()
classify = pipeline("text-classification", model=os.environ["BENCH_MODEL"], device="cpu")


class Asked(BaseModel):
    text: str


class Answer(BaseModel):
    label: str
    score: float


def answer(text: str) -> Answer:
    return Answer(**classify(text, truncation=True)[0])


@app.post("/predict")
def predict(asked: Asked) -> Answer:
    return answer(asked.text)


@app.post("/predict_here")
async def predict_here(asked: Asked) -> Answer:
    return answer(asked.text)


@app.get("/ready")
def ready() -> dict[str, bool]:
    return {"ready": True}
