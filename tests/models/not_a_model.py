"""No Module here, and a factory that returns something else."""


def make_model():
    return "not a model"
