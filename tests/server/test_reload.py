"""SIGHUP loads the bundle anew: no call fails, every answer fits its digest, and a bad bundle changes nothing."""

from __future__ import annotations

import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess, server_python
from shelf import REFUSED, USED, Shelf

from questiontopic import PredictTopicResponse, TopicClient
from questiontopic_model.bundle import read_bundle

QUESTIONS = ["What is your salary?", "Who wrote Ulysses?", "Where is Oslo?", "What does NATO stand for?"]


def resident(server: ServerProcess) -> float:
    """Megabytes that are resident now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_twenty_reloads_under_load_lose_no_call_and_keep_the_memory(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add("1.0.0")
    shelf.add("2.0.0", prefix="X")
    shelf.damage("damaged")
    shelf.serve("1.0.0")
    ended = threading.Event()

    def ask(client: TopicClient) -> list[PredictTopicResponse]:
        found = []
        while not ended.is_set():
            found.append(client.predict_topic(QUESTIONS, timeout=60))
        return found

    with (
        ServerProcess(shelf.link) as server,
        TopicClient.plaintext(server.address) as client,
        ThreadPoolExecutor() as threads,
    ):
        callers = [threads.submit(ask, client) for _ in range(4)]
        try:
            used = []
            for number in range(20):
                bundle = "damaged" if number == 5 else ("2.0.0", "1.0.0")[number % 2]
                shelf.serve(bundle)
                server.process.send_signal(signal.SIGHUP)
                server.wait_for(REFUSED if bundle == "damaged" else USED)
                used.append(resident(server))
        finally:
            ended.set()
        answers = [answer for caller in callers for answer in caller.result()]
    digests = {answer.model.digest for answer in answers}
    assert digests == shelf.labels.keys()
    for answer in answers:
        assert [set(each.coarse.confidences) for each in answer.predictions] == [shelf.labels[answer.model.digest]] * 4
        tops = [each.coarse.top_topic.removeprefix("X") for each in answer.predictions]
        assert tops == ["NUM", "HUM", "LOC", "ABBR"]
    assert max(used[10:]) < max(used[:10]) * 1.1, used


def test_a_bundle_that_cannot_serve_changes_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add("1.0.0")
    shelf.damage("damaged")
    shelf.serve("1.0.0")
    with ServerProcess(shelf.link) as server, TopicClient.plaintext(server.address) as client:
        for attempt in range(2):
            shelf.serve("damaged") if attempt == 0 else shelf.link.unlink()
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(REFUSED)
            assert client.predict_topic(["Who?"]).model.version == "1.0.0"
    assert "model.onnx: damaged" in server.log
    assert f"{shelf.link}: no such bundle folder" in server.log


@pytest.mark.parametrize("name", ["usem3", "damaged"])
def test_a_bundle_is_checked_before_it_serves(tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path)
    shelf.damage("damaged")
    folder = DEFAULT_BUNDLE if name == "usem3" else tmp_path / name
    command = [*server_python(), "-m", "questiontopic_server", "check", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if name == "usem3":
        manifest = read_bundle(DEFAULT_BUNDLE).manifest
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith(f"usem3 {manifest.version}, ")
        assert f"digest     {manifest.digest}\n" in run.stdout
        assert "labels     6 coarse, 50 fine\n" in run.stdout
    else:
        assert (run.returncode, run.stdout) == (1, "")
        assert run.stderr.startswith(f"questiontopic-server: error: {folder}/model.onnx: damaged")
        assert len(run.stderr.splitlines()) == 1
