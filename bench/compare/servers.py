"""Who is compared: our server, the systems that people choose instead of it, two references; how each starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hosted import Hosted, free_port, hosted
from protocols import Json, OpenInference, OpenInferenceJson, Topic, Wire

ROOT = Path(__file__).resolve().parents[1]
OURS = "question-topic"
_ENVIRONMENT = {
    "PYTHONPATH": ":".join(str(ROOT / folder) for folder in ("server/src", "clients/python/src", "bench/peers")),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Contender:
    """A server in `peers/{folder}`, asked on its first port plus `offset`; `label` says how it is hosted.

    A reference is no system that one would choose; it does not count as a peer.
    """

    name: str
    folder: str
    label: str
    wire: Wire
    offset: int = 0
    reference: bool = False

    @contextlib.contextmanager
    def started(
        self, bundle: Path, environments: Path, scratch: Path, hooks: Path | None = None, more: Mapping[str, str] = {}
    ) -> Iterator[Hosted]:
        """Runs it on a free port until the block ends; raises HostedError.

        `environments` has a folder for each peer; modules in `hooks` come before all others, and `more` is added to
        the environment.
        """
        port = free_port()
        url = f"{self.wire.scheme}://127.0.0.1:{port + self.offset}{self.wire.path}"
        environment = {**_ENVIRONMENT, **more}
        if hooks:
            environment["PYTHONPATH"] = f"{hooks}:{environment['PYTHONPATH']}"
        command = self._command(bundle.resolve(), environments.resolve(), port)
        with hosted(command, environment, scratch, url, self.wire.encode(["Ready?"])) as server:
            yield server

    @property
    def version(self) -> str:
        """The package that serves, and its version; ours is the checkout."""
        if self.name == OURS:
            return ""
        return (ROOT / "bench" / "peers" / self.folder / "requirements.in").read_text("utf-8").split()[0]

    def environment(self, environments: Path) -> Path:
        """Where its packages are; `environments` has a folder for each peer."""
        return ROOT / ".venv" / "serve" if self.name == OURS else environments.resolve() / self.folder

    def _command(self, bundle: Path, environments: Path, port: int) -> list[str]:
        python = str(self.environment(environments) / "bin" / "python")
        if self.name == OURS:
            arguments = ["--bundle", str(bundle), "--port", str(port), "--cache", str(ROOT / ".cache")]
            return [python, "-m", "questiontopic_server", *arguments]
        return [python, str(ROOT / "bench" / "peers" / self.folder / "serve.py"), str(bundle), str(port)]


OUR_SERVER = Contender(OURS, "", "gRPC", Topic())
CONTENDERS = (
    OUR_SERVER,
    Contender("PyTriton", "pytriton", "gRPC, batched", OpenInference()),
    Contender("PyTriton HTTP", "pytriton", "HTTP, batched", OpenInferenceJson(), 1),
    Contender("MLServer", "mlserver", "gRPC, batched", OpenInference()),
    Contender("KServe", "kserve", "gRPC", OpenInference()),
    Contender("BentoML", "bentoml", "HTTP, batched", Json(bare=True)),
    Contender("LitServe", "litserve", "HTTP, batched", Json()),
    Contender("Ray Serve", "ray", "gRPC, batched", Topic()),
    Contender("FastAPI", "fastapi", "HTTP, 2 workers", Json()),
    Contender("Flask", "flask", "HTTP, gunicorn, 2 workers", Json()),
    Contender("Flask, original", "flask-original", "HTTP, loads the model on every request", Json()),
    Contender("grpcio", "grpcio", "gRPC, threads, no batcher", Topic(), reference=True),
    Contender("Keras, grpc.aio", "keras", "gRPC, TensorFlow, no batcher", Topic(), reference=True),
)


def installed_mb(environment: Path) -> float:
    """What an environment takes on the disk."""
    files = (path for path in environment.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6
