"""Batches: within their budget, in turn, and each line back at its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.serve.jobs import OF_A_TEXT, SMALLEST, Job, Queue

SIZES = st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=8), max_size=12)


def queue_of(jobs):
    queue = Queue()
    for job in jobs:
        queue.put(job)
    return queue


def jobs_of(sizes, ends):
    return [
        Job([b"x" * size for size in one], "", lambda told, n=n: ends.setdefault(n, told))
        for n, one in enumerate(sizes)
    ]


@given(SIZES)
def test_every_text_is_given_out_once_and_every_line_comes_back(sizes):
    ends = {}
    jobs = jobs_of(sizes, ends)
    queue = queue_of(jobs)
    batches = 0
    while len(queue):
        pieces, used = queue.take()
        texts = [text for piece in pieces for text in piece.texts]
        assert used == sum(len(text) + OF_A_TEXT for text in texts)
        assert used <= SMALLEST or len(texts) == 1
        batches += 1
        for piece in reversed(pieces):  # the order of answers does not matter
            lines = [b"%d %d" % (n, piece.begin + n) for n in range(piece.number)]
            piece.job.answer(piece.begin, piece.number, b"\n".join(lines))
    for number, one in enumerate(sizes):
        lines = b"\n".join(ends[number]).split(b"\n")
        assert [int(line.split()[1]) for line in lines] == list(range(len(one)))
    assert batches <= sum(map(len, sizes))


def test_a_large_request_lets_others_pass_and_is_not_passed_for_ever():
    large, small = Job([b"x" * 900] * 5, "", print), [Job([b"x"], "", print) for _ in range(3)]
    queue = queue_of([large, *small])
    order = []
    while len(queue):
        order.append([(piece.job, piece.number) for piece in queue.take()[0]])
    assert order[0] == [(large, 1)]
    assert order[1] == [(one, 1) for one in small]
    assert order[2:] == [[(large, 1)]] * 4


def test_a_long_text_at_the_head_is_next_however_many_short_ones_come():
    long, short = Job([b"x" * 5000], "", print), [Job([b"x" * 900], "", print) for _ in range(3)]
    queue = queue_of([short[0], long])
    assert [piece.job for piece in queue.take()[0]] == [short[0]]
    queue.put(short[1])
    assert [piece.job for piece in queue.take()[0]] == [long]


def test_heavy_requests_are_read_alone_text_by_text():
    heavy, light = Job([b"x", b"y"], "e", print, heavy=True), Job([b"z"], "", print)
    queue = queue_of([light, heavy, Job([b"w"], "", print)])
    sizes = []
    while len(queue):
        sizes.append([piece.job.heavy for piece in queue.take()[0]])
    assert sizes == [[False], [True], [False], [True]]


def test_the_budget_follows_the_speed():
    queue = Queue()
    assert queue.budget == SMALLEST
    for _ in range(50):
        queue.learn(10**6, 1.0)
    assert queue.budget == pytest.approx(50_000, rel=0.01)


def test_a_job_is_over_once():
    ends = []
    job = Job([b"x"], "", ends.append)
    job.end([b"first"])
    job.end([b"second"])
    job.answer(0, 1, b"third")
    assert ends == [[b"first"]]
