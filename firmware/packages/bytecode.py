"""Bytecode: writes that of all Python files in folders, as their first import would.

`python -I -S bytecode.py FOLDER...` imports nothing of ours, nor `compileall`, which takes three times as long to start as Python
itself. What cannot be compiled, or has no place, is left to whoever imports it.
"""

import os
import sys
from importlib.machinery import SourceFileLoader


def main() -> None:
    for folder in sys.argv[1:]:
        for path, _, names in os.walk(folder):
            for name in names:
                file = f"{path}/{name}"
                if name.endswith(".py") and os.path.isfile(file):  # noqa: PTH113, pathlib takes as long to import as all of this
                    try:
                        SourceFileLoader(name, file).get_code(name)
                    except Exception:  # whatever a stranger's file is
                        continue


main()
