"""Reads descriptions of labels from a `.csv` or `.tsv` file with the columns label and description."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .files import CONTROL, text_field
from .questions import DataError, QuestionSet
from .table import read_table

_COLUMNS = ("label", "description")
_MAX_NAMED = 5  # A wrong file may describe thousands of other labels.


def with_descriptions(data: QuestionSet, path: Path) -> QuestionSet:
    """The questions with the descriptions in the file; raises DataError, also if it describes another label."""
    descriptions = read_descriptions(path)
    labels = {label for question in data.training for label in (question.coarse, question.fine)}
    if unknown := [label for label in descriptions if label not in labels]:
        named = ", ".join(map(repr, unknown[:_MAX_NAMED]))
        more = f" and {len(unknown) - _MAX_NAMED} more" if len(unknown) > _MAX_NAMED else ""
        raise DataError(f"{path}: no question has the label {named}{more}; correct or remove these rows")
    return replace(data, label_descriptions=descriptions)


def read_descriptions(path: Path) -> dict[str, str]:
    """The descriptions by label; raises DataError. Other columns are ignored."""
    descriptions: dict[str, str] = {}
    header: list[str] = []
    for line, row in read_table(path, set(_COLUMNS)):
        try:
            if not header:
                header = _checked(row)
                continue
            label, description = (text_field(dict(zip(header, row, strict=True)), name) for name in _COLUMNS)
            if CONTROL.search(description):
                fix = "write it on one line, without tabs"
                raise ValueError(f"control character in the description {description!r}; {fix}")
        except ValueError as error:
            raise DataError(f"{path}:{line}: {error}") from None
        if label in descriptions:
            raise DataError(f"{path}:{line}: a second description of the label {label!r}; remove one of them")
        descriptions[label] = description
    if not descriptions:
        raise DataError(f"{path}: holds no description")
    return descriptions


def _checked(header: list[str]) -> list[str]:
    if any(header.count(name) != 1 for name in _COLUMNS):
        raise ValueError(f"columns {', '.join(map(repr, header))}: name one of them label and one description")
    return header
