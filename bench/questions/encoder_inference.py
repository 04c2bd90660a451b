"""How many texts a second does a fine-tuned encoder label, and how long does one text take?

One model, fine-tuned on banking77 by ours, is read by all sides: ours, transformers' pipeline as
its documentation has it and with batches of 32, PyTorch and onnxruntime with texts sorted by hand.
The test part is labelled in one call, then its first texts one at a time. Labels are compared with
those of PyTorch in float32.
"""

from bench.machine import has_bfloat16
from bench.measure import Facts, median
from bench.places import ROOM
from bench.results import Answer, Goal, Row, at_least, at_most
from bench.sides import BERT_RUNTIMES, OUR_ENCODER, Contender, Workers

SET = "banking77"
COLUMNS = (
    "texts/s", "one text ms", "labels as PyTorch's %", "accuracy", "times the pipeline of 32"
)  # fmt: skip
FOLDER = ROOM / "models" / "encoder_inference"
PIPELINE, TORCH = "pipeline, 32", "PyTorch"
INT8 = "textkind, int8"
TIMES, SINGLE_MS, EQUAL = 8.0, 2.2, 99.8  # beside the pipeline in batches; % of labels
INT8_TIMES, INT8_SINGLE_MS, INT8_LOST = 10.0, 0.7, 0.3  # points of accuracy


def contenders() -> list[Contender]:
    """Ours and the peers, in bfloat16 only where the processor has it."""
    ours: dict[str, Facts] = {
        "textkind": {"precision": "float32"},
        "textkind, without onnxruntime": {"precision": "float32", "graph": False},
        INT8: {"precision": "int8"},
    }
    engines = ["pipeline", PIPELINE, TORCH, "onnxruntime", "onnxruntime, int8"]
    if has_bfloat16():
        ours["textkind, bfloat16"] = {"precision": "bfloat16"}
        engines.append("PyTorch, bfloat16")
    told: list[tuple[str, str, Facts]] = [
        (name, OUR_ENCODER, {"folder": str(FOLDER)} | setting) for name, setting in ours.items()
    ]
    theirs = str(FOLDER / "hugging_face")
    told += [(name, BERT_RUNTIMES, {"folder": theirs, "engine": name}) for name in engines]
    return [Contender(*one) for one in told]


def ask(runs: int) -> Answer:
    sides = contenders()
    replies: dict[str, list[tuple[Facts, Facts]]] = {side.name: [] for side in sides}
    with Workers() as workers:
        workers.load(sides, [SET], warm_up=None)
        workers.of(sides[0]).ask("make", folder=str(FOLDER))
        for _ in range(runs):
            for side in sides:
                workers.say(side, "fit")
                worker = workers.of(side)
                worker.ask("predict_each", calls=20)  # first calls load and compile
                whole = worker.ask("predict", labels=True)
                replies[side.name].append((whole, worker.ask("predict_each")))
    wanted = replies[TORCH][0][0]["labels"]
    rows: list[Row] = []
    for name, said in replies.items():
        everything, single = [pair[0] for pair in said], [pair[1] for pair in said]
        given = everything[0]["labels"]
        equal = sum(a == b for a, b in zip(given, wanted, strict=True)) / len(wanted)
        rows.append(
            {
                "side": name,
                "texts/s": median(everything, "docs_s"),
                "one text ms": 1000 * median(single),
                "labels as PyTorch's %": 100 * equal,
                "accuracy": everything[0]["accuracy"],
            }
        )
    rate = {str(row["side"]): float(str(row["texts/s"])) for row in rows}
    for row in rows:
        row["times the pipeline of 32"] = rate[str(row["side"])] / rate[PIPELINE]
    if not has_bfloat16():
        rows.append({"side": "bfloat16: the processor has none, so it is not asked"})
    return Answer(rows, goals(rows))


def goals(rows: list[Row]) -> list[Goal]:
    """Of the quicker of ours in floating point, and of int8."""
    of = {
        str(row["side"]): {column: float(str(row[column])) for column in COLUMNS}
        for row in rows
        if str(row["side"]).startswith("textkind")
    }
    whole = of.pop(INT8)
    name, best = max(of.items(), key=lambda item: item[1]["texts/s"])
    single = min(row["one text ms"] for row in of.values())
    lost = of["textkind"]["accuracy"] - whole["accuracy"]
    times = "times the pipeline of 32"
    return [
        at_least(f"{name}, beside {PIPELINE}", best[times], TIMES, "x"),
        at_least(f"{name}, labels equal", best["labels as PyTorch's %"], EQUAL, " %"),
        at_most("textkind, one text at a time", single, SINGLE_MS, " ms"),
        at_least(f"{INT8}, beside {PIPELINE}", whole[times], INT8_TIMES, "x"),
        at_most(f"{INT8}, accuracy lost", lost, INT8_LOST, " points"),
        at_most(f"{INT8}, one text at a time", whole["one text ms"], INT8_SINGLE_MS, " ms"),
    ]
