"""Which column is the text, the label, the group, the time and the id: as asked, else by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from textkind.data.settings import ReadSettings
from textkind.errors import ColumnError, did_you_mean

# Usual names in tiers: one name of the first tier that has any is taken; two are ambiguous.
TEXT_TIERS = (
    ("text", "texts"),
    (
        *(
            "sentence",
            "review",
            "content",
            "body",
            "message",
            "tweet",
            "comment",
            "document",
        ),
        *(
            "utterance",
            "question",
            "query",
            "post",
            "article",
            "sms",
            "email",
            "sentences",
        ),
        *(
            "review_text",
            "text_content",
            "comment_text",
            "tweet_text",
            "full_text",
            "clean_text",
        ),
    ),
    ("description", "abstract", "headline", "title", "summary", "subject", "input"),
)
LABEL_TIERS = (
    ("label", "labels"),
    (
        *(
            "class",
            "category",
            "target",
            "sentiment",
            "intent",
            "topic",
            "tag",
            "tags",
            "emotion",
        ),
        *(
            "classes",
            "categories",
            "topics",
            "emotions",
            "label_name",
            "class_name",
            "label_text",
        ),
    ),
    ("y", "polarity", "genre", "rating", "stars", "score", "output", "type"),
)
ID_NAMES = ("id", "uid", "doc_id", "document_id", "text_id")


@dataclass(frozen=True)
class Columns:
    """The columns in use, by name. `label` is a tuple where labels are columns of 0 and 1.

    label_delimiter parts the labels within a cell of the label column, if anything does.
    """

    text: tuple[str, ...]
    label: str | tuple[str, ...] | None = None
    group: str | None = None
    time: str | None = None
    id: str | None = None
    label_delimiter: str | None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label columns as a tuple, whichever kind they are."""
        if self.label is None:
            return ()
        return (self.label,) if isinstance(self.label, str) else self.label

    @property
    def taken(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Those of the text and those of the labels."""
        return self.text, self.label_names


def plain_name(name: str) -> str:
    """A column name without case, white space at the ends and kind of separator."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def has_usual_name(names: Sequence[str]) -> bool:
    """Whether one of the names is usual for a text or label column."""
    usual = {name for tier in (*TEXT_TIERS, *LABEL_TIERS) for name in tier}
    return any(plain_name(name) in usual for name in names)


def requested_names(settings: ReadSettings) -> tuple[str, ...]:
    """All the columns that the settings name."""
    single = (settings.label, settings.group, settings.time, settings.id)
    return (
        *settings.text,
        *settings.label_columns,
        *(name for name in single if name is not None),
    )


def resolve_columns(
    names: Sequence[str],
    settings: ReadSettings,
    where: str,
    *,
    need_label: bool,
    trained: Columns | None = None,
) -> tuple[Columns, list[str]]:
    """The columns in use and notes on those that were not asked for.

    Where the settings name none, text and label come from the columns that a model was `trained`
    with, if the source has all of them; else they are guessed by their names. Raises ColumnError
    where a name asked for is not there, or a guess would be ambiguous.
    """
    for name in requested_names(settings):
        if name not in names:
            near = did_you_mean(name, names)
            listed = "" if near.startswith("known:") else f" The columns: {listing(names)}"
            raise ColumnError("no such column", found=name, where=where, hint=near + listed)
    notes = []
    asked_label = settings.label_columns if settings.label_columns else settings.label
    taken = set(requested_names(settings))
    free = [name for name in names if name not in taken]
    text = settings.text
    if not text:
        wanted = () if trained is None else trained.text
        text, note = _as_trained("text", wanted, free, names, where)
        notes.append(note)
        free = [name for name in free if name not in text]
    label: str | tuple[str, ...] | None = asked_label
    if label is None and need_label:
        wanted = () if trained is None else trained.label_names
        found, note = _as_trained("label", wanted, free, names, where)
        label = found if trained is not None and found == trained.label else found[0]
        notes.append(note)
        free = [name for name in free if name not in found]
    identity = settings.id
    if identity is None:
        ids = [name for name in free if plain_name(name) in ID_NAMES]
        if len(ids) == 1:
            identity = ids[0]
    columns = Columns(
        text, label, settings.group, settings.time, identity, settings.label_delimiter
    )
    return columns, notes and ["; ".join(notes)]


def listing(names: Sequence[str], most: int = 30) -> str:
    """Column names in one line."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _as_trained(
    role: str, wanted: tuple[str, ...], free: Sequence[str], names: Sequence[str], where: str
) -> tuple[tuple[str, ...], str]:
    """The columns that a model was trained with, if all are there, else the guess; and a note."""
    taken = "text is" if role == "text" else "labels are"
    missing = [name for name in wanted if name not in free]
    if wanted and not missing:
        plural = "columns" if len(wanted) > 1 else "column"
        return wanted, f"{taken} taken from {plural} {listing(wanted)}, as in training"
    lacking = (
        f"the model learned its {role} from {listing(wanted)}; missing here: {listing(missing)}"
    )
    own, other = (TEXT_TIERS, LABEL_TIERS) if role == "text" else (LABEL_TIERS, TEXT_TIERS)
    try:
        guessed = _guess(role, own, other, free, names, where)
    except ColumnError as error:
        if missing:
            error.args = (f"{lacking}; {error.args[0]}",)
        raise
    note = f"{taken} taken from column {guessed!r}"
    return (guessed,), f"{lacking}; {note} instead" if missing else note


def _guess(
    role: str,
    tiers: tuple[tuple[str, ...], ...],
    other_tiers: tuple[tuple[str, ...], ...],
    free: Sequence[str],
    names: Sequence[str],
    where: str,
) -> str:
    """The one column for a role, by its name or because it is the only one left."""
    for tier in tiers:
        usual = [name for name in free if plain_name(name) in tier]
        if len(usual) == 1:
            return usual[0]
        if usual:
            join = " (text may be given more than once, to join columns)" if role == "text" else ""
            raise ColumnError(
                f"more than one column could be the {role}",
                found=usual,
                where=where,
                hint=f"say which: --{role} {usual[0]!r}{join}",
            )
    others = {name for tier in other_tiers for name in tier}
    left = [name for name in free if plain_name(name) not in (*others, *ID_NAMES)]
    if len(left) == 1:
        return left[0]
    raise ColumnError(
        f"no column is by its name the {role}",
        where=where,
        hint=f"the columns are {listing(names)}; say which: --{role} NAME",
    )
