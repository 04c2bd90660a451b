"""textkind audit: labelled text in, findings out."""

import argparse
from typing import TYPE_CHECKING, Any

from textkind.cli.parsing import Parser, number_between, whole_number
from textkind.cli.reading import add_reading_options, read_settings
from textkind.cli.usual_options import add_json, add_seed, add_threads

if TYPE_CHECKING:
    from textkind.workflow.audit import AuditResult

DESCRIPTION = """\
Look for what makes figures lie, before any model is fitted: texts of the test file in train, or
nearly; the same user, thread or product on both sides; one text with two labels; what gives a label
away without reading; texts that are empty, garbled or personal."""

EXAMPLES = """\
examples:
  textkind audit reviews.csv
  textkind audit train.csv test.csv
  textkind audit train.csv test.csv --group user --time date
  textkind audit train.csv --labels                   labels that are likely wrong, too
  textkind audit train.csv test.csv --strict          exit code 1 where a finding is serious
  textkind audit train.csv test.csv --json > findings.json
"""

SHOWN, FAILED = 3, 1  # examples of a finding; the exit code of --strict


def add_arguments(parser: Parser) -> None:
    """Add the options of audit."""
    parser.add_argument("file", metavar="FILE", help="labelled text, as for train")
    parser.add_argument(
        "test", metavar="TEST", nargs="?", help="the file that is tested on (default: none)"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="end with exit code 1 where a finding is serious (default: 0)",
    )
    parser.add_argument(
        "--labels",
        action="store_true",
        help="judge every label by a linear model that has not seen its row, fitted six times "
        "(default: off)",
    )
    parser.add_argument(
        "--vocabulary",
        metavar="FILE",
        help="word vectors or a tokenizer.json that will be trained with: whether they were made "
        "from TEST too (default: none)",
    )
    parser.add_argument(
        "--examples",
        metavar="NUMBER",
        type=whole_number(0),
        default=SHOWN,
        help="tell so many rows of a finding, 20 at most (default: %(default)s)",
    )
    add_looking_options(parser)


def add_looking_options(parser: Parser) -> None:
    """Add the options of how texts are read and looked at, which clean has too."""
    parser.add_argument(
        "--near",
        metavar="NUMBER",
        type=number_between(0.3, 1),
        help="Jaccard similarity of near duplicates, by words and word pairs (default: 0.8)",
    )
    add_seed(parser.add_argument, "the folds by which labels are judged")
    add_threads(parser.add_argument)
    add_json(parser.add_argument)
    add = parser.add_argument_group("columns").add_argument
    add("--group", metavar="COLUMN", help="rows of one group belong together (default: none)")
    add("--time", metavar="COLUMN", help="when a row is from (default: none)")
    add_reading_options(parser, labelled=True)


def run(arguments: argparse.Namespace) -> int:
    """Audit, and print what was found."""
    from textkind.cli.terminal import print_json, talk_for
    from textkind.workflow.audit import AuditSettings, audit

    settings = AuditSettings(
        reading=read_settings(arguments),
        near=AuditSettings.near if arguments.near is None else arguments.near,
        labels=arguments.labels,
        seed=arguments.seed,
        vocabulary=arguments.vocabulary,
        threads=arguments.threads,
    )
    result = audit(arguments.file, arguments.test, settings, talk_for(arguments))
    if arguments.json:
        told = {name: getattr(result, name) for name in result.__dataclass_fields__}
        print_json(told | {"findings": [finding.to_json() for finding in result.findings]})
    else:
        print(told_findings(result, arguments.examples))
    serious = any(finding.severity == "serious" for finding in result.findings)
    return FAILED if arguments.strict and serious else 0


def told_findings(result: "AuditResult", examples: int) -> str:
    """The findings as text, each with its advice and some rows."""
    lines = [f"{result.accepted:,} rows of {result.source}"
             + (f" and {result.test_source}" if result.test_source else "")]  # fmt: skip
    for finding in result.findings:
        lines += ["", f"{finding.severity}: {finding.what}", f"    {finding.advice}"]
        lines += [f"    - {told_example(one)}" for one in finding.examples[:examples]]
    if not result.findings:
        lines.append("nothing was found")
    counts = dict.fromkeys(("serious", "warning", "note"), 0)
    for finding in result.findings:
        counts[finding.severity] += 1
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if told:
        lines += ["", f"findings: {told}"]
    return "\n".join(lines)


def told_example(one: dict[str, Any]) -> str:
    """A row or label of a finding, in one line."""
    from textkind.cli.terminal import printable

    if "text" not in one:
        return ", ".join(f"{name.replace('_', ' ')} {printable(str(value))}"
                         for name, value in one.items())  # fmt: skip
    beside = [f"{name.replace('_', ' ')} {printable(_in_words(value))}"
              for name, value in one.items()
              if name not in ("part", "row", "text", "labels")]  # fmt: skip
    place = ", ".join([f"{one['part']} row {one['row']}", " ".join(one["labels"]), *beside])
    return f"{place}: {printable(one['text'])}"


def _in_words(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
