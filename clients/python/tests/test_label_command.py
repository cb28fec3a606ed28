"""`questiontopic label` as a process: its streams, exit codes and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .command import run, start
from .conftest import Serve
from .labelling import coarse_service, csv_rows, questions, table_of
from .service import refuse_bad

_WITH_PEAK = """
import sys
from questiontopic.command import main
code = main()
with open("/proc/self/status") as status:
    print("peak:", *(line.split()[1] for line in status if line.startswith("VmHWM:")), file=sys.stderr)
sys.exit(code)
"""


def test_standard_input_goes_to_standard_output(serve: Serve) -> None:
    outcome = run("label", "--address", serve(coarse_service()), "--format", "csv", lines="text\nWho?\n")
    assert (outcome.code, outcome.output) == (0, "text,topic,confidence,label_error\nWho?,HUM,0.7500,\n")
    assert outcome.error.startswith("questiontopic: 1 row: 1 labelled, 0 with an error; ")
    assert len(outcome.error.splitlines()) == 1


def test_rows_are_answered_while_the_input_is_still_open(serve: Serve) -> None:
    flags = ("--format", "jsonl", "--texts-per-call", "1", "--in-flight", "1")
    with start("label", "--address", serve(coarse_service()), *flags) as process:
        assert process.stdin and process.stdout
        for _ in range(3):
            process.stdin.write(b'{"text":"Who?"}\n')
            process.stdin.flush()
            assert (
                process.stdout.readline() == b'{"text":"Who?","topic":"HUM","confidence":0.7500,"label_error":null}\n'
            )
        process.stdin.close()
        assert process.wait() == 0


def test_rows_with_errors_are_summed_up_and_make_the_exit_code_3(serve: Serve) -> None:
    outcome = run(
        "label", "--address", serve(coarse_service(refuse_bad)), "--format", "csv", lines="text\nbad\n \nWho?\n \n"
    )
    assert outcome.code == 3
    assert outcome.error.splitlines()[1:] == [
        "questiontopic: 1 × must be good, not bad: row 1",
        "questiontopic: 2 × must have a character that is not white space: rows 2, 4",
    ]


def test_the_bar_counts_bytes_and_rows(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(questions(200))
    flags = (str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv"))
    outcome = run("label", "--address", serve(coarse_service()), "--progress", *flags)
    last = outcome.error.split("\r")[-1].splitlines()[0]
    assert last.startswith("100%")
    assert "200 rows, " in last and " rows/s" in last
    assert "%" not in run("label", "--address", serve(coarse_service()), *flags, "--overwrite").error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "standard input: name its format with --format csv|tsv|jsonl|parquet"),
        (("a.xls",), "a.xls: name its format with --format csv|tsv|jsonl|parquet"),
        (("a.csv", "--resume"), "--resume: name the file with --output"),
        (("a.csv", "--output", "b.csv", "--resume", "--overwrite"), "--resume and --overwrite: choose one"),
        (("a.csv", "--delimiter", "::"), "argument --delimiter: must be one character"),
        (("a.jsonl", "--delimiter", ";"), "--delimiter is for csv and tsv; the input is jsonl"),
        (("a.csv", "--texts-per-call", "513"), "argument --texts-per-call: must be a whole number from 1 to 512"),
        (("a.csv", "--in-flight", "65"), "argument --in-flight: must be a whole number from 1 to 64"),
        (("a.csv", "--patience", "-1"), "argument --patience: must be a decimal number, at most 86400"),
        (("a.csv", "--address", "example.com:1"), "is not this machine: choose --tls or --plaintext"),
    ],
)
def test_wrong_usage_is_named(arguments: tuple[str, ...], message: str) -> None:
    outcome = run("label", *arguments)
    assert (outcome.code, outcome.output) == (2, "")
    assert outcome.error.startswith("questiontopic label: ")
    assert message in outcome.error


def test_a_file_that_is_not_there_is_named(serve: Serve, tmp_path: Path) -> None:
    outcome = run("label", "--address", serve(coarse_service()), str(tmp_path / "no.csv"))
    assert outcome == (1, "", f"questiontopic: {tmp_path}/no.csv: No such file or directory\n")


def test_the_text_label_can_still_be_asked(serve: Serve) -> None:
    service = coarse_service()
    assert "label\n" in run("--address", (address := serve(service)), "--", "label").output
    assert "label\n" in run("--", "label", environment={"QUESTIONTOPIC_ADDRESS": address}).output
    assert [list(request.texts) for request in service.requests] == [["label"], ["label"]]
    assert "questiontopic -- label" in run("--help").output


def test_a_reader_that_ends_ends_the_job(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(questions(20_000))
    with start("label", "--address", serve(coarse_service()), str(tmp_path / "in.csv")) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.wait() == 141


def _peak(address: str, source: Path, output: Path) -> int:
    command = [sys.executable, "-c", _WITH_PEAK, "label", "--address", address, str(source), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    return int(done.stderr.split("peak:")[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_does_not_grow_with_the_rows(serve: Serve, tmp_path: Path) -> None:
    address, long = serve(coarse_service()), "x" * 200
    for number in (2_000, 50_000):
        rows = [[str(i), f"Who is {i}?", long] for i in range(number)]
        (tmp_path / f"{number}.csv").write_bytes(table_of([["id", "text", "note"], *rows]))
    few, many = (_peak(address, tmp_path / f"{n}.csv", tmp_path / f"{n}.out.csv") for n in (2_000, 50_000))
    assert many < few + 8 * 1024, "kilobytes; the larger input has 11 MB more"
    assert many < 150 * 1024
    assert len(csv_rows((tmp_path / "50000.out.csv").read_bytes())) == 50_001
