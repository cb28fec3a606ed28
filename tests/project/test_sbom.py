"""`make sbom` names every package of the images with version and hash, and no other, in the same bytes each time."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from server_process import ROOT

FILES = [ROOT / "build" / "sbom" / name for name in ("server.json", "gateway.json")]

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv" / "sbom" / ".ready").exists(), reason="`make sbom` makes the environment"
)


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """Those of server and gateway, made twice."""
    made = []
    for _ in range(2):
        run = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        assert run.returncode == 0, run.stderr
        made.append([file.read_bytes() for file in FILES])
    assert made[0] == made[1]
    return [json.loads(each) for each in made[0]]


def components(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in document["components"]}


def pins() -> dict[str, tuple[str, set[str]]]:
    """The version and the hashes of each package that the lock file of the server names for this machine."""
    found = {}
    for block in re.split(r"\n(?=\w)", (ROOT / "requirements" / "serve.txt").read_text("utf-8")):
        pinned = Requirement(block.split(" \\\n")[0])
        if pinned.marker is None or pinned.marker.evaluate():
            (version,) = (each.version for each in pinned.specifier)
            found[pinned.name] = version, set(re.findall(r"sha256:(\w+)", block))
    return found


def test_the_server_s_has_what_is_pinned_with_versions_hashes_and_licences(documents: list[dict[str, Any]]) -> None:
    found = components(documents[0])
    expected = pins()
    del expected["setuptools"]  # It builds our distributions; the image does not have it.
    assert {
        name: (each["version"], {digest["content"] for digest in each["hashes"]}) for name, each in found.items()
    } == expected
    assert all(each["licenses"] for each in found.values())
    assert {each["purl"] for each in found.values()} == {f"pkg:pypi/{name}@{expected[name][0]}" for name in expected}


def test_the_gateway_s_has_the_modules_that_its_binary_names(documents: list[dict[str, Any]]) -> None:
    found = components(documents[1])
    gateway = [".tools/go", "version", "-m", ".tools/gateway"]
    told = subprocess.run(gateway, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert {(name, each["version"]) for name, each in found.items()} == set(re.findall(r"\tdep\t(\S+)\t(\S+)", told))
    assert all(each["hashes"] and each["purl"].startswith("pkg:golang/") for each in found.values())


def test_nothing_of_this_machine_is_in_them(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        assert document["bomFormat"] == "CycloneDX"
        assert "serialNumber" not in document
        assert "timestamp" not in document["metadata"]
        assert str(ROOT) not in json.dumps(document)
        assert str(Path.home()) not in json.dumps(document)
