"""The body of a request, read and checked: which texts, which model, and what is asked of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from textkind.errors import did_you_mean
from textkind.serve.refusals import RefusalError
from textkind.serve.settings import Limits

SET_METHODS = ("lac", "aps", "raps")
MOST_TOP = 1_000_000  # more labels than a model has are all of them


@dataclass(frozen=True)
class Asked:
    """texts in UTF-8; alone: there was one, not a list; options: canonical JSON, "" for none."""

    texts: list[bytes]
    alone: bool
    model: str | None
    options: str


def read_asked(body: bytes, limits: Limits) -> Asked:
    """The request that a body holds; RefusalError with 400, 413 or 422 where it holds none."""
    told = parse_json(body)
    if type(told) is not dict:
        _wrong("the body must be a JSON object", told)
    alone = "text" in told
    if alone == ("texts" in told):
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
                413,
                f"at most {limits.texts:,} texts a request",
                found=len(texts),
                where="texts",
                hint="send several requests, or lines as application/x-ndjson",
            )
        found = [encoded_text(one, f"texts[{n}]", limits) for n, one in enumerate(texts)]
    if not told:
        return Asked(found, alone, None, "")
    return Asked(found, alone, *read_options(told))


def read_options(told: dict[str, Any]) -> tuple[str | None, str]:
    """The model that is named, and the options as canonical JSON; RefusalError with 422."""
    for name, value in told.items():
        check = OPTIONS.get(name)
        if check is None:
            raise RefusalError(
                422,
                "there is no such field",
                found=name,
                where="body",
                hint=did_you_mean(name, ["text", "texts", *OPTIONS]),
            )
        check(name, value)
    model = told.pop("model", None)
    if "sets" not in told:
        for name in ("set_method", "per_class"):
            if name in told:
                raise RefusalError(
                    422,
                    f"{name} is an option of sets",
                    where=name,
                    hint='ask for them: "sets": 0.9',
                )
    plain = {name: value for name, value in told.items() if value is not False}
    if "top" in plain:
        plain["top"] = int(plain["top"])
        if plain["top"] == 1:
            del plain["top"]
    return model, json.dumps(plain, sort_keys=True) if plain else ""


def parse_json(body: bytes) -> Any:
    """The JSON value of a body; RefusalError with 400 for anything else."""
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object_of, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise RefusalError(400, "the JSON is nested too deeply", where="body") from None
    except UnicodeDecodeError as error:
        raise RefusalError(400, "the body is not UTF-8", found=error.reason, where="body") from None
    except ValueError as error:
        raise RefusalError(400, "the body is not JSON", found=str(error), where="body") from None


def encoded_text(text: Any, where: str, limits: Limits) -> bytes:
    """A text as UTF-8; RefusalError with 413 or 422 for what is no text."""
    if type(text) is not str:
        _wrong("a text must be a string", text, where)
    if len(text) > limits.characters:
        raise RefusalError(
            413, f"at most {limits.characters:,} characters a text", found=len(text), where=where
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


def _name(name: str, value: Any) -> None:
    if type(value) is not str:
        _wrong(f"{name} must be a string", value, name)


def _whole(name: str, value: Any) -> None:
    # JSON has no whole numbers of their own: 2.0 is 2
    if type(value) not in (int, float) or not 1 <= value <= MOST_TOP or value != int(value):
        raise RefusalError(
            422, f"{name} must be a whole number of 1 or more", found=value, where=name
        )


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


OPTIONS: dict[str, Callable[[str, Any], None]] = {
    "model": _name,
    "top": _whole,
    "max_error": _share,
    "sets": _share,
    "set_method": _method,
    "per_class": _flag,
    "reject_novel": _share,
    "novelty": _flag,
    "tokens": _flag,
}


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
