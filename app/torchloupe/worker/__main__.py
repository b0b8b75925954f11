"""Started by path in the user's interpreter: ``python -u .../torchloupe/worker/__main__.py NONCE``.

This file alone must parse in every Python there is: one that is too old answers with a line that says so. The package is loaded
without a trace on ``sys.path``, so that a user's ``wire.py``, ``context.py`` or ``handlers.py`` is found and ours are not.
"""

import sys

if __name__ == "__main__" and sys.version_info < (3, 9):
    sys.stdout.write("torchloupe-worker too-old " + sys.version.split()[0] + "\n")
    sys.stdout.flush()
elif __name__ == "__main__":
    import importlib.util
    import os

    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:  # absent under -P and PYTHONSAFEPATH
        del sys.path[0]
    package = os.path.dirname(here)
    spec = importlib.util.spec_from_file_location(
        "torchloupe", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["torchloupe"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["torchloupe"])

    from torchloupe.worker.serve import serve_command_line

    serve_command_line()
