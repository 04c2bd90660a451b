"""What a result may tell beside its label, as JSON schemas."""

from textkind.serve.schemas import COUNT, LABEL, SHARE, STRING, Schema, list_of, object_of, ref

KINDS = ("text", "whole", "number", "signed", "share", "mark")  # of cells; the front has no NumPy


def told_fields() -> Schema:
    """The fields of a result that come where they are asked for."""
    return {
        "top": list_of(
            object_of(["label", "probability"], {"label": STRING, "probability": SHARE}), minItems=1
        ),
        "answered": {"type": "boolean"},
        "label_set": list_of(STRING),
        "novelty": {"type": "number"},
        "novel": {"type": "boolean"},
        "tokens_read": COUNT,
        "tokens_unread": COUNT,
        "explanations": list_of(ref("Explanation")),
        "similar": {"type": ["array", "null"], "items": ref("Neighbour")},
        "trace": ref("Trace"),
    }


def told_schemas() -> Schema:
    """The schemas that these fields refer to."""
    return {"Explanation": _explanation(), "Neighbour": _neighbour(), "Trace": _trace()}


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
            "pieces": list_of(object_of(list(piece), piece)),
            "notes": list_of(STRING),
        },
        "required": ["label", "against", "probability", "method", "pieces", "notes"],
    }


def _neighbour() -> Schema:
    return object_of(
        ["row", "text", "labels", "similarity", "differs"],
        {
            "row": COUNT,
            "text": STRING,
            "labels": {"type": ["array", "null"], "items": STRING},
            "similarity": {"type": "number"},
            "differs": {"type": ["boolean", "null"]},
        },
    )


def _trace() -> Schema:
    """The road of a text, as docs/trace.schema.json has it."""
    number = {"type": "number"}
    cell = {"type": ["string", "number", "boolean", "null"]}
    rows = list_of(list_of(cell))
    quantity = {
        "name": STRING,
        "shape": list_of(COUNT, minItems=1),
        "norm": {"type": ["number", "null"], "minimum": 0},
    }
    column = {"name": STRING, "kind": {"enum": list(KINDS)}}
    columns = list_of(_whole(column), minItems=1)
    table = {"name": STRING, "columns": columns, "rows": rows, "of": COUNT, "ends": rows}
    step = {
        "name": STRING,
        "sentence": STRING,
        "takes": _whole(quantity),
        "gives": _whole(quantity),
        "tables": list_of(_whole(table)),
    }
    trace = {
        "model": STRING,
        "text": STRING,
        "several": {"type": "boolean"},
        "labels": list_of(STRING),
        "steps": list_of(_whole(step), minItems=3),
        "logits": list_of(number),
        "probabilities": list_of(SHARE),
        "decided": list_of(STRING),
        "why": STRING,
    }
    return _whole(trace) | {"description": "As dataclasses.asdict makes it of textkind's Trace."}


def _whole(fields: Schema) -> Schema:
    return object_of(list(fields), fields)
