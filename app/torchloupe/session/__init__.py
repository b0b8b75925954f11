"""The worker seen from outside: which interpreter, how it is launched, how it is asked, what is said when it dies.

Imports ``wire`` and the standard library. The worker is another process, started by path; nothing of it is imported here.
"""
