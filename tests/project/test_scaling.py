"""docs/scaling.md says what its study computes, and the study's autoscaler does what Kubernetes documents."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from server_process import ROOT

from studies.autoscaler import Autoscaler, Policy, Rules, Settings, read_settings
from studies.day import LOW, Pod, simulate
from studies.scaling import read_pod

DOCUMENT = ROOT / "docs" / "scaling.md"
PRODUCTION = read_settings(ROOT / "deploy" / "kubernetes" / "overlays" / "production" / "autoscaler.yaml")


def study(*arguments: str) -> str:
    command = [sys.executable, "-m", "studies.scaling", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "bench"), os.environ.get("PYTHONPATH", "")])}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_tables_and_the_figure_are_what_the_study_makes(tmp_path: Path) -> None:
    shutil.copy(DOCUMENT, tmp_path)
    study("--write", str(tmp_path))
    for name in ("scaling.md", "scaling.svg"):
        assert (tmp_path / name).read_bytes() == (DOCUMENT.parent / name).read_bytes(), "run: make scaling"


def test_a_price_adds_what_a_day_costs() -> None:
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in study("--price", "2.5").splitlines()]
    rows = [row for row in found if row and row[0].endswith("000")]
    assert len(rows) == 6
    for row in rows:
        assert float(row[5].replace(",", "")) == 2.5 * float(row[4].replace(",", ""))


def test_the_measured_figures_in_the_text_are_those_of_the_performance_page() -> None:
    text, performance = DOCUMENT.read_text("utf-8"), (ROOT / "docs" / "performance.md").read_text("utf-8")
    (one,) = re.findall(r"^\| 1 \| on another CPU \| ([\d,]+) \| ([\d,]+) \|", performance, re.MULTILINE)
    (two,) = re.findall(r"^\| 2 \| on the same CPUs \| ([\d,]+) \| ([\d,]+) \|", performance, re.MULTILINE)
    assert f"{one[0]} and {two[0]} single questions a second, {one[1]} and {two[1]} in calls of 32" in text
    (cpu_seconds,) = re.findall(r"^\| 0\.99 to (1\.19) ", performance, re.MULTILINE)
    assert read_pod(1).start_seconds - 1 < float(cpu_seconds) <= read_pod(1).start_seconds
    most = f"{PRODUCTION.max_pods} pods: {PRODUCTION.max_pods * PRODUCTION.target:.0f} CPUs that work"
    assert most in text


def with_rules(up: Rules, down: Rules, *, max_pods: int = 100) -> Autoscaler:
    return Autoscaler(Settings(1, max_pods, 0.5, up, down))


FREE = Rules(0, (Policy("Percent", 100_000, 15),))


@pytest.mark.parametrize(
    ("pods", "utilization", "wanted"),
    [
        (4, 1.0, 8),
        (4, 0.25, 2),
        (3, 0.6, 4),
        (10, 0.549, 10),
        (10, 0.551, 12),
        (10, 0.451, 10),
        (10, 0.44, 9),
        (4, 0.0, 1),
    ],
)
def test_the_pods_are_those_of_the_documented_formula(pods: int, utilization: float, wanted: int) -> None:
    down = Rules(0, (Policy("Percent", 100, 15),))
    assert with_rules(FREE, down).sync(0, pods, utilization) == wanted


def test_growth_keeps_to_the_policy_that_allows_most() -> None:
    up = Rules(0, (Policy("Percent", 100, 15), Policy("Pods", 4, 15)))
    scaler, pods, seen = with_rules(up, FREE), 1, []
    for second in range(15, 90, 15):
        pods = scaler.sync(second, pods, 5.0)
        seen.append(pods)
    assert seen == [5, 10, 20, 40, 80]


def test_a_policy_counts_what_came_or_went_in_its_whole_period() -> None:
    up = Rules(0, (Policy("Pods", 3, 60),))
    scaler = with_rules(up, Rules(0, (Policy("Pods", 2, 60),)))
    assert [scaler.sync(second, pods, 5.0) for second, pods in ((15, 1), (30, 4), (60, 4), (75, 4))] == [4, 4, 4, 7]
    assert [scaler.sync(second, pods, 0.0) for second, pods in ((200, 20), (215, 18), (260, 18))] == [18, 18, 16]


def test_shrinking_waits_for_the_end_of_the_window() -> None:
    scaler = with_rules(FREE, Rules(300, (Policy("Percent", 100, 15),)))
    assert scaler.sync(0, 8, 0.5) == 8
    assert [scaler.sync(second, 8, 0.1) for second in (15, 150, 300)] == [8, 8, 8]
    assert scaler.sync(301, 8, 0.1) == 2


def test_the_limits_are_kept() -> None:
    assert with_rules(FREE, FREE, max_pods=6).sync(0, 5, 5.0) == 6


def test_a_steady_load_keeps_its_pods_and_is_answered() -> None:
    run = simulate(PRODUCTION, Pod(questions_per_cpu=LOW // 10, request=1, limit=2), lambda second: LOW)
    assert (set(run.pods), run.missed_seconds) == ({13}, 0)
    assert run.asked == LOW * 24 * 3600


def test_an_autoscaler_in_another_form_is_refused_by_field(tmp_path: Path) -> None:
    right = (ROOT / "deploy" / "kubernetes" / "overlays" / "production" / "autoscaler.yaml").read_text("utf-8")
    for old, new, field in (
        ("minReplicas: 3", "minReplicas: three", "minReplicas"),
        ("averageUtilization: 80", "averageValue: 80", "averageUtilization"),
        ("stabilizationWindowSeconds: 300", "", "stabilizationWindowSeconds"),
        ("{type: Pods, value: 4, periodSeconds: 15}", "{type: Pods, periodSeconds: 15, value: 4}", "policies"),
    ):
        assert old in right
        (tmp_path / "autoscaler.yaml").write_text(right.replace(old, new), "utf-8")
        with pytest.raises(ValueError, match=field):
            read_settings(tmp_path / "autoscaler.yaml")
