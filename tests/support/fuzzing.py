"""A plugin of pytest for `make fuzz`: as many examples as EXAMPLES says, and no time limit for one of them."""

import os

from hypothesis import settings

settings.register_profile("long", max_examples=int(os.environ.get("EXAMPLES", "20000")), deadline=None)
