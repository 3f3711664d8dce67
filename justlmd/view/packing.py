"""Integers as short text inside a script: differences, zigzag, byte planes, gzip, base64.

Smooth series become runs of small numbers when their differences are stored, and small numbers become runs of zero
bytes when all high bytes stand before all low bytes; gzip then makes both short. ``player/src/unpack.js`` is the
inverse.
"""

import base64
import gzip
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.view.page import embedded_json


def pack(values: np.ndarray, order: int) -> str:
    """Pack whole numbers from -32,768 to 32,767, or from 0 to 65,535, without loss.

    Parameters
    ----------
    values
        (N, C) integers: N values of each of C channels.
    order
        How often differences along N are taken: 0, 1 or 2.

    Returns
    -------
    Base64 of a gzip stream of 2 N C bytes: the high bytes of all channels, channel by channel, then the low bytes.

    Raises
    ------
    InputError
        A value needs more than 16 bits.
    """
    values = np.asarray(values, np.int64)
    if values.size and (values.min() < -(2**15) or values.max() >= 2**16 or np.ptp(values) >= 2**16):
        raise InputError(f"values from {values.min()} to {values.max()} do not fit into 16 bits")
    for _ in range(order):
        values = np.diff(values, axis=0, prepend=0)
    # Modulo 65,536 nothing is lost: the sums of the differences come out right modulo the same.
    wrapped = values.astype(np.int16).astype(np.int32)
    zigzag = ((wrapped << 1) ^ (wrapped >> 31)).astype(np.uint16).T
    planes = np.concatenate([(zigzag >> 8).astype(np.uint8).ravel(), (zigzag & 255).astype(np.uint8).ravel()])
    return base64.b64encode(gzip.compress(planes.tobytes(), 9, mtime=0)).decode("ascii")


def unpack(text: str, channels: int, order: int, signed: bool = True) -> np.ndarray:
    """Return the integers (N, C) int32 that :func:`pack` packed; ``signed``: whether they may be negative."""
    planes = np.frombuffer(gzip.decompress(base64.b64decode(text)), np.uint8).reshape(2, channels, -1).astype(np.int64)
    zigzag = planes[0] * 256 + planes[1]
    values = (zigzag >> 1) ^ -(zigzag & 1)
    for _ in range(order):
        values = np.cumsum(values, axis=1)
    return values.astype(np.int16 if signed else np.uint16).astype(np.int32).T


def script(name: str, value: Any) -> str:
    """A classic script that sets ``justlmd.<name>`` to a value, for ``<script src>`` and for text inside a page."""
    return f"window.justlmd=window.justlmd||{{}};justlmd.{name}={embedded_json(value)};\n"
