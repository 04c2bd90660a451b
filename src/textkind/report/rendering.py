"""Templates, style and script of the pages, and the policy under which they are shown.

Pages are HTML, escaped; report.md and card.md are Markdown, escaped as that.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from textkind.report.markdown import block, markdown
from textkind.report.wording import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def rendered(
    file: str, *, style: str | None = None, script: str | None = None, **values: Any
) -> str:
    """A page from the template of that name; style, script and policy are added.

    style and script are those of the report where none are given.
    """
    style = resource("report.css") if style is None else style
    script = resource("report.js") if script is None else script
    return (
        _environment(as_html=True)
        .get_template(file)
        .render(
            style=Markup(style),
            script=Markup(script),
            policy=content_security_policy(style, script),
            **values,
        )
    )


def markdown_rendered(file: str, **values: Any) -> str:
    """A text from the template of that name; what it shows is turned into Markdown."""
    found = _environment(as_html=False).get_template(file).render(**values)
    lines = [line.rstrip() for line in found.split("\n")]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines).strip()) + "\n"


def content_security_policy(style: str, script: str) -> str:
    """A policy that forbids everything but exactly this style and this script."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; "
        f"script-src 'sha256-{digest(script)}'; base-uri 'none'; form-action 'none'"
    )


@cache
def resource(file: str) -> str:
    """A file of the templates."""
    return files("textkind.report").joinpath("templates", file).read_text(encoding="utf-8")


@cache
def _environment(as_html: bool) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    class ItemsFirst(Environment):
        """`line.clear` is the entry of that name, and not what a dict does by it."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, dict):
                return self.getitem(obj, attribute)
            return super().getattr(obj, attribute)

    def safe(value: object) -> object:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = ItemsFirst(
        loader=PackageLoader("textkind.report"),
        autoescape=as_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=safe if as_html else markdown,
    )
    environment.filters["block"] = block
    return environment
