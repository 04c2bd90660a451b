"""The body of a request, read and checked: which texts, which model, and what is asked of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from textkind.errors import did_you_mean
from textkind.serve.refusals import RefusalError
from textkind.serve.settings import Limits
from textkind.storage.documents import parse_value

SET_METHODS = ("lac", "aps", "raps")
HEAVY = frozenset(("explain", "similar", "trace"))  # they take many times as long as a label
MOST_EXPLAINED = 16  # texts of a request with one of them
MOST_SIMILAR = 50  # training texts told of a text
MOST_TOP = 1_000_000  # more labels than a model has are all of them


@dataclass(frozen=True)
class Asked:
    """texts in UTF-8; alone: there was one, not a list; options: canonical JSON, "" for none.

    heavy: what is asked takes many times as long as a label.
    """

    texts: list[bytes]
    alone: bool
    model: str | None
    options: str
    heavy: bool = False


def read_asked(body: bytes, limits: Limits) -> Asked:
    """The request that a body holds; RefusalError with 400 or 422 where it holds none."""
    told = parse_json(body)
    if type(told) is not dict:
        _wrong("the body must be a JSON object", told)
    alone = "text" in told
    if alone == ("texts" in told):
        if not alone:
            read_options(told)  # a misspelt field is told first
        raise RefusalError(
            422,
            'the body must have either "text" or "texts"',
            found="both" if alone else "neither",
            where="body",
            hint='{"text": "a fine film"}, or {"texts": ["a fine film", "a bore"]}',
        )
    if alone:
        found = [encoded_text(told.pop("text"), "text", limits)]
    else:
        texts = told.pop("texts")
        if type(texts) is not list:
            _wrong("texts must be a list of strings", texts, "texts")
        if not texts:
            raise RefusalError(
                422, "texts is an empty list", where="texts", hint="send one or more"
            )
        if len(texts) > limits.texts:
            raise RefusalError(
                422,
                f"at most {limits.texts:,} texts a request",
                found=len(texts),
                where="texts",
                hint="send several requests, or lines as application/x-ndjson",
            )
        found = [encoded_text(one, f"texts[{n}]", limits) for n, one in enumerate(texts)]
    if not told:
        return Asked(found, alone, None, "")
    model, options = read_options(told)
    heavy = not HEAVY.isdisjoint(options)
    if heavy and len(found) > MOST_EXPLAINED:
        raise RefusalError(
            422,
            f"at most {MOST_EXPLAINED} texts a request are explained, traced or compared",
            found=len(found),
            where="texts",
        )
    canonical = json.dumps(options, sort_keys=True) if options else ""
    return Asked(found, alone, model, canonical, heavy)


def read_options(told: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The model that is named, and the options that ask for something; RefusalError with 422."""
    _check_fields(told, OPTIONS, "body", ["text", "texts", *OPTIONS])
    model = told.pop("model", None)
    plain = {name: value for name, value in told.items() if value is not False}
    plain |= {name: int(plain[name]) for name in ("top", "similar") if name in plain}
    if plain.get("top") == 1:
        del plain["top"]
    return model, plain


def parse_json(body: bytes) -> Any:
    """The JSON value of a body; RefusalError with 400 for anything else."""
    try:
        return parse_value(body)
    except RecursionError:
        raise RefusalError(400, "the JSON is nested too deeply", where="body") from None
    except UnicodeDecodeError as error:
        raise RefusalError(400, "the body is not UTF-8", found=error.reason, where="body") from None
    except ValueError as error:
        raise RefusalError(400, "the body is not JSON", found=str(error), where="body") from None


def encoded_text(text: Any, where: str, limits: Limits) -> bytes:
    """A text as UTF-8; RefusalError with 422 for what is no text."""
    if type(text) is not str:
        _wrong("a text must be a string", text, where)
    if len(text) > limits.characters:
        raise RefusalError(
            422, f"at most {limits.characters:,} characters a text", found=len(text), where=where
        )
    if "\0" in text:
        raise RefusalError(422, "a text holds a NUL character", where=where, hint="leave it out")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise RefusalError(
            422,
            "a text holds a lone surrogate, which is no character and cannot be written as UTF-8",
            where=where,
            hint="send U+FFFD in its place",
        ) from None


def _wrong(problem: str, found: Any, where: str = "body") -> NoReturn:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false",
             type(None): "null"}  # fmt: skip
    raise RefusalError(422, problem, found=kinds.get(type(found), "a number"), where=where)


def _check_fields(
    told: dict[str, Any], checks: "dict[str, Check]", where: str, known: list[str]
) -> None:
    for name, value in told.items():
        check = checks.get(name)
        if check is None:
            raise RefusalError(
                422,
                "there is no such field",
                found=name,
                where=where,
                hint=did_you_mean(name, known),
            )
        check(name if where == "body" else f"{where}.{name}", value)


def _name(name: str, value: Any) -> None:
    if type(value) is not str:
        _wrong(f"{name} must be a string", value, name)


def _whole(name: str, value: Any, most: int = MOST_TOP) -> None:
    # JSON has no whole numbers of their own: 2.0 is 2
    if type(value) not in (int, float) or not 1 <= value <= most or value != int(value):
        raise RefusalError(
            422, f"{name} must be a whole number of 1 to {most:,}", found=value, where=name
        )


def _near(name: str, value: Any) -> None:
    _whole(name, value, MOST_SIMILAR)


def _share(name: str, value: Any) -> None:
    if type(value) not in (int, float) or not 0 < value < 1:
        raise RefusalError(
            422, f"{name} must be a number above 0 and below 1", found=value, where=name
        )


def _flag(name: str, value: Any) -> None:
    if type(value) is not bool:
        _wrong(f"{name} must be true or false", value, name)


def _method(name: str, value: Any) -> None:
    if value not in SET_METHODS:
        raise RefusalError(
            422,
            f"{name} must be one of {', '.join(SET_METHODS)}",
            found=value,
            where=name,
            hint=did_you_mean(str(value), SET_METHODS),
        )


def _sets(name: str, value: Any) -> None:
    """A share, or an object with the share and how sets are made."""
    if type(value) is not dict:
        _share(name, value)
        return
    _check_fields(value, SET_FIELDS, name, list(SET_FIELDS))
    _need(value, "coverage", name)


def _explain(name: str, value: Any) -> None:
    """True or false, or an object that names the label."""
    _flag_or(name, value, EXPLAIN_FIELDS, "label")


def _trace(name: str, value: Any) -> None:
    """True or false, or an object with the rows of a table."""
    _flag_or(name, value, TRACE_FIELDS, "top")


def _flag_or(name: str, value: Any, fields: "dict[str, Check]", needed: str) -> None:
    if type(value) is not dict:
        _flag(name, value)
        return
    _check_fields(value, fields, name, list(fields))
    _need(value, needed, name)


def _need(told: dict[str, Any], field: str, where: str) -> None:
    if field not in told:
        raise RefusalError(422, f"the object needs the field {field}", where=where)


Check = Callable[[str, Any], None]
SET_FIELDS: dict[str, Check] = {"coverage": _share, "method": _method, "per_class": _flag}
EXPLAIN_FIELDS: dict[str, Check] = {"label": _name, "against": _name}
TRACE_FIELDS: dict[str, Check] = {"top": _whole}
OPTIONS: dict[str, Check] = {
    "model": _name,
    "top": _whole,
    "max_error": _share,
    "sets": _sets,
    "reject_novel": _share,
    "novelty": _flag,
    "tokens": _flag,
    "explain": _explain,
    "similar": _near,
    "trace": _trace,
}
