"""The model: a bundle that is loaded, encoders that turn texts into numbers, and runtimes that compute logits.

Serving and training share this package. Nothing here knows gRPC.
"""
