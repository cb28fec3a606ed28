"""Reads the command line: flags, their defaults and their combinations. Usage errors end the process with code 2."""

import argparse
import os
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from questiontopic.address import check_host_and_port, is_loopback
from questiontopic.request import DEFAULT_TIMEOUT, MAX_TIMEOUT
from questiontopic.version import VERSION

_DESCRIPTION = """\
Tells what each question asks for: a person, a place, a number, a definition and so on. Each text is one question.
Without texts, the command reads standard input, which is UTF-8: each line is one text. Each line of input gets one line
of output. A blank line is not sent: its topic and its confidence are -, and in JSON lines its error is "blank". Flags
come before texts; -- ends the flags."""

_EPILOG = (
    "Exit status: 0 if every text was answered, 1 if a call failed, 2 for wrong usage, "
    "3 if --on-error skip left texts without an answer."
)


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    address: str
    tls: bool
    ca: bytes | None
    certificate: bytes | None
    key: bytes | None
    server_name: str | None
    label_level: str  # coarse, fine or both
    output: str  # table or jsonl
    skip: bool  # go on after a text that cannot be answered
    skip_blank: bool
    timeout: float  # seconds
    texts_per_call: int
    in_flight: int
    model: str
    labels: bool  # print the labels and ask nothing
    texts: Sequence[str]  # empty: the lines of standard input


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"questiontopic: {message}\n")


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings of a run. Raises SystemExit for usage errors (code 2), --help and --version (code 0)."""
    parser = _parser(environment.get("QUESTIONTOPIC_ADDRESS") or "localhost:50051")
    given = parser.parse_args(arguments)
    try:
        _check(given)
        if given.labels and _without_dashes(given.texts):
            raise ValueError("--labels asks nothing: leave out the texts")
        texts = [_utf8(text, f"text {i}") for i, text in enumerate(_without_dashes(given.texts), 1)]
        model = _utf8(given.model, "--model")
        _check_pem(given.ca, given.cert, given.key)
    except ValueError as error:
        parser.error(str(error))
    return Settings(
        address=given.address,
        tls=given.tls,
        ca=_content(given.ca),
        certificate=_content(given.cert),
        key=_content(given.key),
        server_name=given.server_name or None,
        label_level=given.label_level,
        output=given.output,
        skip=given.on_error == "skip",
        skip_blank=given.skip_blank,
        timeout=given.timeout,
        texts_per_call=given.texts_per_call,
        in_flight=given.in_flight,
        model=model,
        labels=given.labels,
        texts=texts,
    )


def _parser(address: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="questiontopic",
        usage="questiontopic [flags] [text ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--address", metavar="HOST:PORT", default=address, help="the server (%(default)s, from QUESTIONTOPIC_ADDRESS)")
    add("--plaintext", action="store_true", help="connect without encryption; the default for a loopback address")
    add("--tls", action="store_true", help="connect with TLS; any other address needs --tls or --plaintext")
    add("--ca", metavar="FILE", default="", help="with --tls: PEM certificates to trust (the system's)")
    add("--cert", metavar="FILE", default="", help="with --tls and --key: the client's PEM certificate, for mutual TLS")
    add("--key", metavar="FILE", default="", help="with --tls and --cert: the client's PEM private key")
    add("--server-name", metavar="NAME", help="with --tls: the name in the server's certificate (the address's host)")
    add("--label-level", choices=("coarse", "fine", "both"), default="coarse", help="(%(default)s)")
    add("--output", choices=("table", "jsonl"), default="table", help="jsonl is one JSON object a line (%(default)s)")
    add("--skip-blank", action="store_true", help="leave out the blank lines of standard input")
    add(
        "--on-error",
        choices=("stop", "skip"),
        default="stop",
        help="stop at the first text that cannot be answered, or skip it: its topic and its confidence are -, or in "
        "JSON lines it has an error; standard error says why (%(default)s)",
    )
    add("--timeout", metavar="SECONDS", type=_timeout, default=DEFAULT_TIMEOUT, help="deadline of each call (10)")
    add("--texts-per-call", metavar="N", type=_count(512), default=64, help="lines in a call, 1 to 512 (%(default)s)")
    add(
        "--in-flight", metavar="N", type=_count(1024), default=4, help="calls at the same time, 1 to 1024 (%(default)s)"
    )
    add("--model", metavar="NAME", default="", help="the bundle that must answer (any)")
    add("--labels", action="store_true", help="print the labels of the model and what they stand for, and ask nothing")
    add("--version", action="version", version=f"questiontopic {VERSION}", help="print the version")
    add("texts", metavar="text", nargs=argparse.REMAINDER, help="a question; all of them are sent in one call")
    return parser


def _timeout(argument: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", argument) or not 1e-9 <= float(argument) <= MAX_TIMEOUT:
        raise argparse.ArgumentTypeError(f"must be a positive decimal number, at most {MAX_TIMEOUT:.0f}")
    return float(argument)


def _count(maximum: int) -> Callable[[str], int]:
    def count(argument: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", argument) or not 1 <= int(argument) <= maximum:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {maximum}")
        return int(argument)

    return count


def _check(given: argparse.Namespace) -> None:
    try:
        check_host_and_port(given.address)
    except ValueError as error:
        raise ValueError(f"--address: {error}") from None
    if given.plaintext and given.tls:
        raise ValueError("--plaintext and --tls: choose one")
    if bool(given.cert) != bool(given.key):
        raise ValueError("--cert and --key: give both or neither")
    if not given.tls and (given.ca or given.cert or given.server_name):
        raise ValueError("--ca, --cert, --key and --server-name need --tls")
    if not (given.tls or given.plaintext or is_loopback(given.address)):
        raise ValueError(f"{given.address} is not this machine: choose --tls or --plaintext")


def _without_dashes(texts: Sequence[str]) -> Sequence[str]:
    return texts[1:] if texts[:1] == ["--"] else texts


def _utf8(argument: str, what: str) -> str:
    # Python decoded the argument with the locale's encoding, but the command always sends UTF-8.
    try:
        return os.fsencode(argument).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{what}: not valid UTF-8") from None


def _check_pem(ca: str, certificate: str, key: str) -> None:
    # gRPC would report a faulty file only as a failed connection, and ssl does not name the file.
    for flag, path in (("--ca", ca), ("--cert", certificate), ("--key", key)):
        try:
            _content(path)
        except OSError as error:
            raise ValueError(f"{flag}: {path}: {error.strerror}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    flags = "--ca"
    try:
        if ca:
            context.load_verify_locations(ca)
        flags = "--cert, --key"
        if certificate:
            # gRPC cannot read an encrypted key. The empty password keeps OpenSSL from asking the user for one.
            context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise ValueError(f"{flags}: {error}") from error


def _content(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
