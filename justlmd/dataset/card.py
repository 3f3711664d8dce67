"""The data-set card: README.md of a data set, written from its counts."""

from typing import Any

from justlmd import FPS


def card(summary: dict[str, Any], songs: list[dict[str, Any]]) -> str:
    """Markdown card of a data set.

    Parameters
    ----------
    summary : what ``dataset.json`` holds.
    songs : one row per song with song, group, split, frames, start_frame, sequences, has_audio, level, excluded.
    """
    minutes = summary["frames"] / FPS / 60
    silent = sum(not song["has_audio"] for song in songs)
    wordless = sum(not song["tokens"] for song in songs)
    foreign = sum(song["foreign_shape"] for song in songs)
    splits = {
        name: (
            sum(song["split"] == name for song in songs),
            sum(song["sequences"] for song in songs if song["split"] == name),
        )
        for name in ("train", "val", "test")
    }
    excluded = summary["excluded"].items()
    lines = [
        "# Lyrics-music-dance data set",
        "",
        f"{summary['songs']} songs in {summary['groups']} groups, {summary['sequences']} sequences of "
        f"{summary['sequence_frames'] / FPS:g} s, {minutes:.1f} minutes of motion at {FPS} frames/s.",
        "",
        "## What it holds",
        "Each song: body motion (SMPL form, y-up, metres), music features per frame and lyrics as token states with "
        "times, all on the clock of the song's video. A sequence is six seconds that begin with a phrase.",
        "`index.parquet` lists the sequences, `songs.parquet` the songs, `splits.json` the splits, the rest "
        'the arrays (frames of all songs one after another; open them with `numpy.load(..., mmap_mode="r")`).',
        "",
        f"- Body model: `{summary['body_model']['name']}` (sha256 `{summary['body_model']['sha256'][:16]}…`). "
        "Shape parameters belong to this model only.",
        f"- Text encoder: `{summary['text_encoder'] or 'none'}`, {summary['token_dim']} numbers per token.",
        f"- Songs without sound: {silent}; without lyrics embeddings: {wordless}. They are masked, not filled in.",
        f"- Songs whose shape parameters belonged to another body model and were set to its mean: {foreign}.",
        "",
        "## Splits",
        "By group: songs with equal lyrics (or one group in the song table) are never on both sides. "
        f"Seed {summary['seed']}.",
        "",
        "| split | songs | sequences |",
        "|---|---|---|",
        *(f"| {name} | {count} | {sequences} |" for name, (count, sequences) in splits.items()),
        "",
        "## What was left out",
        *(
            [f"- {number} slices: {reason}" for reason, number in excluded]
            or ["Nothing: every slice became a sequence."]
        ),
        "",
        "## Songs",
        "| song | group | split | frames | frames without a body | sequences | left out | sound | word times |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {song['song']} | {song['group']} | {song['split']} | {song['frames']} "
            f"| {song['frames'] - song['valid_frames']} | {song['sequences']} | {sum(song['excluded'].values())} "
            f"| {'yes' if song['has_audio'] else 'no'} | {song['level']} |"
            for song in songs
        ),
        "",
        "## How it was made",
        "Motion: landmarks found in the video, a body fitted to the whole song, or an imported motion file. "
        "It is an estimate from one camera: depth, feet and hands are the least certain. "
        "Word times are `word` where the lyrics carry stamps for words; `aligned` where they were heard in the sound; "
        "`interpolated` means that a line's interval was spread over its words by syllables.",
        "",
        "## Rights",
        "Videos, sound and lyrics belong to their owners. This folder holds the lyrics' text (`text` in the index) "
        "and states from which a text encoder's input can in part be guessed, for use on this computer: do not publish "
        "them. Motion and music features are derived from the videos; whether you may share them depends on the rights "
        "you have in each song and on the law where you are. The `source` column of `songs.parquet` says where each "
        "song came from.",
        "",
    ]
    return "\n".join(lines)
