"""Any JSON in place of a manifest, or of a part of one, is a manifest or a ValueError: never another error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from questiontopic_model.bundle import Manifest

from .test_manifest import scored

VALUES = json.loads(json.dumps(scored().to_json()))
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["CAT", "DOG", "usem3"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*VALUES, "name", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all parts of a JSON value."""
    found = [path]
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(inner, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    if not path:
        return part
    changed = value.copy()
    changed[path[0]] = replaced(value[path[0]], path[1:], part)
    return changed


@given(st.sampled_from(places(VALUES)), anything)
def test_a_manifest_with_any_part_replaced(path: tuple[Any, ...], part: Any) -> None:
    values = replaced(VALUES, path, part)
    try:
        read = Manifest.from_json(values)
    except ValueError as error:
        assert str(error)
    else:
        assert Manifest.from_json(read.to_json()) == read


@given(anything)
def test_any_json(values: Any) -> None:
    try:
        Manifest.from_json(values)
    except ValueError as error:
        assert str(error)
