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
        (
            ["--bundle", "b"],
            {"QUESTIONTOPIC_TOKENS": "file"},
            "--tokens: without encryption they can be read on the way: ",
        ),
        (["--bundle", "b", "--reflection", "off"], {}, "--reflection: must be one of yes, no, is 'off'"),
        (["--bundle", "b", "--log-level", "loud"], {}, "--log-level: must be one of debug, info, warning, error"),
        (["--bundle", "b", "--host", ""], {}, "--host: must not be empty"),
        (["--bundle", "b", "--host", "a" * 70 + ".com"], {}, "--host: must be an address or a host name, is 'aaa"),
        (
            ["--bundle", "b"],
            {"QUESTIONTOPIC_PORT": "tcp://10.0.0.7:50051"},
            "QUESTIONTOPIC_PORT: 'tcp://10.0.0.7:50051' is a Kubernetes service link: "
            "set enableServiceLinks: false on the pod, or give --port",
        ),
        (["--prot", "1"], {}, "unrecognized arguments: --prot 1"),
    ],
)
def test_a_wrong_value_names_its_source_and_what_it_must_be(
    arguments: list[str], environment: dict[str, str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        Settings.read(arguments, environment)
    assert exit.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"questiontopic-server: error: {reason}")
    assert len(said.splitlines()) == 1, said


def test_a_flag_makes_up_for_a_kubernetes_service_link() -> None:
    environment = {"QUESTIONTOPIC_PORT": "tcp://10.0.0.7:50051"}
    assert Settings.read(["--bundle", "b", "--port", "1"], environment).port == 1


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("localhost", "localhost"),
        ("0.0.0.0", "0.0.0.0"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("::", "[::]"),
        ("0:0:0:0:0:0:0:0", "[::]"),
        ("bücher.example", "bücher.example"),
    ],
)
def test_a_host_is_ready_for_a_colon_and_a_port(given: str, host: str) -> None:
    assert Settings.read(["--bundle", "b", "--host", given], {}).host == host
