import numpy as np

from questiontopic_model.encoders.usem3 import UseM3Encoder
from questiontopic_training.augmentation.code_switching import CodeSwitcher, find_neighbours
from questiontopic_training.augmentation.distillation_set import Text
from questiontopic_training.encoders.training_encoder import TrainingEncoder

QUESTIONS = ["Where is the water ?", "Who discovered the river ?"] * 3


def test_a_question_is_switched_to_its_target_language(usem3: TrainingEncoder) -> None:
    encoder = usem3.serving
    assert isinstance(encoder, UseM3Encoder)
    neighbours = find_neighbours(encoder, QUESTIONS)
    (who, *_) = encoder.pieces("Who is it ?")
    assert {encoder.piece(number) for number in neighbours["chinese"][who]} >= {"谁"}
    assert all(
        "а" <= letter.lower() <= "ё" for number in neighbours["russian"][who] for letter in encoder.piece(number)[1:]
    )
    switcher, random = CodeSwitcher(encoder, neighbours), np.random.default_rng(0)
    same = switcher.encode([Text(QUESTIONS[0])], 0.0, 0.0, random)
    assert np.array_equal(same["embeddings"], encoder.encode(QUESTIONS[:1]).inputs["embeddings"])
    switched = switcher.encode([Text(QUESTIONS[0], "zh")], 0.0, 1.0, random)
    assert switched["embeddings"].shape == same["embeddings"].shape
    assert not np.array_equal(switched["embeddings"], same["embeddings"])
