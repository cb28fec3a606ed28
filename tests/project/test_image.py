"""The container image, built and run for real, called from the host; its size, start and memory are printed.

Needs a container engine: DOCKER_HOST names it, BASE_IMAGE an image in it to build on, and CA_BUNDLE the certificate
authorities of the package index if they are not the public ones. The image of the bundle `ensemble` is tested in the
same way, and with TENSORFLOW_IMAGE=1 that of the target `tensorflow`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from image import Container, build, check_structure, size

_MISSING = [name for name in ("DOCKER_HOST", "BASE_IMAGE") if not os.environ.get(name)]
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(bool(_MISSING), reason=f"no container engine: {' and '.join(_MISSING)} not set"),
]

MEGABYTE = 1_000_000
QUESTION = "What is your salary?"


@dataclass(frozen=True)
class Expected:
    """What must hold for the image that `docker build` makes with these flags."""

    name: str
    flags: tuple[str, ...]
    max_above_base: int
    absent: tuple[str, ...]
    memory_limit: str
    read_only: tuple[str, ...] = ("--read-only",)


NOT_NEEDED = ("tensorflow", "keras", "setuptools", "pip", "onnxruntime.transformers")
SMALL = Expected("default", (), 240 * MEGABYTE, NOT_NEEDED, "256m")
ENSEMBLE = Expected("ensemble", ("--build-arg", "ENCODER=minilm"), 340 * MEGABYTE, NOT_NEEDED, "768m")
# TensorFlow insists on a folder for temporary files.
TENSORFLOW = Expected(
    "tensorflow",
    ("--target", "tensorflow"),
    2_500 * MEGABYTE,
    ("pip",),
    "2g",
    ("--read-only", "--tmpfs", "/tmp"),
)
IMAGES = [SMALL, ENSEMBLE, TENSORFLOW] if os.environ.get("TENSORFLOW_IMAGE") else [SMALL, ENSEMBLE]


@dataclass(frozen=True)
class Image:
    identity: str
    expected: Expected
    above_base: int


@dataclass(frozen=True)
class Serving:
    container: Container
    seconds_to_first_answer: float
    cpu_seconds: float


@pytest.fixture(scope="module", params=IMAGES, ids=lambda expected: expected.name)
def image(request: pytest.FixtureRequest, ensemble_folder: Path) -> Image:
    base, flags = os.environ["BASE_IMAGE"], request.param.flags
    if request.param is ENSEMBLE:
        flags = (*flags, "--build-context", f"bundle={ensemble_folder}")
    identity = build(base, request.param.name, *flags)
    return Image(identity, request.param, size(identity) - size(base))


@pytest.fixture(scope="module")
def serving(image: Image) -> Iterator[Serving]:
    """A container with no rights that it does not need, and a port on the host's loopback."""
    locked = [*image.expected.read_only, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    place = ["--memory", image.expected.memory_limit, "--publish", "127.0.0.1::50051"]
    with Container(image.identity, *locked, *place) as container:
        container.wait_until_answered(QUESTION)
        seconds = time.monotonic() - container.started
        cpu_seconds = container.cpu_seconds()
        container.wait_until_healthy()
        yield Serving(container, seconds, cpu_seconds)


def test_boots_read_only_with_the_network_off_and_stops_cleanly(image: Image) -> None:
    with Container(image.identity, *image.expected.read_only, "--network", "none") as container:
        container.wait_until_healthy()
        assert container.stop() == 0, container.log
        assert "drained" in container.log
        assert "telemetry" not in container.log.lower(), container.log


def test_both_commands_get_the_same_answer_from_the_host(
    serving: Serving, go_command: list[str], python_command: list[str]
) -> None:
    call = ["--address", serving.container.address, "--label-level", "both", "--output", "jsonl", QUESTION]
    go, python = (
        subprocess.run([*command, *call], capture_output=True, text=True, timeout=60)
        for command in (go_command, python_command)
    )
    assert (go.returncode, go.stderr) == (0, "")
    assert (python.returncode, python.stdout, python.stderr) == (0, go.stdout, "")
    assert json.loads(go.stdout)["coarse"]["topTopic"] == "NUM"


def test_has_the_structure_that_it_should(image: Image) -> None:
    check_structure(image.identity, "server")


def test_does_not_run_as_root(serving: Serving) -> None:
    (ids,) = (line.split()[1:] for line in serving.container.read("/proc/1/status") if line.startswith("Uid:"))
    assert "0" not in ids


def test_cannot_write_its_own_files(serving: Serving) -> None:
    refused = serving.container.python(
        "import errno, os\n"
        "for folder in ('/', '/var/tmp', '/bundle', os.environ['QUESTIONTOPIC_CACHE']):\n"
        "    try: open(f'{folder}/probe', 'w')\n"
        "    except OSError as error: print(errno.errorcode[error.errno])\n"
    )
    assert refused.split() == ["EROFS"] * 4


def test_holds_nothing_that_serving_does_not_need(image: Image, serving: Serving) -> None:
    program = f"import importlib.util; print([n for n in {image.expected.absent} if importlib.util.find_spec(n)])"
    assert serving.container.python(program) == "[]"


def test_its_bill_of_materials_names_what_is_installed(image: Image, serving: Serving) -> None:
    if image.expected is TENSORFLOW:
        pytest.skip("only the target `serve` has one")
    bill = json.loads("\n".join(serving.container.read("/usr/share/sbom/questiontopic-server.cdx.json")))
    named = {f"{each['name']}=={each['version']}" for each in bill["components"] if each["hashes"] and each["licenses"]}
    installed = serving.container.python(
        "import importlib.metadata as m\n"
        "for d in m.distributions(): print(f'{d.name}=={d.version}'.replace('_', '-').lower())"
    )
    assert {each for each in installed.split() if not each.startswith("questiontopic")} == named


def test_reads_the_unpacked_table_instead_of_making_it(serving: Serving) -> None:
    opened = serving.container.python(
        "import os\n"
        "for name in os.listdir('/proc/1/fd'):\n"
        "    try: print(os.readlink(f'/proc/1/fd/{name}'))\n"
        "    except FileNotFoundError: pass\n"  # Closed meanwhile.
    )
    assert [line for line in opened.splitlines() if line.endswith(".npy")]


def test_is_small_enough_and_says_its_figures(
    image: Image, serving: Serving, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = (
        f"{image.above_base / MEGABYTE:.0f} MB above the base image",
        f"{serving.seconds_to_first_answer:.1f} s from start to first answer ({serving.cpu_seconds:.1f} CPU-s)",
        f"{serving.container.resident_bytes() / MEGABYTE:.0f} MB resident",
    )
    with capsys.disabled():
        print(f"\nimage {image.expected.name}: {', '.join(figures)}")
    assert image.above_base <= image.expected.max_above_base
