"""What does int8 bring an exported encoder, and what does it cost?

The MiniLM that encoder_inference fine-tunes on banking77, exported in float32 and int8 and read by
the folder's own reader, on one thread and on two; beside them the same model as PyTorch exports it
and onnxruntime's tool rounds it. The test part is labelled in one call, then its first texts one
at a time. Half of it, without labels, tells the export which matrices to leave in float32; labels
of the other half are compared with those of the float32 export.
"""

from pathlib import Path

from bench.measure import Facts, median
from bench.questions.encoder_inference import FOLDER, SET
from bench.results import Answer, Goal, Row, at_least
from bench.sides import BERT_RUNTIMES, OUR_ENCODER, OUR_EXPORT, Contender, Workers

PRECISIONS = ("float32", "int8")
THREADS = (1, 2)
TIMES, EQUAL = 2.0, 99.5  # % of labels
MODEL, THEIRS = FOLDER / "textkind", FOLDER / "hugging_face"


def place(precision: str) -> Path:
    return FOLDER / f"export-{precision}"


def name_of(precision: str, threads: int) -> str:
    return f"{precision}, {threads} thread{'s' if threads > 1 else ''}"


def ask(runs: int) -> Answer:
    maker = Contender("the model", OUR_ENCODER, {})
    ours = [
        Contender(
            name_of(precision, threads), OUR_EXPORT,
            {"folder": str(place(precision)), "threads": threads},
        )
        for precision in PRECISIONS
        for threads in THREADS
    ]  # fmt: skip
    theirs = [
        Contender(
            f"PyTorch's export: {name}", BERT_RUNTIMES, {"folder": str(THEIRS), "engine": name}
        )
        for name in ("onnxruntime", "onnxruntime, int8")
    ]
    sides = [*ours, *theirs]
    made: dict[str, Facts] = {}
    replies: dict[str, list[tuple[Facts, Facts]]] = {side.name: [] for side in sides}
    with Workers() as workers:
        workers.load([maker, *sides], [SET], warm_up=None)
        workers.of(maker).ask("make", folder=str(FOLDER))
        for precision in PRECISIONS:
            made[precision] = workers.of(ours[0]).ask(
                "export", model=str(MODEL), folder=str(place(precision)), precision=precision
            )
        for _ in range(runs):
            for side in sides:
                workers.say(side, "fit")
                worker = workers.of(side)
                worker.ask("predict_each", calls=20)  # the first calls lay out the weights
                whole = worker.ask("predict", labels=True)
                replies[side.name].append((whole, worker.ask("predict_each")))
    return Answer(rows := rows_of(sides, replies, made), goals(rows))


def rows_of(
    sides: list[Contender], replies: dict[str, list[tuple[Facts, Facts]]], made: dict[str, Facts]
) -> list[Row]:
    wanted = replies[name_of("float32", 1)][0][0]["labels"][1::2]
    rows: list[Row] = []
    for side in sides:
        whole, single = zip(*replies[side.name], strict=True)
        given = whole[0]["labels"][1::2]
        equal = sum(a == b for a, b in zip(given, wanted, strict=True)) / len(wanted)
        precision = side.name.split(",")[0]
        facts = made.get(precision, {})
        rows.append(
            {
                "side": side.name,
                "texts/s": median(list(whole), "docs_s"),
                "one text ms": 1000 * median(list(single)),
                "labels equal %": 100 * equal,
                "accuracy": whole[0]["accuracy"],
                "MB": facts.get("mb"),
                "matrices in float32": facts.get("in_float") if precision == "int8" else None,
            }
        )
    return rows


def goals(rows: list[Row]) -> list[Goal]:
    of = {str(row["side"]): row for row in rows}
    found = []
    for threads in THREADS:
        plain, rounded = (of[name_of(precision, threads)] for precision in PRECISIONS)
        times = float(str(rounded["texts/s"])) / float(str(plain["texts/s"]))
        threads_told = f"{threads} thread{'s' if threads > 1 else ''}"
        found.append(at_least(f"int8 beside float32, {threads_told}", times, TIMES, "x"))
    equal = float(str(of[name_of("int8", 1)]["labels equal %"]))
    return [*found, at_least("int8, labels equal", equal, EQUAL, " %")]
