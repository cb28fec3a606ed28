"""Experiments: several trainings (folds, seeds, members of an ensemble) that make one bundle."""
