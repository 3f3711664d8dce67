"""Plays EasyMocap's ``apps/fit/fit.py`` in tests: strict about what it is given, faithful in what it writes.

What it demands and writes follows EasyMocap's own code: ``easymocap/datasets/base.py`` (images, annots, results),
``easymocap/mytools/camera_utils.py`` (cameras), ``easymocap/multistage/init_cnn.py`` (cache). It fits nothing: the
person stands where the mid-hip is seen, as far away as the height of its points says. Standard library only.

``STAND_IN_CRASH_AFTER=n`` ends it after n results were written, leaving the next one half-written.
"""

import argparse
import json
import math
import os
import re
import struct
import sys
from pathlib import Path


def demand(condition: object, what: str) -> None:
    if not condition:
        sys.exit(f"stand-in: {what}")


def jpeg_size(path: Path) -> tuple[int, int]:
    """Width and height from the frame header of a baseline JPEG."""
    data = path.read_bytes()
    demand(data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", f"{path} is no whole JPEG")
    at = 2
    while data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    sys.exit(f"stand-in: {path} has no frame header")


def file_storage(path: Path) -> dict[str, object]:
    """Names and matrices of a file in OpenCV's YAML, no more tolerant than OpenCV."""
    demand(path.is_file(), f"{path} is missing")
    lines = path.read_text().splitlines()
    demand(lines[:2] == ["%YAML:1.0", "---"], f"{path} does not begin as OpenCV wants it")
    content: dict[str, object] = {}
    text = "\n".join(lines[2:])
    names = re.search(r'^names:\n((?:  - ".*"\n)+)', text, re.MULTILINE)
    demand(names, f"{path} names no camera")
    content["names"] = re.findall(r'"(.*)"', names[1])
    pattern = r"^(\w+): !!opencv-matrix\n  rows: (\d+)\n  cols: (\d+)\n  dt: d\n  data: \[(.*)\]$"
    for name, rows, columns, data in re.findall(pattern, text, re.MULTILINE):
        values = [float(value) for value in data.split(",")]
        demand(len(values) == int(rows) * int(columns), f"{path}: {name} has {len(values)} values")
        content[name] = (int(rows), int(columns), values)
    return content


def read_annotation(path: Path, image: Path) -> list[list[float]]:
    """The 25 points of person 0."""
    demand(path.is_file(), f"{path} is missing (EasyMocap stops there)")
    content = json.loads(path.read_text())
    demand(set(content) >= {"filename", "height", "width", "annots"}, f"{path} lacks keys")
    demand(content["filename"] == f"{image.parent.name}/{image.name}", f"{path} names {content['filename']}")
    demand((content["width"], content["height"]) == jpeg_size(image), f"{path}: the picture has another size")
    demand(len(content["annots"]) == 1, f"{path} has {len(content['annots'])} people")
    person = content["annots"][0]
    demand(person["personID"] == 0, f"{path}: nobody is person 0")
    points, box = person["keypoints"], person["bbox"]
    demand(len(points) == 25 and all(len(point) == 3 for point in points), f"{path}: not 25 points of 3 numbers")
    for value in (*(number for point in points for number in point), *box):
        demand(isinstance(value, int | float) and math.isfinite(value), f"{path} holds {value!r}")
    demand(all(0 <= point[2] <= 1 for point in points), f"{path}: a confidence is beyond 0 to 1")
    demand(all(point == [0, 0, 0] for point in points if point[2] == 0), f"{path}: a point without confidence stands")
    demand(len(box) == 5 and box[0] < box[2] and box[1] < box[3], f"{path}: {box} is no box")
    return points


def array_text(rows: list[list[float]]) -> str:
    """Numbers as EasyMocap prints them: three decimals, and lines that end in the manner of Windows."""
    lines = ["["]
    lines += [f"  [{', '.join(f'{value:.3f}' for value in row)}]{', ' if i < len(rows) - 1 else ''}"
              for i, row in enumerate(rows)]  # fmt: skip
    return "\r\n".join([*lines, "]"])


def write_result(path: Path, camera: dict[str, list[list[float]]], person: dict[str, list[list[float]]]) -> None:
    out = ["{"]
    body = ",\n".join(f'"{key}": {array_text(value)}' for key, value in camera.items())
    out += [" " * 4 + line for line in body.split("\n")]
    out[-1] += ","
    out += ['    "annots": [', " " * 8 + "{"]
    body = ",\n".join(['"id": 0', *(f'"{key}": {array_text(value)}' for key, value in person.items())])
    out += [" " * 12 + line for line in body.split("\n")]
    out += [" " * 8 + "}", "    ]", "}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(out) + "\n", newline="")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("data", "model", "exp"):
        parser.add_argument(f"--cfg_{name}")
        parser.add_argument(f"--opt_{name}", nargs="+", default=[])
    args = parser.parse_args()
    root = Path.cwd()
    demand(Path(__file__).resolve() == (root / "apps/fit/fit.py").resolve(), f"started in {root}, not in its folder")
    demand(str(root) in os.environ.get("PYTHONPATH", "").split(os.pathsep), "easymocap cannot be imported")
    for config in (args.cfg_data, args.cfg_model, args.cfg_exp):
        demand((root / config).is_file(), f"there is no configuration {config}")
    options = dict(zip(args.opt_data[::2], args.opt_data[1::2], strict=True))
    data, out = Path(options["args.path"]), Path(options["args.out"])
    demand(data.is_absolute() and options["args.camera"] == str(data), "the folders do not fit")
    demand(options["args.writer.render.enable"] == "False", "it would draw every frame")
    subs = re.findall(r"'(\w+)'", options["args.subs"])
    demand(sorted(path.name for path in (data / "images").iterdir()) == subs, "images/ holds other videos")

    intri, extri = file_storage(data / "intri.yml"), file_storage(data / "extri.yml")
    demand(intri["names"] == extri["names"] == subs, "the cameras have other names than the videos")
    (sub,) = subs
    demand(intri[f"dist_{sub}"] == (1, 5, [0.0] * 5), "the distortion is not 1 x 5 zeros")
    demand(
        extri[f"R_{sub}"] == (3, 1, [0.0] * 3) and extri[f"T_{sub}"] == (3, 1, [0.0] * 3), "the camera is not the world"
    )
    demand(extri[f"Rot_{sub}"] == (3, 3, [1.0, 0, 0, 0, 1, 0, 0, 0, 1]), "the camera is turned")
    rows, columns, K = intri[f"K_{sub}"]  # type: ignore[misc]
    demand((rows, columns) == (3, 3) and K[0] == K[4] > 0 and K[8] == 1, f"K is {K}")

    images = sorted((data / "images" / sub).iterdir())
    demand(images and all(re.fullmatch(r"\d{6}\.jpg", image.name) for image in images), "the pictures' names are wrong")
    numbers = [int(image.stem) for image in images]
    demand(numbers == list(range(numbers[0], numbers[-1] + 1)), "pictures are missing")
    demand(len(list((data / "annots" / sub).iterdir())) == len(images), "annots and images differ in number")
    people = [read_annotation(data / "annots" / sub / f"{image.stem}.json", image) for image in images]
    demand(sum(point[2] > 0 for point in people[0]) > 4, "nobody in the first frame (EasyMocap stops there)")

    crash_after = int(os.environ.get("STAND_IN_CRASH_AFTER", "-1"))
    place = [0.0, 0.0, 3.0]
    camera = {"K": [K[:3], K[3:6], K[6:]], "R": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "T": [[0], [0], [0]]}
    written = 0
    for image, points in zip(images, people, strict=True):
        cache = data / "cache_spin" / sub / f"{image.stem}.json"
        if cache.is_file():
            json.loads(cache.read_text())  # EasyMocap fails on half a file, too
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps([{"id": 0, "poses": [[0.0] * 72]}]))
        result = out / "smplfull" / sub / f"{image.stem}.json"
        if result.is_file():
            json.loads(result.read_text())
            continue
        known = [point for point in points if point[2] > 0]
        if known:
            height = max(point[1] for point in known) - min(point[1] for point in known)
            depth = K[0] * 1.6 / max(height, 1)
            place = [(points[8][0] - K[2]) * depth / K[0], (points[8][1] - K[5]) * depth / K[0], depth]
        person = {
            "shapes": [[0.25] + [0.0] * 9],
            "poses": [[0.0] * 72],
            "Rh": [[math.pi, 0, 0]],
            # about the template's origin: half a turn about x takes the pelvis (0, -0.24, 0.03) to (0, 0.24, -0.03)
            "Th": [[place[0], place[1] - 0.24, place[2] + 0.03]],
        }
        if written == crash_after:
            result.write_text('{"K": [[')
            sys.exit("CUDA out of memory")
        write_result(out / "smpl" / sub / f"{image.stem}.json", camera, person)
        write_result(result, camera, person)
        written += 1
    print(f"fitted {written} frames")


if __name__ == "__main__":
    main()
