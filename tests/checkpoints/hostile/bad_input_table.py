# ruff: noqa: E501
"""The table of bad inputs: what every one of them must come to, and the cases that show it.

``REFUSE`` is one clear sentence; ``WARN`` is an opened file with a warning about the file; ``OPEN`` is an opened file without one
(what its pickle would run or import is said all the same). ``values`` is a piece of what reading the values of some tensor of the
case must say, ``"read"`` when all of them are read. ``because`` is the reason where we differ from the table as it was agreed.
"""

from typing import NamedTuple

REFUSE, WARN, OPEN = "refuse", "warn", "open"


class Row(NamedTuple):
    """One row. ``cases`` are labels of ``make.py``, or ``file.py::test`` where it takes more than a file to show it."""

    what: str
    must: str
    cases: tuple[str, ...]
    values: str = ""
    because: str = ""


TABLE = {
    1: Row("zip cut in half", WARN, ("pt: cut in half", "pt: cut in its pickle"), because="agreed: refuse and offer what the front of the file still tells; it is shown at once, under the sentence that says that the end is missing"),
    2: Row("last ten bytes cut", WARN, ("pt: last ten bytes cut",), "read"),
    3: Row("empty file", REFUSE, ("pt: nothing",)),
    4: Row("only the zip signature", REFUSE, ("pt: only the zip signature",)),
    5: Row("Git LFS pointer", REFUSE, ("pt: a Git LFS pointer",)),
    6: Row("HTML page", REFUSE, ("pt: a web page",)),
    7: Row("zipped again, stored, not aligned", OPEN, ("pt: zipped again, stored",), "read"),
    8: Row("zipped again, deflated", OPEN, ("pt: zipped again, deflated",), "read"),
    9: Row("rubbish before the zip", WARN, ("pt: rubbish before",), "read"),
    10: Row("rubbish after the zip", WARN, ("pt: rubbish after",), "read"),
    11: Row("storage record missing", WARN, ("pt: storage record missing",), "is missing in the file"),
    12: Row("storage record too short", WARN, ("pt: storage record too short",), "claims 48 bytes; the file has 20"),
    13: Row("no data.pkl", REFUSE, ("pt: no pickle",)),
    14: Row("byte of the pickle flipped", WARN, ("pt: byte of the pickle flipped",), "read"),
    15: Row("byte of a tensor flipped", OPEN, ("pt: byte of a value flipped", "test_check_sums.py::test_that_a_flipped_byte_of_a_tensor_is_found"), "read"),
    16: Row("GLOBAL posix.system, REDUCE", OPEN, ("pt: calls posix.system", "pt: calls in calls, fifty thousand deep", "pt: state that sets attributes of a function"), "read"),
    17: Row("builtins.eval", OPEN, ("pt: calls eval", "pt: calls what a call returns", "pt: calls torch.hub"), "read"),
    18: Row("STACK_GLOBAL", OPEN, ("pt: names it through the stack", "pt: name with a line's end and NUL"), "read"),
    19: Row("payload, then rubbish", WARN, ("pt: calls, then rubbish", "pt: tensors, then rubbish")),
    20: Row("INST", OPEN, ("pt: makes an instance", "pt: makes an object"), "read"),
    21: Row("extension codes", OPEN, ("pt: extension", "pt: extension of four bytes"), "read"),
    22: Row("class of an unknown project", OPEN, ("pt: class of a project",), "read"),
    23: Row("memo index that was never set", REFUSE, ("pt: memo never set",)),
    24: Row("REDUCE on an empty stack", REFUSE, ("pt: call on an empty stack", "pt: no mark", "pt: stops with nothing")),
    25: Row("no STOP", WARN, ("pt: no stop", "pt: marks without end")),
    26: Row("tuple a million deep", OPEN, ("pt: tuple a million deep", "pt: dict a hundred thousand deep")),
    27: Row("list doubled sixty times", OPEN, ("pt: list doubled sixty times", "pt: memo doubles a tuple", "pt: many wide dicts that are one")),
    28: Row("LONG4 of 2 GB", REFUSE, ("pt: number of two gigabytes", "pt: number of a megabyte")),
    29: Row("BINUNICODE lies about its length", REFUSE, ("pt: text longer than the rest", "pt: text of 2^63 bytes", "pt: bytes of 2^63 bytes")),
    30: Row("dict that contains itself", OPEN, ("pt: dict that contains itself", "pt: list that contains itself"), "read"),
    31: Row("shape of 10^12 on 12 elements", WARN, ("pt: shape larger than its storage",), "cannot be read"),
    32: Row("2^40 elements in 48 bytes", WARN, ("pt: storage larger than its record",), "cannot be read"),
    33: Row("negative stride or offset", WARN, ("pt: negative stride", "pt: negative offset"), "cannot be read"),
    34: Row("stride 0 to 10^15 elements", OPEN, ("pt: expanded to 10^15",), "it repeats itself"),
    35: Row("negative number of elements", WARN, ("pt: storage of negative size",), "cannot be read"),
    36: Row("storage key ../../etc/passwd", WARN, ("pt: key that climbs",), "is missing in the file"),
    37: Row("sizes overflow 64 bits", WARN, ("pt: more elements than 64 bits count",), "cannot be read"),
    38: Row("SETITEM on a tensor", WARN, ("pt: item set on a tensor", "pt: appends to a tensor")),
    39: Row("unknown storage class", WARN, ("pt: storage of an unknown class",), "cannot be read"),
    40: Row("byte order middle", WARN, ("pt: byte order middle",)),
    41: Row("byte order big", OPEN, ("pt: byte order big", "pt: old: big endian"), "read"),
    42: Row("no version record", WARN, ("pt: no version",), "read"),
    43: Row("two data.pkl of one name", REFUSE, ("pt: two pickles of one name",)),
    44: Row("two root folders", WARN, ("pt: two roots",), "read"),
    45: Row("member names with ../", WARN, ("pt: names that climb", "npz: archive: names that climb"), "read"),
    46: Row("data.pkl is a deflate bomb", REFUSE, ("pt: pickle is a bomb", "pt: pickle is a bomb that lies", "pt: opcodes without end, squeezed", "pt: pickle claims gigabytes")),
    47: Row("storage is a deflate bomb", OPEN, ("pt: storage is a bomb",), "packed ones"),
    48: Row("name differs in the table and at its place", WARN, ("pt: other name at its place",), "read"),
    49: Row("encrypted", REFUSE, ("pt: encrypted",)),
    50: Row("end record wrong, zip64 right", OPEN, ("pt: classic end record wrong, zip64 right",), "read"),
    51: Row("old file cut off", WARN, ("pt: old: cut in its values", "pt: old: cut in its index", "pt: old: cut in its pickle")),
    52: Row("old file with another magic number", OPEN, ("pt: old: wrong magic number",)),
    53: Row("old file and zip in one", WARN, ("pt: old: joined to a zip file",), "read"),
    54: Row("pickle of protocol 4 or 5 called .pt", OPEN, ("pt: plain pickle of protocol 4", "pt: plain pickle of protocol 5")),
    55: Row("safetensors: length of 2^63, beyond the file, 0, or cut", REFUSE, ("safetensors: header of 2^63 bytes", "safetensors: header larger than the file", "safetensors: header of no bytes", "safetensors: fewer than 8 bytes")),
    56: Row("safetensors: no JSON, no UTF-8, a list", REFUSE, ("safetensors: not JSON", "safetensors: not UTF-8", "safetensors: a list")),
    57: Row("JSON a hundred thousand deep", REFUSE, ("safetensors: a hundred thousand brackets", "safetensors: a hundred thousand objects", "index: deep", "pt2: pt2: description is deep")),
    58: Row("keys twice", REFUSE, ("safetensors: a key twice", "index: key twice", "pt2: pt2: a key twice")),
    59: Row("overlap, hole, beyond the file, trailing, backwards, negative", WARN, ("safetensors: overlap", "safetensors: out of the file", "safetensors: end before begin", "safetensors: negative offset"), "cannot be read"),
    60: Row("size mismatch, overflow, fraction, unknown type, half a byte", WARN, ("safetensors: size and shape differ", "safetensors: shape overflows", "safetensors: dimension with a fraction", "safetensors: unknown element type", "safetensors: half a byte"), "cannot be read"),
    61: Row("empty tensor at the place of another", OPEN, ("safetensors: empty tensors at one place",), "read"),
    62: Row("200,000 dimensions", WARN, ("safetensors: two hundred thousand dimensions", "pt: two hundred thousand dimensions"), "cannot be read"),
    63: Row("200,000 keys", OPEN, ("safetensors: two hundred thousand keys",), "read"),
    64: Row("names with NUL, RTL override, line ends, 1 MB, empty", OPEN, ("pt: odd names", "pt: a key of a megabyte", "safetensors: odd names"), "read"),
    65: Row("index that leads out, or to what is not there", WARN, ("index: climbs", "index: climbs later", "index: absolute", "index: symbolic link", "index: through a linked folder", "index: UNC", "index: drive", "index: device", "index: missing file", "index: key in two files that are read", "index: key that the file lacks"), because="agreed: refuse the entry, which is what happens; the other entries of the index are shown"),
    66: Row(".metadata that would run code", OPEN, ("distributed: calls posix.system",)),
    67: Row("GGUF with 2^60 tensors", REFUSE, ("gguf: gguf: 2^60 tensors", "gguf: gguf: 2^60 settings")),
    68: Row("ONNX data outside of the folder", WARN, ("onnx: onnx: outside", "onnx: onnx: absolute"), "leads out"),
    69: Row("npy of objects", WARN, ("npy: npy: objects", "npz: archive: a member of objects"), "never loaded"),
    70: Row("file changes or shrinks while it is open", WARN, ("test_changing_files.py::test_that_a_file_that_shrinks_while_it_is_read_gets_a_sentence", "test_changing_files.py::test_that_values_of_a_file_that_was_written_anew_are_refused")),
    71: Row("pipe, folder, no permission, no file", REFUSE, ("path: a pipe", "path: a device", "path: links in a ring", "path: nothing there", "folder: a pipe for a model", "folder: empty", "test_source.py::test_that_a_file_without_permission_is_said_to_be_so")),
}  # fmt: skip
