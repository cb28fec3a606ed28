from pathlib import Path

import keras
import numpy as np

from questiontopic_model.loading import load_cached
from questiontopic_model.runtimes.keras_graph import KerasGraph
from questiontopic_model.runtimes.onnx_graph import load_onnx
from questiontopic_training.encoders.float16 import round_to_float16
from questiontopic_training.encoders.gated_pooling import with_gates
from questiontopic_training.encoders.heads import dropout_head, with_head
from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.encoders.usem3_keras import build_usem3
from questiontopic_training.encoders.usem3_onnx import save_usem3_onnx, save_usem3_pieces_onnx

TEXTS = ["What is your salary?", "a", "Wie viele Monde hat der Jupiter?", "no end " * 20]
UNITS = 8


def test_gates_do_not_change_the_encoder_s_vector(usem3: TrainingEncoder) -> None:
    found = KerasGraph(with_gates(build_usem3(), UNITS)).run(usem3.serving.encode(TEXTS).inputs)
    assert found.shape == (len(TEXTS), 512 + UNITS)
    assert np.abs(found[:, :512] - np.asarray(usem3.features(TEXTS))).max() < 1e-6


def test_closed_gates_let_nothing_through(usem3: TrainingEncoder) -> None:
    body = with_gates(build_usem3(), UNITS)
    pooled = KerasGraph(keras.Model(body.input, body.get_layer("gated_norm").input))
    inputs = usem3.serving.encode(TEXTS).inputs
    kernel, bias = body.get_layer("gates").get_weights()
    assert np.abs(pooled.run(inputs)).max(axis=1).min() > 0.01
    body.get_layer("gates").set_weights([np.zeros_like(kernel), np.full_like(bias, -99)])
    assert np.abs(pooled.run(inputs)).max() < 1e-6


def test_both_runtimes_give_the_same_logits_with_gates(usem3: TrainingEncoder, tmp_path: Path) -> None:
    model = with_head(with_gates(build_usem3(), UNITS), dropout_head(512 + UNITS, 16, 4, 0.1, 0.1))
    model.get_layer("gated_norm").set_weights([np.linspace(0.5, 2, UNITS), np.linspace(-1, 1, UNITS)])
    round_to_float16(model)
    save_usem3_onnx(model, tmp_path / "model.onnx")
    save_usem3_pieces_onnx(model, tmp_path / "pieces.onnx")
    texts = load_onnx(tmp_path / "model.onnx", threads=1)
    encoder, graph = load_cached(usem3.serving, texts, tmp_path / "pieces.onnx", threads=1)
    expected = KerasGraph(model).run(usem3.serving.encode(TEXTS).inputs)
    for _ in range(2):  # First with an empty cache, then from the cache.
        assert np.abs(graph.run(encoder.encode(TEXTS).inputs) - expected).max() < 1e-4
