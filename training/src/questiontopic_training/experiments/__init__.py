"""Experiments: several trainings (folds, seeds, members of an ensemble) that make one bundle."""

from ..tensorflow_log import import_tensorflow_quietly

import_tensorflow_quietly()  # Here, because the child processes of `Runs` import this package first.
