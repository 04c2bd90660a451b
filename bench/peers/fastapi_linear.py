"""A minimal FastAPI endpoint around scikit-learn.

    uvicorn bench.peers.fastapi_linear:app         BENCH_MODEL names the pickled pipeline
    python -m bench.peers.fastapi_linear SET FILE  fit it

Its paths are those of fastapi_paths.py.
"""

import os
import pickle
import sys
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from bench.data import load
from bench.peers.fastapi_paths import Answer, app_of

model = (
    pickle.loads(Path(os.environ["BENCH_MODEL"]).read_bytes())
    if "BENCH_MODEL" in os.environ
    else None
)


def answer(text: str) -> Answer:
    shares = model.predict_proba([text])[0]
    best = shares.argmax()
    return Answer(label=model.classes_[best], probability=shares[best])


app = app_of(answer)


if __name__ == "__main__":
    train = load([sys.argv[1]]).train
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pipeline = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=1000))
    Path(sys.argv[2]).write_bytes(pickle.dumps(pipeline.fit(train.texts, train.labels)))
