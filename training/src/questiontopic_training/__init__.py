"""Training: reads labelled questions and writes a verified bundle. Only this part of the project needs TensorFlow."""

__version__ = "0.1.0"
