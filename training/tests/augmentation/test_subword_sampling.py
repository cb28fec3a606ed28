import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.encoders.usem3 import UseM3Encoder
from questiontopic_training.augmentation.subword_sampling import SubwordSampler
from questiontopic_training.encoders.training_encoder import TrainingEncoder

TEXT = "Where is the tallest bridge of Louisiana ?"
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from questiontopic_model.encoders.usem3 import installed_spec, load_usem3
from questiontopic_training.augmentation.subword_sampling import SubwordSampler
sampler, random = SubwordSampler(load_usem3(installed_spec(), Path(sys.argv[1]))), np.random.default_rng(0)
print([sampler.pieces(sys.argv[2], random) for _ in range(20)])
"""


@pytest.fixture
def encoder(usem3: TrainingEncoder) -> UseM3Encoder:
    assert isinstance(usem3.serving, UseM3Encoder)
    return usem3.serving


def test_a_random_cut_spells_the_same_text(encoder: UseM3Encoder) -> None:
    sampler, random = SubwordSampler(encoder), np.random.default_rng(1)
    drawn = [sampler.pieces(TEXT, random) for _ in range(50)]
    assert {"".join(map(encoder.piece, pieces)) for pieces in drawn} == {"▁" + TEXT.replace(" ", "▁")}
    assert len(set(map(tuple, drawn))) > 40
    assert encoder.pieces(TEXT) not in drawn


def test_a_word_is_cut_in_the_same_way_alone_and_in_a_text(encoder: UseM3Encoder) -> None:
    assert [piece for word in TEXT.split() for piece in encoder.pieces(word)] == encoder.pieces(TEXT)


def test_cuts_are_drawn_with_their_flattened_probabilities(encoder: UseM3Encoder) -> None:
    cuts, scores = encoder.cuts("bridge", 256)
    assert cuts[0] == encoder.pieces("bridge")
    assert len(cuts) == len(set(map(tuple, cuts)))
    assert (np.diff(scores) <= 1e-4).all()
    sampler, random = SubwordSampler(encoder), np.random.default_rng(0)
    drawn = [sampler.pieces("bridge", random) for _ in range(4000)]
    expected = np.exp(0.2 * scores) / np.exp(0.2 * scores).sum()
    found = [drawn.count(cut) / len(drawn) for cut in cuts]
    assert np.abs(found - expected).max() < 0.03


def test_a_text_without_a_word_has_no_piece(encoder: UseM3Encoder) -> None:
    assert SubwordSampler(encoder).pieces(" ", np.random.default_rng(0)) == encoder.pieces(" ") == []


def test_every_process_draws_the_same_cuts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), TEXT]
    one, other = (subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2))
    assert one == other
    assert one.count("[") == 21
