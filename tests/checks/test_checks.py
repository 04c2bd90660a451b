"""Every check finds what was put there, names its rows, and is silent on clean texts."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.checks.alone import judged_alone
from textkind.checks.finding import MOST_SHOWN, SEVERITIES, Audited
from textkind.checks.table import CHECKS, audit_parts
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet

NAMES = ("bill", "login", "other")
SUBJECTS = (
    "refund charge amount credit tariff",
    "access signin userid banned locked",
    "parcel colour fabric button zipper",
)


def corpus(texts, targets, first_row=2, names=NAMES, **columns):
    several = np.ndim(targets) == 2
    kind = np.uint8 if several else np.int32
    return Corpus(pa.array(texts, pa.large_string()), np.array(targets, kind),
                  LabelSet(tuple(names), several), np.arange(len(texts)) + first_row,
                  **columns)  # fmt: skip


def clean(rows=300, seed=0):
    """Different texts of three labels, in no order, that nothing but their words tells apart."""
    random = np.random.default_rng(seed)
    filler = [f"{a}{b}" for a in "bcdfghjklmnp" for b in ("ala", "ela", "ila", "ola", "ula", "yla")]
    targets = random.integers(0, 3, rows)
    texts = [
        " ".join(random.permutation([*random.choice(filler, 9),
                                     random.choice(SUBJECTS[target].split())]))
        for target in targets
    ]  # fmt: skip
    return corpus(texts, targets)


TRAIN, TEST = clean(300), clean(100, seed=1)


def found(check, audited):
    return CHECKS[check](audited)


def only(check, audited):
    (finding,) = found(check, audited)
    assert finding.severity in SEVERITIES
    assert len(finding.examples) <= MOST_SHOWN
    return finding


def with_texts(part, texts, targets=None):
    """The part with further rows behind it."""
    whole = part.texts.to_pylist() + list(texts)
    labels = list(targets) if targets is not None else [0] * len(texts)
    return corpus(whole, [*part.targets.tolist(), *labels])


def test_clean_texts_are_no_news():
    assert [f.what for f in audit_parts(Audited(TRAIN, TEST)) if f.severity != "note"] == []


def test_test_texts_in_train_are_counted_with_their_rows_and_labels():
    copied = [TRAIN.texts[row].as_py().upper() + " " for row in (5, 9)]
    test = with_texts(TEST, copied, [TRAIN.targets[5], (TRAIN.targets[9] + 1) % 3])
    finding = only("test_texts_in_train", Audited(TRAIN, test))
    assert (finding.rows, finding.of, finding.severity) == (2, 102, "serious")
    assert finding.all_rows.tolist() == [102, 103]  # the first row of a part stands in line 2
    assert [one["train_row"] for one in finding.examples] == [7, 11]
    assert finding.facts["same_label"] == 1
    assert found("test_texts_in_train", Audited(TRAIN, None)) == []


def test_near_duplicates_in_train_are_told_apart_from_the_same():
    near = TRAIN.texts[5].as_py() + " extra"
    test = with_texts(TEST, [near, TRAIN.texts[6].as_py()])
    findings = found("near_duplicates", Audited(TRAIN, test))
    (across,) = [f for f in findings if f.check == "near_duplicates_in_train"]
    assert across.all_rows.tolist() == [102]
    assert across.examples[0]["train_row"] == 7
    assert across.examples[0]["similarity"] == round(19 / 21, 3)  # of 10 words and 9 pairs
    twice = with_texts(TRAIN, [near])
    (within,) = found("near_duplicates", Audited(twice, None))
    assert (within.check, within.rows, within.facts["clusters"]) == ("near_duplicates_within", 1, 1)


def test_one_text_with_two_labels_is_found_in_and_across_parts():
    text = TRAIN.texts[0].as_py()
    other = (TRAIN.targets[0] + 1) % 3
    finding = only("conflicting_labels", Audited(with_texts(TRAIN, [text], [other]), None))
    assert (finding.rows, finding.facts["texts"]) == (2, 1)
    assert finding.all_rows.tolist() == [2, 302]
    across = only("conflicting_labels", Audited(TRAIN, with_texts(TEST, [text], [other])))
    assert {one["part"] for one in across.examples} == {"train", "test"}
    same = with_texts(TRAIN, [text], [TRAIN.targets[0]])
    assert found("conflicting_labels", Audited(same, None)) == []
    assert only("repeated_texts", Audited(same, None)).examples[0]["same_as_row"] == 2


def beside(train, test):
    return [pa.chunked_array([pa.array(train)]), pa.chunked_array([pa.array(test)])]


def test_users_on_both_sides_and_what_they_alone_tell():
    random = np.random.default_rng(0)
    users = random.integers(0, 40, 300)
    targets = users % 3
    train = replace(TRAIN, targets=targets.astype(np.int32))
    test_users = np.arange(100) % 50  # of which 40 are known
    test = replace(TEST, targets=(test_users % 3).astype(np.int32))
    columns = {"user": beside([f"u{u}" for u in users], [f"u{u}" for u in test_users])}
    finding = only("groups_on_both_sides", Audited(train, test, beside=columns))
    assert (finding.rows, finding.severity) == (80, "serious")
    assert finding.facts["right"] == 80
    assert finding.facts["base"] < 40
    few = {"kind": beside(["a", "b"] * 150, ["a", "b"] * 50)}
    assert found("groups_on_both_sides", Audited(train, test, beside=few)) == []
    asked = Audited(train, test, beside=few, grouped="kind")
    assert only("groups_on_both_sides", asked).rows == 100


@pytest.mark.parametrize("values", [["x", "y", None], [0.5, 7.25, float("nan")]])
def test_a_column_that_tells_the_label_alone(values):
    column = {
        "source": beside([values[t] for t in TRAIN.targets], [values[t] for t in TEST.targets])
    }
    finding = only("telling_columns", Audited(TRAIN, TEST, beside=column))
    assert "'source' alone tells" in finding.what
    assert finding.facts["right"] == finding.rows
    random = np.random.default_rng(0).integers(0, 3, 400)
    noise = {"source": beside([values[t] for t in random[:300]], [values[t] for t in random[300:]])}
    assert found("telling_columns", Audited(TRAIN, TEST, beside=noise)) == []


def test_time_that_is_known_too_early_and_labels_that_drift():
    days = np.datetime64("2024-01-01", "us") + np.arange(300) * np.timedelta64(1, "D")
    train, test = replace(TRAIN, time=days), replace(TEST, time=days[200:])
    finding = only("train_later_than_test", Audited(train, test))
    assert (finding.rows, finding.severity) == (99, "serious")
    later = replace(TEST, time=days[200:] + np.timedelta64(300, "D"))
    assert found("train_later_than_test", Audited(train, later)) == []
    assert found("label_drift", Audited(train, None)) == []
    drifting = replace(train, targets=(np.arange(300) > 150).astype(np.int32))
    assert only("label_drift", Audited(drifting, None)).facts["distance"] > 0.9


def test_names_of_labels_in_their_texts():
    texts = [
        f"{text.as_py()} {NAMES[t].upper()}" if row % 3 == 0 else text.as_py()
        for row, (text, t) in enumerate(zip(TRAIN.texts, TRAIN.targets, strict=True))
    ]
    finding = only("names_in_texts", Audited(corpus(texts, TRAIN.targets), None))
    assert finding.rows == 100
    wrong = [f"{text.as_py()} {NAMES[(t + row) % 3]}" for row, (text, t)
             in enumerate(zip(TRAIN.texts, TRAIN.targets, strict=True))]  # fmt: skip
    assert found("names_in_texts", Audited(corpus(wrong, TRAIN.targets), None)) == []


def test_a_word_that_gives_a_label_away():
    texts = [f"{text.as_py()} Sent-from-billing" if t == 0 else text.as_py()
             for text, t in zip(TRAIN.texts, TRAIN.targets, strict=True)]  # fmt: skip
    finding = only("telling_words", Audited(corpus(texts, TRAIN.targets), None))
    words = {one["words"]: one for one in finding.examples}
    assert words["billing"]["label"] == "bill"
    assert (
        words["billing"]["texts"]
        == words["billing"]["with_the_label"]
        == (TRAIN.targets == 0).sum()
    )


@pytest.mark.parametrize(
    ("ending", "feature"),
    [
        (" a b c d e f g h i j k", "length"),
        (" 4711", "digits"),
        (" ABC", "capitals"),
        ("!", "exclamation"),
    ],
)
def test_a_form_that_tells_the_label(ending, feature):
    def formed(part):
        texts = [
            text.as_py() + ending * int(t) for text, t in zip(part.texts, part.targets, strict=True)
        ]
        return corpus(texts, part.targets)

    findings = found("telling_form", Audited(formed(TRAIN), formed(TEST)))
    assert any(feature in finding.what for finding in findings)


def test_rows_in_the_order_of_their_labels():
    order = np.argsort(TRAIN.targets, kind="stable")
    in_order = corpus([TRAIN.texts[int(row)].as_py() for row in order], TRAIN.targets[order])
    assert only("telling_order", Audited(in_order, None)).facts["same"] > 0.99
    assert found("telling_order", Audited(TRAIN, None)) == []


def test_rare_missing_and_unequal_labels():
    few = corpus(["a", "b", "c"] * 50, [0, 0, 0] * 49 + [0, 0, 1])
    finding = only("rare_labels", Audited(few, None))
    assert [(one["label"], one["texts"]) for one in finding.examples] == [
        ("other", 0),
        ("login", 1),
    ]
    assert finding.facts["without_text"] == 1
    assert only("unequal_labels", Audited(few, None)).rows == 149


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("empty_texts", " ?! ... "), ("short_texts", "yes"), ("long_texts", "word " * 3000),
        ("garbled_texts", "the cafÃ© is open"), ("garbled_texts", "donâ€™t do this"),
        ("garbled_texts", "one \ufffd two"), ("personal_data", "write to a.b@example.org now"),
        ("personal_data", "call 0800 555 1234 today"),
        ("personal_data", "use 4111111111111111 ok"), ("mixed_scripts", "один два три четыре"),
    ],
)  # fmt: skip
def test_texts_that_are_not_as_they_should_be(check, text):
    assert found(check, Audited(TRAIN, None)) == []
    finding = only(check, Audited(with_texts(TRAIN, [text]), None))
    assert finding.all_rows.tolist() == [302]


def test_a_beginning_that_most_texts_share():
    texts = [f"Dear Sir and Madam, {text.as_py()}" for text in TRAIN.texts]
    finding = only("constant_texts", Audited(corpus(texts, TRAIN.targets), None))
    assert (finding.rows, finding.facts["beginning"]) == (300, "Dear Sir and Madam, ")


def test_texts_with_several_labels_go_through_all_checks():
    random = np.random.default_rng(0)
    train, test = (replace(part, labels=LabelSet(NAMES, several=True),
                           targets=random.integers(0, 2, (len(part), 3)).astype(np.uint8))
                   for part in (TRAIN, TEST))  # fmt: skip
    copied = replace(test, texts=train.texts.slice(0, 100))
    findings = audit_parts(Audited(train, copied))
    assert findings[0].check == "test_texts_in_train"
    assert findings[0].rows == 100


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_handful_of_rows_is_no_reason_to_fail(rows):
    train = corpus(["one text", "another text", "a third"][:rows], [0, 1, 2][:rows])
    for test in (None, train):
        for finding in audit_parts(Audited(train, test)):
            assert finding.rows <= 2 * rows


def test_one_feature_is_judged_on_rows_it_did_not_learn_from():
    values = np.array([0, 0, 1, 1, 0, 1, 2, -1])
    targets = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    learned = np.array([1, 1, 1, 1, 0, 0, 0, 0], bool)
    alone = judged_alone(values, targets, learned, 2)
    assert (alone.rows, alone.right, alone.base) == (2, 1, 2)  # value 2 was never seen, -1 is none
    assert alone.gain == 0


def test_boilerplate_of_one_label_is_found_in_its_own_words():
    footer = "\nSent by the billing desk, do not reply"
    texts = [f"{text.as_py()}{footer if t == 0 else ''}"
             for text, t in zip(TRAIN.texts, TRAIN.targets, strict=True)]  # fmt: skip
    finding = only("telling_runs", Audited(corpus(texts, TRAIN.targets), None))
    assert finding.rows == (TRAIN.targets == 0).sum()
    assert {one["words"]: one["label"] for one in finding.examples}[
        "sent by the billing desk"
    ] == "bill"
    both = [f"{text.as_py()}{footer}" for text in TRAIN.texts]
    assert found("telling_runs", Audited(corpus(both, TRAIN.targets), None)) == []


def english(rows=60):
    """Different texts of English function words and two others."""
    return [f"there is not a {word} in the {other} of {row}" for row, (word, other) in
            enumerate(zip(["boat", "cat", "house"] * rows, ["sea", "garden"] * rows, strict=False))
            if row < rows]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("German", "der Hund ist nicht in dem Garten, und wir sind auch noch hier"),
        ("French", "le chat n'est pas dans le jardin, mais il était avec nous"),
        ("Spanish", "el perro no está en la casa, pero los gatos sí están con él"),
        ("Portuguese", "o cão não está em casa, mas uma gata foi com ele para o jardim"),
        ("Italian", "il cane non è nella casa, ma anche questo gatto è con gli altri"),
        ("Dutch", "de hond is niet in het huis, maar wij zijn er ook nog met een kat"),
        ("Swedish", "hunden är inte i huset, men katten och vi har varit med den"),
        ("Polish", "nie ma go już w domu, ale czy jest tylko przed domem"),
        ("Turkish", "bu ev çok güzel ama sonra daha iyi bir ev var"),
    ],
)
def test_a_text_in_another_language_is_told_by_its_function_words(language, text):
    texts = english()
    whole = corpus([*texts, text], [row % 3 for row in range(61)])
    finding = only("mixed_languages", Audited(whole, None))
    assert (finding.facts["language"], finding.facts["main"]) == (language, "English")
    assert finding.all_rows.tolist() == [62]
    assert found("mixed_languages", Audited(corpus(texts, [0, 1, 2] * 20), None)) == []


def test_texts_without_function_words_are_of_no_language():
    assert found("mixed_languages", Audited(TRAIN, None)) == []


HEADERS = "From: {writer}\nSubject: Re: {thread}\nLines: {lines}\n\n{body}"


def mails(part, writers, ending=""):
    """Texts as mails whose writers, one in three, keep to a label."""
    random = np.random.default_rng(len(part))
    texts = [
        HEADERS.format(
            writer=f"writer{random.integers(writers) * 3 + target}@example.org",
            thread=f"thread {random.integers(10**9)}", lines=row % 40,
            body=f"{text.as_py()}{ending}",
        )
        for row, (text, target) in enumerate(zip(part.texts, part.targets, strict=True))
    ]  # fmt: skip
    return corpus(texts, part.targets)


def test_header_lines_are_found_with_what_each_tells_alone():
    (finding,) = found("mail_in_texts", Audited(mails(TRAIN, 10), mails(TEST, 10)))
    assert (finding.check, finding.severity, finding.rows) == ("headers_in_texts", "warning", 300)
    by_line = {one["line"]: one for one in finding.examples}
    assert set(by_line) == {"From", "Subject", "Lines"}
    assert by_line["From"]["right"] == by_line["From"]["judged"] == 100
    assert by_line["Subject"]["judged"] == 0
    assert finding.facts["telling"] == ["From"]
    assert "of 100 labels From alone tells 100" in finding.what


def test_quoted_lines_and_signatures_are_found():
    quoting = mails(TRAIN, 10, "\n> what was said\n-- \nA. Writer")
    checks = {one.check: one.rows for one in found("mail_in_texts", Audited(quoting, None))}
    assert checks == {"headers_in_texts": 300, "quotes_in_texts": 300, "signatures_in_texts": 300}
    assert found("mail_in_texts", Audited(TRAIN, None)) == []


def test_lengths_and_words_that_drift_over_time():
    days = np.datetime64("2024-01-01", "us") + np.arange(300) * np.timedelta64(1, "D")
    assert found("text_drift", Audited(replace(TRAIN, time=days), None)) == []
    late = [f"{text.as_py()} fresh{row} new{row}" if row >= 150 else text.as_py()
            for row, text in enumerate(TRAIN.texts)]  # fmt: skip
    drifting = replace(corpus(late, TRAIN.targets), time=days)
    length, words = found("text_drift", Audited(drifting, None))
    assert (length.check, words.check) == ("length_drift", "vocabulary_drift")
    assert length.facts["early"] < length.facts["late"]
    # two new words of twelve, as no other text has them
    assert words.facts["by_time"] == pytest.approx(2 / 12, abs=0.02)
    mixed = np.random.default_rng(0).permutation(300)
    assert found("text_drift", Audited(replace(drifting, time=days[mixed]), None)) == []
    assert found("text_drift", Audited(corpus(late, TRAIN.targets), None)) == []


def vocabulary_of(*parts):
    return sorted({word for part in parts for text in part.texts.to_pylist()
                   for word in text.split()})  # fmt: skip


@pytest.mark.parametrize(
    ("made_of", "more", "expected"),
    [("both", 0, 20), ("train", 0, None), ("both", 200, None), ("none", 0, None)],
)
def test_a_vocabulary_made_from_test_texts_is_told_from_one_of_other_texts(made_of, more, expected):
    words = [f"only{chr(97 + number)}" for number in range(20)]
    test = with_texts(TEST, [f"{word} there" for word in words])
    parts = {"both": (TRAIN, test), "train": (TRAIN,), "none": ()}[made_of]
    known = [*vocabulary_of(*parts), *(f"other{number}x" for number in range(more))]
    vocabulary = pa.array(known, pa.large_string())
    findings = found("vocabulary_of_test", Audited(TRAIN, test, vocabulary=vocabulary))
    if expected is None:
        assert findings == []
    else:
        assert findings[0].severity == "serious"
        told = {one["word"] for one in findings[0].examples}
        assert told <= {*words, "there"}
        assert findings[0].rows == len({*words, "there"})
