"""Running a trained model over windows of the data set: joints of real, reconstructed and generated dances."""

import numpy as np
import torch

from model.data import LyricsMusicDance
from model.networks.base import DanceModel, gaussian_kl
from model.networks.windows import chunks, joints_of, real_motion


def real_windows(data: LyricsMusicDance) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, T, 24, 3) and rotations (N, T, 24, 3, 3) of the real dances."""
    joints, rotations = [], []
    for batch in chunks(data):
        motion = real_motion(batch)
        joints.append(joints_of(motion, batch.rest_joints))
        rotations.append(motion.rotations.numpy())
    return np.concatenate(joints), np.concatenate(rotations)


@torch.no_grad()
def reconstructed_windows(
    model: DanceModel, data: LyricsMusicDance, device: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Joints and rotations of every window decoded from the mean of its own posterior; None if the model has none."""
    joints, rotations = [], []
    for batch in chunks(data, device):
        posterior = model.posterior(batch)
        if posterior is None:
            return None
        motion = model.generate(batch.conditions, posterior[0], batch.rest_joints)
        joints.append(joints_of(motion, batch.rest_joints))
        rotations.append(motion.rotations.float().cpu().numpy())
    return np.concatenate(joints), np.concatenate(rotations)


@torch.no_grad()
def generated_windows(
    model: DanceModel, data: LyricsMusicDance, device: str, samples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, samples, T, 24, 3) and rotations (N, samples, T, 24, 3, 3) from every window's conditions alone."""
    generator = torch.Generator().manual_seed(seed)
    joints, rotations = [], []
    for batch in chunks(data, device):
        made = []
        for _ in range(samples):
            z = torch.randn(len(batch.transl), model.latent_dim, generator=generator).to(device)
            made.append(model.generate(batch.conditions, z, batch.rest_joints))
        joints.append(np.stack([joints_of(motion, batch.rest_joints) for motion in made], axis=1))
        rotations.append(np.stack([motion.rotations.float().cpu().numpy() for motion in made], axis=1))
    return np.concatenate(joints), np.concatenate(rotations)


@torch.no_grad()
def latent_use(model: DanceModel, data: LyricsMusicDance, device: str) -> dict[str, float | None]:
    """How much the latent says about unseen dances.

    ``kl_nat``: mean divergence per window; ``active_units``: share of dimensions whose posterior mean varies over the
    windows with a variance above .01 (Burda et al. 2016). Both None for a model without a posterior.
    """
    means, divergences = [], []
    for batch in chunks(data, device):
        posterior = model.posterior(batch)
        if posterior is None:
            return {"kl_nat": None, "active_units": None}
        mean, log_variance = (value.float() for value in posterior)
        means.append(mean.cpu())
        divergences.append(gaussian_kl(mean, log_variance).sum(1).cpu())
    return {
        "kl_nat": float(torch.cat(divergences).mean()),
        "active_units": float((torch.cat(means).var(0, correction=0) > 0.01).float().mean()),
    }
