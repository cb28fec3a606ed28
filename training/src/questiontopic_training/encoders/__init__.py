"""Encoders in training: the Keras and the ONNX form of each network, heads, and how their weights are stored."""
