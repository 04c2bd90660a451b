"""Label names are read as words, and a file of them that makes no sense is refused."""

import pytest

from textkind.data.label_names import read_label_names, words_of
from textkind.errors import ColumnError, DataError


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card_arrival", "card arrival"),
        ("cardArrival", "card Arrival"),
        ("HTTPError", "HTTP Error"),
        ("comp.sys.ibm-pc", "comp sys ibm pc"),
        ("NUM:dist", "NUM dist"),
        ("  two  words ", "two words"),
        ("top10List", "top10 List"),
        ("日本", "日本"),
        ("___", ""),
    ],
)
def test_a_name_is_read_as_words(name, words):
    assert words_of(name) == words


def write(tmp_path, name, content, encoding="utf-8"):
    path = tmp_path / name
    path.write_text(content, encoding=encoding)
    return path


def test_lines_are_names_in_the_order_of_label_sets(tmp_path):
    found = read_label_names(write(tmp_path, "labels.txt", "\ufeffloan\n\ncard, lost \r\n"))
    assert found.labels.names == ("card, lost", "loan")
    assert found.descriptions == ("", "")


@pytest.mark.parametrize(("name", "between"), [("labels.csv", ","), ("labels.TSV", "\t")])
def test_a_table_has_names_and_descriptions_that_may_be_missing(tmp_path, name, between):
    lines = [("Description", "Label"), ('"a plastic, or not"', "card"), ("", "loan")]
    content = "".join(between.join(cells) + "\n" for cells in lines)
    found = read_label_names(write(tmp_path, name, content))
    assert found.labels.names == ("card", "loan")
    assert found.descriptions == ("a plastic, or not", "")


def test_a_table_without_descriptions_is_one_too(tmp_path):
    found = read_label_names(write(tmp_path, "labels.csv", "label\nb\na\n"))
    assert (found.labels.names, found.descriptions) == (("a", "b"), ("", ""))


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("labels.txt", "", DataError, "no label names"),
        ("labels.csv", "", DataError, "no label names"),
        ("labels.csv", "label\n", DataError, "no label names"),
        ("labels.txt", "card\n", DataError, "one label name"),
        ("labels.txt", "card\nloan\ncard\n", DataError, "same label name twice; found 'card'"),
        ("labels.txt", "card\n---\n", DataError, "without a word; found '---'"),
        ("labels.csv", "label,description\ncard,a\n,b\n", DataError, "without a word"),
        ("labels.csv", "title,description\ncard,a\n", ColumnError, "no column of label names"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path, name, content, error, words):
    path = write(tmp_path, name, content)
    with pytest.raises(error, match=words) as caught:
        read_label_names(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file of labels"):
        read_label_names(tmp_path / "none.txt")
    with pytest.raises(DataError, match="cannot be read"):
        read_label_names(write(tmp_path, "labels.txt", "déjà\nvu\n", encoding="latin-1"))
