"""The description of the service: OpenAPI 3.1, with the names and limits that it runs with."""

from typing import Any

import textkind
from textkind.serve.asked import MOST_EXPLAINED, MOST_SIMILAR, MOST_TOP, SET_METHODS
from textkind.serve.result_schemas import told_fields, told_schemas
from textkind.serve.schemas import (
    COUNT,
    FLAG,
    INNER_SHARE,
    LABEL,
    SHARE,
    STRING,
    Schema,
    list_of,
    object_of,
    ref,
)
from textkind.serve.settings import Limits

LINES: Schema = {"description": "Lines of JSON; OpenAPI 3.1 has no words for what is in them."}

ERRORS = {
    "400": "Not HTTP, not JSON, not UTF-8, or a key twice in one object.",
    "401": "No key, or one that is not known.",
    "404": "There is no such model.",
    "405": "The path takes another method.",
    "408": "The request was not sent in time.",
    "409": "This model cannot do what is asked.",
    "413": "Too many bytes.",
    "415": "The body is of another type.",
    "421": "The Host header names another machine.",
    "422": "A field that is not there, or of the wrong kind; too many texts or characters.",
    "431": "The headers are too long.",
    "500": "The model failed on the text.",
    "503": "Not now: too many requests, or a worker that has ended.",
    "504": "Not answered in time.",
}
ALWAYS = ("400", "405", "408", "421", "431", "503")
EXAMPLE = {"text": "my parcel is late"}
MANY = {"texts": ["my parcel is late", "please refund the charge"], "top": 2}
ROAD = {"text": "my parcel is late", "trace": {"top": 3}}


def openapi(models: list[str], limits: Limits) -> dict[str, Any]:
    """The whole document; models are the names that requests may give."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "textkind",
            "version": textkind.__version__,
            "description": "Labels of texts, by models that textkind has trained.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/v1/predict": {"post": _predict()},
            "/v1/models": {
                "get": _get("models", "The models and the limits of the service.", "Models", "401")
            },
            "/v1/drift": {"get": _get("drift", "What is asked beside validation.", "Drift", "401")},
            "/healthz": {"get": _get("health", "Whether the process answers.", "Status")},
            "/readyz": {"get": _get("readiness", "Whether every model can answer.", "Status")},
            "/openapi.json": {"get": _get("description", "This document.", "Document")},
            "/metrics": {"get": _metrics()},
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(models, limits),
            "responses": {
                status: {
                    "description": told,
                    "content": {"application/json": {"schema": ref("Error")}},
                }
                for status, told in ERRORS.items()
            },
        },
    }


def _predict() -> Schema:
    return {
        "operationId": "predict",
        "summary": "Labels of texts.",
        "description": "As application/x-ndjson each line is such a body, and is answered with a "
        "line: the answer or the error, and the number of the line.",
        "security": [{}, {"key": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": ref("Request"),
                    "examples": {
                        "one": {"value": EXAMPLE},
                        "many": {"value": MANY},
                        "trace": {"value": ROAD},
                    },
                },
                "application/x-ndjson": {
                    "schema": LINES,
                    "examples": {"lines": {"value": '{"text": "my parcel is late"}\n'}},
                },
            },
        },
        "responses": {
            "200": {
                "description": "The answers, in the order of the texts.",
                "content": {
                    "application/json": {"schema": ref("Answer")},
                    "application/x-ndjson": {"schema": LINES},
                },
            },
            **_errors(*ERRORS),
        },
    }


def _get(name: str, summary: str, schema: str, *statuses: str) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "security": [{}, {"key": []}] if "401" in statuses else [],
        "responses": {
            "200": {
                "description": summary,
                "content": {"application/json": {"schema": ref(schema)}},
            },
            **_errors(*ALWAYS, *statuses),
        },
    }


def _metrics() -> Schema:
    found = _get("metrics", "Counts in Prometheus' text format.", "Status", "401")
    found["responses"]["200"]["content"] = {"text/plain": {"schema": STRING}}
    return found


def _errors(*statuses: str) -> Schema:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _schemas(models: list[str], limits: Limits) -> Schema:
    text = {"type": "string", "maxLength": limits.characters, "pattern": "^[^\\u0000]*$"}
    texts = list_of(text, minItems=1, maxItems=limits.texts)
    few = list_of(text, minItems=1, maxItems=min(limits.texts, MOST_EXPLAINED))
    options = _options(models)
    chosen = object_of(["label"], {"label": STRING, "against": STRING})
    near = {"similar": {"type": "integer", "minimum": 1, "maximum": MOST_SIMILAR}}
    rows = object_of(["top"], {"top": {"type": "integer", "minimum": 1, "maximum": MOST_TOP}})
    either = {"trace": {"oneOf": [FLAG, rows]}}
    no, yes = FLAG | {"enum": [False]}, {"oneOf": [{"const": True}, chosen]}
    any_way = {**near, **either, "explain": {"oneOf": [FLAG, chosen]}}
    compared, none = {**near, **either, "explain": no}, {"explain": no, "trace": no}
    traced = {"explain": no, "trace": {"oneOf": [{"const": True}, rows]}}
    return {
        "Request": {
            "oneOf": [
                object_of(["text"], {"text": text, **options, **any_way}),
                object_of(["texts"], {"texts": texts, **options, **none}),
                object_of(
                    ["texts", "explain"],
                    {"texts": few, **options, **near, **either, "explain": yes},
                ),
                object_of(["texts", "similar"], {"texts": few, **options, **compared}),
                object_of(["texts", "trace"], {"texts": few, **options, **traced}),
            ]
        },
        "Answer": object_of(
            ["model", "version", "results"],
            {"model": STRING, "version": STRING, "results": list_of(ref("Result"), minItems=1)},
        ),
        "Result": {
            "oneOf": [
                object_of(
                    ["label", "probability"],
                    {"label": LABEL, "probability": SHARE, **told_fields()},
                ),
                object_of(
                    ["labels", "probabilities"],
                    {
                        "labels": {"type": ["array", "null"], "items": STRING},
                        "probabilities": list_of(SHARE),
                        **told_fields(),
                    },
                ),
                object_of(["error"], {"error": ref("Problem")}),
            ]
        },
        **told_schemas(),
        "Error": object_of(["error"], {"error": ref("Problem")}),
        "Problem": object_of(
            ["problem", "found", "where", "hint"],
            {
                "problem": STRING,
                "found": {"type": ["string", "null"]},
                "where": STRING,
                "hint": STRING,
            },
        ),
        "Models": object_of(
            ["models", "limits"], {"models": list_of(_model()), "limits": {"type": "object"}}
        ),
        "Drift": object_of(["models"], {"models": list_of(_drift())}),
        "Status": object_of(["status"], {"status": STRING}),
        "Document": {"type": "object"},
    }


def _options(models: list[str]) -> Schema:
    sets = object_of(
        ["coverage"],
        {
            "coverage": INNER_SHARE,
            "method": {"type": "string", "enum": list(SET_METHODS), "default": "lac"},
            "per_class": FLAG,
        },
    )
    return {
        "model": {"type": "string", "enum": models, "default": models[0]},
        "top": {"type": "integer", "minimum": 1, "maximum": MOST_TOP, "default": 1},
        "max_error": INNER_SHARE,
        "sets": {"oneOf": [INNER_SHARE, sets]},
        "reject_novel": INNER_SHARE,
        "novelty": FLAG,
        "tokens": FLAG,
    }


def _model() -> Schema:
    figure = {"type": ["number", "null"]}
    trained = {
        "created": {"type": ["string", "null"]},
        "rows": COUNT,
        "source": STRING,
    }
    fields = {
        "name": STRING,
        "default": {"type": "boolean"},
        "workers": COUNT,
        "version": STRING,
        "kind": STRING,
        "labels": list_of(STRING),
        "several": {"type": "boolean"},
        "trained": object_of(list(trained), trained),
        "bytes": COUNT,
        "novelty": {"type": "boolean"},
        "promises": {"type": "boolean"},
        "similar": {"type": "boolean"},
        "limited": {"type": "boolean"},
        "test": {"type": ["object", "null"], "additionalProperties": figure},
    }
    return object_of(list(fields), fields)


def _drift() -> Schema:
    """The drift monitor's figures of one model."""
    number = {"type": ["number", "null"]}
    counts = {"counts": list_of(COUNT), "texts": COUNT, "index": number, "limit": number,
              "drift": {"type": "boolean"}}  # fmt: skip
    beside = object_of(list(counts), counts)
    cells = {"type": ["string", "number", "null"]}
    figure = {
        "cells": list_of(cells),
        "validation": list_of(COUNT),
        "window": beside,
        "start": beside,
    }
    figures = {"type": "object", "additionalProperties": object_of(list(figure), figure)}
    fields = {"name": STRING, "version": STRING, "window": COUNT, "figures": figures}
    return object_of(list(fields), fields)
