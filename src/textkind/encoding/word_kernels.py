"""UTF-8 bytes to hashed words as GloVe's vectors spell them: compiled, free functions on arrays.

A word's hash mixes the code points of its spelling to 64 bits. Equal hashes count as equal words
and the bytes are not compared: among a million different words two collide once in 30 million
vocabularies.
"""

import numpy as np
from numba import njit

from textkind.encoding.ngram_kernels import (
    MARK_FLAG,
    OFFSET,
    POINT_MASK,
    PRIME,
    SOLITARY_FLAG,
    SPACE_FLAG,
    WORD_FLAG,
    code_point_at,
    mixed,
)

APOSTROPHE, CURLY_APOSTROPHE = np.uint32(0x27), np.uint32(0x2019)
FULL_STOP, COMMA, COLON = np.uint32(ord(".")), np.uint32(ord(",")), np.uint32(ord(":"))
ZERO, NINE = np.uint32(ord("0")), np.uint32(ord("9"))
SMALL = np.uint8(0x20)  # makes an ASCII letter a small one
D, E, L, M, N, R, S, T, V = (np.uint8(ord(letter)) for letter in "delmnrstv")
LONGEST_RUN = 3  # of one symbol: longer runs count as three, as GloVe has ... and seldom more
UNKNOWN = 1
compiled = njit(cache=True, nogil=True, boundscheck=False)


@compiled
def is_apostrophe(point):
    """Whether this is ' or ’, which many editors write for it."""
    return point in (APOSTROPHE, CURLY_APOSTROPHE)


@compiled
def is_digit(point):
    """Whether this is an ASCII digit."""
    return ZERO <= point <= NINE


@compiled
def lowered(point, table):
    """The lower-cased code point; ’ becomes '."""
    if point == CURLY_APOSTROPHE:
        return APOSTROPHE
    return table[point] & POINT_MASK


@compiled
def ends_word(text, position, end, table):
    """Whether no word character stands at `position`."""
    return position >= end or not table[code_point_at(text, position, end)[0]] & WORD_FLAG


@compiled
def clitic_end(text, position, end, table):
    """Where the s, re, ve, ll, d or m at `position` ends, if a word ends there; else 0.

    Of 't only the t is found, so what is before it has to be looked at.
    """
    if position >= end:
        return 0
    first = text[position] | SMALL
    length = 0
    if first in (S, T, D, M):
        length = 1
    elif position + 1 < end:
        second = text[position + 1] | SMALL
        if (second == E and first in (R, V)) or (second == L and first == L):
            length = 2
    if length and ends_word(text, position + length, end, table):
        return position + length
    return 0


@compiled
def acronym_end(text, position, end, table):
    """Where a row of two or more letters with a full stop each ends (U.S., p.m.); else 0."""
    letters = 0
    while position < end:
        point, after = code_point_at(text, position, end)
        if not table[point] & WORD_FLAG or table[point] & SOLITARY_FLAG:
            break
        if is_digit(point) or after >= end or text[after] != FULL_STOP:
            return 0
        position = after + 1
        letters += 1
    return position if letters > 1 and ends_word(text, position, end, table) else 0


@compiled
def hash_of(text, start, end, table):
    """The hash of the word that is all of text[start:end]."""
    hashed = OFFSET
    while start < end:
        point, start = code_point_at(text, start, end)
        hashed = (hashed ^ np.uint64(lowered(point, table))) * PRIME
    return mixed(hashed)


@compiled
def run_end(text, position, end, table):
    """Where the run of word characters at `position` ends, or the run of equal symbols.

    Marks between two digits are inside (1,000 3.5 10:30); don't ends behind do, and n't behind t.
    """
    begin = last = position
    previous, position = code_point_at(text, position, end)
    entry = table[previous]
    word, alone = entry & WORD_FLAG, entry & SOLITARY_FLAG
    while position < end:
        point, after = code_point_at(text, position, end)
        entry = table[point]
        if alone:
            if not entry & MARK_FLAG:
                break
        elif not word:
            if point != previous:
                break
        elif not entry & WORD_FLAG or entry & SOLITARY_FLAG:
            if is_apostrophe(point) and previous | SMALL == N and after < end:
                stop = clitic_end(text, after, end, table)
                if stop and text[after] | SMALL == T:
                    return last if last > begin else stop
            if not (
                is_digit(previous)
                and point in (FULL_STOP, COMMA, COLON)
                and after < end
                and is_digit(np.uint32(text[after]))
            ):
                break
        previous, last, position = point, position, after
    return position


@compiled
def split_tokens(text, start, end, table, hashes, spans):
    """Hash the words of text[start:end]; returns how many.

    hashes[i] is the hash of word i, spans[i] its byte range. Words are runs of word characters,
    without the n't or 's behind them, which are words too; numbers with their inner marks; rows
    of letters with full stops; single letters, with marks, of scripts without spaces; runs of one
    symbol, of which the span has three at most.
    """
    count = 0
    position = start
    while position < end:
        point, after = code_point_at(text, position, end)
        entry = table[point]
        if entry & SPACE_FLAG:
            position = after
            continue
        stop = 0
        if is_apostrophe(point):
            stop = clitic_end(text, after, end, table)
            if stop and text[after] | SMALL == T:
                stop = 0
        elif entry & WORD_FLAG and after < end and text[after] == FULL_STOP:
            stop = acronym_end(text, position, end, table)
        if not stop:
            stop = run_end(text, position, end, table)
        spans[count, 0] = position
        position = stop
        if not entry & WORD_FLAG:
            stop = min(stop, spans[count, 0] + LONGEST_RUN * (after - spans[count, 0]))
        hashes[count] = hash_of(text, spans[count, 0], stop, table)
        spans[count, 1] = stop
        count += 1
    return count


@compiled
def slot_of(hashed, slot_hashes, slot_values):
    """Where an open-addressing table of a power of two has this hash, or would put it."""
    mask = slot_hashes.size - 1
    slot = np.int64(hashed >> np.uint64(32)) & mask
    while slot_values[slot] and slot_hashes[slot] != hashed:
        slot = (slot + 1) & mask
    return slot


@compiled
def fill_slots(hashes, first, slot_hashes, slot_values):
    """Put hashes[i] with the value first + i into a table that is empty where the value is 0."""
    for i in range(hashes.size):
        slot = slot_of(hashes[i], slot_hashes, slot_values)
        slot_hashes[slot] = hashes[i]
        slot_values[slot] = first + i


@compiled
def count_words(content, offsets, first, last, table, hashes, spans):
    """Count the different words of texts first..last - 1.

    Returns their hashes (W,) uint64 and (W, 3) int64: how often each stands there, and the byte
    range of the first, in order of appearance.
    """
    room = 1 << 12
    found = np.empty(room, np.uint64)
    facts = np.empty((room, 3), np.int64)
    slot_hashes = np.empty(4 * room, np.uint64)
    slot_values = np.zeros(4 * room, np.int32)
    different = 0
    for row in range(first, last):
        number = split_tokens(content, offsets[row], offsets[row + 1], table, hashes, spans)
        for i in range(number):
            slot = slot_of(hashes[i], slot_hashes, slot_values)
            if slot_values[slot]:
                facts[slot_values[slot] - 1, 0] += 1
                continue
            if different == room:
                found = np.concatenate((found, np.empty(room, np.uint64)))
                facts = np.concatenate((facts, np.empty((room, 3), np.int64)))
                room *= 2
                slot_hashes = np.empty(4 * room, np.uint64)
                slot_values = np.zeros(4 * room, np.int32)
                fill_slots(found[:different], 1, slot_hashes, slot_values)
                slot = slot_of(hashes[i], slot_hashes, slot_values)
            found[different] = hashes[i]
            facts[different, 0] = 1
            facts[different, 1:] = spans[i]
            different += 1
            slot_hashes[slot] = hashes[i]
            slot_values[slot] = different
    return found[:different], facts[:different]


@compiled
def encode_rows(
    content, offsets, first, last, table, slot_hashes, slot_values,
    hashes, spans, ids, lengths,
):  # fmt: skip
    """The word ids of texts first..last - 1 one behind the other in `ids`; returns how many."""
    used = 0
    for row in range(first, last):
        begin = used
        number = split_tokens(content, offsets[row], offsets[row + 1], table, hashes, spans)
        for i in range(number):
            value = slot_values[slot_of(hashes[i], slot_hashes, slot_values)]
            ids[used] = value if value else UNKNOWN
            used += 1
        lengths[row] = used - begin
    return used


@compiled
def whole_words(content, offsets, table, hashes, spans, found):
    """found[row] is the hash of a text that is one word and nothing else, 0 for other texts."""
    for row in range(found.size):
        number = split_tokens(content, offsets[row], offsets[row + 1], table, hashes, spans)
        whole = number == 1 and spans[0, 0] == offsets[row] and spans[0, 1] == offsets[row + 1]
        found[row] = hashes[0] if whole else np.uint64(0)


@compiled
def spell(content, places, table, spelled, offsets):
    """Write the lower-cased UTF-8 of the words at the byte ranges `places`, one after the other.

    Word i gets spelled[offsets[i]:offsets[i + 1]].
    """
    written = 0
    offsets[0] = 0
    for i in range(places.shape[0]):
        position, end = places[i]
        while position < end:
            point, position = code_point_at(content, position, end)
            point = lowered(point, table)
            if point < 0x80:
                spelled[written] = point
                written += 1
                continue
            more = 1 if point < 0x800 else 2 if point < 0x10000 else 3
            spelled[written] = (0xFF00 >> (more + 1)) & 0xFF | point >> np.uint32(6 * more)
            for k in range(more):
                low = point >> np.uint32(6 * (more - 1 - k)) & np.uint32(0x3F)
                spelled[written + 1 + k] = np.uint32(0x80) | low
            written += more + 1
        offsets[i + 1] = written
    return written
