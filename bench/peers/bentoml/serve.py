"""A bundle's model behind BentoML: `serve.py BUNDLE PORT`, HTTP on PORT."""

import os
import sys
from pathlib import Path


def serve(bundle: Path, port: int) -> None:
    """Replaces this process by `bentoml serve`, which serves until SIGTERM or SIGINT."""
    cache = Path(".cache").absolute()
    os.environ |= {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(cache / "bentoml")}
    command = ["-m", "bentoml", "serve", "service:Topic", "--working-dir", str(Path(__file__).parent.absolute())]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--arg", f"bundle={bundle.absolute()}", "--arg", f"cache={cache}"]
    os.execv(sys.executable, [sys.executable, *command])


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
