import numpy as np

from questiontopic_training.augmentation.templates import read_templates

LABELS = ("ABBR:abb", "ABBR:exp", "HUM:ind", "NUM:money")


def test_every_template_is_filled_and_has_a_requested_label() -> None:
    drawn = read_templates(LABELS).draw(300, 300, np.random.default_rng(0))
    assert len(drawn) == 600
    assert not any("{" in text for _, text in drawn)
    assert {template.fine for template, _ in drawn} == set(LABELS)


def test_abbreviations_are_in_all_languages_and_other_templates_not_in_english() -> None:
    drawn = [template for template, _ in read_templates(LABELS).draw(600, 600, np.random.default_rng(0))]
    assert len({template.language for template in drawn}) == 16
    english = [template for template in drawn if template.is_english]
    assert 120 < len(english) < 240
    assert all(template.fine.startswith("ABBR:") for template in english)


def test_other_labels_than_trecs_get_no_templates() -> None:
    assert read_templates(("weather", "alarm")).draw(100, 100, np.random.default_rng(0)) == []
