"""Networks that learn, each in its Keras and its ONNX form side by side, and the heads on them."""
