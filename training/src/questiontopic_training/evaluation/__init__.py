"""Measures models: accuracy, calibration, robustness and other languages."""
