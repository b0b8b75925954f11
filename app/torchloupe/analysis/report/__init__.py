"""One report of everything that was found: ``building`` makes the document, ``markdown``, ``html`` and ``as_json`` write it."""
