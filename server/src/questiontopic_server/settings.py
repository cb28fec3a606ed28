"""Settings: each field is a flag and an environment variable, and its description is the help text of both."""

from __future__ import annotations

import argparse
import difflib
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NoReturn

from . import __version__

PREFIX = "QUESTIONTOPIC_"

_FULL_CALL = 512  # Texts: the contract's Limits.max_texts.


def _setting(help: str, parse: Callable[[str], Any], default: Any = None) -> Any:
    return field(default=default, metadata={"help": help, "parse": parse})


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, is {text!r}")
        return int(text)

    return parse


def _port(text: str) -> int:
    if text.startswith("tcp://"):
        raise ValueError(
            f"{text!r} is a Kubernetes service link: set enableServiceLinks: false on the pod, or give --port"
        )
    return _whole(0, 65_535)(text)


def _host(text: str) -> str:
    """A host as it stands before a colon and a port: an IPv6 address is in brackets and in its shortest form."""
    if not text:
        raise ValueError("must not be empty")
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    try:
        text.encode("idna")  # As the resolver does.
    except UnicodeError:
        raise ValueError(f"must be an address or a host name, is {text!r}") from None
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value <= 86_400:
        raise ValueError(f"must be a number of seconds above 0 and at most 86400, is {text!r}")
    return value


def _access_log(text: str) -> str | float:
    if text in ("off", "errors", "all"):
        return text
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise ValueError(f"must be off, errors, all, or a share of the calls from 0 to 1, is {text!r}")
    return share


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, is {text!r}")
        return text

    return parse


def _yes(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


def _path(text: str) -> Path:
    if not text:
        raise ValueError("must not be empty")
    return Path(text)


def _home_path(text: str) -> Path:
    """A path that may begin with `~` or `~user`."""
    try:
        return _path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"has no such home folder: {text!r}") from None


def _default_cache() -> Path | None:
    """None where the process has no home folder, as in a container of a user without a passwd entry."""
    try:
        return Path("~/.cache/questiontopic").expanduser()
    except RuntimeError:
        return None


@dataclass(frozen=True)
class Settings:
    """How to serve. `read` fills it from flags, then the environment, then the defaults here."""

    bundle: Path = _setting("Folder of the bundle to serve. Required.", _path)
    host: str = _setting("Address to listen on; 0.0.0.0 or :: for every interface.", _host, "127.0.0.1")
    port: int = _setting("TCP port to listen on; 0 takes a free one.", _port, 50_051)
    runtime: str = _setting(
        "What runs the model: onnxruntime, tensorflow, or auto for the first that the bundle has.",
        _one_of("auto", "onnxruntime", "tensorflow"),
        "auto",
    )
    workers: int = _setting(
        "Threads that compute batches side by side; 0 for as many as affinity and quota allow CPUs, at most four.",
        _whole(0, 1_024),
        0,
    )
    threads: int = _setting("CPU threads that one batch may use.", _whole(1, 1_024), 1)
    max_batch: int = _setting(
        "Largest number of questions computed in one batch; a long text counts as several.", _whole(1, 4_096), 32
    )
    max_queue: int = _setting(
        "Largest number of texts that wait; at most a quarter as many calls wait. More are refused with "
        f"RESOURCE_EXHAUSTED. At least {_FULL_CALL}, one full call.",
        _whole(_FULL_CALL, 1_000_000),
        16_384,
    )
    max_connection_age: float | None = _setting(
        "Seconds after which a connection ends, once its calls are answered: its caller looks up the addresses again "
        "and finds servers that came later. Without it connections stay.",
        _seconds,
    )
    drain_timeout: float = _setting("Seconds that accepted calls may take to finish after SIGTERM.", _seconds, 30.0)
    cache: Path | None = _setting(
        "Folder that keeps the encoder's unpacked table for later starts (65 MB). Default: ~/.cache/questiontopic. "
        "Without a folder the table is unpacked into memory at each start.",
        _home_path,
    )
    tls_certificate: Path | None = _setting("PEM file with the server's certificate chain; turns TLS on.", _path)
    tls_key: Path | None = _setting("PEM file with the certificate's private key.", _path)
    tls_client_ca: Path | None = _setting("PEM file with the authority of client certificates; demands them.", _path)
    metrics_port: int | None = _setting(
        "TCP port of the metrics for Prometheus, on the same host; 0 takes a free one. Without it there are none.",
        _port,
    )
    log_level: str = _setting("Least severe log messages shown.", _one_of("debug", "info", "warning", "error"), "info")
    log_format: str = _setting(
        "Form of the log: text, or json with one object a line.", _one_of("text", "json"), "text"
    )
    access_log: str | float = _setting(
        "Calls that get a log line of level info: off, errors, all, or a share such as 0.01, and then all errors too.",
        _access_log,
        "off",
    )
    log_texts: bool = _setting(
        "yes: the access log has the texts of each call, which may be personal data. yes or no.", _yes, False
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
            default = "" if each.default is None else f" Default: {'no' if each.default is False else each.default}."
            parser.add_argument(
                _flag(each),
                metavar=each.name.rsplit("_")[-1].upper(),
                help=f"{each.metadata['help']}{default} Environment: {_variable(each)}.",
            )
        given = vars(parser.parse_args(arguments))
        values = {each.name: _value(each, given[each.name], environment, parser.error) for each in fields(Settings)}
        settings = Settings(**values)
        if settings.bundle is None:
            parser.error(f"--bundle: required (or {PREFIX}BUNDLE): the folder of the bundle to serve")
        if (settings.tls_certificate is None) != (settings.tls_key is None):
            parser.error("--tls-certificate and --tls-key: give both or neither")
        if settings.tls_client_ca and not settings.tls_certificate:
            parser.error("--tls-client-ca: needs --tls-certificate and --tls-key")
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
