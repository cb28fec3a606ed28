from __future__ import annotations

from pathlib import Path

import pytest

from questiontopic_server.settings import Settings


def test_a_flag_goes_before_its_variable_and_that_before_the_default() -> None:
    environment = {"QUESTIONTOPIC_BUNDLE": "from/variable", "QUESTIONTOPIC_PORT": "1", "QUESTIONTOPIC_THREADS": "3"}
    settings = Settings.read(["--port", "2"], environment)
    assert (settings.bundle, settings.port, settings.threads) == (Path("from/variable"), 2, 3)
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["--bundle", "b", "--threads", "0"], {}, "--threads: must be a whole number from 1 to 1024"),
        (
            ["--bundle", "b"],
            {"QUESTIONTOPIC_MAX_QUEUE": "511"},
            "QUESTIONTOPIC_MAX_QUEUE: must be a whole number from 512",
        ),
        (["--bundle", "b", "--drain-timeout", "nan"], {}, "--drain-timeout: must be a number of seconds above 0"),
        (["--bundle", ""], {}, "--bundle: must not be empty"),
        (["--bundle", "b", "--tls-client-ca", "ca"], {}, "--tls-client-ca: needs --tls-certificate and --tls-key"),
        (["--bundle", "b", "--log-level", "loud"], {}, "--log-level: must be one of debug, info, warning, error"),
    ],
)
def test_a_wrong_value_names_its_source_and_what_it_must_be(
    arguments: list[str], environment: dict[str, str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        Settings.read(arguments, environment)
    assert exit.value.code == 2
    assert reason in capsys.readouterr().err
