"""Engine: recognition and everything that follows a read. Imports board; nothing of firmware or webui."""
