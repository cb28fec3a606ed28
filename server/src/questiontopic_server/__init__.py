"""Serves a question-topic bundle over gRPC. Training and clients live elsewhere; they never meet this package's app."""

__version__ = "0.1.0"
