"""Labelled and unlabelled questions: read from files, checked, and split."""
