"""The films that the quality gate is measured on: good ones as dance-game videos are, and ones with a known fault.

Even numbers are for choosing limits, odd ones for the figures in the documents.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.quality_films.faults import (
    close_up,
    coarse,
    covered,
    covered_arm,
    cut,
    dark,
    faded,
    few_frames,
    frozen,
    handheld,
    joined,
    leaves,
    nobody,
    noisy,
    on_its_side,
    out_of_focus,
    panned,
    panned_with_overlays,
    shaken,
    shaken_with_inset,
    skipped,
    slightly_noisy,
    title_card,
    upside_down,
    zoomed,
)
from benchmarks.quality_films.layouts import (
    beside,
    blurred_moment,
    captions,
    far_away,
    filled,
    keyed,
    on_wall,
    plain,
    slow_light,
    switched_light,
    with_inset,
)
from benchmarks.quality_films.scenes import Frames, Scene, Source

Change = Callable[[Scene], Frames]


@dataclass(frozen=True)
class Case:
    """A film: what it is made from and how; the criteria of which one must drop it (none: it must be kept).

    ``compared``: the film spoils the image alone, so that it is only a fault if the recovered joints move by 8 cm from
    those of the film without the change, and a good one if they move by less than half of that.
    """

    name: str
    source: Source
    change: Change
    expected: tuple[str, ...] = ()
    compared: bool = False


def demo(name: str, start: int = 150, room: str = "tiles", seed: int = 1, reach: float = 0.66) -> Source:
    return Source("demo", name, start, room, seed, reach)


def real(name: str, start: int = 900, room: str = "tiles", seed: int = 1, reach: float = 0.66) -> Source:
    return Source("motion", name, start, room, seed, reach)


PANINI, MONTERO = "PaniniLilNasXJustDanceUnlimited", "MONTEROCallMebyYourNamebyLilNasXJustDance2022"
BUILD_AB = "BuildABBellaPoarchJustDance2022"
MUSE, SUIT = Source("clip", "musepose_dance", 0), Source("clip", "pzsp_dance", 30)
SUIT_LATER = Source("clip", "pzsp_dance", 220)
A, B = demo("morning_jump", room="furnished", seed=1), demo("paper_star", 200, "tiles", 2)
C, D = demo("corazon", 180, "plain", 3), demo("kitchen_parade", 240, "furnished", 4)
E, F = demo("harbour_lights", 300, "plain", 5), demo("morning_jump", 400, "tiles", 6)
G, H = real(PANINI, 900, "furnished", 7), real(MONTERO, 1200, "tiles", 8)
J = real(BUILD_AB, 300, "plain", 9)
LOST = ("detection_rate", "visibility", "jitter", "uncertainty", "motion_jitter", "reprojection", "identity_jumps",
        "left_arm_seen", "right_arm_seen", "left_leg_seen", "right_leg_seen", "whole_body", "upright", "motion_valid",
        "body_height", "motion_jumps")  # fmt: skip
MOVED = ("camera_moves",)
LEGS = ("left_leg_seen", "right_leg_seen")

CASES: tuple[Case, ...] = (
    # good ones, in pairs: the first of each for choosing limits, the second for the figures
    Case("furnished room", A, plain),
    Case("tiled room", B, plain),
    Case("plain room", C, plain),
    Case("real dance, plain room", J, plain),
    Case("real dance, furnished room", G, plain),
    Case("real dance, tiled room", H, plain),
    Case("clip with captions", MUSE, plain),
    Case("clip in a studio", SUIT, plain),
    Case("before a game", B, partial(keyed, kind="game", seed=1)),
    Case("real dance before a game", H, partial(keyed, kind="game", seed=2, scroll=-7)),
    Case("before a tunnel", D, partial(keyed, kind="tunnel", seed=3)),
    Case("real dance before a tunnel", G, partial(keyed, kind="tunnel", seed=4)),
    Case("before flashes", F, partial(keyed, kind="flashes", seed=5)),
    Case("before a slow game", A, partial(keyed, kind="game", seed=6, scroll=1.5)),
    Case("inset above left", A, partial(with_inset, seed=7, corner="tl")),
    Case("clip, inset above right", SUIT, partial(with_inset, seed=8, corner="tr", part=0.32)),
    Case("inset below right, plain room", E, partial(with_inset, seed=9, corner="br", part=0.26)),
    Case("inset above right, plain room", J, partial(with_inset, seed=10, corner="tr", part=0.35, scroll=-8)),
    Case("game on the left half", B, partial(beside, seed=11, left=True)),
    Case("game on the right half", G, partial(beside, seed=12, left=False, scroll=-6)),
    Case("game on the left half, plain room", C, partial(beside, seed=13, left=True)),
    Case("game on the right half, plain room", E, partial(beside, seed=14, left=False)),
    Case("game on the wall", F, partial(on_wall, seed=15)),
    Case("real dance, game on the wall", H, partial(on_wall, seed=16)),
    Case("captions and score", B, partial(captions, seed=17, score=True)),
    Case("clip, captions and score", SUIT_LATER, partial(captions, seed=18, score=True)),
    Case("clip with blurred sides", SUIT, filled),
    Case("clip with captions and blurred sides", MUSE, filled),
    Case("blurred sides, plain room", C, filled),
    Case("blurred sides, real dance", G, filled),
    Case("five frames out of focus", A, blurred_moment),
    Case("clip, five frames out of focus", SUIT, partial(blurred_moment, sigma=3.0, at=(40, 100))),
    Case("real dance, five frames out of focus", H, partial(blurred_moment, sigma=5.0, at=(50, 110))),
    Case("clip, five frames far out of focus", SUIT_LATER, partial(blurred_moment, sigma=5.0, at=(70, 130))),
    Case("light grows", D, slow_light),
    Case("clip, coloured light", SUIT, switched_light),
    Case("quarter of the height", A, partial(far_away, part=0.25)),
    Case("clip, fifth of the height", SUIT, partial(far_away, part=0.2)),
    Case("sixth of the height", F, partial(far_away, part=0.17)),
    Case("real dance, sixth of the height", G, partial(far_away, part=0.17)),
    Case("a little noise", B, partial(slightly_noisy, sigma=8)),
    Case("clip, a little noise", SUIT, partial(slightly_noisy, sigma=8)),
    # the camera
    Case("slow pan", A, partial(panned, length=70), MOVED),
    Case("pan", H, partial(panned, length=140), MOVED),
    Case("pan, plain room", E, partial(panned, length=120), MOVED),
    Case("slow pan, plain room", J, partial(panned, length=80), MOVED),
    Case("shake of 8 px", A, partial(shaken, pixels=8, seed=1), MOVED),
    Case("clip, shake of 8 px", SUIT, partial(shaken, pixels=8, seed=2), MOVED),
    Case("shake of 8 px, plain room", C, partial(shaken, pixels=8, seed=3), MOVED),
    Case("real dance, shake of 8 px, plain room", J, partial(shaken, pixels=8, seed=4), MOVED),
    Case("quick shake of 8 px, plain room", E, partial(shaken, pixels=8, seed=5, every=2), MOVED),
    Case("slow shake of 8 px, plain room", C, partial(shaken, pixels=8, seed=6, every=6), MOVED),
    Case("handheld", B, partial(handheld, pixels=7, seed=7), MOVED),
    Case("clip, handheld", SUIT_LATER, partial(handheld, pixels=7, seed=8), MOVED),
    Case("camera goes nearer", D, partial(zoomed, to=1.25), MOVED),
    Case("real dance, camera goes nearer", G, partial(zoomed, to=1.2), MOVED),
    Case("pan under captions", F, partial(panned_with_overlays, length=110, seed=9), MOVED),
    Case("real dance, pan under captions", G, partial(panned_with_overlays, length=-110, seed=10), MOVED),
    Case("shake beside an inset", B, partial(shaken_with_inset, pixels=8, seed=11), MOVED),
    Case("real dance, shake beside an inset", H, partial(shaken_with_inset, pixels=8, seed=12), MOVED),
    # the montage
    Case("cut, mirrored", A, partial(cut, zoom=1.15, mirrored=True), ("cuts",)),
    Case("clip, cut", SUIT, partial(cut, zoom=1.25, mirrored=False), ("cuts", "identity_jumps")),
    Case("piece missing", B, partial(skipped, frames=0), ("cuts", "identity_jumps")),
    Case("clip, piece missing", SUIT_LATER, partial(skipped, frames=0), ("cuts", "identity_jumps")),
    Case("freeze", D, partial(frozen, first=60, length=45), ("frozen",)),
    Case("clip, freeze", MUSE, partial(frozen, first=50, length=50), ("frozen",)),
    Case("fade to black", F, partial(faded, white=False), ("faded",)),
    Case("fade to white", H, partial(faded, white=True), ("faded",)),
    Case("title card", A, partial(title_card, seed=2), ("detection_rate", "cuts")),
    Case("clip, title card", SUIT, partial(title_card, seed=3), ("detection_rate", "cuts")),
    Case("ten frames a second", B, partial(few_frames, rate=10), ("picture_rate",)),
    Case("clip, fifteen frames a second", SUIT, partial(few_frames, rate=15), ("picture_rate",)),
    Case("upside down", D, upside_down, ("upright", "detection_rate")),
    Case("clip, upside down", SUIT, upside_down, ("upright", "detection_rate")),
    Case("on its side", A, on_its_side, ("upright", "detection_rate")),
    Case("clip, on its side", MUSE, on_its_side, ("upright", "detection_rate", "whole_body")),
    # who is seen
    Case("walks away", B, leaves, ("detection_rate", "whole_body")),
    Case("real dancer walks away", G, leaves, ("detection_rate", "whole_body")),
    Case("nobody", A, nobody, ("nobody",)),
    Case("nobody, plain room", J, nobody, ("nobody",)),
    Case("a second dancer", A, partial(joined, song="corazon", x=1.1), ("other_people",)),
    Case("a second dancer behind", H, partial(joined, song="harbour_lights", x=-1.5, size=1.5), ("other_people",)),
    Case("clip of three dancers", Source("clip", "mpm_dance", 0), plain, ("other_people",)),
    Case(
        "clip of three dancers with captions",
        Source("clip", "mpm_dance", 60),
        partial(captions, seed=4, score=False),
        ("other_people",),
    ),
    Case("too small", B, partial(far_away, part=0.15, size=(854, 480)), ("body_height", "detection_rate")),
    Case("clip, too small", SUIT, partial(far_away, part=0.16, size=(854, 480)), ("body_height", "detection_rate")),
    # what of the body is seen
    Case("down to the hips", A, partial(close_up, keep=0.55), ("whole_body", *LEGS)),
    Case("clip down to the hips", SUIT, partial(close_up, keep=0.55), ("whole_body", *LEGS)),
    Case("down to the knees", F, partial(close_up, keep=0.75), ("whole_body", *LEGS)),
    Case("real dance down to the shins", G, partial(close_up, keep=0.88), ("whole_body", *LEGS)),
    Case("desk before the legs", B, partial(covered, box=(0.2, 0.55, 0.8, 1.0), seed=1), LEGS),
    Case("clip, desk before the legs", SUIT, partial(covered, box=(0.0, 0.58, 1.0, 0.9), seed=2), LEGS),
    Case("banner over the shins", A, partial(covered, box=(0.0, 0.66, 1.0, 1.0), seed=3), LEGS),
    Case("real dance, banner over the shins", H, partial(covered, box=(0.0, 0.68, 1.0, 1.0), seed=4), LEGS),
    Case("desk for three seconds", D, partial(covered, box=(0.2, 0.55, 0.8, 1.0), seed=5, span=(60, 150)), LEGS),
    Case(
        "clip, desk for three seconds",
        SUIT_LATER,
        partial(covered, box=(0.0, 0.58, 1.0, 0.9), seed=6, span=(60, 150)),
        LEGS,
    ),
    Case("game over an arm", B, partial(covered_arm, seed=7), ("right_arm_seen",)),
    Case("clip, game over an arm", SUIT, partial(covered_arm, seed=8), ("right_arm_seen",)),
    # the image
    *(
        case
        for pair in zip(
            [Case(f"noise of {s}", B, partial(noisy, sigma=s), LOST, True) for s in (25, 45, 70)],
            [Case(f"real dance, noise of {s}", G, partial(noisy, sigma=s), LOST, True) for s in (30, 50, 75)],
            strict=True,
        )
        for case in pair
    ),
    Case("little light", A, partial(dark, light=0.25, sigma=9), LOST, True),
    Case("clip, little light", SUIT, partial(dark, light=0.25, sigma=9), LOST, True),
    Case("hardly any light", D, partial(dark, light=0.12, sigma=12), LOST, True),
    Case("clip, hardly any light", SUIT_LATER, partial(dark, light=0.12, sigma=12), LOST, True),
    Case("48 rows", A, partial(coarse, rows=48), LOST, True),
    Case("real dance, 40 rows", H, partial(coarse, rows=40), LOST, True),
    Case("out of focus", F, partial(out_of_focus, sigma=6), LOST, True),
    Case("clip, out of focus", SUIT, partial(out_of_focus, sigma=6), LOST, True),
)
