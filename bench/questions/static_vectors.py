"""Mean pooling from distilled static vectors beside Model2Vec's fine-tuned classifier.

Both start from the vectors of the same encoder, all-MiniLM-L6-v2, distilled before the clock runs,
and hold a tenth of the training part out to know when to stop. Accuracy is the mean over the turns,
each with a seed of its own; seconds and texts a second are medians.
"""

from statistics import mean

from bench.measure import Facts, median
from bench.results import Answer, Goal, Row, at_least
from bench.sides import MODEL2VEC, OURS_NEURAL, Contender, Workers

NAMES = ("banking77", "sst2", "trec", "newsgroups20", "clinc150", "tweeteval_emotion")
FIT, PREDICT = 2.0, 4.0  # times as fast
OURS: Facts = {"network": "mean_pool", "vectors": "distilled"}
# Of long texts pairs of tokens cost more than they bring; and there is much to learn from, so that
# the vectors may move further. Chosen on validation.
OF_SET: dict[str, Facts] = {
    "newsgroups20": {
        "ngrams": 1,
        "training": {"learning_rate": 0.02, "token_rate": 1.0, "batch_tokens": 65536},
    }
}


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    with Workers() as workers:
        for name in NAMES:
            replies = turns(workers, name, runs)
            accuracy = {
                side: mean(reply["accuracy"] for reply in verbs["predict"])
                for side, verbs in replies.items()
            }
            fit = {side: median(verbs["fit"]) for side, verbs in replies.items()}
            speed = {side: median(verbs["predict"], "docs_s") for side, verbs in replies.items()}
            rows += [
                {
                    "set": name,
                    "side": side,
                    "accuracy": accuracy[side],
                    "fit s": fit[side],
                    "predict texts/s": speed[side],
                }
                for side in replies
            ]
            goals += [
                Goal(
                    f"{name}, accuracy of static vectors",
                    f"above {accuracy[MODEL2VEC]:.2f} %",
                    f"{accuracy[OURS_NEURAL]:.2f} %",
                    accuracy[OURS_NEURAL] > accuracy[MODEL2VEC],
                ),
                at_least(f"{name}, fit", fit[MODEL2VEC] / fit[OURS_NEURAL], FIT, "x"),
                at_least(f"{name}, predict", speed[OURS_NEURAL] / speed[MODEL2VEC], PREDICT, "x"),
            ]
    return Answer(rows, goals)


def turns(workers: Workers, name: str, runs: int) -> dict[str, dict[str, list[Facts]]]:
    """replies[side][verb]: the sides take turns, turn i with seed i."""
    sides: dict[str, Facts] = {OURS_NEURAL: OURS | OF_SET.get(name, {}), MODEL2VEC: {}}
    workers.load([Contender(side, side, setting) for side, setting in sides.items()], [name])
    replies: dict[str, dict[str, list[Facts]]] = {
        side: {"fit": [], "predict": []} for side in sides
    }
    for seed in range(runs):
        for side, setting in sides.items():
            contender = Contender(side, side, {**setting, "seed": seed})
            for verb, said in replies[side].items():
                said.append(workers.say(contender, verb))
    return replies
