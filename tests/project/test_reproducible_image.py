"""Two builds of an image hold the same bytes in the same order. The engine sets all times to SOURCE_DATE_EPOCH."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from image import NEEDS_ENGINE, build_flags
from server_process import ROOT

pytestmark = NEEDS_ENGINE


def files(target: str, archive: Path, *flags: str) -> dict[str, tuple[object, ...]]:
    """What the image of the target holds: of each path its kind, mode, owner, time, link and digest."""
    command = ["docker", "build", "--quiet", "--target", target, *build_flags(os.environ["BASE_IMAGE"]), *flags]
    command += ["--build-arg", "SOURCE_DATE_EPOCH=0", "--output", f"type=tar,dest={archive}", str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert run.returncode == 0, run.stderr
    with tarfile.open(archive) as tar:
        return {
            each.name: (
                *(each.type, each.mode, each.uid, each.gid, each.mtime, each.linkname),
                hashlib.file_digest(tar.extractfile(each), "sha256").hexdigest() if each.isfile() else "",  # type: ignore[arg-type]
            )
            for each in tar
        }


GATEWAY = {
    "etc/ssl/certs/ca-certificates.crt",
    "gateway",
    "usr/share/doc/questiontopic/LICENSE",
    "usr/share/doc/questiontopic/NOTICE",
}


@pytest.mark.parametrize(
    ("target", "anew", "regular"),
    # Built anew is what we run. The unpacked packages of others are kept, because that saves half a minute.
    [
        ("serve", "serve-packages,distribution,table,sbom,runtime,serve", None),
        ("gateway", "gateway-build,gateway", GATEWAY),
    ],
)
def test_two_builds_hold_the_same_bytes(tmp_path: Path, target: str, anew: str, regular: set[str] | None) -> None:
    first = files(target, tmp_path / "first.tar")
    second = files(target, tmp_path / "second.tar", f"--no-cache-filter={anew}")
    assert regular in (None, {path for path, about in first.items() if about[0] == tarfile.REGTYPE})
    assert [path for path in first.keys() | second.keys() if first.get(path) != second.get(path)] == []
    with (tmp_path / "first.tar").open("rb") as one, (tmp_path / "second.tar").open("rb") as other:
        assert hashlib.file_digest(one, "sha256").digest() == hashlib.file_digest(other, "sha256").digest()
