"""What becomes of lyrics files: credits, the share of sung words in the slices, and what text encoders know of them.

    python -m benchmarks.lyrics_files [--short] [--data DIR]

Reads the ``.lrc`` files of ``DIR/*/*/`` and of the demo's songs. The encoders read three lines in nine languages
and the files. Prints tables and writes ``benchmarks/results/lyrics_files.json``.
"""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import options
from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.features.text import MINILM, MULTILINGUAL, song_embeddings
from justlmd.features.text_encoder import embed, encode
from justlmd.features.text_languages import unknown_share
from justlmd.lyrics.document import Lyrics
from justlmd.lyrics.lrc import parse_lrc, raw_lines
from justlmd.lyrics.slices import WINDOW_S, read_sliced, sliced_json, words_in

RESULTS = Path(__file__).parent / "results" / "lyrics_files.json"
MODES = {"phrases": ("phrases", 3.0), "windows, 3 s": ("windows", 3.0), "windows, 6 s": ("windows", WINDOW_S),
         "compat": ("compat", 3.0)}  # fmt: skip

# One meaning in each column.
TRANSLATIONS = {
    "en": ("the moon shines over the sea", "dance with me tonight", "my heart is broken"),
    "es": ("la luna brilla sobre el mar", "baila conmigo esta noche", "mi corazón está roto"),
    "fr": ("la lune brille sur la mer", "danse avec moi ce soir", "mon cœur est brisé"),
    "de": ("der Mond scheint über dem Meer", "tanz mit mir heute Nacht", "mein Herz ist gebrochen"),
    "ru": ("луна светит над морем", "танцуй со мной сегодня", "моё сердце разбито"),
    "zh": ("月亮照耀着大海", "今晚和我跳舞", "我的心碎了"),
    "ja": ("月が海を照らす", "今夜私と踊って", "私の心は壊れた"),
    "ko": ("달이 바다를 비춘다", "오늘 밤 나와 춤을 춰", "내 마음이 부서졌어"),
    "th": ("พระจันทร์ส่องแสงเหนือทะเล", "เต้นรำกับฉันคืนนี้", "หัวใจของฉันแตกสลาย"),
}


def lyrics_files(folder: Path) -> dict[str, dict[str, bytes]]:
    """Contents of the files by group and name."""
    from demo.score import lrc
    from demo.song_list import SONGS

    real = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in sorted(folder.glob("*/*/*.lrc"))}
    return {"real": real, "demo": {song.id: lrc(song).encode() for song in SONGS}}


def show_slices(files: dict[str, dict[str, bytes]], results: dict[str, dict[str, float]]) -> None:
    """Sung words in the slices of each mode, and up to where motion is recovered, from which training takes windows."""
    print("slices  mode           files  words  slices  words in slices  up to the last slice  overlap")
    for group, named in files.items():
        for mode, (slicing, stride_s) in MODES.items():
            words, used, reached, slices, shared_s = 0, 0, 0, 0, 0.0
            for name, data in named.items():
                try:
                    lyrics = parse_lrc(data, name)
                except InputError as error:
                    print(f"left out: {error}")
                    continue
                pieces = read_sliced(sliced_json(slicing, lyrics, raw_lines(data, name), stride_s))
                pieces = pieces[:-1] if slicing == "compat" else pieces  # as the original's data set
                end_s = pieces[-1].end_s if pieces else 0.0
                words += len(lyrics.words)
                used += words_in(lyrics, [piece.start_s for piece in pieces])
                reached += sum((word.start_s + word.end_s) / 2 < end_s for word in lyrics.words)
                slices += len(pieces)
                shared_s += sum(max(0.0, one.end_s - other.start_s) for one, other in pairwise(pieces))
            if not words:
                continue
            row = {"slices": slices, "words_in_slices_share": used / words, "words_reached_share": reached / words,
                   "overlap_share": shared_s / (WINDOW_S * max(slices, 1))}  # fmt: skip
            results.setdefault(mode, {}).update({f"{group}_{key}": round(value, 4) for key, value in row.items()})
            print(f"{group:7} {mode:13} {len(named):6} {words:6} {slices:7} {row['words_in_slices_share']:16.1%} "
                  f"{row['words_reached_share']:21.1%} {row['overlap_share']:8.2f}")  # fmt: skip


def show_credits(files: dict[str, dict[str, bytes]]) -> None:
    """The lines that are taken as credits, for people to judge, and the first sung line of files that have any."""
    for name, data in files["real"].items():
        try:
            lyrics = parse_lrc(data, name)
        except InputError:
            continue
        credited = [line.text for line in lyrics.lines if line.credit]
        if credited:
            print(f"credits: {name}: {credited}; first sung line at {lyrics.first_line_s:.2f} s")


def show_encoders(files: dict[str, dict[str, bytes]], results: dict[str, dict[str, float]]) -> None:
    """Unknown tokens, and whether a line is nearer to its translation than to others (chance: a third)."""
    print("\nencoder        language  unknown  nearest is the translation  cosine same  other")
    for encoder in (MINILM, MULTILINGUAL):
        states = encode((text for texts in TRANSLATIONS.values() for text in texts), encoder)
        songs = {code: song_embeddings(_song(texts), states, encoder) for code, texts in TRANSLATIONS.items()}
        english = _unit(songs["en"]["line_states"])
        for code, arrays in songs.items():
            similarity = english @ _unit(arrays["line_states"]).T
            same = np.eye(len(similarity), dtype=bool)
            row = {
                "unknown_share": unknown_share(arrays),
                "nearest_share": float((similarity.argmax(1) == np.arange(len(similarity))).mean()),
                "cosine_same": float(similarity[same].mean()),
                "cosine_other": float(similarity[~same].mean()),
            }
            results.setdefault(encoder, {}).update({f"{code}_{key}": round(value, 4) for key, value in row.items()})
            print(f"{encoder:14} {code:8} {row['unknown_share']:8.0%} {row['nearest_share']:27.0%} "
                  f"{row['cosine_same']:12.2f} {row['cosine_other']:6.2f}")  # fmt: skip
    for name, data in (files["real"] | files["demo"]).items():
        with suppress(InputError):
            song = parse_lrc(data, name)
            for encoder in (MINILM, MULTILINGUAL):
                if share := unknown_share(embed([song], encoder)[0]):
                    print(f"unknown tokens: {name}: {encoder} {share:.1%}")


def _song(texts: tuple[str, ...]) -> Lyrics:
    return parse_lrc("".join(f"[00:{10 + 4 * n}.00]{text}\n" for n, text in enumerate(texts)).encode(), "lines")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def show_files(folder: Path) -> dict[str, dict[str, float]]:
    """Print everything, and return it as the results hold it."""
    files = lyrics_files(folder)
    results: dict[str, dict[str, float]] = {}
    show_slices(files, results)
    show_credits(files)
    show_encoders(files, results)
    return results


def main() -> None:
    parser = options.parser(__doc__, short="the same: it takes half a minute", data="folder with */*/*.lrc")
    args = parser.parse_args()
    write_json(RESULTS, show_files(args.data))


if __name__ == "__main__":
    main()
