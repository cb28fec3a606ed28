"""The error that ends a run early, described in terms of its input."""


class Failure(Exception):
    """A run cannot continue, and the reason is not a failed call. str() is one line."""
