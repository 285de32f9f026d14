"""Board: the hardware layer. Imports nothing of engine, firmware or webui."""
