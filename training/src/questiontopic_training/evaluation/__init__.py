"""What is measured of a model: accuracy, calibration, robustness and other languages."""
