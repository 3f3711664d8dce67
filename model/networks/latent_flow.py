"""V5: a flow over latents of motion that hears twenty seconds at once and dances whole songs.

- Motion is brought to six latents a second and back by what needs no training (:mod:`model.networks.motion_codec`).
- Rectified flow (Liu et al. 2023, "Flow straight and fast", equation 1; flow matching, Lipman et al. 2023): noise x0
  and latents x1 are joined by the line x_t = (1 - t) x0 + t x1. The network sees x_t, t and the song and predicts x1;
  its error counts as that of the velocity (x1 - x_t) / (1 - t). A dance is where noise goes in a few Euler steps.
- Attention depends on distances in time, so any length goes through. Songs longer than the window of the training are
  denoised in windows that overlap by half, whose predictions are averaged at every step: one dance, without seams.
- Where the words of a chorus return, so does the noise (:func:`model.generation.generate.returning_noise`): it may be
  danced as it was before, and is not copied.
- At t = 0 the state is noise that tells nothing. The network does not see it there, and some training windows lie at
  t = 0: what is predicted there is the expected dance, which the lyrics question asks for. There is no posterior.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from justlmd.core.clock import SEQUENCE_FRAMES
from model.configuration import LatentFlowConfig
from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.attention import Block, rotary_turns
from model.networks.base import AblatableModel, standard_normal
from model.networks.conditions import guided
from model.networks.flow_matching import TimeInput, flow_times, integrate
from model.networks.layouts import MotionTensors
from model.networks.motion_codec import MotionCodec, feature_weights
from model.networks.motion_space import MotionSpace
from model.networks.song_track import SongTrack
from model.networks.windows import chunks, mirrored

LATEST = 0.8
"""Time from which the velocity's error counts no more than at that time: at t = 1 it would be divided by 0."""

SMOOTH_FRAMES = 1.2
"""Deviation of the Gaussian under which dances are decoded: what is faster than 4 Hz is mostly the error of small
components, which shows in feet."""


class LatentFlow(AblatableModel):
    """The codec, the flow over its latents, its loss and sampling."""

    whole_song = True

    def __init__(self, config: LatentFlowConfig) -> None:
        super().__init__()
        d, self.config = config.d_model, config
        self.window, self.noise_width = config.window, config.latent_dim
        self.latent_dim = SEQUENCE_FRAMES // config.patch * config.latent_dim
        self.motion = MotionSpace()
        self.codec = MotionCodec(config.latent_dim, config.patch)
        self.track = SongTrack(d, config.patch, config.token_dim, config.learned_dim)
        self.state_in = nn.Linear(config.latent_dim, d)
        self.time = TimeInput(d)
        sizes = (d, config.n_heads, config.d_feedforward)
        self.blocks = nn.ModuleList(Block(*sizes, cross=False, dropout=config.dropout) for _ in range(config.layers))
        self.norm = nn.LayerNorm(d)
        self.output = nn.Linear(d, config.latent_dim)

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        self.track.fit(data)
        self.motion.fit(data)
        features = []
        for batch in chunks(data):  # training may mirror windows
            turned = mirrored(batch, torch.ones_like(batch.conditions.has_music).bool())
            features += [self.motion.encode(batch), self.motion.encode(turned)]
        rest_joints = batch.rest_joints.mean(0)
        self.codec.fit(torch.cat(features), feature_weights(self.motion.std, rest_joints))

    def denoise(self, track: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """The expected end x1 (B, S, latent_dim) of the flow through ``x`` at times ``t`` (B,), 0 noise to 1 motion.

        ``track`` (B, S, d) is what :class:`SongTrack` makes of the song.
        """
        state = self.state_in(x) * (t > 0)[:, None, None] + track + self.time(t)
        turns = rotary_turns(x.shape[1], self.config.d_model // self.config.n_heads, x.device)
        for block in self.blocks:
            state = block(state, turns=turns)
        return self.output(self.norm(state)).float()

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        config = self.config
        x1 = self.codec.encode(self.motion.encode(batch))
        x0 = standard_normal(x1, generator)
        t = flow_times(config, len(x1), generator).to(x1)
        share = t[:, None, None]
        track = self.track(batch.conditions, self._kept(len(x1), generator, x1))
        error = (self.denoise(track, (1 - share) * x0 + share * x1, t) - x1).square().mean((1, 2))
        return {"loss": (error / (1 - t.clamp_max(LATEST)) ** 2).mean()}

    def _kept(self, size: int, generator: torch.Generator, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For each window whether sound, metre and words may be seen, (size,) of 1 and 0 each; all outside training."""
        config = self.config
        noise = torch.rand(4, size, generator=generator, device=generator.device).to(like)
        if not self.training:
            return (torch.ones_like(noise[0]),) * 3
        some = (noise[3] >= config.both_dropout).to(like)  # else: nothing at all is seen
        limits = (config.music_dropout, config.metre_dropout, config.lyrics_dropout)
        sound, metre, words = ((row >= limit).to(like) * some for row, limit in zip(noise[:3], limits, strict=True))
        return sound, metre, words

    def draw(self, starts: list[int], generator: torch.Generator, frames: int = SEQUENCE_FRAMES) -> Tensor:
        steps = frames // self.config.patch
        song = torch.randn(starts[-1] // self.config.patch + steps, self.config.latent_dim, generator=generator)
        firsts = [start // self.config.patch for start in starts]
        return torch.stack([song[first : first + steps].flatten() for first in firsts])

    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        """Follow the flow from noise ``z`` for as many frames as the conditions have; ``guidance`` above 1 exaggerates
        what music (sound and metre) and lyrics change (1: as learned)."""
        noise = z.unflatten(-1, (-1, self.config.latent_dim))
        tracks: dict[tuple[float, float], Tensor] = {}

        def heard(music: Tensor, lyrics: Tensor) -> Tensor:
            key = (float(music[0]), float(lyrics[0]))
            if key not in tracks:
                tracks[key] = self.track(conditions, (music, music, lyrics))
            return tracks[key]

        def predict(x: Tensor, t: float) -> Tensor:
            return guided(lambda music, lyrics: self._in_windows(heard(music, lyrics), x, t), x, guidance)

        latents = integrate(predict, noise, self.config.euler_steps)
        return self.motion.decode(smoothed(self.codec.decode(latents)), rest_joints)

    def _in_windows(self, track: Tensor, x: Tensor, t: float) -> Tensor:
        """Predictions (B, S, latent_dim) for more steps than the window has: the mean of those of overlapping ones."""
        steps, size = x.shape[1], self.window // self.config.patch
        if steps <= size:
            return self.denoise(track, x, x.new_full((len(x),), t))
        starts = [*range(0, steps - size, size // 2), steps - size]
        rows = torch.tensor(starts, device=x.device)[:, None] + torch.arange(size, device=x.device)  # (W, size)
        song, state = (values[:, rows].flatten(0, 1) for values in (track, x))
        found = self.denoise(song, state, x.new_full((len(state),), t)).unflatten(0, (len(x), -1))
        weight = 1 - (torch.arange(size, device=x.device) - (size - 1) / 2).abs() / (size / 2)  # most in the middle
        weight = weight[None, :, None].expand(len(starts), size, 1)
        total = x.new_zeros(steps, 1).index_put_((rows,), weight, accumulate=True)
        sums = [x.new_zeros(x.shape[1:]).index_put_((rows,), one * weight, accumulate=True) for one in found]
        return torch.stack(sums) / total

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone: the prediction at t = 0, where no state is seen."""
        heard, sung = (rest_joints.new_full((len(rest_joints),), float(flag)) for flag in (music, lyrics))
        track = self.track(conditions, (heard, heard, sung))
        nothing = track.new_zeros(*track.shape[:2], self.config.latent_dim)
        return self.motion.decode(self.codec.decode(self.denoise(track, nothing, nothing[:, 0, 0])), rest_joints)


def smoothed(frames: Tensor) -> Tensor:
    """Frames (B, T, F) under a Gaussian of :data:`SMOOTH_FRAMES`; the first and last frame go on beyond the ends."""
    reach = round(4 * SMOOTH_FRAMES)
    places = torch.arange(-reach, reach + 1, device=frames.device)
    kernel = torch.exp(-((places / SMOOTH_FRAMES) ** 2) / 2)
    rows = pad(frames.transpose(1, 2), (reach, reach), mode="replicate")
    found = conv1d(rows.flatten(0, 1)[:, None], (kernel / kernel.sum())[None, None])
    return found[:, 0].unflatten(0, rows.shape[:2]).transpose(1, 2)
