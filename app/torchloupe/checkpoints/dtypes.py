"""Names of element types: torch's own, the storage classes of pickles, the codes of safetensors; and their sizes."""

from typing import Dict, Optional

_SIZES = {
    1: "bool uint8 int8 quint8 qint8 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 "
    "bits8 bits1x8 bits2x4 bits4x2 bit int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7",
    2: "float16 bfloat16 int16 uint16 bits16",
    4: "float32 int32 uint32 qint32 complex32",
    8: "float64 int64 uint64 complex64",
    16: "complex128",
}

BITS: Dict[str, int] = {name: 8 * size for size, names in _SIZES.items() for name in names.split()}
"""Bits that one element takes, by torch's name without ``torch.``."""
BITS.update(quint4x2=4, quint2x4=2, float4_e2m1=4, float6_e2m3=6, float6_e3m2=6)

_ALIASES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "cfloat": "complex64",
    "cdouble": "complex128",
    "chalf": "complex32",
}

STORAGE_CLASSES: Dict[str, str] = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "QUInt8Storage": "quint8",
    "QInt8Storage": "qint8",
    "QInt32Storage": "qint32",
    "QUInt4x2Storage": "quint4x2",
    "QUInt2x4Storage": "quint2x4",
}
"""Element type by the class that torch names for a typed storage."""

SAFETENSORS: Dict[str, str] = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F4": "float4_e2m1",
    "F6_E2M3": "float6_e2m3",
    "F6_E3M2": "float6_e3m2",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
}
"""Element type by the code in a safetensors header."""


def torch_dtype(name: str) -> Optional[str]:
    """The canonical name of ``torch.<name>`` when that is an element type, else None."""
    name = _ALIASES.get(name, name)
    return name if name in BITS else None


def storage_dtype(class_name: str) -> Optional[str]:
    """The element type of a typed storage class; ``""`` for an untyped one (counted in bytes), None when unknown."""
    if class_name in ("UntypedStorage", "_UntypedStorage"):
        return ""
    return STORAGE_CLASSES.get(class_name)


def bytes_of(elements: int, dtype: str) -> int:
    """What ``elements`` elements take; 0 when the type is unknown."""
    return (elements * BITS.get(dtype, 0) + 7) // 8
