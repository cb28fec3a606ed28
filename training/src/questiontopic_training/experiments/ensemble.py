"""An ensemble: experiments on the same data whose models answer together; its bundle contains their bundles."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import Manifest, read_bundle
from questiontopic_model.bundle.manifest import EncoderSpec, NoneOfThese
from questiontopic_model.ensemble import EnsembleEncoder, EnsembleGraph, Member
from questiontopic_model.loading import load_encoder_and_graph

from ..bundle.writer import Content, write_bundle
from .experiment import Experiment
from .outcome import Outcome, mean_outcome
from .runs import Runs

NAME = "ensemble"


@dataclass(frozen=True)
class Ensemble:
    """The experiments by the names of their bundles; all have the same data, seeds and cache.

    Models with the same seed answer together. The calibration is fitted to their common answers to the rows that all
    of them held out.
    """

    members: Mapping[str, Experiment]

    def run(self, folder: Path, name: str, version: str, robustness: bool) -> Manifest:
        """Trains all members and writes the bundle with their bundles into `folder`; prints the figures.

        Disturbed test questions are measured only with `robustness`.
        """
        first, *_ = self.members.values()
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-members-") as scratch:
            manifests, outcome = self._train(Path(scratch), version, robustness)
            figures = outcome.figures(first.data.test, first.seeds, robustness)
            recipes = {own: manifest.training["recipe"] for own, manifest in manifests.items()}
            manifest = Manifest(
                name=name,
                version=version,
                coarse_labels=outcome.labels.coarse,
                fine_labels=outcome.labels.fine if outcome.fine else (),
                preparation="raw",
                encoder=EncoderSpec(NAME, max_pieces=min(_limits(manifests), default=0)),
                runtimes={},
                files={},
                golden=(),
                label_descriptions=outcome.described(first.data.label_descriptions),
                members=tuple(manifests),
                temperature=figures.calibration.temperature,
                temperatures=figures.calibration.temperatures,
                none_of_these=_none_of_these(manifests),
                languages=_languages(manifests),
                metrics=figures.metrics,
                evaluation=figures.evaluation,
                training=first.description() | {"recipe": NAME, "hyper_parameters": recipes},
                data=_data(manifests),
            )
            content = _content(Path(scratch), manifests, first.runs)
            return write_bundle(folder, manifest, content, first.runs.cache, first.parity_texts())

    def _train(self, folder: Path, version: str, robustness: bool) -> tuple[dict[str, Manifest], Outcome]:
        """Trains every member and writes its bundle into `folder`; returns the manifests and the common outcome."""
        manifests, outcomes = {}, []
        for name, experiment in self.members.items():
            print(f"member {name}")
            trained = experiment.train()
            figures = trained.outcome.figures(experiment.data.test, experiment.seeds, robustness)
            manifests[name] = experiment.write(trained, figures, folder / name, name, version)
            outcomes.append(trained.outcome)
        print("all members together")
        return manifests, mean_outcome(outcomes, [manifest.temperature for manifest in manifests.values()])


def _content(folder: Path, manifests: Mapping[str, Manifest], runs: Runs) -> Content:
    members = {}
    for name, manifest in manifests.items():
        parts = load_encoder_and_graph(read_bundle(folder / name), "tensorflow", runs.cache, runs.threads)
        members[name] = Member(manifest.preparation, *parts, manifest.temperature, manifest.none_of_these)
    encoder = EnsembleEncoder(members)
    return Content(encoder, EnsembleGraph(members), partial(_save, folder, manifests))


def _save(folder: Path, manifests: Mapping[str, Manifest], to: Path) -> dict[str, str]:
    """Copies the members' bundles; returns the first member's file for each runtime that all members have."""
    for name in manifests:
        shutil.copytree(folder / name, to / name)
    (name, first), *others = manifests.items()
    return {
        runtime: f"{name}/{file}"
        for runtime, file in first.runtimes.items()
        if all(runtime in other.runtimes for _, other in others)
    }


def _limits(manifests: Mapping[str, Manifest]) -> list[int]:
    """The limits of word pieces of those members that have one."""
    return [manifest.encoder.max_pieces for manifest in manifests.values() if manifest.encoder.max_pieces]


def _none_of_these(manifests: Mapping[str, Manifest]) -> NoneOfThese | None:
    """The members' logits of this score are calibrated already, and the ensemble takes their mean as it is."""
    return NoneOfThese(1.0, 0.0) if any(manifest.none_of_these for manifest in manifests.values()) else None


def _languages(manifests: Mapping[str, Manifest]) -> tuple[str, ...]:
    """The languages that all members know."""
    first, *others = [manifest.languages for manifest in manifests.values()]
    return tuple(language for language in first if all(language in other for other in others))


def _data(manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """The data that any of the members learned from."""
    data: dict[str, Any] = {}
    for manifest in manifests.values():
        data = manifest.data | data
    return data
