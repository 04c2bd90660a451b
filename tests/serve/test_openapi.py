"""The description of the service is OpenAPI, and true."""

import json

import pytest
from jsonschema import Draft202012Validator

from textkind.cli.promise_options import SET_METHODS as OPTION_METHODS
from textkind.decision.conformal import METHODS
from textkind.explain.trace import KINDS
from textkind.serve.asked import SET_METHODS
from textkind.serve.openapi import openapi
from textkind.serve.result_schemas import KINDS as TOLD_KINDS
from textkind.serve.routes import ROUTES
from textkind.serve.settings import Limits

DOCUMENT = openapi(["tickets", "hostile", "tagged"], Limits())


@pytest.fixture(scope="module")
def server(shared_server):
    return shared_server


def validator(name):
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft202012Validator(schema)


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def test_it_describes_every_path_and_method():
    told = {(path, method.upper()) for path, ways in DOCUMENT["paths"].items() for method in ways}
    assert told == {(path, method) for path, route in ROUTES.items() for method in route.methods}


def test_what_needs_a_key_says_so():
    for path, route in ROUTES.items():
        (told,) = DOCUMENT["paths"][path].values()
        assert ({"key": []} in told["security"]) == (not route.free)
        assert ("401" in told["responses"]) == (not route.free)


def test_all_references_lead_somewhere_and_all_schemas_are_schemas():
    for reference in references(DOCUMENT):
        found = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_kinds_of_cells_are_those_of_traces():
    assert TOLD_KINDS == KINDS


def test_the_methods_of_sets_are_those_of_the_library():
    assert SET_METHODS == OPTION_METHODS == METHODS


def test_the_examples_are_requests_that_are_answered(server):
    content = DOCUMENT["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    for example in content["application/json"]["examples"].values():
        validator("Request").validate(example["value"])
        assert server.post(example["value"])[0] == 200
    for example in content["application/x-ndjson"]["examples"].values():
        headers = {"Content-Type": "application/x-ndjson"}
        assert server.request("POST", "/v1/predict", example["value"], headers)[0] == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "parcel"},
        {"texts": ["parcel", ""], "top": 2, "novelty": True, "reject_novel": 0.9},
        {"text": "parcel", "max_error": 0.05, "sets": {"coverage": 0.9, "per_class": True}},
        {"text": "my parcel is late", "explain": True, "similar": 2},
        {"texts": ["my parcel is late", ""], "similar": 2},
        {"texts": ["my parcel is late", ""], "trace": {"top": 2}, "explain": False},
        {"texts": ["parcel", "refund"], "trace": False},
    ],
    ids=str,
)
def test_answers_are_as_described(server, asked):
    validator("Request").validate(asked)
    status, told = server.post(asked)
    assert status == 200
    validator("Answer").validate(told)


def test_errors_models_and_states_are_as_described(server):
    validator("Error").validate(server.post({"txt": 1})[1])
    validator("Error").validate(server.post({"text": "x", "max_error": 1e-9})[1])
    validator("Models").validate(server.get("/v1/models")[1])
    validator("Drift").validate(server.get("/v1/drift")[1])
    validator("Status").validate(server.get("/healthz")[1])
    validator("Status").validate(server.get("/readyz")[1])
    assert server.get("/openapi.json")[1] == json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("wrong", [{}, {"text": "x", "texts": ["y"]}, {"text": "a\0b"},
                                   {"texts": []}, {"text": "x", "top": 0}, {"text": "x", "a": 1},
                                   {"text": "x", "sets": 1}, {"text": "x", "explain": {}},
                                   {"text": "x", "trace": {}}, {"text": "x", "trace": 3},
                                   {"texts": ["x"] * 17, "trace": True}],
)  # fmt: skip
def test_what_the_schema_forbids_is_refused(server, wrong):
    assert not validator("Request").is_valid(wrong)
    assert server.post(wrong)[0] == 422
