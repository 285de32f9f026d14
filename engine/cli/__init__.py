"""Sub-commands of `python -m engine`: one file each, with a `main(arguments)` that returns the exit code."""
