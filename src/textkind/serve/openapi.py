"""The description of the service: OpenAPI 3.1, with the names and limits that it runs with."""

from typing import Any

import textkind
from textkind.serve.asked import MOST_EXPLAINED, MOST_SIMILAR, MOST_TOP, SET_METHODS
from textkind.serve.settings import Limits

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
LABEL: Schema = {"type": ["string", "null"]}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
INNER_SHARE: Schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
FLAG: Schema = {"type": "boolean", "default": False}
LINES: Schema = {"description": "Lines of JSON; OpenAPI 3.1 has no words for what is in them."}
COUNT: Schema = {"type": "integer", "minimum": 0}

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
                    "content": {"application/json": {"schema": _ref("Error")}},
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
                    "schema": _ref("Request"),
                    "examples": {"one": {"value": EXAMPLE}, "many": {"value": MANY}},
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
                    "application/json": {"schema": _ref("Answer")},
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
                "content": {"application/json": {"schema": _ref(schema)}},
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


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: list[str], properties: Schema, **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **more,
    }


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _schemas(models: list[str], limits: Limits) -> Schema:
    text = {"type": "string", "maxLength": limits.characters, "pattern": "^[^\\u0000]*$"}
    texts = _list(text, minItems=1, maxItems=limits.texts)
    few = _list(text, minItems=1, maxItems=min(limits.texts, MOST_EXPLAINED))
    options = _options(models)
    chosen = _object(["label"], {"label": STRING, "against": STRING})
    near = {"similar": {"type": "integer", "minimum": 1, "maximum": MOST_SIMILAR}}
    any_way = {**near, "explain": {"oneOf": [FLAG, chosen]}}
    no, yes = FLAG | {"enum": [False]}, {"oneOf": [{"const": True}, chosen]}
    return {
        "Request": {
            "oneOf": [
                _object(["text"], {"text": text, **options, **any_way}),
                _object(["texts"], {"texts": texts, **options, "explain": no}),
                _object(["texts", "explain"], {"texts": few, **options, **near, "explain": yes}),
                _object(["texts", "similar"], {"texts": few, **options, **near, "explain": no}),
            ]
        },
        "Answer": _object(
            ["model", "version", "results"],
            {"model": STRING, "version": STRING, "results": _list(_ref("Result"), minItems=1)},
        ),
        "Result": {
            "oneOf": [
                _object(
                    ["label", "probability"], {"label": LABEL, "probability": SHARE, **_told()}
                ),
                _object(
                    ["labels", "probabilities"],
                    {
                        "labels": {"type": ["array", "null"], "items": STRING},
                        "probabilities": _list(SHARE),
                        **_told(),
                    },
                ),
                _object(["error"], {"error": _ref("Problem")}),
            ]
        },
        "Explanation": _explanation(),
        "Neighbour": _object(
            ["row", "text", "labels", "similarity", "differs"],
            {
                "row": COUNT,
                "text": STRING,
                "labels": {"type": ["array", "null"], "items": STRING},
                "similarity": {"type": "number"},
                "differs": {"type": ["boolean", "null"]},
            },
        ),
        "Error": _object(["error"], {"error": _ref("Problem")}),
        "Problem": _object(
            ["problem", "found", "where", "hint"],
            {
                "problem": STRING,
                "found": {"type": ["string", "null"]},
                "where": STRING,
                "hint": STRING,
            },
        ),
        "Models": _object(
            ["models", "limits"], {"models": _list(_model()), "limits": {"type": "object"}}
        ),
        "Drift": _object(["models"], {"models": _list(_drift())}),
        "Status": _object(["status"], {"status": STRING}),
        "Document": {"type": "object"},
    }


def _options(models: list[str]) -> Schema:
    sets = _object(
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


def _told() -> Schema:
    """The fields of a result that come where they are asked for."""
    return {
        "top": _list(
            _object(["label", "probability"], {"label": STRING, "probability": SHARE}), minItems=1
        ),
        "answered": {"type": "boolean"},
        "label_set": _list(STRING),
        "novelty": {"type": "number"},
        "novel": {"type": "boolean"},
        "tokens_read": COUNT,
        "tokens_unread": COUNT,
        "explanations": _list(_ref("Explanation")),
        "similar": {"type": ["array", "null"], "items": _ref("Neighbour")},
    }


def _explanation() -> Schema:
    """What explains a label; the page of explanations has all of its fields."""
    piece = {"text": STRING, "start": COUNT, "end": COUNT, "weight": {"type": "number"}}
    return {
        "description": "As dataclasses.asdict makes it of textkind's Explanation.",
        "type": "object",
        "properties": {
            "label": STRING,
            "against": LABEL,
            "probability": SHARE,
            "method": STRING,
            "pieces": _list(_object(list(piece), piece)),
            "notes": _list(STRING),
        },
        "required": ["label", "against", "probability", "method", "pieces", "notes"],
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
        "labels": _list(STRING),
        "several": {"type": "boolean"},
        "trained": _object(list(trained), trained),
        "bytes": COUNT,
        "novelty": {"type": "boolean"},
        "promises": {"type": "boolean"},
        "similar": {"type": "boolean"},
        "limited": {"type": "boolean"},
        "test": {"type": ["object", "null"], "additionalProperties": figure},
    }
    return _object(list(fields), fields)


def _drift() -> Schema:
    """The drift monitor's figures of one model."""
    number = {"type": ["number", "null"]}
    counts = {"counts": _list(COUNT), "texts": COUNT, "index": number, "limit": number,
              "drift": {"type": "boolean"}}  # fmt: skip
    beside = _object(list(counts), counts)
    cells = {"type": ["string", "number", "null"]}
    figure = {"cells": _list(cells), "validation": _list(COUNT), "window": beside, "start": beside}
    figures = {"type": "object", "additionalProperties": _object(list(figure), figure)}
    fields = {"name": STRING, "version": STRING, "window": COUNT, "figures": figures}
    return _object(list(fields), fields)
