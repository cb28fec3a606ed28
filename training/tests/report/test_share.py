import pytest

from questiontopic_training.report.share import Share


def test_the_interval_is_wilson_s() -> None:
    # Computed by hand with z = 1.959964.
    assert Share(469, 500).interval == pytest.approx((0.91337, 0.95597), abs=1e-4)
