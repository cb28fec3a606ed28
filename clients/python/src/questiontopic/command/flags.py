"""Reads the command line: flags, their defaults and what they mean together. Usage errors end the process with 2."""

import argparse
import os
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from questiontopic.address import is_host_and_port, is_loopback
from questiontopic.request import DEFAULT_TIMEOUT, LONGEST_TIMEOUT
from questiontopic.version import VERSION

_DESCRIPTION = """\
Tells what questions ask for: a person, a place, a number, a definition and so on. Each text is one question. Without
texts, reads one a line from standard input; blank lines are skipped. Flags come before texts; -- ends the flags."""

_EPILOG = "Exit status: 0 every text was answered, 1 a call failed, 2 wrong usage."


@dataclass(frozen=True)
class Settings:
    """What one run is asked to do."""

    address: str
    tls: bool
    ca: bytes | None
    certificate: bytes | None
    key: bytes | None
    server_name: str | None
    label_level: str  # coarse, fine or both
    output: str  # table or jsonl
    timeout: float  # seconds
    texts_per_call: int
    in_flight: int
    model: str
    texts: Sequence[str]  # empty: the lines of standard input


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"questiontopic: {message}\n")


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings of a run; SystemExit for usage errors (code 2), --help and --version (code 0)."""
    parser = _parser(environment.get("QUESTIONTOPIC_ADDRESS") or "localhost:50051")
    given = parser.parse_args(arguments)
    try:
        _check(given)
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
        timeout=given.timeout,
        texts_per_call=given.texts_per_call,
        in_flight=given.in_flight,
        model=model,
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
    add("--address", metavar="HOST:PORT", default=address, help="the server (%(default)s; from QUESTIONTOPIC_ADDRESS)")
    add("--plaintext", action="store_true", help="talk unencrypted; the default if the address is loopback")
    add("--tls", action="store_true", help="talk TLS; any other address needs one of the two")
    add("--ca", metavar="FILE", default="", help="with --tls: PEM certificates to trust (the system's)")
    add("--cert", metavar="FILE", default="", help="with --tls and --key: PEM certificate to present (mutual TLS)")
    add("--key", metavar="FILE", default="", help="with --tls and --cert: its PEM private key")
    add("--server-name", metavar="NAME", help="with --tls: the name to verify instead of the address's host")
    add("--label-level", choices=("coarse", "fine", "both"), default="coarse", help="(%(default)s)")
    add("--output", choices=("table", "jsonl"), default="table", help="(%(default)s)")
    add("--timeout", metavar="SECONDS", type=_timeout, default=DEFAULT_TIMEOUT, help="deadline of each call (10)")
    add("--texts-per-call", metavar="N", type=_count(512), default=64, help="lines in a call, 1 to 512 (%(default)s)")
    add("--in-flight", metavar="N", type=_count(1024), default=4, help="calls at once, 1 to 1024 (%(default)s)")
    add("--model", metavar="NAME", default="", help="the bundle that must answer (any)")
    add("--version", action="version", version=f"questiontopic {VERSION}", help="print the version")
    add("texts", metavar="text", nargs=argparse.REMAINDER, help="a question; all given go into one call")
    return parser


def _timeout(argument: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", argument) or not 1e-9 <= float(argument) <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"must be a positive decimal number, at most {LONGEST_TIMEOUT:.0f}")
    return float(argument)


def _count(most: int) -> Callable[[str], int]:
    def count(argument: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", argument) or not 1 <= int(argument) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {most}")
        return int(argument)

    return count


def _check(given: argparse.Namespace) -> None:
    if not is_host_and_port(given.address):
        raise ValueError(f'--address: must be HOST:PORT, not "{given.address}"')
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
    # Python decoded the argument by the locale; what is sent is UTF-8 whatever the locale is.
    try:
        return os.fsencode(argument).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{what}: not valid UTF-8") from None


def _check_pem(ca: str, certificate: str, key: str) -> None:
    # gRPC would report what is wrong with a file only as a failed connection, and ssl does not name it.
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
            # The password keeps OpenSSL from asking for one: gRPC takes no encrypted key.
            context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise ValueError(f"{flags}: {error}") from error


def _content(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
