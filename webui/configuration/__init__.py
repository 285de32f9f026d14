"""Configuration: all settings, lists and their actions, exports and imports as one file (manual 4.6, General configuration tab)."""
