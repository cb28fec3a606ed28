from __future__ import annotations

import os
from pathlib import Path

import pytest

from questiontopic_server.cpus import available

MACHINE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu.max": "max 100000\n"}, MACHINE),
        ({"cpu.max": "100000000 100000\n"}, MACHINE),
        ({"cpu/cpu.cfs_quota_us": "25000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.25),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, MACHINE),
        ({"cpu.max": "not a number\n"}, MACHINE),
        ({}, MACHINE),
    ],
)
def test_the_least_of_quota_and_affinity(files: dict[str, str], expected: float, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert available(tmp_path) == expected
