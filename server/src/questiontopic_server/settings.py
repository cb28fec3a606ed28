"""Settings: each field is a flag and an environment variable, and its description is the help text of both."""

from __future__ import annotations

import argparse
import difflib
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NoReturn

from . import __version__, values

PREFIX = "QUESTIONTOPIC_"

_FULL_CALL = 512  # Texts: the contract's Limits.max_texts.


def _setting(help: str, parse: Callable[[str], Any], default: Any = None) -> Any:
    return field(default=default, metadata={"help": help, "parse": parse})


def _default_cache() -> Path | None:
    """None where the process has no home folder, as in a container of a user without a passwd entry."""
    try:
        return Path("~/.cache/questiontopic").expanduser()
    except RuntimeError:
        return None


@dataclass(frozen=True)
class Settings:
    """How to serve. `read` fills it from flags, then the environment, then the defaults here."""

    bundle: Path = _setting("Folder of the bundle to serve. Required.", values.path)
    host: str = _setting("Address to listen on; 0.0.0.0 or :: for every interface.", values.host, "127.0.0.1")
    port: int = _setting("TCP port to listen on; 0 takes a free one.", values.port, 50_051)
    runtime: str = _setting(
        "What runs the model: onnxruntime, tensorflow, or auto for the first that the bundle has.",
        values.one_of("auto", "onnxruntime", "tensorflow"),
        "auto",
    )
    workers: int = _setting(
        "Threads that compute batches side by side; 0 for as many as affinity and quota allow CPUs, at most four.",
        values.whole(0, 1_024),
        0,
    )
    threads: int = _setting("CPU threads that one batch may use.", values.whole(1, 1_024), 1)
    max_batch: int = _setting(
        "Largest number of questions computed in one batch; a long text counts as several.", values.whole(1, 4_096), 32
    )
    max_queue: int = _setting(
        "Largest number of texts that wait; at most a quarter as many calls wait. More are refused with "
        f"RESOURCE_EXHAUSTED. At least {_FULL_CALL}, one full call.",
        values.whole(_FULL_CALL, 1_000_000),
        16_384,
    )
    max_connection_age: float | None = _setting(
        "Seconds after which a connection ends, once its calls are answered: its caller looks up the addresses again "
        "and finds servers that came later. Without it connections stay.",
        values.seconds,
    )
    drain_timeout: float = _setting(
        "Seconds that accepted calls may take to finish after SIGTERM.", values.seconds, 30.0
    )
    cache: Path | None = _setting(
        "Folder that keeps the encoder's unpacked table for later starts (65 MB). Default: ~/.cache/questiontopic. "
        "Without a folder the table is unpacked into memory at each start.",
        values.home_path,
    )
    tls_certificate: Path | None = _setting("PEM file with the server's certificate chain; turns TLS on.", values.path)
    tls_key: Path | None = _setting("PEM file with the certificate's private key.", values.path)
    tls_client_ca: Path | None = _setting(
        "PEM file with the authority of client certificates; demands them.", values.path
    )
    tokens: Path | None = _setting(
        "File with the tokens of those who may call: lines NAME SHA256-HEX. It is read again when it changes.",
        values.path,
    )
    tokens_over_plaintext: bool = _setting(
        "yes: tokens may be used without TLS, because no other machine sees them, or a mesh encrypts. yes or no.",
        values.yes,
        False,
    )
    shadow: Path | None = _setting(
        "Folder of a second bundle that computes a share of the traffic, so that the metrics tell how often it agrees. "
        "Callers get nothing of it.",
        values.path,
    )
    shadow_share: float = _setting("The share of the batches that --shadow computes, from 0 to 1.", values.share, 0.1)
    reflection: bool = _setting("no: callers cannot ask which services there are. yes or no.", values.yes, True)
    metrics_port: int | None = _setting(
        "TCP port of the metrics for Prometheus, on the same host; 0 takes a free one. Without it there are none.",
        values.port,
    )
    traces: bool = _setting(
        "yes: send traces by OpenTelemetry, as OTLP over gRPC, to OTEL_EXPORTER_OTLP_ENDPOINT; which ones, says "
        "OTEL_TRACES_SAMPLER. yes or no.",
        values.yes,
        False,
    )
    log_level: str = _setting(
        "Least severe log messages shown.", values.one_of("debug", "info", "warning", "error"), "info"
    )
    log_format: str = _setting(
        "Form of the log: text, or json with one object a line.", values.one_of("text", "json"), "text"
    )
    access_log: str | float = _setting(
        "Calls that get a log line of level info: off, errors, all, or a share such as 0.01, and then all errors too.",
        values.access_log,
        "off",
    )
    log_texts: bool = _setting(
        "yes: the access log has the texts of each call, which may be personal data. yes or no.", values.yes, False
    )

    @property
    def transport(self) -> str:
        """What the server speaks: plaintext, TLS or mutual TLS."""
        if not self.tls_certificate:
            return "plaintext"
        return "mutual TLS" if self.tls_client_ca else "TLS"

    @staticmethod
    def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
        """Reads flags and environment variables. Prints one line and exits with 2 if one of them is wrong.

        An empty variable counts as unset, because compose files and charts write unset values so.
        """
        parser = _Parser(
            prog="questiontopic-server",
            description="Serves a question-topic bundle over gRPC, with health checks and reflection.",
            epilog="A flag takes precedence over its environment variable. SIGTERM and SIGINT drain, SIGHUP loads the "
            "bundle anew. "
            "Exit codes: 0 stopped by a signal, 1 cannot serve or calls were cut off, 2 wrong flag or variable.",
            allow_abbrev=False,
        )
        parser.add_argument("--version", action="version", version=f"questiontopic-server {__version__}")
        for each in fields(Settings):
            default = "" if each.default is None else f" Default: {_shown(each.default)}."
            parser.add_argument(
                _flag(each),
                metavar=each.name.rsplit("_")[-1].upper(),
                help=f"{each.metadata['help']}{default} Environment: {_variable(each)}.",
            )
        given = vars(parser.parse_args(arguments))
        settings = Settings(
            **{each.name: _value(each, given[each.name], environment, parser.error) for each in fields(Settings)}
        )
        if settings.bundle is None:
            parser.error(f"--bundle: required (or {PREFIX}BUNDLE): the folder of the bundle to serve")
        if (settings.tls_certificate is None) != (settings.tls_key is None):
            parser.error("--tls-certificate and --tls-key: give both or neither")
        if settings.tls_client_ca and not settings.tls_certificate:
            parser.error("--tls-client-ca: needs --tls-certificate and --tls-key")
        if settings.tokens and not (settings.tls_certificate or settings.tokens_over_plaintext):
            parser.error(
                "--tokens: without encryption they can be read on the way: give --tls-certificate and --tls-key, or "
                "--tokens-over-plaintext yes if no other machine sees them or a mesh encrypts"
            )
        if settings.shadow and settings.metrics_port is None:
            parser.error("--shadow: needs --metrics-port: only the metrics show how often it agrees")
        if settings.traces and importlib.util.find_spec("opentelemetry") is None:
            parser.error("--traces: OpenTelemetry is not installed: pip install 'questiontopic-server[traces]'")
        return settings if settings.cache else replace(settings, cache=_default_cache())


def misspelt(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Variables that no setting has, each with the setting's variable that was probably meant."""
    known = [each.name.upper() for each in fields(Settings)]
    for name in environment:
        suffix = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and suffix not in known:
            alike = [setting for setting in known if setting[:1] == suffix[:1]]  # The first letter is rarely mistyped.
            for meant in difflib.get_close_matches(suffix, alike, n=1, cutoff=0.65):
                yield name, PREFIX + meant


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def _shown(value: Any) -> Any:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _flag(each: Field[Any]) -> str:
    return "--" + each.name.replace("_", "-")


def _variable(each: Field[Any]) -> str:
    return PREFIX + each.name.upper()


def _value(each: Field[Any], given: str | None, environment: Mapping[str, str], fail: Callable[[str], NoReturn]) -> Any:
    source, text = _flag(each), given
    if text is None:
        source, text = _variable(each), environment.get(_variable(each)) or None
    if text is None:
        return each.default
    try:
        return each.metadata["parse"](text)
    except ValueError as error:
        fail(f"{source}: {error}")
