"""UTF-8 bytes to hashed n-grams: compiled kernels, free functions on arrays.

A text is cut into units (words, or the characters of a word), each unit hashed to 64 bits; an
n-gram's hash mixes those of its units, and its top bits name a bucket. Which texts stand beside it
does not matter, and every pass reads the bytes once.

Broken UTF-8 never gets here: Arrow strings are valid by construction.
"""

import numpy as np
from numba import njit

from textkind.encoding.characters import CODE_POINT, FLAG_SHIFT, MARK, SOLITARY, SPACE, WORD

OFFSET = np.uint64(0xCBF29CE484222325)  # FNV-1a start value (Fowler, Noll, Vo)
PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: multiplicative hashing (Knuth)
MIX = np.uint64(0xBF58476D1CE4E5B9)  # first multiplier of splitmix64's finaliser
BORDER = np.uint64(0x20)  # the space on either side of a word, for character n-grams
POINT_MASK = np.uint32(CODE_POINT)
WORD_FLAG = np.uint32(WORD << FLAG_SHIFT)
SOLITARY_FLAG = np.uint32(SOLITARY << FLAG_SHIFT)
SPACE_FLAG = np.uint32(SPACE << FLAG_SHIFT)
MARK_FLAG = np.uint32(MARK << FLAG_SHIFT)
compiled = njit(cache=True, nogil=True, boundscheck=False)


@compiled
def code_point_at(text, position, end):
    """The code point that starts at `position`, and where the next one starts."""
    first = np.uint32(text[position])
    if first < 0x80:
        return first, position + 1
    if first < 0xE0:
        length, point = 2, first & np.uint32(0x1F)
    elif first < 0xF0:
        length, point = 3, first & np.uint32(0x0F)
    else:
        length, point = 4, first & np.uint32(0x07)
    stop = min(position + length, end)
    for i in range(position + 1, stop):
        point = (point << np.uint32(6)) | (np.uint32(text[i]) & np.uint32(0x3F))
    return point, stop


@compiled
def mixed(hashed):
    """Spread every bit of a running hash over all bits."""
    return (hashed ^ (hashed >> np.uint64(32))) * MIX


@compiled
def combine(left, right):
    """The hash of an n-gram from that of its beginning and that of its last unit."""
    return mixed((left * PRIME) ^ right)


@compiled
def split_words(text, start, end, table, symbols, hashes, spans):
    """Hash the words of text[start:end]; returns how many.

    A word is a run of word characters; a letter of a script without spaces, with its marks, is a
    word by itself; with `symbols`, so is each run of one repeated other character (!!!, :, an
    emoji). hashes[i] is the hash of word i, spans[i] its byte range.
    """
    count = 0
    position = start
    open_word = False
    hashed = OFFSET
    last_symbol = np.uint32(0)
    while position < end:
        point, after = code_point_at(text, position, end)
        entry = table[point]
        lowered = entry & POINT_MASK
        if entry & WORD_FLAG:
            alone = entry & SOLITARY_FLAG
            if open_word and alone:
                hashes[count] = mixed(hashed)
                spans[count, 1] = position
                count += 1
                open_word = False
            if not open_word:
                hashed = OFFSET
                spans[count, 0] = position
                open_word = True
            hashed = (hashed ^ np.uint64(lowered)) * PRIME
            if alone:
                while after < end:  # the marks that belong to this letter
                    point, next_after = code_point_at(text, after, end)
                    if not table[point] & MARK_FLAG:
                        break
                    hashed = (hashed ^ np.uint64(point)) * PRIME
                    after = next_after
                hashes[count] = mixed(hashed)
                spans[count, 1] = after
                count += 1
                open_word = False
            last_symbol = np.uint32(0)
        else:
            if open_word:
                hashes[count] = mixed(hashed)
                spans[count, 1] = position
                count += 1
                open_word = False
            if symbols and not entry & SPACE_FLAG:
                if lowered == last_symbol:
                    if spans[count - 1, 1] - spans[count - 1, 0] == after - position:
                        hashes[count - 1] = combine(hashes[count - 1], OFFSET)  # two or more
                    spans[count - 1, 1] = after
                else:
                    hashes[count] = (OFFSET ^ np.uint64(lowered)) * PRIME
                    spans[count, 0] = position
                    spans[count, 1] = after
                    count += 1
                last_symbol = lowered
            else:
                last_symbol = np.uint32(0)
        position = after
    if open_word:
        hashes[count] = mixed(hashed)
        spans[count, 1] = end
        count += 1
    return count


@compiled
def word_ngrams(words, count, shortest, longest, found):
    """Hash the runs of `shortest` to `longest` words; returns how many were written to `found`."""
    written = 0
    for first in range(count):
        gram = words[first]
        if shortest == 1:
            found[written] = gram
            written += 1
        for last in range(first + 1, min(first + longest, count)):
            gram = combine(gram, words[last])
            if last - first + 1 >= shortest:
                found[written] = gram
                written += 1
    return written


@compiled
def character_ngrams(text, start, end, table, borders, shortest, longest, points, found):
    """Hash the runs of `shortest` to `longest` characters; returns how many were written.

    Runs of white space count as one space. With `borders` an n-gram stays within one stretch
    between white space, which has a space on both sides; a stretch shorter than n gives itself
    once, as scikit-learn's char_wb does.
    """
    written = 0
    length = 1
    points[0] = BORDER
    position = start
    while position <= end:
        if position < end:
            point, after = code_point_at(text, position, end)
            entry = table[point]
            space = entry & SPACE_FLAG != 0
        else:
            after = end + 1
            entry = np.uint32(BORDER)
            space = True
        if not space:
            points[length] = np.uint64(entry & POINT_MASK)
            length += 1
        elif length > 1:
            if borders or position >= end:
                if borders or points[length - 1] != BORDER:
                    points[length] = BORDER
                    length += 1
                for first in range(length):
                    gram = OFFSET
                    for last in range(first, min(first + longest, length)):
                        gram = (gram ^ points[last]) * PRIME
                        if last - first + 1 >= shortest:
                            found[written] = mixed(gram)
                            written += 1
                    if first == 0 and length < shortest:
                        found[written] = mixed(gram)
                        written += 1
                length = 1
            elif points[length - 1] != BORDER:
                points[length] = BORDER
                length += 1
        position = after
    return written


@compiled
def count_buckets(hashes, count, shift, base, slots, buckets, counts, written):
    """Collect the different buckets of hashes[:count] with their counts, in order of appearance.

    bucket = base + (hash >> shift). `slots` is an int32 scratch table of a power of two; buckets
    and counts are filled from index `written` on; returns the index behind the last.
    """
    size = 16
    while size < 2 * count:
        size *= 2
    slots[:size] = -1
    mask = size - 1
    begin = written
    for i in range(count):
        bucket = base + np.int32(hashes[i] >> shift)
        slot = bucket & mask
        while slots[slot] >= 0 and buckets[begin + slots[slot]] != bucket:
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot] = written - begin
            buckets[written] = bucket
            counts[written] = 1
            written += 1
        else:
            counts[begin + slots[slot]] += 1
    return written


@compiled
def hash_text(
    text, start, end, table, words, characters, borders, symbols, bits,
    hashes, spans, points, found, slots, buckets, counts, written,
):  # fmt: skip
    """Count the n-gram buckets of text[start:end] from index `written` on: words, then characters.

    words and characters are (shortest, longest), or (0, 0) to leave them out. Returns the index
    behind the last word n-gram and behind the last n-gram.
    """
    shift = np.uint64(64 - bits)
    if words[1] > 0:
        units = split_words(text, start, end, table, symbols, hashes, spans)
        count = word_ngrams(hashes, units, words[0], words[1], found)
        written = count_buckets(found, count, shift, 0, slots, buckets, counts, written)
    middle = written
    if characters[1] > 0:
        count = character_ngrams(
            text, start, end, table, borders, characters[0], characters[1], points, found
        )
        base = np.int32(1) << np.int32(bits)
        written = count_buckets(found, count, shift, base, slots, buckets, counts, written)
    return middle, written


@compiled
def text_keys(content, offsets, keys):
    """Hash the bytes of every text to 64 bits: their order does not depend on the file's."""
    for row in range(keys.size):
        key = OFFSET
        for i in range(offsets[row], offsets[row + 1]):
            key = (key ^ np.uint64(content[i])) * PRIME
        keys[row] = mixed(key)
