"""TLS files that are renewed while the server runs: no call fails, and a bad file changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from server_process import DEFAULT_BUNDLE, ServerProcess
from tls_files import TLSFiles

from questiontopic import TopicError


@contextmanager
def serving(files: TLSFiles) -> Iterator[ServerProcess]:
    with ServerProcess(DEFAULT_BUNDLE, *files.flags) as server:
        yield server


def test_ten_renewals_lose_no_call_and_close_no_connection(tmp_path: Path) -> None:
    files = TLSFiles(tmp_path)
    with serving(files) as server, files.client(server) as old:
        old.predict_topic(["Who?"])
        for number in range(1, 11):
            files.renew()
            with files.client(server) as new:
                assert new.predict_topic(["Who?"], timeout=30).predictions
            assert old.predict_topic(["Who?"]).predictions
            if number == 1:
                server.wait_for(re.compile("the TLS files that changed are used from now on"))


def test_callers_of_a_former_authority_are_refused(tmp_path: Path) -> None:
    files, others = TLSFiles(tmp_path), trustme.CA()
    with serving(files) as server:
        with files.client(server) as client:
            assert client.predict_topic(["Who?"]).predictions
        files.accept(others)
        with files.client(server) as client, pytest.raises(TopicError, match="UNAVAILABLE"):
            client.predict_topic(["Who?"], timeout=3)
        with files.client(server, others) as client:
            assert client.predict_topic(["Who?"]).predictions


def test_a_caller_whose_certificate_has_expired_is_refused(tmp_path: Path) -> None:
    files, now = TLSFiles(tmp_path), datetime.now(UTC)
    with serving(files) as server:
        with files.client(server, until=now - timedelta(minutes=1)) as client, pytest.raises(TopicError, match="UNAV"):
            client.predict_topic(["Who?"], timeout=3)
        with files.client(server, until=now + timedelta(hours=1)) as client:
            assert client.predict_topic(["Who?"]).predictions


@pytest.mark.parametrize("name", ["certificate", "key", "client_ca"])
def test_a_bad_new_file_keeps_what_there_was_and_is_told_once(tmp_path: Path, name: str) -> None:
    files = TLSFiles(tmp_path)
    with serving(files) as server:
        files.write(name, b"garbage")
        for _ in range(3):
            with files.client(server) as client:
                assert client.predict_topic(["Who?"]).predictions
        files.renew()
        files.accept(files.callers)
        with files.client(server) as client:
            assert client.predict_topic(["Who?"]).predictions
        server.terminate()
        assert server.wait() == 0
    assert len(re.findall(rf"the TLS files that changed are not used: \S+/{name}\.pem: holds no", server.log)) == 1
    assert len(re.findall("the TLS files that changed are used from now on", server.log)) == 1
