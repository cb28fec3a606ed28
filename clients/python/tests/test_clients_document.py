"""Runs the commands and programs of docs/clients.md. Only the server's address and the checkout's path are replaced.

The Go programs are tested examples of the Go module, whose tests compare them with the document. The Node program needs
its packages in NODE_PATH, and the Java program needs `protoc`, `protoc-gen-grpc-java` and the jars in
GRPC_JAVA_CLASSPATH; without them its test is skipped. The .NET program does not run.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from questiontopic import channel_options
from questiontopic.testing import TopicServer
from questiontopic.v1.topic_pb2 import DESCRIPTOR

from .conftest import Serve
from .notebook import run_cell
from .server_process import server_process
from .service import TopicService

_ROOT = Path(__file__).parents[3]
_BLOCKS: list[tuple[str, str]] = re.findall(
    r"^```(\w+)\n(.*?)^```$", (_ROOT / "docs" / "clients.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
_ADDRESS = "localhost:50051"
_MODULE = "github.com/question-topic/question-topic/clients/go"


def _blocks(language: str) -> list[str]:
    return [block for kind, block in _BLOCKS if kind == language]


_COMMANDS = [line for block in _blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
_TLS = [line for line in _COMMANDS if "ca.pem" in line]
_GRPCURL = [line for line in _COMMANDS if line.startswith("grpcurl -plaintext ")]


def _run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _tool(name: str) -> str:
    found = shutil.which(os.environ.get(name.upper(), name))
    if found is None:
        pytest.skip(f"needs {name} on the PATH, or its path in {name.upper()}")
    return found


def test_every_block_has_a_test() -> None:
    assert [kind for kind, _ in _BLOCKS if kind not in ("sh", "go", "xml", "csharp")] == [
        *("python", "python", "python", "js", "java", "python", "json", "python"),
    ]
    others = ["pip install ", "go mod edit ", "go mod tidy", "npm install ", "protoc "]
    rest = [line for line in _COMMANDS if line not in _TLS + _GRPCURL]
    assert [prefix for line, prefix in zip(rest, others, strict=True) if line.startswith(prefix)] == others


@pytest.mark.parametrize("command", _GRPCURL)
def test_a_grpcurl_command(real_server: str, tmp_path: Path, command: str) -> None:
    _, *arguments = shlex.split(command.replace(_ADDRESS, real_server))
    assert re.search(r"PredictTopic|NUM|SERVING", _run([_tool("grpcurl"), *arguments], tmp_path))


def test_the_python_package_is_installed_from_a_checkout(tmp_path: Path) -> None:
    (command,) = [line for line in _COMMANDS if line.startswith("pip install ")]
    shutil.copytree(_ROOT / "clients" / "python", tmp_path / "clients" / "python")
    offline = ["--quiet", "--no-deps", "--no-build-isolation", "--target", "installed"]
    _run([sys.executable, "-m", *shlex.split(command), *offline], tmp_path, PYTHONPATH="")
    program = "import questiontopic.v1.topic_pb2 as it; print(it.__file__)"
    found = _run([sys.executable, "-c", program], tmp_path, PYTHONPATH=str(tmp_path / "installed"))
    assert found.startswith(str(tmp_path))


def test_the_python_program(serve: Serve, tmp_path: Path) -> None:
    program = _blocks("python")[0].replace(_ADDRESS, serve(TopicService()))
    assert _run([sys.executable, "-W", "error", "-c", program], tmp_path) == "NUM NUM:money\n"


def test_the_python_program_for_a_file(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "questions.txt").write_text("What is your salary?\n\nWho?\n", "utf-8")
    program = _blocks("python")[1].replace(_ADDRESS, serve(TopicService()))
    assert _run([sys.executable, "-W", "error", "-c", program], tmp_path).splitlines() == [
        "NUM\tWhat is your salary?",
        "must have a character that is not white space\t",
        "HUM\tWho?",
    ]


def test_the_notebook_cell(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    run_cell(_blocks("python")[2].replace(_ADDRESS, serve(TopicService())))
    assert capsys.readouterr().out == "NUM\n"


def test_the_program_with_a_threshold(topic_server: TopicServer) -> None:
    topic_server.topics = {"What is your salary?": "NUM:money", "many thank": "NUM:count"}
    program = _blocks("python")[3].replace(_ADDRESS, topic_server.address)
    assert _run([sys.executable, "-W", "error", "-c", program], _ROOT) == "NUM What is your salary?\nNUM many thank\n"
    topic_server.none_of_these = {"many thank": 0.5}
    assert _run([sys.executable, "-W", "error", "-c", program], _ROOT) == (
        "NUM What is your salary?\nnone of these: many thank\n"
    )


def test_the_go_commands_add_the_module(tmp_path: Path) -> None:
    go = _tool("go")
    _run([go, "mod", "init", "example.com/caller"], tmp_path)
    program = f'package main\n\nimport "{_MODULE}/questiontopic"\n\nfunc main() {{ println(questiontopic.Version) }}\n'
    (tmp_path / "main.go").write_text(program)
    for line in [line for line in _COMMANDS if line.startswith("go ")]:
        _run([go, *shlex.split(line.replace("/path/to/question-topic", shlex.quote(str(_ROOT))))[1:]], tmp_path)
    _run([go, "build", "."], tmp_path)


def test_the_node_program(serve: Serve, tmp_path: Path) -> None:
    node = _tool("node")
    if subprocess.run([node, "-e", "require('@grpc/grpc-js'), require('@grpc/proto-loader')"]).returncode != 0:
        pytest.skip("needs @grpc/grpc-js and @grpc/proto-loader in NODE_PATH: `make browser-test` installs them")
    (program,) = _blocks("js")
    (tmp_path / "ask.js").write_text(program.replace(_ADDRESS, serve(TopicService())))
    assert _run([node, str(tmp_path / "ask.js")], _ROOT) == "NUM:money\n"


def test_the_java_program(serve: Serve, tmp_path: Path) -> None:
    classpath = os.environ.get("GRPC_JAVA_CLASSPATH", "")
    if not (classpath and shutil.which("protoc-gen-grpc-java")):
        pytest.skip("needs protoc-gen-grpc-java on the PATH and grpc-java's jars in GRPC_JAVA_CLASSPATH")
    (program,) = _blocks("java")
    (tmp_path / "Ask.java").write_text(program.replace(_ADDRESS, serve(TopicService())))
    (protoc,) = [line for line in _COMMANDS if line.startswith("protoc ")]
    (tmp_path / "src").mkdir()
    _run([_tool("protoc"), *shlex.split(protoc.replace("=src", f"={tmp_path / 'src'}"))[1:]], _ROOT)
    sources = [str(path) for path in tmp_path.rglob("*.java")]
    _run([_tool("javac"), "-nowarn", "-cp", classpath, "-d", "classes", *sources], tmp_path)
    assert _run([_tool("java"), "-cp", f"classes:{classpath}", "Ask"], tmp_path) == "NUM\n"


def test_the_java_and_net_programs_name_the_contract_s_packages() -> None:
    options = DESCRIPTOR.GetOptions()
    (java,), (csharp,) = _blocks("java"), _blocks("csharp")
    assert f"import {options.java_package}.TopicServiceGrpc;" in java
    assert f"using {options.csharp_namespace};" in csharp


def test_the_service_config_is_the_clients() -> None:
    (shown,) = _blocks("json")
    options = dict(channel_options(_ADDRESS))
    assert json.loads(shown) == json.loads(str(options["grpc.service_config"]))


@pytest.fixture(scope="module")
def tls_server(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a real server that requires mutual TLS, and the folder with the document's PEM files."""
    folder = tmp_path_factory.mktemp("tls")
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("client.example.com")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, certificate in {"server": server, "client": client}.items():
        (folder / f"{name}.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
    files = {"--tls-certificate": "server.pem", "--tls-key": "server.key", "--tls-client-ca": "ca.pem"}
    flags = [part for flag, file in files.items() for part in (flag, str(folder / file))]
    with server_process(*flags) as address:
        yield address, folder


@pytest.mark.parametrize("command", _TLS)
def test_a_tls_command(tls_server: tuple[str, Path], command: str) -> None:
    address, folder = tls_server
    name, *arguments = shlex.split(command.replace(_ADDRESS, address))
    run = [sys.executable, "-m", "questiontopic"] if name == "questiontopic" else [_tool(name)]
    assert re.search(r"TopicService|NUM", _run([*run, *arguments], folder))


def test_the_tls_program(tls_server: tuple[str, Path]) -> None:
    address, folder = tls_server
    program = _blocks("python")[4].replace(_ADDRESS, address)
    assert _run([sys.executable, "-W", "error", "-c", program], folder) == "NUM\n"
