"""Cues in the wording of a text that a row of patterns can see. English alone.

    rows = cue_rows(NEGATION, texts)            (N,) bool

What each is worth was counted by reading (docs/errors.md): what is found as a negation negates, and
a cue of irony is wrong every third time.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Patterns of RE2, for texts in small letters.
NEGATION = (
    r"\b(?:no|not|nor|none|never|nothing|nobody|nowhere|neither|without|cannot|hardly|barely"
    r"|[a-z]*n['\x{2019}]t|[a-z]*n t)\b"
)
IRONY = (
    r"#(?:sarcas\w*|iron(?:y|ic)|not)\b|(?:^|\s)/s\b"
    r"|\b(?:yeah,? right|as if|oh,? (?:great|joy|sure|wow)"
    r"|thanks (?:a lot )?for nothing|(?:just )?what i (?:always )?(?:needed|wanted)|so much for"
    r"|gotta love|don['\x{2019}]t you (?:just )?love|i(?:['\x{2019}]m| am) sure (?:they|he|she|it)"
    r"|good luck with that|nice (?:job|work|going|try)|how (?:nice|lovely|original|wonderful) of)\b"
    r"|[\x{201C}\"'](?:great|good|nice|best|smart|fun|fair|free|love|help|helpful|expert|experts"
    r"|news|funny|genius|special|service|improved|quality)[\x{201D}\"']"
    r"|\x{1F644}|\x{1F643}"
)
# What a text is about stands outside it: it opens with a word that points back.
POINTING = (
    r"^\W*(?:(?:and|but|so|or|because|then|yes|no|yeah|ok|okay|also|well)\W+)?"
    r"(?:it|its|it's|they|them|their|they're|he|him|his|he's|she|her|she's|this|that|that's|these"
    r"|those)\b"
)
ADDRESSED = r"(?:@\w+|https?://\S+|#\w+)"  # says nothing by itself
WORD = r"[\p{L}\p{N}]+"
SHORT = 3  # words or fewer leave most questions open
LONG = 30  # words: a longer text explains its first word itself


def cue_rows(pattern: str, texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) bool: which texts hold the cue, whatever their capitals."""
    found = pc.match_substring_regex(pc.utf8_lower(texts), pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def context_missing(texts: pa.LargeStringArray) -> np.ndarray:
    """(N,) bool: very short, but for links, mentions and tags, or opening with a pointing word."""
    bare = pc.replace_substring_regex(pc.utf8_lower(texts), ADDRESSED, " ")
    words = pc.count_substring_regex(bare, WORD).to_numpy(zero_copy_only=False)
    return (words <= SHORT) | ((words <= LONG) & cue_rows(POINTING, bare))
