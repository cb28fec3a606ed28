import os
from pathlib import Path

from questiontopic_training.experiments.kept_files import remove_oldest


def test_the_oldest_files_are_removed_until_the_others_fit(tmp_path: Path) -> None:
    for age, name in enumerate(("run-c.keras", "embeddings-b.f32", "embeddings-b.keys", "run-a.keras", "usem3-x.npy")):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    assert remove_oldest(tmp_path, max_bytes=300) == 1
    assert not (tmp_path / "run-a.keras").exists()
    assert remove_oldest(tmp_path, max_bytes=299) == 2  # Vectors and their texts go together.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-c.keras", "usem3-x.npy"]
    assert remove_oldest(tmp_path, max_bytes=100) == 0


def test_a_folder_that_does_not_exist_yet_is_fine(tmp_path: Path) -> None:
    assert remove_oldest(tmp_path / "new") == 0


def test_files_that_a_running_command_may_use_stay(tmp_path: Path) -> None:
    (tmp_path / "run-a.keras").write_bytes(b"x" * 100)
    assert remove_oldest(tmp_path, max_bytes=10) == 0
