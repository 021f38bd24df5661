"""Raw texts in, candidates out: read, clean, assess, check dates and sources, de-duplicate."""

import os

os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # the room reports its own progress
os.environ.setdefault("DO_NOT_TRACK", "1")  # Daft reports its use to its makers unless told not to
