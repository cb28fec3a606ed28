"""Several trainings as one experiment: folds, seeds, members of an ensemble."""
