"""Does the order of the training rows change the model? banking77 is delivered sorted by class."""

from bench.data import ORDERS
from bench.measure import Facts
from bench.results import Answer, Row, at_most
from bench.sides import DEFAULT, FASTTEXT, FIXED, WABBIT_10, Workers

NAME = "banking77"
CONTENDERS = [FIXED, DEFAULT, FASTTEXT, WABBIT_10]
TARGET = 0.3  # points of accuracy between the best and the worst order


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    accuracy: dict[str, Facts] = {contender.name: {} for contender in CONTENDERS}
    with Workers() as workers:
        for order in ORDERS:
            workers.load(CONTENDERS, [NAME], order=order)
            for contender in CONTENDERS:
                workers.say(contender, "fit")
                accuracy[contender.name][order] = workers.say(contender, "predict")["accuracy"]
    for contender in CONTENDERS:
        by_order = accuracy[contender.name]
        spread = max(by_order.values()) - min(by_order.values())
        rows.append({"side": contender.name, **by_order, "spread": spread})
        if contender in (FIXED, DEFAULT):
            goals.append(at_most(f"row order, {NAME}, {contender.name}", spread, TARGET, " points"))
    return Answer(rows, goals)
