"""Reading ahead and writing behind keep the order, the bounds and every error."""

import threading
import time

import pytest

from textkind.workflow.overlap import MOST, ahead, behind


def test_items_come_in_order_and_only_a_few_are_read_ahead():
    taken, read = [], []

    def items():
        for number in range(20):
            read.append(number)
            yield number

    with ahead(items()) as found:
        for number in found:
            time.sleep(0.002)
            taken.append(number)
            # those that wait, and the one that waits to be put
            assert len(read) <= len(taken) + MOST + 1
    assert taken == list(range(20))


def test_what_the_reader_raises_comes_behind_the_items_before_it():
    def items():
        yield 1
        raise ValueError("broken")

    taken = []
    with pytest.raises(ValueError, match="broken"), ahead(items()) as found:
        taken.extend(found)
    assert taken == [1]


def test_a_reader_ends_when_nobody_takes_any_more():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    def take_one():
        with ahead(items()) as found:
            next(found)
            raise KeyError("enough")

    with pytest.raises(KeyError):
        take_one()
    assert closed.wait(5)
    assert not [one for one in threading.enumerate() if one.name == "textkind-reader"]


def test_all_is_written_in_order_before_the_block_ends():
    written = []

    def write(items):
        for item in items:
            time.sleep(0.002)
            written.append(item)

    with behind(write) as put:
        for number in range(10):
            put(number)
    assert written == list(range(10))


def test_what_the_writer_raises_is_raised_where_it_is_fed():
    def write(items):
        next(items)
        raise OSError("disk full")

    def feed(many):
        with behind(write) as put:
            for number in range(many):
                put(number)

    for many in (1, 1000):
        with pytest.raises(OSError, match="disk full"):
            feed(many)


def test_a_writer_clears_up_where_its_feeder_fails_and_its_notes_come_along():
    left = []

    def write(items):
        try:
            for _ in items:
                pass
        except BaseException as error:
            error.add_note("nothing was written")
            left.append(type(error).__name__)
            raise

    def fail():
        with behind(write) as put:
            put(1)
            raise ValueError("bad block")

    with pytest.raises(ValueError, match="bad block") as raised:
        fail()
    assert left == ["Abandoned"]
    assert raised.value.__notes__ == ["nothing was written"]
