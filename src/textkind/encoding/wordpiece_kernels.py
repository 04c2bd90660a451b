"""UTF-8 bytes to WordPiece ids: compiled kernels, free functions on arrays.

Greedy longest match first (Wu et al. 2016, "Google's Neural Machine Translation System", as BERT
uses it). Pieces lie in an open-addressing table by a hash of their bytes; a hit counts only where
the bytes are equal too, so the hash decides how fast a piece is found, never which.

Few and long functions on purpose: a call counts the references of its arrays up and down, which
for a call or two a word takes as long as all the rest.
"""

import numpy as np

from textkind.encoding.ngram_kernels import OFFSET, PRIME, code_point_at, compiled
from textkind.encoding.wordpiece_characters import (
    CODE_POINT,
    DROPPED,
    KIND_SHIFT,
    LEFT,
    SOLITARY,
    SPACE,
    WORD,
)

POINT_MASK = np.uint32(CODE_POINT)
SHIFT = np.uint32(KIND_SHIFT)
SPACE_ENTRY = np.uint32(SPACE << KIND_SHIFT)
LEFT_ENTRY = np.uint32(LEFT << KIND_SHIFT)
HALF = np.uint64(32)
TAIL_OFFSET = OFFSET ^ PRIME  # pieces that go on with a word are hashed from here
LEFT_TO_LIBRARY = -1
BEGIN, LENGTH, TAIL, NUMBER = 0, 1, 2, 3  # columns of a slot; length 0: empty


@compiled
def grown(hashed, byte):
    """The hash of a stretch of bytes with one more behind it."""
    return (hashed ^ np.uint64(byte)) * PRIME


@compiled
def first_slot(hashed, mask):
    """Where in a table of mask + 1 slots to begin looking."""
    return np.int64(hashed ^ (hashed >> HALF)) & mask


@compiled
def fill_slots(spelled, offsets, tails, numbers, hashes, slots):
    """Enter the pieces spelled[offsets[i]:offsets[i + 1]] into a table of 2^n empty slots.

    tails is (pieces,) bool, whether a piece goes on with a word; numbers (pieces,) int32 their ids;
    hashes (slots,) uint64; slots (slots, 4) int32, see its columns above.
    """
    for piece in range(offsets.size - 1):
        begin, end = offsets[piece], offsets[piece + 1]
        hashed = TAIL_OFFSET if tails[piece] else OFFSET
        for i in range(begin, end):
            hashed = grown(hashed, spelled[i])
        slot = first_slot(hashed, hashes.size - 1)
        while slots[slot, LENGTH]:
            slot = (slot + 1) & (hashes.size - 1)
        hashes[slot] = hashed
        slots[slot, BEGIN] = begin
        slots[slot, LENGTH] = end - begin
        slots[slot, TAIL] = tails[piece]
        slots[slot, NUMBER] = numbers[piece]


@compiled
def hash_beginnings(word, start, most, hashed, beginnings):
    """Fill beginnings[length] with the hash of word[start:start + length], for 0..most."""
    beginnings[0] = hashed
    for i in range(most):
        hashed = grown(hashed, word[start + i])
        beginnings[i + 1] = hashed


@compiled
def put_point(normalized, size, point):
    """Write a code point as UTF-8 from normalized[size] on; returns its end."""
    if point < 0x80:
        normalized[size] = point
        return size + 1
    more = 1 if point < 0x800 else 2 if point < 0x10000 else 3
    normalized[size] = ((0xFF00 >> (more + 1)) & 0xFF) | (point >> np.uint32(6 * more))
    for i in range(1, more + 1):
        normalized[size + i] = 0x80 | ((point >> np.uint32(6 * (more - i))) & np.uint32(0x3F))
    return size + more + 1


@compiled
def begins_with_any(text, position, end, spelled, offsets):
    """Whether one of the spellings stands at `position`."""
    for i in range(offsets.size - 1):
        length = offsets[i + 1] - offsets[i]
        if length > end - position:
            continue
        same = True
        for k in range(length):
            same &= text[position + k] == spelled[offsets[i] + k]
        if same:
            return True
    return False


@compiled
def split_text(
    text, position, end, characters, added_firsts, added, added_offsets, longest_word,
    normalized, ends, hashes,
):  # fmt: skip
    """Normalize text[position:end] and cut it into words; returns how many, or LEFT_TO_LIBRARY.

    The words stand in `normalized` one behind the other, word i until ends[i], with the hash
    hashes[i]. A word of more than longest_word characters is left empty.
    """
    count = 0
    begin = 0  # of the word in `normalized`
    size = 0  # bytes in `normalized`
    points = 0  # characters of the word
    hashed = OFFSET
    while position <= end:
        entry, following = SPACE_ENTRY, position + 1  # behind the end
        if position < end:
            byte = text[position]
            if added_firsts[byte] and begins_with_any(text, position, end, added, added_offsets):
                return LEFT_TO_LIBRARY
            if byte < 0x80:
                entry = characters[byte]
            else:
                point, following = code_point_at(text, position, end)
                entry = characters[point] if point < characters.size else LEFT_ENTRY
        kind = entry >> SHIFT
        if kind == WORD or (kind == SOLITARY and points == 0):
            points += 1
            position = following
            point = entry & POINT_MASK
            if point < 0x80:
                normalized[size] = point
                size += 1
                hashed = grown(hashed, point)
            else:
                before = size
                size = put_point(normalized, size, point)
                for i in range(before, size):
                    hashed = grown(hashed, normalized[i])
            if kind == WORD:
                continue
        elif kind == DROPPED:
            position = following
            continue
        elif kind == SPACE:
            position = following
        elif kind == LEFT:
            return LEFT_TO_LIBRARY
        # else a solitary character behind an open word: it is looked at again when that is closed
        if points:
            if points > longest_word:
                size = begin
            ends[count] = size
            hashes[count] = hashed
            count += 1
            begin = size
            points = 0
            hashed = OFFSET
    return count


@compiled
def match_words(
    normalized, ends, hashes, count, slot_hashes, slots, spelled, longest_piece, unknown,
    beginnings, ids, used,
):  # fmt: skip
    """Write the ids of `count` words from ids[used] on; returns their end.

    beginnings is scratch, (longest_piece + 1,) uint64.
    """
    mask = slot_hashes.size - 1
    begin = 0
    for word in range(count):
        end = ends[word]
        first = used
        known = begin < end
        start = begin
        length = end - begin  # the whole word is tried first: most are pieces
        hashed = hashes[word]
        hashed_beginnings = False
        while known and start < end:
            known = False
            while length > 0:
                slot = first_slot(hashed, mask)
                while slots[slot, LENGTH]:
                    if (
                        slot_hashes[slot] == hashed
                        and slots[slot, LENGTH] == length
                        and slots[slot, TAIL] == (start > begin)
                    ):
                        known = True
                        at = slots[slot, BEGIN]
                        for i in range(length):
                            known &= spelled[at + i] == normalized[start + i]
                        if known:
                            break
                    slot = (slot + 1) & mask
                if known:
                    ids[used] = slots[slot, NUMBER]
                    used += 1
                    break
                if not hashed_beginnings:
                    length = min(length, longest_piece + 1)
                    hash_beginnings(normalized, start, length - 1, OFFSET, beginnings)
                    hashed_beginnings = True
                length -= 1
                hashed = beginnings[length]
            start += length
            if known and start < end:
                length = min(end - start, longest_piece)
                hash_beginnings(normalized, start, length, TAIL_OFFSET, beginnings)
                hashed = beginnings[length]
                hashed_beginnings = True
        if not known:  # a part is unknown, so the whole word is
            ids[first] = unknown
            used = first + 1
        begin = end
    return used


@compiled
def encode_rows(
    text, offsets, first, last, characters, added_firsts, added, added_offsets,
    slot_hashes, slots, spelled, longest_word, longest_piece, unknown,
    normalized, ends, hashes, beginnings, ids, lengths,
):  # fmt: skip
    """Write the ids of texts first..last-1 to `ids`, one behind the other; returns their end.

    lengths[row] becomes the number of ids of a text, or LEFT_TO_LIBRARY where it has none yet.
    """
    used = 0
    for row in range(first, last):
        count = split_text(
            text, offsets[row], offsets[row + 1], characters, added_firsts, added, added_offsets,
            longest_word, normalized, ends, hashes,
        )  # fmt: skip
        if count == LEFT_TO_LIBRARY:
            lengths[row] = LEFT_TO_LIBRARY
            continue
        after = match_words(
            normalized, ends, hashes, count, slot_hashes, slots, spelled, longest_piece, unknown,
            beginnings, ids, used,
        )  # fmt: skip
        lengths[row] = after - used
        used = after
    return used
