"""The servers that can be compared: our own, the peers, other versions of our own, and servers of any command."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from compare.protocols import Json, OpenInference, OpenInferenceJson, Topic, WireFormat
from compare.server_process import ServerProcess, ask, check_serving, free_port, run_server

ROOT = Path(__file__).resolve().parents[2]
OURS = "question-topic"
# A thread pool of a library would compete for the CPUs with the threads and processes of the servers.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_PEER_PATH = ":".join(str(ROOT / folder) for folder in ("server/src", "clients/python/src", "bench/peers"))


@dataclass(frozen=True)
class Server:
    """A server, of which exactly one of `peer`, `checkout` and `command` says how it starts."""

    name: str
    label: str
    """How it is hosted."""
    wire: WireFormat
    peer: str = ""
    """Folder in bench/peers."""
    checkout: Path | None = None
    """Folder of a checkout of this project, whose environment .venv/serve is there."""
    command: str = ""
    """A command line with {port}."""
    port_offset: int = 0
    """The port that is asked, counted from the port of the command line."""
    bundle: Path | None = None
    """The bundle that it serves, unless that is the bundle of the comparison."""
    same_model: bool = True
    """Its answers must be those of the bundle. Another version may have another model."""

    @contextlib.contextmanager
    def started(
        self, bundle: Path, environments: Path, scratch: Path, variables: Mapping[str, str] | None = None
    ) -> Iterator[ServerProcess]:
        """Runs the server on a free port until the block ends; raises ServerError.

        `environments` has a folder for each peer, `scratch` gets the log, and `variables` are added to the environment.
        A PYTHONPATH among them comes before the server's own.
        """
        port = free_port()
        url = f"{self.wire.scheme}://127.0.0.1:{port + self.port_offset}{self.wire.path}"
        environment = {**_ONE_THREAD, **(variables or {})}
        paths = [environment.get("PYTHONPATH", ""), _PEER_PATH if self.peer else ""]
        environment["PYTHONPATH"] = ":".join(filter(None, paths))
        folder = self.checkout or Path.cwd()
        if self.peer:
            folder = scratch
            (ROOT / ".cache").mkdir(exist_ok=True)
            (scratch / ".cache").symlink_to(ROOT / ".cache")  # Our server too finds its table unpacked.
        command = self._command(bundle.resolve(), environments.resolve(), port)
        with run_server(command, environment, folder, scratch / "log.txt", url, self._ready(url)) as server:
            yield server

    def _ready(self, url: str) -> Callable[[], None]:
        """Our own server says when it is ready; from the others nothing but an answer to a question tells."""

        def answer() -> None:
            ask(url, self.wire.encode(["Ready?"]), 10)

        return (lambda: check_serving(url)) if self.checkout else answer

    def _command(self, bundle: Path, environments: Path, port: int) -> list[str]:
        if self.command:
            return shlex.split(self.command.replace("{port}", str(port)))
        python = str(self.environment(environments) / "bin" / "python")
        if self.checkout:
            served = str(self.bundle or bundle)
            return [python, "-m", "questiontopic_server", "--bundle", served, "--port", str(port)]
        return [python, str(ROOT / "bench" / "peers" / self.peer / "serve.py"), str(bundle), str(port)]

    def environment(self, environments: Path) -> Path:
        """The folder with the packages of a peer or a checkout."""
        return environments.resolve() / self.peer if self.peer else (self.checkout or Path()) / ".venv" / "serve"

    def installed_mb(self, environments: Path) -> float | None:
        """The size of its packages on the disk; unknown for a command."""
        if self.command:
            return None
        files = self.environment(environments).rglob("*")
        return sum(path.stat().st_size for path in files if path.is_file() and not path.is_symlink()) / 1e6


def _peer(name: str, folder: str, label: str, wire: WireFormat, port_offset: int = 0) -> Server:
    version = (ROOT / "bench" / "peers" / folder / "requirements.in").read_text("utf-8").split()[0]
    return Server(name, f"{version}, {label}", wire, peer=folder, port_offset=port_offset)


OUR_SERVER = Server(OURS, "gRPC", Topic(), checkout=ROOT)
SERVERS = (
    OUR_SERVER,
    Server("question-topic-merged", "gRPC, calls merged by our Go client", Topic(scheme="merged"), checkout=ROOT),
    _peer("pytriton", "pytriton", "gRPC, batched", OpenInference()),
    _peer("pytriton-http", "pytriton", "HTTP, batched", OpenInferenceJson(), 1),
    _peer("mlserver", "mlserver", "gRPC, batched", OpenInference()),
    _peer("kserve", "kserve", "gRPC", OpenInference()),
    _peer("bentoml", "bentoml", "HTTP, batched", Json(rows_only=True)),
    _peer("litserve", "litserve", "HTTP, batched", Json()),
    _peer("ray", "ray", "gRPC, batched", Topic()),
    _peer("fastapi", "fastapi", "HTTP, 2 workers", Json()),
    _peer("flask", "flask", "HTTP, gunicorn, 2 workers", Json()),
    _peer("flask-original", "flask-original", "HTTP, loads the model for every request", Json()),
    _peer("grpcio", "grpcio", "gRPC, threads, no batcher", Topic()),
    _peer("keras", "keras", "gRPC, TensorFlow, no batcher", Topic()),
)


def server_beside(text: str) -> Server:
    """Reads NAME=CHECKOUT or NAME=COMMAND; raises ValueError."""
    name, separator, how = text.partition("=")
    if not separator or not name or name in {server.name for server in SERVERS}:
        raise ValueError(f"{text!r} must begin with a new name and =")
    if "{port}" in how:
        return Server(name, "gRPC, a command", Topic(), command=how, same_model=False)
    checkout = Path(how).expanduser().resolve()
    if not (checkout / ".venv" / "serve" / "bin" / "python").exists():
        raise ValueError(f"{how!r} is no checkout with .venv/serve, and no command with {{port}}")
    git = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "without a commit"
    label, bundle = f"gRPC, another version ({commit})", checkout / "models" / "usem3"
    return Server(name, label, Topic(), checkout=checkout, bundle=bundle, same_model=False)
