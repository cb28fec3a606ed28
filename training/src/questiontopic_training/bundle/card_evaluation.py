"""The sections of a model card that show a manifest's field `evaluation`; a section without figures is empty."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def translations_section(manifest: Manifest) -> str:
    """How often a translation gets the topic of its English text."""
    collections: dict[str, dict[str, dict[str, float]]] = manifest.evaluation.get("translations", {})
    if not collections:
        return ""
    known = set(manifest.languages)
    languages = sorted(
        {code for rows in collections.values() for code in rows}, key=lambda code: (code not in known, code)
    )
    rows = []
    for code in languages:
        found = [rows_of.get(code) for rows_of in collections.values()]
        cells = [f"{one['agreement']:.0%} of {one['questions']:.0f}" if one else "" for one in found]
        rows.append(f"| {code if code in known else f'{code}, not supported'} | {' | '.join(cells)} |")
    about = (
        "How many translations of a question get the topic that its English text gets. Measured on held-out "
        "questions, with a model that was trained in the same way without any of their translations."
    )
    means = [
        f"{np.mean([one['agreement'] for code, one in rows_of.items() if code in known]):.1%}"
        for rows_of in collections.values()
    ]
    mean = f"| mean of the supported languages | {' | '.join(means)} |"
    return "\n".join([about, "", *_head("Language", [f"`{name}`" for name in collections]), *rows, mean])


def typed_section(manifest: Manifest) -> str:
    """The accuracy on our own typed questions."""
    typed: dict[str, float] = manifest.evaluation.get("typed", {})
    if not typed:
        return ""
    return (
        f"Our own {typed['questions']:.0f} English questions, written as people type them into a search box or a chat, "
        f"cover all fine labels alike and are in no training set. Right are {typed['coarse']:.1%} of the coarse and "
        f"{typed['fine']:.1%} of the fine labels (mean over the seeds). Calibration error of the bundle: "
        f"{typed['coarse_calibration_error']:.3f} and {typed['fine_calibration_error']:.3f}; a perfectly calibrated "
        f"model would have {typed['coarse_chance_calibration_error']:.3f} and "
        f"{typed['fine_chance_calibration_error']:.3f} by chance."
    )


def none_of_these_section(manifest: Manifest) -> str:
    """How well the score "none of these" separates texts with a label from others."""
    pairs: dict[str, dict[str, float]] = manifest.evaluation.get("none_of_these", {})
    if not pairs:
        return ""
    about = (
        "Every text also gets a score from 0 to 1 that it belongs to none of the labels. It is calibrated for as many "
        "texts with a label as without one, does not change the confidences, and leaves the threshold to the caller. "
        "AUROC: the chance that a text without a label has a higher score than a text with one. Let through: the "
        "share of texts without a label below the threshold that keeps 95% of the others."
    )
    columns = ["Texts", "AUROC", "Let through", "Flagged at 0.5", "Kept at 0.5"]
    rows = [
        f"| {name} | {one['questions']:.0f} and {one['others']:.0f} | {one['auroc']:.3f} "
        f"| {one['false_positive_rate']:.1%} | {one['flagged']:.1%} | {one['kept']:.1%} |"
        for name, one in pairs.items()
    ]
    return "\n".join([about, "", *_head("Kinds", columns), *rows])


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
