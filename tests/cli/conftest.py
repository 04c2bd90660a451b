"""Labelled tickets of our own wording, and a run that the command line made of them."""

import csv

import numpy as np
import pytest

from textkind.cli import main

WORDS = {
    "billing": ["invoice", "refund", "charge", "price", "payment"],
    "delivery": ["parcel", "courier", "late", "box", "address"],
    "login": ["password", "account", "email", "locked", "code"],
}
COMMON = ["please", "help", "my", "the", "today", "again", "thanks", "still"]
QUICK = ["--features", "words", "--strength", "1", "--naive-bayes", "off"]


@pytest.fixture(scope="session")
def ticket_file(tmp_path_factory):
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("data") / "tickets.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "queue"])
        for row in range(300):
            label = str(rng.choice(sorted(WORDS)))
            words = [*rng.choice(WORDS[label], 2), *rng.choice(COMMON, 4), str(row)]
            writer.writerow([" ".join(words), label])
    return path


@pytest.fixture(scope="session")
def run_folder(ticket_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tickets"
    assert main(["train", str(ticket_file), "--out", str(folder), "--quiet", *QUICK]) == 0
    return folder
