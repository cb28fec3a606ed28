"""Reads texts that ask for none of TREC's labels: what people say to an assistant.

With them, a model of TREC's labels learns the score of "none of these". Nothing is downloaded, because each collection
has its own source and its own licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import read_questions
from .unlabelled import Collection

_TRAINING = Collection("clinc150_train.csv", "clinc/oos-eval, data_full.json (Larson et al. 2019)", "CC BY 3.0")
_TEST = "clinc150_test.csv"
# Intents of CLINC150 whose texts ask for something that a label of TREC names, so that they are no examples.
_ASKING = frozenset(
    (
        "calories",
        "carry_on",
        "cook_time",
        "date",
        "definition",
        "distance",
        "exchange_rate",
        "food_last",
        "fun_fact",
        "how_old_are_you",
        "income",
        "ingredient_substitution",
        "ingredients_list",
        "international_visa",
        "jump_start",
        "meaning_of_life",
        "measurement_conversion",
        "mpg",
        "next_holiday",
        "nutrition_info",
        "oil_change_how",
        "plug_type",
        "recipe",
        "spelling",
        "time",
        "timezone",
        "tire_change",
        "translate",
        "travel_alert",
        "vaccines",
        "weather",
        "what_is_your_name",
        "where_are_you_from",
        "who_made_you",
    )
)


@dataclass(frozen=True)
class Others:
    """The texts, `test` texts of the same kind, a description for the manifest, and warnings about missing files."""

    texts: tuple[str, ...]
    test: tuple[str, ...]
    description: dict[str, Any]
    warnings: tuple[str, ...]


NO_OTHERS = Others((), (), {}, ())


def read_others(folder: Path) -> Others:
    """Reads `clinc150_train.csv` and `clinc150_test.csv` in `folder`; a missing one is left out. Raises DataError.

    All test texts count, also those that ask for something that a label names.
    """
    path, test = folder / _TRAINING.name, folder / _TEST
    about, warnings = _TRAINING.missing(), []
    texts: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    if path.is_file():
        texts = tuple(row.text for row in read_questions(path) if row.fine not in _ASKING)
        about = _TRAINING.used(path, len(texts))
    else:
        warnings.append(f'{path}: missing; the score of "none of these" will be less accurate')
    if test.is_file():
        asked = tuple(row.text for row in read_questions(test))
    else:
        warnings.append(f'{test}: missing; the score of "none of these" is not measured with these texts')
    return Others(texts, asked, {"others": {path.name: about}}, tuple(warnings))
