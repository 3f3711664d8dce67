"""Do lyrics help? The same model predicts held-out dances with other words in place of the sung ones.

Only for models that learned to do without each condition (:class:`model.networks.base.AblatableModel`):
they predict the expected motion from what they may see, without a latent. If words tell something about the dance, the
error with the words that were sung is lower than with others.
"""

from typing import Any

import numpy as np
import torch

from model.data import Batch, Conditions, LyricsMusicDance, pad_tokens
from model.evaluation.metrics import retrieval
from model.evaluation.statistics import holm, sign_flip_p_value, song_bootstrap
from model.networks.base import AblatableModel
from model.networks.windows import joints_of, real_motion

ARMS = ("none", "music", "lyrics", "both", "shuffled within the song", "from another song", "two lines later")
"""What the model sees: nothing, one or both conditions, or both with other words."""

LINES_LATER = 2
SHIFTS_S = tuple(n / 4 for n in range(-8, 9))
CHUNK = 64


def lyrics_question(
    model: AblatableModel,
    data: LyricsMusicDance,
    device: str = "cpu",
    *,
    permutations: int = 1000,
    bootstrap: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Errors of all arms, a permutation test, and retrieval of lyrics by motion.

    Parameters
    ----------
    data : the data set's sequences (``stride=None``), of songs that the model has not seen.
    permutations, bootstrap, seed : of the test, of the intervals, of all randomness.

    Returns
    -------
    ``arms``: joint error in mm with interval. ``both_minus``: for every other arm the difference in mm (negative: the
    words that were sung help) with its interval over songs, ``p_songs`` (exact sign flips of the songs' differences,
    two-sided) and ``p_holm`` (corrected for the number of arms). ``p_permutation``: words exchanged between windows of
    a song, one-sided. ``time``: error with the words moved by ``shifts_s`` (positive: later), and the ``best_s`` of
    them. ``retrieval``: R@k and MedR of lyrics by motion, near-equal texts counted as correct, and the ``chance_MedR``.
    ``sentence``: what was found.
    """
    errors = WindowErrors(model, data, device)
    songs = np.array([window.song for window in data.windows])
    own, random = np.arange(len(songs)), np.random.default_rng(seed)
    matrix = errors.within_songs(songs)
    others = matrix.copy()
    np.fill_diagonal(others, np.nan)
    alone = np.isfinite(others).sum(1) == 0  # the only window of its song: nothing to shuffle with
    shuffled = np.full(len(own), np.nan)
    shuffled[~alone] = np.nanmean(others[~alone], axis=1)
    arms = {
        "none": errors(own, own, music=False, lyrics=False),
        "music": errors(own, own, lyrics=False),
        "lyrics": errors(own, own, music=False),
        "both": errors(own, own),
        "shuffled within the song": shuffled,
        "from another song": _from_other_songs(errors, songs, random),
        "two lines later": errors(own, own, words=errors.words_from(_two_lines(data))),
    }
    moved = [errors(own, own, words=errors.words_from(np.full(len(own), -shift))).mean() for shift in SHIFTS_S]
    can_shuffle = not alone.all()
    result: dict[str, Any] = {
        "windows": len(songs),
        "songs": len(np.unique(songs)),
        "arms": {name: song_bootstrap(1000 * arms[name], songs, bootstrap, seed) for name in ARMS},
        "both_minus": _comparisons(arms, songs, bootstrap, seed),
        "p_permutation": permutation_p_value(matrix, songs, permutations, random) if can_shuffle else None,
        "time": {
            "shifts_s": list(SHIFTS_S),
            "error_mm": [float(1000 * value) for value in moved],
            "best_s": SHIFTS_S[int(np.argmin(moved))],
        },
        "retrieval": _retrieval(errors),
    }
    return result | {"sentence": _sentence(result)}


def _comparisons(
    arms: dict[str, np.ndarray], songs: np.ndarray, bootstrap: int, seed: int
) -> dict[str, dict[str, float | None]]:
    """The arm ``both`` minus every other one: interval over songs, and p-values with and without Holm's correction."""
    found: dict[str, dict[str, float | None]] = {}
    for name in ARMS:
        difference = 1000 * (arms["both"] - arms[name])
        keep = np.isfinite(difference)
        per_song = [difference[keep & (songs == song)].mean() for song in np.unique(songs[keep])]
        if name != "both":
            p = sign_flip_p_value(np.array(per_song)) if per_song else None
            found[name] = song_bootstrap(difference, songs, bootstrap, seed) | {"p_songs": p}
    tested = {name: entry["p_songs"] for name, entry in found.items() if entry["p_songs"] is not None}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    return {name: entry | {"p_holm": corrected.get(name)} for name, entry in found.items()}


class WindowErrors:
    """Joint errors of predictions for given windows with the words of given others."""

    def __init__(self, model: AblatableModel, data: LyricsMusicDance, device: str) -> None:
        self.model, self.data, self.device = model, data, device
        self.batch: Batch = data.batch(range(len(data)))
        self.truth = _relative(joints_of(real_motion(self.batch), self.batch.rest_joints))

    def __call__(self, windows: np.ndarray, words_of: np.ndarray, **seen: Any) -> np.ndarray:
        """Mean of :meth:`frames` over each window, (n,)."""
        return self.frames(windows, words_of, **seen).mean(1)

    @torch.no_grad()
    def frames(
        self,
        windows: np.ndarray,
        words_of: np.ndarray,
        words: Conditions | None = None,
        music: bool = True,
        lyrics: bool = True,
    ) -> np.ndarray:
        """Joint error in metres per frame (n, 180) of each of ``windows`` with the tokens of ``words_of`` (as many)."""
        c = self.batch.conditions
        source = c if words is None else words
        found = []
        for first in range(0, len(windows), CHUNK):
            own, other = (torch.from_numpy(x[first : first + CHUNK]) for x in (windows, words_of))
            words_there = {name: getattr(source, name)[other] for name in ("tokens", "token_times", "token_mask")}
            mixed = Conditions(*(values[own] for values in c))._replace(**words_there)
            rest = self.batch.rest_joints[own].to(self.device)
            joints = joints_of(self.model.predict(mixed.to(self.device), rest, music, lyrics), rest)
            found.append(np.linalg.norm(_relative(joints) - self.truth[own.numpy()], axis=-1).mean(2))
        return np.concatenate(found)

    def words_from(self, later_s: np.ndarray) -> Conditions:
        """The windows' conditions with the words that are sung ``later_s`` (N,) seconds after each window's start."""
        own = self.batch.conditions
        starts = [window.start_s + later for window, later in zip(self.data.windows, later_s, strict=True)]
        parts = [self.data.tokens(w.song, start) for w, start in zip(self.data.windows, starts, strict=True)]
        tokens, times, mask = pad_tokens(parts, own.tokens.shape[2])
        return own._replace(tokens=tokens, token_times=times, token_mask=mask)

    def within_songs(self, songs: np.ndarray) -> np.ndarray:
        """Errors (N, N) of window i with the words of window j of the same song; NaN for windows of other songs."""
        i, j = np.nonzero(songs[:, None] == songs[None])
        matrix = np.full((len(songs), len(songs)), np.nan)
        matrix[i, j] = self(i, j)
        return matrix


def permutation_p_value(matrix: np.ndarray, songs: np.ndarray, permutations: int, random: np.random.Generator) -> float:
    """One-sided p-value of the mean error with the sung words, when words are exchanged between windows of a song.

    ``matrix`` (N, N): error of window i with the words of window j, needed within songs only. Exact in the sense that
    without a link between words and motion every exchange is as likely as the true order.
    """
    n = np.arange(len(songs))
    members = [np.flatnonzero(songs == song) for song in np.unique(songs)]
    true = matrix[n, n].sum()
    lower = 0
    for _ in range(permutations):
        order = n.copy()
        for own in members:
            order[own] = random.permutation(own)
        lower += matrix[n, order].sum() <= true + 1e-12
    return (1 + lower) / (1 + permutations)


def _from_other_songs(errors: WindowErrors, songs: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Errors with the words of a random window of another song; NaN when there is only one song."""
    result = np.full(len(songs), np.nan)
    choices = [np.flatnonzero(songs != song) for song in songs]
    if len(choices[0]):
        result[:] = errors(np.arange(len(songs)), np.array([random.choice(c) for c in choices]))
    return result


def _two_lines(data: LyricsMusicDance) -> np.ndarray:
    """Seconds from each window's line to the line after the next (at the song's end: to one of its first)."""
    later = np.zeros(len(data))
    for number, window in enumerate(data.windows):
        rows = data.arrays.songs[window.song].token_rows
        lines, times = data.arrays["token_lines"][rows], data.arrays["token_times"][rows]
        if len(lines):
            starts = np.array([times[lines == line, 0].min() for line in np.unique(lines)])
            current = max(int(np.searchsorted(starts, window.start_s, side="right")) - 1, 0)
            later[number] = starts[(current + LINES_LATER) % len(starts)] - starts[current]
    return later


@torch.no_grad()
def _retrieval(errors: WindowErrors) -> dict[str, float] | None:
    """Retrieval of lyrics by motion among the windows with words; None for fewer than two or without :meth:`keys`."""
    keys = errors.model.keys(errors.batch.to(errors.device))
    if keys is None:
        return None
    sung = errors.batch.conditions.token_mask.any(1)
    motion, lyrics, texts = (x.cpu()[sung].numpy() for x in keys)
    if len(motion) < 2:
        return None
    return retrieval(motion @ lyrics.T, texts @ texts.T) | {"chance_MedR": (len(motion) + 1) / 2}


def _relative(joints: np.ndarray) -> np.ndarray:
    return joints - joints[:, :, :1]


def _sentence(result: dict[str, Any]) -> str:
    """What was found, in words that the numbers carry."""
    d, p = result["both_minus"]["shuffled within the song"], result["p_permutation"]
    if d["value"] is None or p is None:
        return "Whether lyrics help cannot be said: no held-out song has two sequences."
    seen = f"on {result['windows']} held-out sequences of {result['songs']} song{'s' * (result['songs'] != 1)}"
    numbers = (
        f"joint error {result['arms']['both']['value']:.1f} mm with the sung words, {d['value']:+.2f} mm "
        f"(95 % {d['low']:+.2f} to {d['high']:+.2f}) against words of other moments of the song, p = {p:.3f}"
    )
    if p < 0.05:
        return f"The words that are sung tell something about the dance {seen}: {numbers}."
    return f"No link from words to dance was found {seen}: {numbers}. At this size that does not say there is none."
