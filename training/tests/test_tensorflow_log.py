import os
import subprocess
import sys

import pytest

IMPORTS = "import questiontopic_training.experiments.runs, tensorflow_hub, keras; print(keras.ops.ones(3)[0])"
# As many models as five folds and two seeds have.
MODELS = """
import questiontopic_training.experiments.runs, keras, numpy
from questiontopic_model.runtimes.keras_graph import KerasGraph
for number in range(7):
    inputs = keras.Input((1,), name="embedding")
    model = keras.Model({"embedding": inputs}, keras.layers.Dense(1, kernel_initializer="ones")(inputs))
    print(KerasGraph(model).run({"embedding": numpy.ones((1, 1), "float32")}))
"""


@pytest.mark.parametrize("program", [IMPORTS, MODELS])
def test_tensorflow_writes_nothing_of_its_own(program: str) -> None:
    found = run(program)
    assert "1." in found.stdout
    assert found.stderr == ""


def test_the_highest_level_of_the_log_shows_the_lines_of_tensorflow() -> None:
    assert "WARNING:tensorflow:" in run(MODELS, TF_CPP_MIN_LOG_LEVEL="0").stderr


def test_errors_of_the_commands_are_still_written() -> None:
    program = "import sys, questiontopic_training.experiments; print('ours', file=sys.stderr)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stderr == "ours\n"


def run(program: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"} | more
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=300)
