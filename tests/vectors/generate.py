"""Writes the vectors that depend on the bundle: texts of our own, and what the bundle answers in this process.

python tests/vectors/generate.py BUNDLE FILE
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

TEXTS = [
    "Where do you work now?",
    "What is your salary?",
    "what does WLAN stand for",
    "Who repaired the roof of the town hall?",
    "HOW MANY MOONS DOES MARS HAVE?",
    "Why is the sky blue?",
    "What colour is a ripe mango?",
    "您的工资是多少？",
    "¿Quién escribió Don Quijote?",
    "Wo liegt der höchste Berg Österreichs?",
    "Quand la tour Eiffel a-t-elle été construite ?",
    "Что такое фотосинтез?",
    "😀 how old are you\n",
    "e\u0301tude or \u00e9tude?",
]
LONG = {"repeat": "tell me more about this ", "times": 83}  # 1,992 characters, more pieces than the model reads.
LONGEST = {"repeat": "?", "times": 2000}
TOLERANCE = 1e-4
LEVELS = ("LABEL_LEVEL_UNSPECIFIED", "LABEL_LEVEL_COARSE", "LABEL_LEVEL_FINE", "LABEL_LEVEL_BOTH")


def main() -> None:
    """Reads the bundle's folder and the file to write from the command line."""
    bundle, file = map(Path, sys.argv[1:])
    model = load_topic_model(read_bundle(bundle), "auto", Path(".cache"), 1)
    vectors = [_vector(model, f"{level}: {len(TEXTS)} texts", TEXTS, level) for level in LEVELS]
    vectors.append(_vector(model, "the model by its name", TEXTS[:1], LEVELS[0], {"model": model.manifest.name}))
    vectors.append(_vector(model, "a truncated text beside a short one", [LONG, TEXTS[0]], LEVELS[0]))
    vectors.append(_vector(model, "the most characters", [LONGEST], LEVELS[1]))
    vectors.append(_vector(model, "the most texts", [{"copies": 512, "of": "Who feeds your cat?"}], LEVELS[1]))
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
    file.write_text(f'{{"vectors": [\n{lines}\n]}}\n', "utf-8")


def _vector(
    model: TopicModel, name: str, texts: list[Any], level: str, more: dict[str, str] | None = None
) -> dict[str, Any]:
    response = {"predictions": _predictions(model, _expand(texts), level)}
    return {
        "name": name,
        "request": {"texts": texts, "labelLevel": level, **(more or {})},
        "expect": {"code": "OK", "response": response, "tolerance": TOLERANCE},
    }


def _expand(texts: list[Any]) -> list[str]:
    expanded: list[str] = []
    for text in texts:
        match text:
            case {"repeat": part, "times": times}:
                expanded.append(part * times)
            case {"copies": copies, "of": of}:
                expanded.extend([of] * copies)
            case _:
                expanded.append(text)
    return expanded


def _predictions(model: TopicModel, texts: list[str], level: str) -> list[dict[str, Any]]:
    fine_names = [label.name for label in model.manifest.fine_labels]
    predictions = []
    found = model.predict(texts)
    for row, truncated in enumerate(found.truncated):
        prediction: dict[str, Any] = {}
        if not level.endswith("FINE"):
            prediction["coarse"] = _confidences(model.manifest.coarse_labels, found.coarse[row].tolist())
        if level.endswith(("FINE", "BOTH")) and found.fine is not None:
            prediction["fine"] = _confidences(fine_names, found.fine[row].tolist())
        if truncated:
            prediction["truncated"] = True
        if found.none_of_these is not None:
            prediction["noneOfThese"] = round(float(found.none_of_these[row]), 7)
        predictions.append(prediction)
    return predictions


def _confidences(labels: Any, values: Sequence[float]) -> dict[str, Any]:
    rounded = {label: round(value, 7) for label, value in zip(labels, values, strict=True)}
    return {"topTopic": labels[values.index(max(values))], "confidences": rounded}


if __name__ == "__main__":
    main()
