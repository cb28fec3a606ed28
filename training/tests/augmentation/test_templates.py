import numpy as np

from questiontopic_training.augmentation.templates import read_frames

LABELS = ("ABBR:abb", "ABBR:exp", "HUM:ind", "NUM:money")


def test_every_frame_is_filled_and_has_a_label_asked_for() -> None:
    drawn = read_frames(LABELS).draw(300, 300, np.random.default_rng(0))
    assert len(drawn) == 600
    assert not any("{" in text for _, text in drawn)
    assert {frame.fine for frame, _ in drawn} == set(LABELS)


def test_abbreviations_come_in_all_languages_and_the_others_not_in_english() -> None:
    drawn = [frame for frame, _ in read_frames(LABELS).draw(600, 600, np.random.default_rng(0))]
    assert len({frame.language for frame in drawn}) == 16
    english = [frame for frame in drawn if frame.is_english]
    assert 120 < len(english) < 240
    assert all(frame.fine.startswith("ABBR:") for frame in english)


def test_other_labels_than_trecs_get_none() -> None:
    assert read_frames(("weather", "alarm")).draw(100, 100, np.random.default_rng(0)) == []
