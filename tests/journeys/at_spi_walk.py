"""Run by the system's own Python, which has pyatspi: what a screen reader is told of a program, as JSON, a line for each element.

``at_spi_walk.py PROGRAM`` waits for a program of this name, then walks all that is showing.
"""

import json
import sys
import time

import pyatspi

PATIENCE_SECONDS = 20
DEEPEST = 40


def find_program(name):
    """The root of the program; None when it did not come."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        for program in pyatspi.Registry.getDesktop(0):
            if program is not None and program.name.lower() == name and len(program):
                return program
        time.sleep(0.1)
    return None


def walk(element, depth=0):
    """Tell of an element and of all below it that is showing."""
    states = element.getState()
    if depth > 1 and not states.contains(pyatspi.STATE_SHOWING):
        return
    facts = {"depth": depth, "role": element.getRoleName(), "name": element.name, "description": element.description}
    facts["focusable"] = states.contains(pyatspi.STATE_FOCUSABLE)
    facts["focused"] = states.contains(pyatspi.STATE_FOCUSED)
    print(json.dumps(facts))
    if depth < DEEPEST:
        for number in range(len(element)):
            below = element[number]
            if below is not None:
                walk(below, depth + 1)


if __name__ == "__main__":
    found = find_program(sys.argv[1])
    if found is None:
        sys.exit("The program never registered.")
    walk(found)
