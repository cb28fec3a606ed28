"""Runtimes: they compute the logits of a graph."""
