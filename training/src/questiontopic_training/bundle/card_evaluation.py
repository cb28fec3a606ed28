"""The sections of a model card that show a manifest's field `evaluation`; a section without figures is empty."""

from __future__ import annotations

from typing import Any

from questiontopic_model.bundle import Manifest

from ..evaluation.wording import ABOUT_80, confidence_sentence, points

_SLACK = 1e-6  # The bounds of bins are multiples of 1/15, which floating-point numbers only approximate.


def confidence_section(manifest: Manifest) -> str:
    """How many answers were right, by their confidence."""
    levels: dict[str, list[dict[str, Any]]] = manifest.evaluation.get("reliability", {})
    if not levels:
        return ""
    asked = "test questions" if "test_questions" in manifest.metrics else "questions held out from training"
    about = f"How many answers with a confidence in each range were right, for the {asked}."
    said = [f"- {level}, about 0.8: {_about_80(bins)}" for level, bins in levels.items()]
    ranges = sorted({(one["low"], one["high"]) for bins in levels.values() for one in bins})
    found = {level: {(one["low"], one["high"]): one for one in bins} for level, bins in levels.items()}
    rows = [
        f"| {low:.2f} to {high:.2f} | {' | '.join(_right(bins.get((low, high))) for bins in found.values())} |"
        for low, high in reversed(ranges)
    ]
    return "\n".join([about, "", *said, "", *_head("Confidence", [f"Right, {level}" for level in levels]), *rows])


def robustness_section(manifest: Manifest) -> str:
    """The accuracy on disturbed test questions, and its difference from the undisturbed ones."""
    disturbances: dict[str, dict[str, Any]] = manifest.evaluation.get("robustness", {})
    if not disturbances:
        return ""
    levels = list(next(iter(disturbances.values()))["accuracy"])
    rows = []
    for name, one in disturbances.items():
        pairs = [f"{one['accuracy'][level]:.1%} | {points(-one['drop'][level])}" for level in levels]
        drawn = f", mean of {draws} draws" if (draws := one.get("draws", 1)) > 1 else ""
        rows.append(f"| {name}{drawn} | {' | '.join(pairs)} |")
    about = (
        "The mean accuracy over the seeds when every test question is changed as users might write it, and the "
        "difference from the unchanged questions in percentage points."
    )
    columns = [column for level in levels for column in (f"Accuracy, {level}", "Difference")]
    return "\n".join([about, "", *_head("Change", columns), *rows])


def languages_section(manifest: Manifest) -> str:
    """The accuracy on our own questions in several languages."""
    languages: dict[str, dict[str, float]] = manifest.evaluation.get("languages", {})
    if not languages:
        return ""
    about = (
        "The mean accuracy of the coarse labels over the seeds, for our own questions, which are the same in every "
        "language. There are few questions, so small differences mean nothing."
    )
    rows = [f"| {code} | {one['questions']} | {one['accuracy']:.1%} |" for code, one in languages.items()]
    return "\n".join([about, "", *_head("Language", ["Questions", "Accuracy"]), *rows])


def _about_80(bins: list[dict[str, Any]]) -> str:
    low, high = ABOUT_80
    inside = [one for one in bins if one["low"] >= low - _SLACK and one["high"] <= high + _SLACK]
    right = sum(_count(one) for one in inside)
    ends = (min(one["low"] for one in inside), max(one["high"] for one in inside)) if inside else ABOUT_80
    return confidence_sentence(sum(one["answers"] for one in inside), right, *ends)


def _right(one: dict[str, Any] | None) -> str:
    return f"{_count(one)} of {one['answers']}" if one else ""


def _count(one: dict[str, Any]) -> int:
    right: int = round(one["accuracy"] * one["answers"])
    return right


def _head(first: str, columns: list[str]) -> list[str]:
    return [f"| {' | '.join([first, *columns])} |", f"|{' --- |' * (1 + len(columns))}"]
