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

WORKERS = 2  # One a core: each computes without pause.


def make_app(bundle: str) -> Flask:
    """The application of one worker; gunicorn's default worker handles one request at a time, so no lock is needed."""
    model = load_topic_model(read_bundle(Path(bundle)), "auto", Path(".cache"), threads=1)
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> dict[str, list[list[float]]]:
        return {"confidences": model.predict(request.get_json()["texts"]).coarse.tolist()}

    return app


def main() -> None:
    """Becomes gunicorn."""
    bundle, port = sys.argv[1:]
    gunicorn = [sys.executable, "-m", "gunicorn", f"--workers={WORKERS}", f"--bind=127.0.0.1:{port}"]
    here = f"--pythonpath={Path(__file__).parent.resolve()}"
    # Without the control socket, which gunicorn keeps in the user's home.
    os.execv(sys.executable, [*gunicorn, "--no-control-socket", here, f"serve:make_app({bundle!r})"])


if __name__ == "__main__":
    main()
