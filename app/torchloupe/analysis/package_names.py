"""The name that pip knows a module by, where it is another one than the module's own."""

_PACKAGES = {
    "Bio": "biopython",
    "PIL": "Pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "clip": "git+https://github.com/openai/CLIP.git",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "git": "GitPython",
    "mpl_toolkits": "matplotlib",
    "open_clip": "open-clip-torch",
    "pl_bolts": "lightning-bolts",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "torch_geometric": "torch-geometric",
    "torch_scatter": "torch-scatter",
    "torch_sparse": "torch-sparse",
    "yaml": "PyYAML",
}


def package_of(module: str) -> str:
    """``opencv-python`` for ``cv2``; for most modules their own first name."""
    first = module.partition(".")[0]
    return _PACKAGES.get(first, first)
