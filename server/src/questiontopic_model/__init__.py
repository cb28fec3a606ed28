"""The model: it reads a bundle, turns texts into numbers (encoders) and numbers into logits (runtimes).

Serving and training share this package. It does not import gRPC.
"""
