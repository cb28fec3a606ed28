"""The programs of docs/bulk.md run: with Daft on two servers and without a server, and the functions for other engines.

They need the environment that `make bulk-test` makes, or one that QUESTIONTOPIC_DAFT_PYTHON names.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psutil
import pytest
from server_process import ROOT, ServerProcess

_PYTHON = Path(os.environ.get("QUESTIONTOPIC_DAFT_PYTHON", ROOT / ".venv" / "daft" / "bin" / "python"))
_DOCUMENT = (ROOT / "docs" / "bulk.md").read_text("utf-8")
_DAFT, _LOCAL, _FUNCTIONS = re.findall(r"^```python\n(.*?)^```$", _DOCUMENT, re.MULTILINE | re.DOTALL)
_CLIENT = 'label = Labeller(partial(TopicClient.plaintext, "localhost:50051"))\n'
_QUIET = {"DO_NOT_TRACK": "true", "SCARF_NO_ANALYTICS": "true"}  # Daft would report each import to its makers.

pytestmark = pytest.mark.skipif(not _PYTHON.exists(), reason="`make bulk-test` makes the environment with Daft")


def _run(program: str) -> str:
    done = subprocess.run(
        [str(_PYTHON), "-c", program],
        cwd=ROOT,
        env={**os.environ, **_QUIET},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _seconds(server: ServerProcess) -> float:
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def test_daft_shares_its_work_among_two_servers() -> None:
    with ServerProcess() as first, ServerProcess() as second:
        before = [_seconds(server) for server in (first, second)]
        printed = _run(_DAFT.replace("localhost:50051", f"ipv4:{first.address},{second.address}"))
        used = [_seconds(server) - seconds for server, seconds in zip((first, second), before, strict=True)]
    assert printed == "['NUM', '', 'HUM']\n"
    assert min(used) > max(used) / 4, used


@pytest.mark.parametrize("in_process", [True, False], ids=["worker processes", "threads"])
def test_daft_needs_no_server_with_the_model_in_its_workers(in_process: bool) -> None:
    assert _CLIENT in _DAFT
    program = _DAFT.replace(_CLIENT, _LOCAL)
    program = program.replace("batch(return_dtype", f"batch(use_process={in_process}, return_dtype")
    assert _run(program) == "['NUM', '', 'HUM']\n"


def test_the_model_and_the_server_agree() -> None:
    program = """
from functools import partial
from questiontopic import Labeller, TopicClient
from questiontopic_model.predict import load_predict

texts = ["What is your salary?", "", "Who wrote Ulysses?", "What is an atom?", "a" * 2001] * 200
served = Labeller(partial(TopicClient.plaintext, "ADDRESS"))(texts)
local = Labeller(partial(load_predict, "models/usem3"))(texts)
for name in ("topic", "fine_topic", "error"):
    assert served[name] == local[name], name
for name in ("confidence", "fine_confidence"):
    assert max(abs(a - b) for a, b in zip(served[name], local[name])) < 1e-4, name
"""
    with ServerProcess() as server:
        _run(program.replace("ADDRESS", server.address))


_OTHERS = """
import numpy
import pandas

frames = [pandas.DataFrame({"question": ["What is your salary?", None]}), pandas.DataFrame({"question": ["Who?"]})]
(first, second) = label_frames(frames)
assert list(first["topic"]) == ["NUM", ""] and list(second["topic"]) == ["HUM"]
assert list(first.columns) == ["question", "topic", "confidence", "fine_topic", "fine_confidence", "error"]
batch = label_batch({"question": numpy.array(["Who?", None], dtype=object), "id": numpy.arange(2)})
assert (batch["topic"], list(batch["id"]), batch["error"][0]) == (["HUM", ""], [0, 1], "")
(row,) = label_texts(["Who?"])
assert (row["question"], row["topic"], row["error"]) == ("Who?", "HUM", "")
"""


_TABLES = """
import pandas
import pyarrow
from questiontopic import TopicClient

questions = ["What is your salary?", "Who?"]
chunks = pyarrow.chunked_array([questions[:1], [], questions[1:]])
columns = [pandas.Series(questions), pyarrow.array(questions), chunks]
with TopicClient.plaintext("ADDRESS") as client:
    for column in columns:
        answered = client.predict(column).columns()
        assert list(pandas.DataFrame(answered)["topic"]) == ["NUM", "HUM"]
        assert pyarrow.table(answered)["topic"].to_pylist() == ["NUM", "HUM"]
        assert [topics.topic for topics in client.predict_many(column)] == ["NUM", "HUM"]
"""


def test_columns_of_pandas_and_arrow_are_texts_and_answers() -> None:
    with ServerProcess() as server:
        _run(_TABLES.replace("ADDRESS", server.address))


def test_the_functions_for_other_engines() -> None:
    imports = "from functools import partial\nfrom questiontopic import Labeller, TopicClient\n"
    with ServerProcess() as server:
        _run(imports + _CLIENT.replace("localhost:50051", server.address) + _FUNCTIONS + _OTHERS)


def test_the_costs_are_those_of_the_measurement() -> None:
    """The document's CPU-hours follow from the row of docs/performance.md that it names."""
    performance = (ROOT / "docs" / "performance.md").read_text("utf-8").partition("<!-- results -->")[2]
    (row,) = [line for line in performance.splitlines() if line.startswith("| question-topic |")]
    each = int(row.split("|")[6].replace(",", ""))
    assert f"{each:,} questions per CPU-second" in _DOCUMENT
    hours = 1e9 / each / 3600
    assert f"**{hours:.0f} CPU-hours**" in _DOCUMENT
    table = re.findall(r"^\| ([\d,]+) \| ([\d.]+) \|$", _DOCUMENT, re.MULTILINE)
    assert len(table) == 4
    for cpus, shown in table:
        assert float(shown) == pytest.approx(hours / int(cpus.replace(",", "")), abs=0.05 if "." in shown else 0.5)
