"""Files on the page: labelled as `textkind predict` labels them, whatever happens on the way."""

import csv
import io
import os
import signal

import pytest

from textkind.workflow.predict import predict

from .conftest import tickets
from .page_steps import upload

ROWS = 10_000


@pytest.fixture(scope="module")
def server(start_server, run_folder):
    return start_server(run_folder, "--max-texts", "150", "--max-characters", "500")


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory):
    """10,000 rows with a label of their own, quotes, line ends and semicolons in the texts."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "text", "label"])
        for row, one in enumerate(tickets(ROWS, seed=3)):
            odd = ("", ', "urgent"', "\nthanks; bye", " \u05e9\U0001f600")[row % 4]
            writer.writerow([row, one["text"] + odd, one["label"]])
    return path


@pytest.fixture(scope="module")
def offline(run_folder, rows_file):
    """What the command says of these rows."""
    out = rows_file.with_name("offline.csv")
    predict(run_folder, rows_file, out)
    return comparable(out.read_text(encoding="utf-8"))


def comparable(text):
    """Rows of a CSV of predictions, probabilities as numbers."""
    names, *rows = csv.reader(io.StringIO(text, newline=""))
    place = names.index("predicted_probability")
    return names, [[*row[:place], float(row[place]), *row[place + 1 :]] for row in rows]


def downloaded(page):
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the predictions").click()
    return download.value.suggested_filename, download.value.path().read_bytes().decode()


def test_ten_thousand_rows_come_back_as_the_command_labels_them(opened, server, rows_file, offline):
    page = opened(server)
    upload(page, rows_file.read_bytes())
    page.get_by_text("10,000 rows labelled by tickets, 0 rows not.").wait_for()
    assert "fields are separated by commas" in page.locator("#file-told").inner_text()
    assert page.get_by_label("Column with the texts").input_value() == "1"
    name, text = downloaded(page)
    assert name == "rows.labelled.csv"
    assert comparable(text) == offline
    counts = page.locator("#outcome tbody tr").evaluate_all(
        "rows => rows.map(row => Number(row.cells[1].textContent.replace(',', '')))"
    )
    assert sum(counts) == ROWS
    assert page.heard == []


def test_rows_that_fail_are_listed_by_their_lines_and_the_others_are_labelled(opened, server):
    page = opened(server)
    lines = ["text,more"] + [f"parcel {row},x" for row in range(400)]
    lines[10] = "a\0b,x"  # line 11 of the file
    lines[11] = "late " * 200 + ",x"
    lines[200] = "too,many,fields"
    lines[300] = '"two\nlines",x'
    lines[350] = "a\0b,x"  # one line further down
    upload(page, "\ufeff" + "\n".join(lines))
    page.get_by_text("396 rows labelled by tickets, 4 rows not.").wait_for()
    lost = page.get_by_role("region", name="Rows that are not in the download").locator("tbody tr")
    told = lost.evaluate_all("rows => rows.map(row => [...row.cells].map(one => one.textContent))")
    assert told == [
        ["11", "a text holds a NUL character"],
        ["12", "at most 500 characters a text"],
        ["201", "wrong number of fields: 3 where the first line has 2"],
        ["352", "a text holds a NUL character"],
    ]
    text = downloaded(page)[1]
    assert text[0] == "\ufeff"  # as it came
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert len(rows) == 396
    assert {row["label"] for row in rows if row["text"].startswith("parcel")} == {"delivery"}


def test_a_file_is_dropped_and_its_column_chosen(opened, server):
    page = opened(server)
    page.locator("#file:enabled").wait_for()
    transfer = page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["kurz;lang\\nparcel;my password is locked\\n"], "a.csv"));
            return transfer;
        }"""
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    page.get_by_text("a.csv: 1 row, 2 columns; fields are separated by semicolons.").wait_for()
    assert page.locator("#example").inner_text() == "my password is locked"
    page.get_by_label("Column with the texts").select_option("kurz")
    assert page.locator("#example").inner_text() == "parcel"
    page.get_by_role("button", name="Label the rows").click()
    assert downloaded(page)[1].splitlines()[1].split(",")[2] == "delivery"
    page.get_by_label("The first line holds").uncheck()
    page.get_by_text("a.csv: 2 rows").wait_for()
    assert page.get_by_label("Column with the texts").inner_text().split() == [
        "column",
        "1",
        "column",
        "2",
    ]


def test_work_can_be_cancelled_and_begun_again(opened, server, rows_file):
    page = opened(server)
    page.route("**/v1/predict", lambda route: None)  # never answered
    upload(page, rows_file.read_bytes())
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled: nothing was kept.").wait_for()
    assert page.get_by_role("link", name="Download").count() == 0
    page.unroute("**/v1/predict")
    upload(page, "text\nparcel\n")
    page.get_by_text("1 row labelled by tickets, 0 rows not.").wait_for()


def test_a_file_that_is_none_is_told(opened, server):
    page = opened(server)
    page.locator("#file:enabled").set_input_files(
        {"name": "<b>.csv", "mimeType": "text/csv", "buffer": b"PK\x03\x04"}
    )
    page.get_by_text(
        "<b>.csv is an Excel workbook or a zip archive. Save the table as CSV."
    ).wait_for()
    assert page.get_by_role("button", name="Label the rows").count() == 0


def test_what_a_model_cannot_promise_ends_the_work(opened, server):
    page = opened(server)
    error = {"problem": "nothing to promise by", "found": None, "where": "", "hint": "ask for less"}
    page.route("**/v1/predict", lambda route: route.fulfill(status=409, json={"error": error}))
    upload(page, "text\nparcel\n")
    page.get_by_text("Nothing to promise by; ask for less.").wait_for()


def test_a_service_killed_meanwhile_loses_no_row(
    opened, start_server, run_folder, free_port, rows_file, offline
):
    server = start_server(run_folder, port=free_port)
    page = opened(server)
    killed = []

    def pass_on(route):
        if len(killed) < 5:
            killed.append(1)
            if len(killed) == 5:
                os.kill(server.process.pid, signal.SIGKILL)
        route.continue_()

    page.route("**/v1/predict", pass_on)
    upload(page, rows_file.read_bytes())
    page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    server.stop()
    start_server(run_folder, port=free_port)
    page.get_by_text("10,000 rows labelled by tickets, 0 rows not.").wait_for()
    assert comparable(downloaded(page)[1]) == offline
