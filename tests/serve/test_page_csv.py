"""CSV in the browser: what Python's csv reads and writes, and words for files that are none."""

import csv
import io
import random

import pytest

from textkind.serve.page_files import page_files

FILES = page_files()
HOME = "http://page.test"


@pytest.fixture(scope="module")
def page(browser):
    """The files of the page without a service behind them."""
    context = browser.new_context()
    page = context.new_page()

    def answer(route):
        file = FILES.get(route.request.url.removeprefix(HOME))
        if file is None:
            route.fulfill(status=404)
        else:
            route.fulfill(body=file.body, content_type=file.kind.decode())

    page.route("**/*", answer)
    page.goto(HOME + "/page/icon.svg")
    yield page
    context.close()


def call(page, module, expression, *arguments):
    """The value of an expression over what a module exports as `it`, and its arguments."""
    return page.evaluate(
        f"async given => {{ const it = await import('{HOME}/page/{module}.js');"
        f" return await ({expression})(...given); }}",
        list(arguments),
    )


PARSE = "(all) => all.map(([text, delimiter]) => it.parse(text, delimiter).records)"

CASES = {
    "plain": "a,b\n1,2\n",
    "no last line end": "a,b\n1,2",
    "an empty last field": "a,b\n1,",
    "quotes": '"a","b"\n"1,5","say ""hi"""\n',
    "line ends in a field": 'a,b\r\n"1\r\n2\n3\r4",x\r\ny,z\r\n',
    "carriage returns": "a,b\r1,2\r",
    "empty lines": "a\n\n\r\nb\n\n",
    "an empty field in quotes": 'a\n""\nb\n',
    "a quote within": 'a"b,c\n5" x 3",d\n',
    "text after a quote": '"a"b,c\n"a" ,c\n"a"b"c,d\n',
    "spaces": ' a , "b"\n',
    "an open quote": 'a,b\n"1,2\n3,4\n',
    "a quote at the very end": 'a,"',
    "only delimiters": ",,\n,\n",
    "beyond the first plane": "\U0001f600,\u05e9\n\u202e,x\u2028y\n",
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_records_are_those_of_python(page, delimiter):
    texts = [text.replace(",", delimiter) for text in CASES.values()]
    generator = random.Random(0)
    alphabet = ["a", " ", delimiter, delimiter, '"', '"', '""', "\n", "\r\n", "\r", ",", ";"]
    texts += ["".join(generator.choices(alphabet, k=generator.randrange(30))) for _ in range(500)]
    found = call(page, "csv", PARSE, [[text, delimiter] for text in texts])
    for text, records in zip(texts, found, strict=True):
        assert [one["fields"] for one in records] == python_rows(text, delimiter), repr(text)


def python_rows(text, delimiter):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [row for row in reader if row]


def test_a_record_has_the_line_where_it_begins(page):
    text = 'a,b\n\n"1\n2\r\n3",x\r\ny,"\r"\rz,z\n'
    records = call(page, "csv", PARSE, [[text, ","]])[0]
    assert [one["line"] for one in records] == [1, 3, 6, 8]


def test_what_is_written_is_read_by_python(page):
    generator = random.Random(1)
    alphabet = ["a", ",", '"', "\n", "\r", " ", ";", "\U0001f600"]
    rows = [
        ["".join(generator.choices(alphabet, k=generator.randrange(6))) for _ in range(width)]
        for width in generator.choices([1, 2, 3], k=300)
    ]
    written = call(page, "csv", "(rows) => it.format(rows)", rows)
    assert python_rows(written, ",") == rows


TABLE = """async (bytes, name) => {
    const file = new File([new Uint8Array(bytes)], name);
    try {
        const found = await it.readRecords(file);
        return { fields: found.records.map((one) => one.fields), ...found };
    } catch (error) {
        return { error: error.message };
    }
}"""


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "id,text\n1,x; y\n", "commas"),
        ("a.csv", "id;text\n1;x, y, z\n2;a, b\n", "semicolons"),
        ("a.csv", "id\ttext\n1\tx, y\n", "tabs"),
        ("a.tsv", "id,a\ttext\n1,b\tx, y\n", "tabs"),
        ("a.csv", "id|text\n1|x, y\n", "bars"),
        ("a.csv", 'text;id\n"a;b\nc";1\n', "semicolons"),
        ("a.csv", "text\nx, y\nz\n", "commas"),
    ],
)
def test_the_delimiter_is_found_and_told(page, name, content, told):
    found = call(page, "table", TABLE, list(content.encode()), name)
    assert found["notes"][0] == f"fields are separated by {told}"


def test_encodings_with_a_mark_are_followed(page):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        found = call(
            page, "table", TABLE, list("text,b\nä\U0001f600,1\n".encode(encoding)), "a.csv"
        )
        assert found["fields"] == [["text", "b"], ["ä\U0001f600", "1"]]
        assert found["marked"] == (encoding != "utf-8")


def test_quotes_that_do_not_quote_are_plain(page):
    found = call(page, "table", TABLE, list(b'text\tid\n"so" he said\t1\n"open\t2\n'), "a.tsv")
    assert found["fields"] == [["text", "id"], ['"so" he said', "1"], ['"open', "2"]]
    assert "quotes are read as plain characters" in found["notes"][1]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "a.csv is empty."),
        (b" \n\n", "a.csv is empty."),
        (b"PK\x03\x04rest", "an Excel workbook or a zip archive"),
        (b"PAR1rest", "a Parquet file"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"text\ncaf\xe9\n", "is not UTF-8"),
        (
            b'text,b\nx,1\n"never closed,2\nx\n',
            "Line 3 of a.csv opens a quote that is never closed",
        ),
    ],
)
def test_what_cannot_be_read_is_told(page, content, told):
    assert told in call(page, "table", TABLE, list(content), "a.csv")["error"]


def test_uneven_rows_are_left_out_by_their_lines(page):
    made = """async (text) => {
        const { records } = await it.readRecords(new File([text], "a.csv"));
        const table = it.tableOf(records, true);
        return { ...table, column: it.textColumn(table) };
    }"""
    table = call(page, "table", made, 'id,said\n1,"a\nlong one"\n2\n3,"x" y\n\n4,b\n')
    assert table["names"] == ["id", "said"]
    assert table["column"] == 1
    assert [row["line"] for row in table["rows"]] == [2, 7]
    assert [(one["line"], one["why"].split(":")[0]) for one in table["rejected"]] == [
        (4, "wrong number of fields"),
        (5, "text after a closing quote"),
    ]


def test_without_a_header_columns_are_counted(page):
    table = call(page, "table", "(rows) => it.tableOf(rows, false)", [
        {"line": 1, "fields": ["a", "b"], "flawed": False},
    ])  # fmt: skip
    assert table["names"] == ["column 1", "column 2"]
    assert len(table["rows"]) == 1


def test_predictions_have_the_columns_of_the_command(page):
    made = """(several, names, asked, result, labels) =>
        it.predictionsCsv(
            { names, rows: [{ fields: names }] }, [result], { several, labels }, asked, false)"""
    one = {"label": None, "probability": 0.5, "answered": False, "novel": True}
    asked = {"max_error": 0.1, "reject_novel": 0.9}
    told = call(page, "predictions", made, False, ["text", "label"], asked, one, ["a"])
    assert told.splitlines() == [
        "text,label,predicted_label,predicted_probability,predicted_answered,predicted_novel",
        "text,label,,0.5,false,true",
    ]
    many = {"labels": ["a", "b"], "probabilities": [0.9, 0.8], "label_set": ["a"]}
    told = call(page, "predictions", made, True, ["text"], {"sets": 0.9}, many, ["a", "b"])
    assert told.splitlines()[1] == "text,a|b,0.9|0.8,a"
    told = call(page, "predictions", made, True, ["text"], {"sets": 0.9}, many, ["a", "b", "c|d"])
    assert told.splitlines()[1] == "text,a;b,0.9;0.8,a"
