"""All checks over the parts of a corpus.

    findings = audit_parts(Audited(train, test))

A check is a function from Audited to findings, and a line in CHECKS.
"""

from collections.abc import Callable, Mapping

from textkind.checks import (
    artifacts,
    balance,
    columns,
    content,
    duplicates,
    label_noise,
    languages,
    mail,
    telling_words,
    times,
    vocabulary,
)
from textkind.checks.finding import SEVERITIES, Audited, Finding
from textkind.progress import SILENT, Talk

CHECKS: Mapping[str, Callable[[Audited], list[Finding]]] = {
    "test_texts_in_train": duplicates.test_texts_in_train,
    "near_duplicates": duplicates.near_duplicate_texts,
    "groups_on_both_sides": columns.groups_on_both_sides,
    "train_later_than_test": times.train_later_than_test,
    "vocabulary_of_test": vocabulary.vocabulary_of_test,
    "conflicting_labels": duplicates.conflicting_labels,
    "likely_wrong_labels": label_noise.likely_wrong_labels,
    "telling_columns": columns.telling_columns,
    "names_in_texts": artifacts.names_in_texts,
    "telling_form": artifacts.telling_form,
    "telling_words": telling_words.telling_words,
    "telling_runs": telling_words.telling_runs,
    "mail_in_texts": mail.mail_in_texts,
    "telling_order": artifacts.telling_order,
    "label_drift": times.label_drift,
    "text_drift": times.text_drift,
    "rare_labels": balance.rare_labels,
    "unequal_labels": balance.unequal_labels,
    "repeated_texts": duplicates.repeated_texts,
    "garbled_texts": content.garbled_texts,
    "empty_texts": content.empty_texts,
    "short_texts": content.short_texts,
    "long_texts": content.long_texts,
    "mixed_scripts": content.mixed_scripts,
    "mixed_languages": languages.mixed_languages,
    "constant_texts": content.constant_texts,
    "personal_data": content.personal_data,
}


def audit_parts(audited: Audited, talk: Talk = SILENT) -> list[Finding]:
    """What all checks find, the serious first; within a severity in the order of CHECKS."""
    found: list[Finding] = []
    for name, check in CHECKS.items():
        with talk.task(f"looking for {name.replace('_', ' ')}"):
            found += check(audited)
    worst = {severity: -place for place, severity in enumerate(SEVERITIES)}
    return sorted(found, key=lambda finding: worst[finding.severity])
