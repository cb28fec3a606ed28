"""Training: labelled questions in, a verified bundle out. The only part of the project that needs TensorFlow."""

__version__ = "0.1.0"
