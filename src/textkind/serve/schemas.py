"""The words that the description of the service is written in: JSON schemas and their parts."""

from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
LABEL: Schema = {"type": ["string", "null"]}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
INNER_SHARE: Schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
FLAG: Schema = {"type": "boolean", "default": False}
COUNT: Schema = {"type": "integer", "minimum": 0}


def ref(name: str) -> Schema:
    """What stands under this name among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(required: list[str], properties: Schema, **more: Any) -> Schema:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **more,
    }


def list_of(items: Schema, **more: Any) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": items, **more}
