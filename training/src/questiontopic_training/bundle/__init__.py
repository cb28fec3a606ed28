"""A trained model on disk: the names of its files, the writer and the model card."""

KERAS = "model.keras"
ONNX = "model.onnx"
CARD = "README.md"
DIFFERENCES = "differences.npz"
