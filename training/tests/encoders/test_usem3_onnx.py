from pathlib import Path

import numpy as np
import onnx
import pytest


@pytest.mark.parametrize(
    ("file", "inputs"), [("model.onnx", {"rows", "slots", "windows", "pooling"}), ("pieces.onnx", {"embeddings"})]
)
def test_the_onnx_forms_are_checked_and_have_no_table(bundle_folder: Path, file: str, inputs: set[str]) -> None:
    model = onnx.load(bundle_folder / file)
    onnx.checker.check_model(model, full_check=True)
    assert {value.name for value in model.graph.input} == inputs
    assert max(int(np.prod(tensor.dims)) for tensor in model.graph.initializer) < 1_000_000
    weights = {tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) > 10}
    assert weights == {onnx.TensorProto.FLOAT16}


def test_inputs_are_dynamic(bundle_folder: Path) -> None:
    inputs = onnx.load(bundle_folder / "model.onnx").graph.input
    shapes = {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim] for value in inputs
    }
    assert shapes == {
        "rows": ["slots", 3840],
        "slots": ["pieces", 5],
        "windows": ["pieces", 5],
        "pooling": ["texts", "pieces"],
    }
