"""A model as one web page that labels texts in the reader's browser, without network.

page.html   the model, its reader and how it is shown; nothing else is loaded
"""

import base64
import re
from pathlib import Path
from typing import Any

from markupsafe import Markup

import textkind
from textkind.errors import ModelFolderError
from textkind.export.compact_file import verified
from textkind.export.compact_folder import ALLOWED, LARGEST, CompactExport, compact_data
from textkind.export.compact_folder import check as check_compact
from textkind.export.reader_files import READERS
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject, Written
from textkind.progress import Talk
from textkind.report.rendering import rendered, resource
from textkind.storage.manifest import read_plain_file
from textkind.storage.place import write_bytes

FILE = "page.html"
TEMPLATE, STYLE, SCRIPT = "own_model.html.jinja", "own_model.css", "own_model.js"
MODEL = re.compile(
    rb'<script type="application/octet-stream" id="model">([A-Za-z0-9+/=]*)</script>'
)


def check(subject: Subject, settings: ExportSettings) -> None:
    """SettingsError for a model that a compact file cannot hold."""
    check_compact(subject, settings)


def write(subject: Subject, place: Path, settings: ExportSettings, talk: Talk) -> Written:
    """Write the page."""
    data, facts, decision = compact_data(subject, settings, talk)
    write_bytes(place / FILE, page(data, subject, facts).encode())
    return Written((FILE,), facts, ALLOWED, same=False, decision=decision)


def load(place: Path, card: dict[str, Any]) -> CompactExport:
    """The model inside the page; ModelFolderError where there is none, or a damaged one."""
    path = place / FILE
    found = MODEL.search(read_plain_file(path, LARGEST))
    if found is None:
        raise ModelFolderError("the page has no model inside", where=str(path))
    return CompactExport(verified(base64.b64decode(found[1]), str(path)), card)


def page(data: bytes, subject: Subject, facts: dict[str, Any]) -> str:
    """The page with the bytes of a compact file inside."""
    labels = subject.classifier.labels
    return rendered(
        TEMPLATE,
        style=resource("report.css") + resource(STYLE),
        script=plain_reader() + resource(SCRIPT),
        version=textkind.__version__,
        model=Markup(base64.b64encode(data).decode()),
        kind=subject.classifier.model.name.replace("_", " "),
        labels=labels.names,
        several=labels.several,
        rows=facts["rows"],
        megabytes=len(data) / 1e6,
    )


def plain_reader() -> str:
    """The reader in JavaScript as part of a page: without exports, which are for modules."""
    text = (READERS / "textkind_reader.js").read_text(encoding="utf-8")
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)
