"""An experiment on your own labels: it is compared with logistic regression, never worse, and says what to do next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from questiontopic_model.bundle import Manifest
from questiontopic_model.preparation import PREPARATIONS

from ..data.examples import Examples
from ..recipes.regression import Regression
from .advice import Advice, advise
from .experiment import Experiment, Trained


def run_own(experiment: Experiment, folder: Path, name: str, version: str, robustness: bool) -> Manifest:
    """Trains and writes the bundle into `folder`; prints the figures, the comparison and the advice.

    Disturbed test questions are measured only with `robustness`.
    """
    experiment, trained, advice = never_worse(experiment)
    figures = trained.outcome.figures(experiment.data.test, experiment.seeds, robustness)
    figures = replace(figures, metrics=figures.metrics | advice.metrics())
    manifest = experiment.write(trained, figures, folder, name, version)
    print("\n".join(advice.lines()))
    return manifest


def never_worse(experiment: Experiment) -> tuple[Experiment, Trained, Advice]:
    """The experiment, trained, or that of logistic regression if it is right about more of the held-out rows.

    Prints the comparison. Logistic regression replaces only recipes that train the encoder. It is fitted on the same
    encoder's frozen vectors, and learns from no unlabelled texts.
    """
    trained = experiment.train()
    prepare = PREPARATIONS[experiment.recipe.preparation]
    examples = trained.outcome.labels.examples(experiment.data.training)
    training = Examples(tuple(map(prepare, examples.texts)), examples.coarse, examples.fine)
    regression = Regression(balance=getattr(experiment.recipe, "balance", 0.0))
    advice = advise(trained.outcome, training, experiment.runs.encoder, regression)
    print(advice.comparison())
    if advice.regression_is_better and experiment.recipe.encoder:
        print("Training the encoder did not help, so the bundle gets logistic regression.")
        described = {kind: about for kind, about in experiment.data.description.items() if kind != "unlabelled"}
        data = replace(experiment.data, description=described)
        experiment = replace(experiment, recipe=regression, data=data)
        trained = experiment.train()
        advice = advise(trained.outcome, training, experiment.runs.encoder, regression)
    return experiment, trained, advice
