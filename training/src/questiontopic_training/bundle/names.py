"""The names of a bundle's files, besides the manifest's."""

KERAS = "model.keras"
ONNX = "model.onnx"
CARD = "README.md"
DIFFERENCES = "differences.npz"
