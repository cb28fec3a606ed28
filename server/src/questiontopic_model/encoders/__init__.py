"""Encoders turn texts into the input arrays of a graph."""
