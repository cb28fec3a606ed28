"""Keeps the log lines and warnings of TensorFlow out of the output of the commands."""

from __future__ import annotations

import logging
import os
import sys
import warnings

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def import_tensorflow_quietly() -> None:
    """Imports TensorFlow without its log lines; of its later lines only errors of Python and fatal ones stay.

    Call it before any module that imports TensorFlow or Keras. The environment variable TF_CPP_MIN_LOG_LEVEL=0 shows
    all lines.
    """
    if os.environ.get(_LEVEL) == "0":
        return
    os.environ[_LEVEL] = "3"
    # TensorFlow warns of every fifth model that a process compiles; a training compiles one for each fold and seed.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")  # From tensorflow_hub.
    if "tensorflow" in sys.modules:
        return
    try:
        standard_error = os.dup(2)
    except OSError:  # It is closed, so nothing has to be hidden.
        return
    # TensorFlow writes its first lines before it reads the variable, and from C++: only the file descriptor stops them.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
