"""Files that pin packages hold versions and hashes, and no address: the machine says which registry it uses."""

from __future__ import annotations

import pytest
from server_process import ROOT

PINS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("requirements/*.txt", "bench/peers/*/requirements.txt", "tests/node/package-lock.json", "*/go.sum")
    for path in [*ROOT.glob(pattern), *ROOT.glob(f"*/{pattern}")]
)


@pytest.mark.parametrize("path", PINS)
def test_pins_hold_no_address(path: str) -> None:
    content = (ROOT / path).read_text("utf-8")
    assert content
    assert "://" not in content
