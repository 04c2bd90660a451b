"""Which shards are predicted on, which files they become, and where each block of rows goes."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import textkind
from textkind.classifier import Classifier
from textkind.data.shard import Shard, fingerprint
from textkind.data.shard_folder import is_shard_folder
from textkind.data.shards import list_shards, names_shards
from textkind.data.sniff import kind_by_name
from textkind.errors import SettingsError
from textkind.storage.documents import document_bytes, parse_value
from textkind.storage.prediction_folder import Finished
from textkind.workflow.blocks import Block
from textkind.workflow.labelling import PredictSettings
from textkind.workflow.origin import model_digest
from textkind.workflow.writers import FORMATS, PIPE

SHARD_ROWS = 1_000_000  # of a file, where the input is one


@dataclass(frozen=True)
class Layout:
    """How shards become files.

    names  the shard by its full name -> its path below the folder that all shards are in
    kind   the format of the files
    rows   of a file, at least, where shards are cut; None: a file for each shard
    """

    names: dict[str, str]
    kind: str
    rows: int | None

    def output(self, shard: str, number: int) -> str:
        """The path of a file in the folder, `number` counting the files of its shard from 0."""
        path = PurePosixPath(shard[:-3] if shard.endswith(".gz") else shard)
        stem = str(path.with_suffix("") if kind_by_name(shard) is not None else path)
        return f"{stem}.{self.kind}" if self.rows is None else f"{stem}-{number:05d}.{self.kind}"


@dataclass(frozen=True)
class Place:
    """Where a block of predictions goes: its shard, its file, and whether it is their last."""

    shard: str
    output: str
    ends_file: bool
    ends_shard: bool


def shards_to_label(source: object, settings: PredictSettings) -> tuple[Shard, ...]:
    """The files to predict on; SettingsError where the source is no file."""
    if isinstance(source, str | Path) and not names_shards(source):
        text = str(source)
        is_texts = Path(text).is_dir() and not is_shard_folder(text, settings.reading)
        if text != PIPE and not is_texts:
            return list_shards(text)
    elif names_shards(source):
        return list_shards(source)
    raise SettingsError(
        "a folder of predictions is written from files of tables",
        found=str(source) if isinstance(source, str | Path) else type(source).__name__,
        hint="name a file for the predictions: -o NAME.csv",
    )


def check_apart(shards: Sequence[Shard], folder: Path) -> None:
    """SettingsError where predictions would be written among the shards that are read."""
    for shard in shards:
        if shard.files is None and Path(shard.path).resolve().is_relative_to(folder.resolve()):
            raise SettingsError(
                "the predictions would lie among the shards that are read",
                found=shard.name,
                where=str(folder),
                hint="name a folder outside of theirs",
            )


def layout_of(shards: Sequence[Shard], settings: PredictSettings) -> Layout:
    """Which file each shard becomes; SettingsError where two would have one name."""
    paths = {
        shard.name: Path(shard.path).absolute().as_posix()
        if shard.files is None
        else posixpath.join("/", shard.path)
        for shard in shards
    }
    common = posixpath.commonpath([posixpath.dirname(path) for path in paths.values()])
    names = {name: posixpath.relpath(path, common) for name, path in paths.items()}
    kind = settings.output_format
    if kind is None:
        found = kind_by_name(shards[0].path)
        kind = found if found in FORMATS else "jsonl" if found == "json" else "csv"
    rows = settings.shard_rows
    if rows is None and len(shards) == 1:
        rows = SHARD_ROWS
    layout = Layout(names, kind, rows)
    of_output: dict[str, str] = {}
    for shard in shards:
        output = layout.output(names[shard.name], 0)
        if output in of_output:
            raise SettingsError(
                f"the predictions of two shards would have the name {output}",
                found=[of_output[output], shard.name],
                hint="predict on them in two calls, into two folders",
            )
        of_output[output] = shard.name
    return layout


def plan_of(
    model: str | Path | Classifier,
    shards: Sequence[Shard],
    settings: PredictSettings,
    layout: Layout,
) -> dict[str, Any]:
    """What the predictions depend on, as JSON gives it back."""
    if isinstance(model, Classifier):
        raise SettingsError(
            "a folder of predictions is written by a saved model, so that it can be gone on with",
            hint="save the classifier, and name its folder",
        )
    told = asdict(settings)
    for name in ("overwrite", "threads", "output_format", "shard_rows"):
        del told[name]
    plan = {
        "textkind": textkind.__version__,
        "model": model_digest(model),
        "output": {"format": layout.kind, "shard_rows": layout.rows},
        "settings": told,
        "shards": [[layout.names[shard.name], fingerprint(shard)] for shard in shards],
    }
    return parse_value(document_bytes(plan))


def placed(
    blocks: Iterable[Block], layout: Layout, finished: Sequence[Finished]
) -> Iterator[tuple[Block, Place]]:
    """Each block that is not finished, with its place.

    A shard that was begun is read from its start, and its finished rows are left out.
    """
    done: dict[str, list[Finished]] = defaultdict(list)
    for one in finished:
        done[one.shard].append(one)
    shard, number, rows, behind_us = "", 0, 0, 0
    for block in blocks:
        assert block.shard is not None
        if layout.names[block.shard] != shard:
            shard = layout.names[block.shard]
            files = done[shard]
            number, rows, behind_us = len(files), 0, sum(one.read for one in files)
        if behind_us > 0:
            behind_us -= block.read
            continue
        rows += block.read
        ends_file = block.ends_shard or (layout.rows is not None and rows >= layout.rows)
        yield block, Place(shard, layout.output(shard, number), ends_file, block.ends_shard)
        if ends_file:
            number, rows = number + 1, 0
