"""The paths of the minimal FastAPI endpoints, as FastAPI's own first steps show them.

Two paths do the same: /predict is a `def`, which FastAPI runs in its pool of threads, as its page
on concurrency asks of work that blocks; /predict_here an `async def`, run in the event loop.
"""

from collections.abc import Callable

from fastapi import FastAPI
from pydantic import BaseModel


class Asked(BaseModel):
    text: str


class Answer(BaseModel):
    label: str
    probability: float


def app_of(answer: Callable[[str], Answer]) -> FastAPI:
    app = FastAPI()

    @app.post("/predict")
    def predict(asked: Asked) -> Answer:
        return answer(asked.text)

    @app.post("/predict_here")
    async def predict_here(asked: Asked) -> Answer:
        return answer(asked.text)

    @app.get("/ready")
    def ready() -> dict[str, bool]:
        return {"ready": True}

    return app
