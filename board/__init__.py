"""Board: the hardware layer. Imports nothing of engine, firmware or webui."""

import gc

from board._later import load_when_used

load_when_used("bz2", "configparser", "inspect", "lzma", "pickle", "platform", "shutil", "subprocess", "tarfile", "zipfile")
"""Here, since each of our processes begins with board. dataclasses, logging, shutil and our own modules import them."""
gc.set_threshold(2_000)
"""Of new objects, before Python's collector looks through them: at the usual 700 it took a tenth of the portal's start, and found
nothing in modules, which stay. Not many more: what was in a circle, such as a request with its pictures, stays until then."""
