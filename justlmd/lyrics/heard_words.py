"""The words of lyrics at the times at which Whisper hears them; what has no support in the sound stays interpolated.

Lines are heard in groups of up to 12 s, each from a little before its first stamp on. A line keeps its own stamp as the
start of its first word, and its words stay within it, so a mistake ends with its line. Figures: ``docs/lyrics.md``.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.whisper import LONGEST_S, MOST_TOKENS, SR, Placed, Whisper
from justlmd.lyrics.word_timing import word_spans, word_times

AROUND_S = 0.3  # heard before and after a group, as stamps are often late or early
GROUP_S, PAUSE_S = 12.0, 4.0  # longest group, and longest pause in it
SHORTEST_S = 0.5  # of sound
UNSUNG = -1.0  # nats below which a word is not sung, whatever is sung around it
SUPPORTED = 0.5  # nats by which the sound must make a word or a neighbour of it more probable than silence does
HEARD_SHARE = 0.5  # of a line's words that must be heard
SHORTEST_WORD_S = 0.05  # a word of less was passed over until the next one began
ONSET_HOP = 160
ONSET_RATE = SR / ONSET_HOP
NEAR_S, REACH_S = 0.06, 0.12  # standard deviation and limit of how far a word is moved to an onset
ONSET_FLOOR = 0.3  # of the mean onset strength


def hear_words(lyrics: Lyrics, voice: np.ndarray, whisper: Whisper) -> Lyrics:
    """Give the words of all lines without word stamps the times at which they are heard.

    Parameters
    ----------
    lyrics
        On the clock of the sound.
    voice
        (n,) at 16 kHz, the accompaniment as soft as possible (:func:`justlmd.lyrics.alignment.centre`).
    whisper
        The model.

    Returns
    -------
    Lyrics
        Lines that were heard have the timing ``aligned``; words in them without support are marked ``interpolated``.
        Warnings say how many lines were not heard, and how many lie beyond the end of the sound.
    """
    wanted = [line for line in lyrics.lines if line.timing == "interpolated" and not line.credit]
    placed = place_lines(wanted, voice, whisper)
    onsets = onset_strength(voice)
    heard = {
        id(line): _heard_line(line, part.moved(-(whisper.habits.late_s or 0.0)), whisper.habits.supported, onsets)
        for line, part in zip(wanted, placed, strict=True)
        if part is not None
    }
    lines = tuple(heard.get(id(line), line) for line in lyrics.lines)
    found = sum(line.timing == "aligned" for line in heard.values())
    end_s = len(voice) / SR
    beyond = sum(line.start_s >= end_s for line in wanted)
    within = len(wanted) - beyond
    warnings = []
    if found < within:
        warnings.append(f"{within - found} of {within} lines were not heard; their words are interpolated")
    if beyond:
        warnings.append(f"{beyond} of {len(wanted)} lines begin after the end of the sound at {end_s:.1f} s")
    return replace(lyrics, lines=lines, warnings=(*lyrics.warnings, *warnings))


def lateness_s(lyrics: Lyrics, voice: np.ndarray, whisper: Whisper, known: Whisper) -> float:
    """How late the words of a model begin, from a model of which this is known: the median over the song's words."""
    lines = [line for line in lyrics.sung if len(line.words) > 1]
    pairs = zip(*(place_lines(lines, voice, model) for model in (whisper, known)), strict=True)
    late = [(one.starts - other.starts)[1:] for one, other in pairs if one is not None and other is not None]
    middle = np.nanmedian(np.concatenate([*late, [0.0]]))
    return (known.habits.late_s or 0.0) + float(middle)


def place_lines(lines: Sequence[Line], voice: np.ndarray, whisper: Whisper) -> list[Placed | None]:
    """Find the words of lines in the sound, in seconds of the song as the model hears them.

    None for lines outside the sound, and for those with more text than the model reads.
    """
    found: list[Placed | None] = []
    for group in line_groups(lines):
        sound = group_sound(group, voice)
        tokens = whisper.tokens([line.text for line in group])
        if not len(sound) or len(tokens.ids) > MOST_TOKENS:
            found += [None] * len(group)
            continue
        placed = whisper.place(whisper.hear(sound), tokens).moved(max(0.0, group[0].start_s - AROUND_S))
        ends = np.cumsum([len(line.words) for line in group])
        found += [placed.part(end - len(line.words), end) for line, end in zip(group, ends, strict=True)]
    return found


def group_sound(group: Sequence[Line], voice: np.ndarray) -> np.ndarray:
    """The sound of a group of lines with 0.3 s around it, (n,); empty if less than half a second lies in the song."""
    first_s = max(0.0, group[0].start_s - AROUND_S)
    last_s = min(max(line.end_s for line in group) + AROUND_S, first_s + LONGEST_S, len(voice) / SR)
    return voice[round(first_s * SR) : round(last_s * SR)] if last_s - first_s >= SHORTEST_S else voice[:0]


def line_groups(lines: Sequence[Line]) -> list[list[Line]]:
    """Split lines at pauses and after 12 s."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and line.end_s - groups[-1][0].start_s <= GROUP_S and line.start_s - groups[-1][-1].end_s <= PAUSE_S:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _heard_line(line: Line, placed: Placed, line_supported: float, onsets: np.ndarray) -> Line:
    """The line with the times of its heard words, the others spread between them; as it is without enough of them.

    ``placed`` is on the clock of the song.
    """
    heard = is_supported(placed.support, line_supported)
    heard[1:] &= (placed.ends - placed.starts)[1:] >= SHORTEST_WORD_S
    if heard.mean() < HEARD_SHARE:
        return line
    starts = np.minimum(at_onsets(placed.starts, onsets), line.end_s)
    spans = word_spans(line.text)
    marks: list[tuple[int, float]] = []
    latest_s = line.start_s
    for index in range(1, len(spans)):
        heard[index] &= starts[index] >= latest_s
        if heard[index]:
            latest_s = float(starts[index])
            marks.append((spans[index][0], latest_s))
    if heard[-1]:
        marks.append((spans[-1][1], float(np.clip(placed.ends[-1], latest_s, line.end_s))))
    end_s = max(line.words[-1].end_s, latest_s)
    words, _ = word_times(line.text, line.start_s, end_s, marks, breathes=False)
    marked = (word if known else replace(word, timing="interpolated") for word, known in zip(words, heard, strict=True))
    return replace(line, words=tuple(marked), timing="aligned")


def is_supported(support: np.ndarray, line_supported: float) -> np.ndarray:
    """Which words of a line the sound supports, (words,) bool, from their support in nats.

    None where the mean is below ``line_supported``. A word that its neighbours foretell needs no sound to be probable,
    so it shares in theirs.
    """
    known = np.isfinite(support)
    if not known.any() or support[known].mean() < line_supported:
        return np.zeros(len(support), bool)
    filled = np.pad(np.where(known, support, -np.inf), 1, constant_values=-np.inf)
    around = np.max([filled[:-2], filled[1:-1], filled[2:]], axis=0)
    return known & (around >= SUPPORTED) & (filled[1:-1] >= UNSUNG)


def onset_strength(voice: np.ndarray) -> np.ndarray:
    """How much louder the bands of a voice are 30 ms later, over the song's mean: (T,) at 100 per second.

    ``voice`` is (n,) at 16 kHz.
    """
    import librosa

    bands = librosa.filters.mel(sr=SR, n_fft=512, n_mels=19, fmin=190, fmax=5000)
    power = bands @ np.abs(librosa.stft(voice, n_fft=512, hop_length=ONSET_HOP)) ** 2
    level = np.log(1e-6 + power / (512 * np.percentile(voice**2, 95) + 1e-9))
    rise = np.pad(np.maximum(level[:, 3:] - level[:, :-3], 0.0).sum(axis=0), (1, 2))
    return np.asarray(rise / (rise.mean() + 1e-9))


def at_onsets(times_s: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """Move each time to a strong onset near it, by at most 0.12 s: (n,) seconds; NaN stays.

    The maximum of log(strength + floor) less the square of the distance, as in dynamic programming of beats.
    """
    steps = np.arange(-round(REACH_S * ONSET_RATE), round(REACH_S * ONSET_RATE) + 1)
    known = np.isfinite(times_s)
    frames = np.round(np.where(known, times_s, 0.0) * ONSET_RATE).astype(int)[:, None] + steps
    strength = onsets[np.clip(frames, 0, len(onsets) - 1)]
    score = np.log(strength + ONSET_FLOOR) - (frames / ONSET_RATE - times_s[:, None]) ** 2 / (2 * NEAR_S**2)
    best = np.take_along_axis(frames, score.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(known, np.maximum(best / ONSET_RATE, 0.0), np.nan)
