"""The version of this distribution: the one place that says it."""

VERSION = "0.1.0"
