"""Which files can be exported and what they are called; nothing but the standard library, for the workflow's head."""

FILES = {
    "bvh": "motion.bvh",
    "glb": "motion.glb",
    "npz": "motion.npz",
    "aist": "motion.aist.pkl",
    "edge": "motion.edge.pkl",
    "humanml3d": "motion.humanml3d.npy",
    "fbx": "motion.fbx",
    "usd": "motion.usd",
}
"""Names of the files by kind."""

CLOCK, AUDIO = "motion.clock.json", "audio.m4a"
"""What lies beside them: the clock with the lyrics, and the audio from the first frame on."""

BY_BLENDER = ("fbx", "usd")
"""Kinds that Blender makes of the GLB."""


def files_of(folder: str, kinds: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Paths by kind of what the rule ``export`` writes into ``folder``: the clock, and the GLB that Blender needs."""
    needed = [*kinds, *(["glb"] if set(kinds) & set(BY_BLENDER) else [])]
    paths = {kind: f"{folder}/{name}" for kind, name in FILES.items() if kind in needed and kind not in BY_BLENDER}
    return paths | {"clock": f"{folder}/{CLOCK}"}


def made_by_blender(folder: str, kinds: list[str] | tuple[str, ...]) -> list[str]:
    """Paths of what Blender makes in ``folder`` of the GLB."""
    return [f"{folder}/{FILES[kind]}" for kind in BY_BLENDER if kind in kinds]


def exported_paths(folder: str, kinds: list[str] | tuple[str, ...], *, with_audio: bool) -> list[str]:
    """Paths of all that is exported into ``folder``: the clock, the chosen kinds, and the audio where there is any."""
    paths = [*files_of(folder, kinds).values(), *made_by_blender(folder, kinds)]
    return [*paths, f"{folder}/{AUDIO}"] if with_audio else paths
