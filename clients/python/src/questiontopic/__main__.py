"""Runs the command `questiontopic` as `python -m questiontopic`."""

import sys

from questiontopic.command import main

sys.exit(main())
