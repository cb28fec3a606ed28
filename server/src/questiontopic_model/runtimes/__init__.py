"""Runtimes compute the logits of a graph."""
