"""How much memory does training a network on imdb take, texts cut to 256 tokens?

The peak of the resident set of a process of its own that holds the texts, PyTorch and the network,
over one epoch or its first minute and the validation behind it.
"""

from bench.results import Answer, Row, at_most
from bench.sides import OURS_NEURAL, Contender, Workers

NAME = "imdb"
NETWORKS = ("mean_pool", "perceptron", "cnn", "rnn", "transformer")
TOKENS = 256
MINUTES = 1.0
TARGET = 2000.0  # MB


def ask(runs: int) -> Answer:
    rows: list[Row] = []
    goals = []
    for network in NETWORKS:
        training = {"epochs": 1, "budget": MINUTES}
        setting = {
            "network": network,
            "max_tokens": TOKENS,
            "long": {"strategy": "head"},
            "training": training,
        }
        side = Contender(network, OURS_NEURAL, setting)
        with Workers() as workers:
            workers.load([side], [NAME], warm_up=None)
            facts = workers.say(side, "fit")
        rows.append(
            {
                "network": network,
                "peak MB": facts["peak_mb"],
                "above the texts": facts["growth_mb"],
                "fit s": facts["seconds"],
                "ended": facts["ended"],
            }
        )
        goals.append(at_most(f"peak memory, {NAME}, {network}", facts["peak_mb"], TARGET, " MB"))
    return Answer(rows, goals)
