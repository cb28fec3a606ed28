"""Runs the command: `python -m questiontopic` is `questiontopic`."""

import sys

from questiontopic.command import main

sys.exit(main())
