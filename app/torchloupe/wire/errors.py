"""The exceptions of Torchloupe, drawn once.

TorchloupeError
  CheckpointError      UnsupportedFormat · CorruptFile
  WorkerError          ProtocolError
  UsageError           an option, spec or target that cannot be understood

Each carries a sentence of what is wrong (``str(error)``) and one of what to do (``hint``).
"""

GPU_LOST = "gpu-lost"
"""The code of the problem after which a worker ends, because its GPU answers nothing any more,"""
GPU_LOST_STATUS = 71
"""and the exit status with which it does."""


class TorchloupeError(Exception):
    """Root of all errors that Torchloupe raises on purpose."""

    code = "failed"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CheckpointError(TorchloupeError):
    """A checkpoint file cannot be read."""

    code = "checkpoint-unreadable"


class UnsupportedFormat(CheckpointError):
    """The file is whole, but it is not a checkpoint of a format that is read here."""

    code = "checkpoint-format"


class CorruptFile(CheckpointError):
    """The file claims a format and does not keep to it."""

    code = "checkpoint-corrupt"


class WorkerError(TorchloupeError):
    """The worker process cannot answer."""

    code = "worker-died"


class ProtocolError(WorkerError):
    """The other side of the pipe said something that is not in the protocol."""

    code = "protocol-error"


class UsageError(TorchloupeError):
    """What was asked for cannot be understood: an option, an input spec, a target."""

    code = "usage"
