"""Explained texts on a terminal: words shaded by weight, or with signs where there is no color."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textkind.cli.plain_tables import aligned, fact_lines, label_name, shown
from textkind.cli.terminal import printable

if TYPE_CHECKING:
    from rich.text import Text

    from textkind.explain.explanation import Explanation, Piece
    from textkind.explain.faithfulness import Faithfulness
    from textkind.workflow.explain import ExplainedText

LONGEST = 2000  # characters of a text that are shown
LEVELS = (1 / 9, 1 / 3, 2 / 3)  # of the heaviest weight: from here on one, two and three signs
# blue speaks for, orange against: the color-blind tell them apart, on a dark or a light ground
SHADES = {
    1: ("black on #cfe2f7", "black on #86bdf0", "bold black on #3f97e8"),
    -1: ("black on #f9dfc4", "black on #f3b375", "bold black on #e98524"),
}
METHODS = {
    "weights": "exact weights of the linear model",
    "gradients": "integrated gradients",
    "leave-one-out": "leave one out: how far the difference falls without a word",
}


def print_explained(explained: Sequence["ExplainedText"], top: int) -> None:
    """Each text with its words marked, then tables and facts."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    has_color = console.color_system is not None and not console.no_color
    for number, one in enumerate(explained, 1):
        if len(explained) > 1:
            print(f"text {number:,} of {len(explained):,}\n")
        for explanation in one.explanations:
            print(headline(one, explanation) + "\n")
            if has_color:
                console.print(shaded(one.text, explanation.pieces))
            else:
                print(signed(one.text, explanation.pieces))
            print("\n" + "\n\n".join(told_blocks(explanation, top)))
            if (number, explanation) != (len(explained), one.explanations[-1]):
                print()


def headline(one: "ExplainedText", explanation: "Explanation") -> str:
    """What is explained."""
    against = "the rest"
    if explanation.against is not None:
        against = repr(label_name(explanation.against))
    decided = "" if explanation.label in one.decided else ", which the text is not given"
    probability = shown("", explanation.probability)
    return f"{label_name(explanation.label)!r} ({probability}{decided}) against {against}"


def levels(pieces: Sequence["Piece"]) -> list[int]:
    """How much each piece says: 3 to -3, by its share of the heaviest weight."""
    heaviest = max((abs(piece.weight) for piece in pieces), default=0.0)
    found = []
    for piece in pieces:
        share = abs(piece.weight) / heaviest if heaviest > 0 else 0.0
        level = sum(share >= least for least in LEVELS)
        found.append(level if piece.weight > 0 else -level)
    return found


def stretches(text: str, pieces: Sequence["Piece"]) -> list[tuple[str, int]]:
    """The text in order, in parts with the level of each; 0 between pieces, the end cut off."""
    parts, place = [], 0
    for piece, level in zip(pieces, levels(pieces), strict=True):
        if piece.end > LONGEST:
            break
        parts += [(text[place : piece.start], 0), (piece.text, level)]
        place = piece.end
    parts.append((text[place : max(place, LONGEST)], 0))
    if len(text) > max(place, LONGEST):
        parts.append((f"\u2026 ({len(text) - max(place, LONGEST):,} characters more)", 0))
    return [(printable(part), level) for part, level in parts if part]


def shaded(text: str, pieces: Sequence["Piece"]) -> "Text":
    """The text in colors."""
    from rich.text import Text

    found = Text()
    for part, level in stretches(text, pieces):
        sign = 1 if level > 0 else -1
        found.append(part, SHADES[sign][abs(level) - 1] if level else "")
    return found


def signed(text: str, pieces: Sequence["Piece"]) -> str:
    """The text with a sign for each level before a word: [++good], [-bad]."""
    return "".join(
        f"[{signs(level)}{part}]" if level else part for part, level in stretches(text, pieces)
    )


def signs(level: int) -> str:
    """+++ for 3, -- for -2."""
    return ("+" if level > 0 else "-") * abs(level)


def told_blocks(explanation: "Explanation", top: int) -> list[str]:
    """The heaviest words, the heaviest n-grams, and what is behind them."""
    blocks = []
    if explanation.pieces:
        blocks.append(word_table(explanation.pieces, top))
    if explanation.ngrams:
        rows = [("weight", "times", "n-gram")]
        rows += [
            (f"{one.weight:+.3f}", f"{one.count:,}", printable(repr(one.ngram)))
            for one in explanation.ngrams[:top]
        ]
        blocks.append(aligned(rows, left=frozenset({2})))
    blocks.append(fact_lines(_facts(explanation)))
    if explanation.faithfulness is not None:
        blocks.append(check_table(explanation.faithfulness))
    return blocks


def word_table(pieces: Sequence["Piece"], top: int) -> str:
    """The heaviest words: a word that stands several times has the sum."""
    sums: dict[str, list[float]] = {}
    for piece in pieces:
        sums.setdefault(piece.text.lower(), []).append(piece.weight)
    total = {word: sum(weights) for word, weights in sums.items()}
    order = sorted(total, key=lambda word: -abs(total[word]))[:top]
    heaviest = abs(total[order[0]])
    rows = [("weight", "", "times", "word")]
    for word in order:
        bar = round(10 * abs(total[word]) / heaviest) if heaviest > 0 else 0
        sign = signs(bar if total[word] > 0 else -bar)
        rows.append(
            (f"{total[word]:+.3f}", sign, f"{len(sums[word]):,}", label_name(word) or repr(word))
        )
    table = aligned(rows, left=frozenset({1, 3}))
    more = len(total) - len(order)
    return table + (f"\nand {more:,} more" if more else "")


def _facts(explanation: "Explanation") -> list[tuple[str, str]]:
    check = explanation.completeness
    told = f"{explanation.difference:+.3f}, of logits"
    if check is not None and explanation.baseline_difference is not None:
        told += f": {check.total:+.3f} of the words, {explanation.baseline_difference:+.3f} without"
    facts = [
        ("difference", told),
        ("method", METHODS[explanation.method]),
        ("baseline", explanation.baseline),
    ]
    if check is not None:
        steps = "" if check.steps is None else f", {check.steps:,} steps"
        kept = "they add up" if check.passed else "they do not add up"
        facts.append(
            ("check", f"{kept}: error {check.error:.1e}, allowed {check.tolerance:.1e}{steps}")
        )
    return [*facts, *(("note", note) for note in explanation.notes)]


def check_table(check: "Faithfulness") -> str:
    """The label's probability without the heaviest words and with them alone, beside drawn ones."""
    rows: list[tuple[str, ...]] = [("of the words", "without", "drawn ones", "alone", "drawn ones")]
    for place, share in enumerate(check.shares):
        curves = (
            check.heaviest.without, check.random.without, check.heaviest.alone, check.random.alone,
        )  # fmt: skip
        rows.append((f"{share:.0%}", *(shown("", curve[place]) for curve in curves)))
    means = (
        ("comprehensiveness", check.comprehensiveness, check.random_comprehensiveness, "high"),
        ("sufficiency", check.sufficiency, check.random_sufficiency, "low"),
    )
    facts = [
        (name, f"{value:+.3f}, of words drawn at random {drawn:+.3f} ({good} is good)")
        for name, value, drawn, good in means
    ]
    title = f"probability of the label, {shown('', check.whole)} of the whole text"
    return f"{title}\n{aligned(rows)}\n\n{fact_lines(facts)}"
