import zipfile
from io import BytesIO
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from questiontopic_model.bundle import BundleError
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_training.encoders.float16 import round_to_float16, save_keras
from questiontopic_training.encoders.heads import dropout_head
from questiontopic_training.encoders.training_encoder import TrainingEncoder


def test_weights_are_float16_on_disk_and_the_same_numbers_as_float32(bundle_folder: Path, tmp_path: Path) -> None:
    path = bundle_folder / "model.keras"
    with zipfile.ZipFile(path) as parts, h5py.File(BytesIO(parts.read("model.weights.h5"))) as weights:
        kinds = set()
        weights.visititems(lambda _, item: kinds.add(item.dtype) if isinstance(item, h5py.Dataset) else None)
        assert np.dtype(np.float16) in kinds
        assert np.dtype(np.float32) not in kinds
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    assert {variable.dtype for variable in model.weights} == {"float32"}
    before = [weight.copy() for weight in model.get_weights()]
    round_to_float16(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    for name in ("once.keras", "again.keras"):
        save_keras(model, tmp_path / name)
    assert sha256_of(tmp_path / "again.keras") == sha256_of(tmp_path / "once.keras")


def test_weights_out_of_range_are_refused() -> None:
    model = dropout_head(4, 4, 2, 0.1, 0.1)
    model.set_weights([np.full_like(weight, 1e6) for weight in model.get_weights()])
    with pytest.raises(BundleError, match="16 bits"):
        round_to_float16(model)


def test_equal_models_make_equal_files(usem3: TrainingEncoder, tmp_path: Path) -> None:
    for name in ("once.keras", "again.keras"):
        keras.utils.set_random_seed(0)
        model = usem3.graph(dropout_head(512, 16, 2, 0.1, 0.1), 0.1)
        round_to_float16(model)
        save_keras(model, tmp_path / name)
    assert sha256_of(tmp_path / "again.keras") == sha256_of(tmp_path / "once.keras")
