import numpy as np

from questiontopic_training.augmentation.sentences import LEADS, TALK
from questiontopic_training.augmentation.text_forms import draw_text_forms

TEXT = "I can't find my new card in the Letter box"


def test_most_texts_keep_their_words_and_no_question_mark_is_added() -> None:
    forms = draw_text_forms([TEXT] * 2000, np.random.default_rng(0))
    assert 0.55 < np.mean([form.lower() == TEXT.lower() for form in forms]) < 0.7
    assert not any(form.endswith("?") for form in forms if form.startswith(TEXT) and len(form) <= len(TEXT) + 2)


def test_texts_get_every_disturbance() -> None:
    forms = draw_text_forms([TEXT] * 2000, np.random.default_rng(0))
    assert TEXT.lower() in forms
    assert TEXT.upper() in forms
    assert TEXT.replace("'", "") in forms
    assert any(form.startswith(LEADS) and form.lower().endswith(TEXT.lower()) for form in forms)
    followed = [form for form in forms if form.lower().startswith(TEXT.lower()) and form.endswith(TALK)]
    assert 0.1 < len(followed) / len(forms) < 0.2


def test_equal_seeds_draw_equal_forms() -> None:
    first, again, other = (draw_text_forms([TEXT] * 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other
