from pathlib import Path

import keras
import pytest

from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.encoders.usem3_onnx import save_usem3_onnx


def test_layers_without_an_onnx_form_are_refused(usem3: TrainingEncoder, tmp_path: Path) -> None:
    head = keras.Sequential([keras.Input((512,)), keras.layers.Dense(2, activation="gelu")], name="head")
    with pytest.raises(ValueError, match="gelu"):
        save_usem3_onnx(usem3.graph(head), tmp_path / "model.onnx")
