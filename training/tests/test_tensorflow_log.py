import os
import subprocess
import sys

PROGRAM = "import questiontopic_training.experiments.runs, tensorflow_hub, keras; print(keras.ops.ones(3)[0])"


def test_tensorflow_writes_nothing_of_its_own() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-c", PROGRAM]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=300)
    assert "1.0" in found.stdout
    assert found.stderr == ""


def test_errors_of_the_commands_are_still_written() -> None:
    program = "import sys, questiontopic_training.experiments; print('ours', file=sys.stderr)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stderr == "ours\n"
