"""Board: the hardware layer. Imports nothing of engine, firmware or webui."""

from board._later import load_when_used

load_when_used("bz2", "inspect", "lzma", "pickle", "shutil", "subprocess", "zipfile")
"""Here, since each of our processes begins with board. dataclasses, logging, shutil and our own modules import them."""
