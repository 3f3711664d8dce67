"""Where torch computes."""

from justlmd.errors import InputError


def choose_device(device: str) -> str:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a torch device that exists; raises InputError for a GPU that does not."""
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise InputError("config 'device' is cuda, but torch finds no CUDA device; use auto or cpu, or mend the driver")
    return "cpu"
