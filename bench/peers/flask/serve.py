"""A Flask endpoint on gunicorn: two worker processes, each loads the model once; no batching.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flask import Flask, request

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

WORKERS = 2  # One for each core, because each computes all the time.


def make_app(bundle: str) -> Flask:
    """Makes the application of one worker. It needs no lock: gunicorn's default worker has one request at a time."""
    model = load_topic_model(read_bundle(Path(bundle)), "auto", Path(".cache"), threads=1)
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> dict[str, list[list[float]]]:
        return {"confidences": model.predict(request.get_json()["texts"]).coarse.tolist()}

    return app


def main() -> None:
    """Replaces this process by gunicorn."""
    bundle, port = sys.argv[1:]
    gunicorn = [sys.executable, "-m", "gunicorn", f"--workers={WORKERS}", f"--bind=127.0.0.1:{port}"]
    here = f"--pythonpath={Path(__file__).parent.resolve()}"
    # The control socket would be a file in the user's home.
    os.execv(sys.executable, [*gunicorn, "--no-control-socket", here, f"serve:make_app({bundle!r})"])


if __name__ == "__main__":
    main()
