"""deploy/compose.yaml on a real engine: brings it up, finds its containers, and takes it down."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from image import build_flags, docker
from server_process import ROOT

OURS = "label=com.docker.compose.project=question-topic"
NETWORK = "question-topic_inside"  # That of server and gateway.
_SECONDS = 1800


def make(*arguments: str) -> None:
    """Runs make in the project; AssertionError with what it said if it fails."""
    run = subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert run.returncode == 0, run.stderr


def compose(*arguments: str, files: tuple[str, ...] = ()) -> str:
    """What `docker compose` prints for deploy/compose.yaml and other files of deploy/."""
    named = [f"--file={ROOT / 'deploy' / file}" for file in ("compose.yaml", *files)]
    return docker("compose", *named, *arguments, seconds=_SECONDS)


def running(service: str) -> list[str]:
    """The containers of a service."""
    return docker("ps", "--quiet", "--filter", OURS, "--filter", f"label=com.docker.compose.service={service}").split()


@contextmanager
def up(*arguments: str) -> Iterator[None]:
    """`make up` with these arguments, and `make down` at the end."""
    make("up", f"ARGS={' '.join(arguments)}")
    try:
        yield
    finally:
        make("down")


def build_second_model(bundle: Path) -> None:
    """Builds the image of compose.models.yaml with a bundle."""
    flags = [*build_flags(os.environ["BASE_IMAGE"]), "--build-context", f"bundle={bundle}"]
    docker("build", "--tag", "question-topic-ensemble", *flags, str(ROOT), seconds=_SECONDS)
