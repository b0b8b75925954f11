"""What macOS is told of the app: its documents, which it views and never claims for itself, and that it draws sharply."""

from typing import Any

CHECKPOINT = "io.github.torchloupe.checkpoint"
SAFETENSORS = "io.github.torchloupe.safetensors"


def info_plist(version: str) -> dict[str, Any]:
    """The keys of Info.plist beside those that PyInstaller writes."""
    return {
        "CFBundleDisplayName": "Torchloupe",
        "CFBundleShortVersionString": version,
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        "LSMinimumSystemVersion": "13.0",
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,
        "CFBundleDocumentTypes": [_document("PyTorch checkpoint", CHECKPOINT), _document("Safetensors checkpoint", SAFETENSORS)],
        "UTImportedTypeDeclarations": [
            _type("PyTorch checkpoint", CHECKPOINT, ["pt", "pth", "ckpt"]),
            _type("Safetensors checkpoint", SAFETENSORS, ["safetensors"]),
        ],
    }


def _document(name: str, kind: str) -> dict[str, Any]:
    return {
        "CFBundleTypeName": name,
        "CFBundleTypeRole": "Viewer",
        "LSHandlerRank": "Alternate",
        "LSItemContentTypes": [kind],
    }


def _type(name: str, kind: str, suffixes: list[str]) -> dict[str, Any]:
    return {
        "UTTypeIdentifier": kind,
        "UTTypeDescription": name,
        "UTTypeConformsTo": ["public.data"],
        "UTTypeTagSpecification": {"public.filename-extension": suffixes},
    }
