"""Clean: read -> (look -> leave out) until nothing is found -> write what is left, and why.

The rows that stay are those of the file, in its order, with all its columns. Beside them stands a
list of every row that was left out or changed, with its place in the file and the reason.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.checks.content import masked
from textkind.checks.finding import Audited, label_names_of, names_of, shown
from textkind.checks.label_noise import label_noise
from textkind.checks.removal import DEFAULT, REMOVABLE, removals
from textkind.data.columns import Columns
from textkind.data.corpus import Corpus
from textkind.data.joined import texts_of
from textkind.data.read import CorpusReading
from textkind.data.settings import ReadSettings
from textkind.errors import DataError, SettingsError, did_you_mean
from textkind.progress import SILENT, Talk
from textkind.storage.documents import write_lines
from textkind.storage.place import whole_file, writing
from textkind.workflow.audit import AuditSettings, read_parts, unseen
from textkind.workflow.writers import check_different, format_of_output, open_writer

WRONG = "likely_wrong_labels"
LIST = ".changes.jsonl"  # behind the name of the output


@dataclass(frozen=True)
class CleanSettings:
    """How the files are read, and what is left out or changed.

    remove      checks whose rows go, of REMOVABLE in checks/removal.py
    fix_labels  write the labels suggested where labels are likely wrong
    mask        put words in brackets for e-mail addresses, phone numbers and card numbers
    removed     a file for the rows left out, with their columns; None: only their places are kept
    """

    test: object = None  # the file that will be tested on: it stays as it is
    remove: tuple[str, ...] = DEFAULT
    fix_labels: bool = False
    mask: bool = False
    removed: Path | None = None
    overwrite: bool = False
    reading: ReadSettings = field(default_factory=ReadSettings)
    near: float = 0.8  # Jaccard similarity of near duplicates
    seed: int = 0  # of the folds by which labels are judged
    threads: int | None = None

    def __post_init__(self) -> None:
        for check in self.remove:
            if check not in REMOVABLE:
                raise SettingsError(
                    "no rows can be left out by such a check",
                    found=check,
                    hint=did_you_mean(check, REMOVABLE),
                )
        if self.fix_labels and WRONG in self.remove:
            raise SettingsError(
                "rows with wrong labels are either fixed or left out",
                hint=f"leave {WRONG} out of --remove, or --fix-labels",
            )


@dataclass(frozen=True)
class CleanResult:
    """What came of it: read = kept + removed + rejected.

    checks tells the rows removed by check; rejected could not be read; relabelled and masked are
    among the kept.
    """

    source: str
    output: str
    changes: str
    read: int
    kept: int
    removed: int
    rejected: int
    relabelled: int
    masked: int
    checks: dict[str, int]


def clean(
    source: object,
    output: str | Path,
    settings: CleanSettings = CleanSettings(),
    talk: Talk = SILENT,
) -> CleanResult:
    """Write the rows of a source without those that checks let go.

    output is a path ending in .csv, .tsv, .jsonl or .parquet; OUTPUT.changes.jsonl lists what was
    done to which row. Raises DataError, ColumnError, SettingsError or OutputError.
    """
    output = Path(output)
    listed = output.with_name(output.name + LIST)
    for path in (output, settings.removed):
        if path is not None:
            format_of_output(path)
            check_different(source, path)
    with (
        whole_file(output, overwrite=settings.overwrite) as part,
        whole_file(listed, overwrite=settings.overwrite) as part_of_list,
    ):
        asked = AuditSettings(
            settings.reading, settings.near, seed=settings.seed, threads=settings.threads
        )
        readings = read_parts(source, settings.test, asked, talk)
        done = _done(readings, settings, asked, talk)
        reading = readings[0]
        with writing(output):
            _write(done.table, part, output, reading.columns)
        write_lines(part_of_list, done.records)
        if settings.removed is not None:
            with whole_file(settings.removed, overwrite=settings.overwrite) as aside:
                _write(done.removed, aside, settings.removed, reading.columns)
    return CleanResult(
        source=reading.source,
        output=str(output),
        changes=str(listed),
        read=reading.read,
        kept=len(done.table),
        removed=len(done.removed),
        rejected=len(reading.rejected),
        relabelled=done.counts["relabelled"],
        masked=done.counts["masked"],
        checks={check: done.checks[check] for check in settings.remove},
    )


@dataclass(frozen=True, eq=False)
class _Done:
    """The rows kept and removed, as tables; a record for each row that is not as it was."""

    table: pa.Table
    removed: pa.Table
    records: list[dict[str, Any]]
    checks: Counter[str]

    @property
    def counts(self) -> Counter[str]:
        return Counter(record["change"] for record in self.records)


def _done(
    readings: list[CorpusReading], settings: CleanSettings, asked: AuditSettings, talk: Talk
) -> _Done:
    reading = readings[0]
    corpus, table, columns = reading.corpus, reading.table, reading.columns
    test = readings[1].corpus if len(readings) > 1 else None
    judged = settings.fix_labels or WRONG in settings.remove
    given = unseen({"train": corpus}, asked, talk)["train"] if judged else None
    reasons: dict[int, tuple[str, str]] = {}
    _leave_out(reasons, corpus, test, given, settings, talk)
    records = []
    if settings.mask:
        unmasked, table = table, _masked(table, columns)
        corpus = replace(corpus, texts=texts_of(table, columns))
        _leave_out(reasons, corpus, test, None, settings, talk)
        records += [
            {"change": "masked", "row": int(corpus.rows[row])}
            for row in _changed(texts_of(unmasked, columns), corpus.texts) if row not in reasons
        ]  # fmt: skip
    if settings.fix_labels:
        assert given is not None
        table, fixed = _relabelled(table, columns, corpus, given, reasons, talk)
        records += fixed
    if len(reasons) == len(corpus):
        raise DataError(
            f"all {len(corpus):,} rows would be left out",
            where=reading.source,
            hint="name fewer checks with --remove",
        )
    records += [
        {"change": "removed", "row": int(corpus.rows[row]), "check": check, "reason": reason,
         "labels": label_names_of(corpus, row), "text": shown(corpus.texts[row].as_py())}
        for row, (check, reason) in reasons.items()
    ] + [
        {"change": "rejected", **({} if one.shard is None else {"shard": one.shard}),
         "row": one.row, "reason": one.reason, "text": one.content}
        for one in reading.rejected
    ]  # fmt: skip
    gone = np.isin(np.arange(len(corpus)), list(reasons))
    return _Done(
        table.filter(pa.array(~gone)),
        reading.table.filter(pa.array(gone)),
        sorted(records, key=_place),
        Counter(check for check, _ in reasons.values()),
    )


def _place(record: dict[str, Any]) -> tuple[bool, int]:
    """By row; what was rejected of shards, whose rows count anew in each, comes last as it is."""
    in_shard = record.get("shard") is not None
    return in_shard, 0 if in_shard else record["row"]


def _leave_out(
    reasons: dict[int, tuple[str, str]],
    corpus: Corpus,
    test: Corpus | None,
    given: np.ndarray | None,
    settings: CleanSettings,
    talk: Talk,
) -> None:
    """Add rows of the corpus with check and reason until the checks find nothing in the others.

    Once is not always enough: what many texts share is compared with some of them only.
    """
    while True:
        kept = np.setdiff1d(np.arange(len(corpus)), list(reasons))
        audited = Audited(
            corpus.take(kept), test, near=settings.near, threads=settings.threads,
            probabilities={} if given is None else {"train": given[kept]},
        )  # fmt: skip
        before = len(reasons)
        with talk.task("looking for rows to leave out"):
            for removal in removals(audited, settings.remove):
                for row in removal.rows.tolist():
                    reasons.setdefault(int(kept[row]), (removal.check, removal.why(row)))
        if len(reasons) in (before, len(corpus)):
            return
        given = None  # labels are judged once: of fewer rows, others would seem wrong


def _masked(table: pa.Table, columns: Columns) -> pa.Table:
    for name in columns.text:
        place = table.column_names.index(name)
        strings = table[name].cast(pa.large_string())
        table = table.set_column(place, name, masked(strings))
    return table


def _changed(before: pa.LargeStringArray, after: pa.LargeStringArray) -> list[int]:
    pairs = zip(before, after, strict=True)
    return [row for row, (one, other) in enumerate(pairs) if one.as_py() != other.as_py()]


def _relabelled(
    table: pa.Table,
    columns: Columns,
    corpus: Corpus,
    given: np.ndarray,
    reasons: dict[int, tuple[str, str]],
    talk: Talk,
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """The table with the labels suggested, and a record of each.

    A label is written as another row of the file has it, whatever the shape of its columns; where
    none has just that set of labels, it stays and is told.
    """
    noise = label_noise(corpus.targets, given)
    pattern: dict[bytes, int] = {}
    for row in range(len(corpus) - 1, -1, -1):
        pattern[corpus.targets[row].tobytes()] = row
    source = np.arange(len(corpus))
    records, unknown = [], 0
    for row in sorted(set(noise.rows.tolist()) - set(reasons)):
        alike = pattern.get(noise.suggested[row].tobytes())
        if alike is None:
            unknown += 1
            continue
        source[row] = alike
        records.append(
            {"change": "relabelled", "row": int(corpus.rows[row]), "check": WRONG,
             "from": label_names_of(corpus, row),
             "to": names_of(corpus.labels, noise.suggested[row]),
             "quality": round(float(noise.quality[row]), 4),
             "text": shown(corpus.texts[row].as_py())}
        )  # fmt: skip
    if unknown:
        talk.note(f"{unknown:,} suggested sets of labels stand in no row: these rows stay")
    for name in columns.label_names:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].take(pa.array(source)))
    return table, records


def _write(table: pa.Table, part: Path, path: Path, columns: Columns) -> None:
    joint = "|" if columns.label_delimiter is None else columns.label_delimiter
    with (
        part.open("wb") as file,
        open_writer(format_of_output(path), file, joint) as writer,
    ):
        writer.write(table)
