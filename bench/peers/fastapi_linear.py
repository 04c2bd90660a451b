"""A minimal FastAPI endpoint around scikit-learn, as FastAPI's own first steps show it.

    uvicorn bench.peers.fastapi_linear:app         BENCH_MODEL names the pickled pipeline
    python -m bench.peers.fastapi_linear SET FILE  fit it

Two paths do the same: /predict is a `def`, which FastAPI runs in its pool of threads, as its page
on concurrency asks of work that blocks; /predict_here an `async def`, run in the event loop.
"""

import os
import pickle
import sys
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from bench.data import load

app = FastAPI()
model = (
    pickle.loads(Path(os.environ["BENCH_MODEL"]).read_bytes())
    if "BENCH_MODEL" in os.environ
    else None
)


class Asked(BaseModel):
    text: str


class Answer(BaseModel):
    label: str
    probability: float


def answer(text: str) -> Answer:
    shares = model.predict_proba([text])[0]
    best = shares.argmax()
    return Answer(label=model.classes_[best], probability=shares[best])


@app.post("/predict")
def predict(asked: Asked) -> Answer:
    return answer(asked.text)


@app.post("/predict_here")
async def predict_here(asked: Asked) -> Answer:
    return answer(asked.text)


@app.get("/ready")
def ready() -> dict[str, bool]:
    return {"ready": True}


if __name__ == "__main__":
    train = load([sys.argv[1]]).train
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pipeline = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=1000))
    Path(sys.argv[2]).write_bytes(pickle.dumps(pipeline.fit(train.texts, train.labels)))
