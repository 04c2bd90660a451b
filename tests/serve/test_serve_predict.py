"""What the service says of texts is what `textkind predict` says of them."""

import json
import threading
from dataclasses import asdict
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from textkind.decision.conformal import ConformalSettings
from textkind.workflow.explain import ExplainSettings, explain_texts
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.predict import predict
from textkind.workflow.promised import PromiseSettings
from textkind.workflow.similar import SimilarSettings, similar_texts
from textkind.workflow.trace import trace_text
from textkind.workflow.train import TrainSettings, train

from .conftest import tickets

TEXTS = [
    "my parcel is late again",
    "please refund the charge",
    "account locked",
    "",
    "zzz 最初 😀",
    "password code email " * 40,
]


@pytest.fixture(scope="module")
def server(shared_server):
    return shared_server


def offline(folder, texts, tmp_path, **settings):
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    out = tmp_path / "out.jsonl"
    predict(folder, source, out, PredictSettings(**settings))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in row.items() if key != "text"} for row in rows]


def flat(result):
    """An answer with `top` as the columns that predict writes."""
    told = dict(result)
    first = 1 if "labels" in told else 0
    for rank, one in enumerate(told.pop("top", []), 1):
        if rank > 1 or first:
            told[f"label_{rank}"], told[f"probability_{rank}"] = one["label"], one["probability"]
    return told


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({}, {}),
        ({"top": 2}, {"top": 2}),
        ({"top": 50}, {"top": 50}),
        ({"max_error": 0.05}, {"promises": PromiseSettings(max_error=0.05)}),
        ({"sets": 0.9}, {"promises": PromiseSettings(sets=ConformalSettings(coverage=0.9))}),
        (
            {"sets": {"coverage": 0.8, "method": "aps", "per_class": True}},
            {"promises": PromiseSettings(sets=ConformalSettings("aps", 0.8, per_class=True))},
        ),
        ({"novelty": True}, {"promises": PromiseSettings(novelty=True)}),
        (
            {"novelty": True, "reject_novel": 0.9, "max_error": 0.05, "top": 3},
            {"promises": PromiseSettings(max_error=0.05, novelty=True, keep_known=0.9), "top": 3},
        ),
    ],
    ids=str,
)
def test_answers_are_those_of_predict(server, run_folder, tmp_path, asked, settings):
    status, told = server.post({"texts": TEXTS, **asked})
    assert status == 200
    assert list(map(flat, told["results"])) == offline(run_folder, TEXTS, tmp_path, **settings)


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        (True, ExplainSettings()),
        ({"label": "login"}, ExplainSettings(label="login")),
        (
            {"label": "login", "against": "delivery"},
            ExplainSettings(label="login", against="delivery"),
        ),
    ],
    ids=str,
)
def test_explanations_are_those_of_the_library(server, run_folder, asked, settings):
    status, told = server.post({"texts": TEXTS, "explain": asked})
    assert status == 200
    expected = [asdict(one) for one in explain_texts(run_folder, TEXTS, settings)]
    for result, one in zip(told["results"], json.loads(json.dumps(expected)), strict=True):
        assert result["explanations"] == one["explanations"]


@pytest.mark.parametrize("model", ["tickets", "tagged"])
def test_similar_texts_are_those_of_the_library(server, run_folder, tagged_folder, model):
    status, told = server.post({"texts": TEXTS, "similar": 3, "model": model})
    assert status == 200
    folder = {"tickets": run_folder, "tagged": tagged_folder}[model]
    expected = similar_texts(folder, TEXTS, SimilarSettings(top=3)).texts
    for result, one in zip(told["results"], expected, strict=True):
        assert (result["similar"] is None) == (one.nearest is None)
        for near, known in zip(result["similar"] or [], one.nearest or [], strict=True):
            # sums of several texts at once may be taken in another order
            assert near["similarity"] == pytest.approx(known.similarity, abs=1e-5)
            if len({round(other.similarity, 5) for other in one.nearest}) == len(one.nearest):
                assert (near["row"], near["text"]) == (known.row, known.text)
                assert (near["labels"], near["differs"]) == (list(known.labels), known.differs)


def assert_same_road(told, expected):
    """Of JSON; numbers of the nearest texts may be summed in another order."""
    assert [step["name"] for step in told["steps"]] == [step["name"] for step in expected["steps"]]
    if told["steps"][-1]["name"] == "nearest training texts":
        (one,), (other,) = told["steps"].pop()["tables"], expected["steps"].pop()["tables"]
        assert (one["of"], len(one["rows"])) == (other["of"], len(other["rows"]))
        for row, known in zip(one["rows"], other["rows"], strict=True):
            assert row[0] == pytest.approx(known[0], abs=1e-5)
    assert told == expected


@pytest.mark.parametrize(("asked", "top"), [(True, 10), ({"top": 3}, 3)], ids=str)
@pytest.mark.parametrize("model", ["tickets", "tagged"])
def test_traces_are_those_of_the_library(server, run_folder, tagged_folder, model, asked, top):
    schema = json.loads(Path("docs/trace.schema.json").read_text(encoding="utf-8"))
    texts = TEXTS[:2]
    status, told = server.post({"texts": texts, "trace": asked, "model": model})
    assert status == 200
    traces = [result["trace"] for result in told["results"]]
    Draft202012Validator(schema).validate({"traces": traces})
    folder = {"tickets": run_folder, "tagged": tagged_folder}[model]
    for text, road in zip(texts, traces, strict=True):
        expected = asdict(trace_text(folder, text, top))
        assert_same_road(road, json.loads(json.dumps(expected)))


@pytest.mark.parametrize("asked", [{}, {"top": 2}, {"sets": 0.9}], ids=str)
def test_answers_with_several_labels_are_those_of_predict(server, tagged_folder, tmp_path, asked):
    settings = {"top": 2} if "top" in asked else {}
    if "sets" in asked:
        settings = {"promises": PromiseSettings(sets=ConformalSettings(coverage=0.9))}
    status, told = server.post({"texts": TEXTS, "model": "tagged", **asked})
    assert status == 200
    assert list(map(flat, told["results"])) == offline(tagged_folder, TEXTS, tmp_path, **settings)


def test_an_answer_is_the_same_alone_and_among_others(server):
    together = server.post({"texts": TEXTS, "top": 3})[1]["results"]
    alone = [server.post({"text": text, "top": 3})[1]["results"][0] for text in TEXTS]
    assert together == alone


def test_requests_at_once_each_get_their_own_answers(server):
    texts = [f"{word} {number}" for number in range(40) for word in ("parcel", "refund", "email")]
    expected = {text: server.post({"text": text})[1]["results"] for text in texts}
    found, batches = {}, server.metric('textkind_batch_texts_count{model="tickets"}')

    def ask(own):
        connection = server.connection()
        for text in own:
            body = json.dumps({"text": text})
            connection.request("POST", "/v1/predict", body, {"Content-Type": "application/json"})
            found[text] = json.loads(connection.getresponse().read())["results"]
        connection.close()

    threads = [threading.Thread(target=ask, args=[texts[place::16]]) for place in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
    assert server.metric('textkind_batch_texts_count{model="tickets"}') - batches <= len(texts)


@pytest.mark.parametrize("asked", [{"explain": True}, {"trace": True}, {"similar": 1}], ids=str)
def test_what_takes_long_is_done_for_few_texts_a_request(server, asked):
    status, told = server.post({"texts": ["x"] * 17, **asked})
    assert (status, told["error"]["where"], told["error"]["found"]) == (422, "texts", "17")
    assert "at most 16 texts a request are explained, traced" in told["error"]["problem"]
    assert server.post({"texts": ["x"] * 17, "explain": False, "trace": False})[0] == 200


def test_the_first_model_answers_where_none_is_named(server):
    told = server.post({"text": "x"})[1]
    assert told["model"] == "tickets"
    assert told["version"] == server.get("/v1/models")[1]["models"][0]["version"]
    assert server.post({"text": "x", "model": "tagged"})[1]["model"] == "tagged"


def test_a_whole_number_may_be_written_with_a_point(server):
    assert server.post(b'{"text": "x", "top": 2.0}') == server.post({"text": "x", "top": 2})


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"max_error": 1e-6}, "cannot be promised"),
        ({"max_error": 5e-324}, "cannot be promised"),
        ({"sets": 0.999999}, "too few validation texts for sets"),
        ({"explain": {"label": "logn"}}, "no such label"),
        ({"tokens": True}, "reads every text whole"),
        ({"reject_novel": 0.999999}, "too few validation texts to keep"),
    ],
    ids=str,
)
def test_what_a_model_cannot_promise_is_a_conflict(server, asked, problem):
    status, told = server.post({"text": "x", **asked})
    assert status == 409
    assert problem in told["error"]["problem"]
    assert set(told["error"]) == {"problem", "found", "where", "hint"}


@pytest.mark.slow
def test_a_network_answers_as_offline_within_its_tolerance_however_many_workers(
    start_server, tmp_path
):
    pytest.importorskip("torch")
    from textkind.models.neural_settings import default_settings

    settings = default_settings("mean_pool")
    rows = tickets(300, seed=3)
    train(rows, TrainSettings(out=tmp_path / "run", model=settings))
    server = start_server(tmp_path / "run", "--workers", "2")
    expected = offline(tmp_path / "run", TEXTS, tmp_path)
    for _ in range(5):
        status, told = server.post({"texts": TEXTS})
        assert status == 200
        for one, known in zip(told["results"], expected, strict=True):
            assert one["label"] == known["label"]
            assert one["probability"] == pytest.approx(known["probability"], abs=1e-3)
