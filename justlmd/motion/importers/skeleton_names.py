"""Which joint of a file is which of SMPL's, by the names that programs give them."""

import re

from justlmd.motion.importers.bvh_file import BvhFile

# SMPL's joint: words that mean it without doubt, then words that mean it where another joint takes the first meaning
# (Mixamo's LeftShoulder is a collar bone, Xsens's is the shoulder's joint).
_WORDS: dict[str, tuple[str, ...]] = {
    "hip": ("upleg|upperleg|legupper|thigh|thighbend|femur", "hip", "leg|buttock"),
    "knee": ("knee|shin|shank|calf|tibia|lowerleg|lowleg|leglower|lolleg|downleg|crus", "leg"),
    "ankle": ("ankle", "foot|feet"),
    "foot": ("toe|toes|toebase|ball|forefoot|football", "foot|feet"),
    "collar": ("collar|collarbone|clavicle|clav|scapula", "shoulder"),
    "shoulder": ("upperarm|uparm|armupper|humerus|shldr|shldrbend|shoulderjoint", "arm", "shoulder"),
    "elbow": ("elbow|forearm|forearmbend|lowerarm|lowarm|loarm|armlower|radius|ulna",),
    "wrist": ("wrist", "hand|palm"),
    "hand": ("middle|mid|handmiddle|fingermiddle|middlefinger|inhandmiddle", "fingers|fingerbase|finger", "hand|palm"),
    "neck": ("neck|cervical",),
    "head": ("head|skull",),
}
_ALL_WORDS = re.compile("|".join(words for groups in _WORDS.values() for words in groups))
_SIDES = {"left": "left", "l": "left", "lft": "left", "lt": "left", "right": "right", "r": "right", "rt": "right"}
_NO_JOINT = {
    "ik",
    "ctrl",
    "control",
    "pole",
    "target",
    "twist",
    "roll",
    "nub",
    "helper",
    "prop",
    "offset",
    "end",
    "site",
}


def side_and_word(name: str) -> tuple[str, str]:
    """Side (``left``, ``right`` or empty) and the word for a joint in a name such as ``Bip01 L UpperArm``."""
    tokens = [token.lower() for token in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", re.sub(r"^.*[:|]", "", name))]
    if _NO_JOINT.intersection(tokens):
        return "", ""
    side = next((_SIDES[token] for token in [*tokens[:1], *tokens[::-1]] if token in _SIDES), "")
    tokens = [token for token in tokens if token not in _SIDES and token not in ("joint", "jnt", "bone", "avg")]
    for start in range(len(tokens)):  # the longest end of the name that means a joint
        word = "".join(tokens[start:])
        if _ALL_WORDS.fullmatch(word):
            return side, word
        glued = re.fullmatch(r"(left|right|l|r)(.+)|(.+)(left|right)", word)
        if not side and glued and _ALL_WORDS.fullmatch(glued[2] or glued[3]):
            return _SIDES[glued[1] or glued[4]], glued[2] or glued[3]
    return side, ""


def by_name(file: BvhFile) -> dict[str, int]:
    """Numbers of a file's joints by SMPL's names, as far as their names say it."""
    words = [("", "") if joint.end else side_and_word(joint.name) for joint in file.joints]
    found: dict[str, int] = {}

    def choose(part: str, side: str) -> None:
        for group in _WORDS[part]:
            # Of hips the lowest: CMU's LHipJoint is a stump on the pelvis, and LeftHip the joint.
            for number, (its_side, word) in list(enumerate(words))[:: -1 if group == "hip" else 1]:
                taken = number in found.values()
                if its_side == side and not taken and re.fullmatch(group, word):
                    found[f"{side}_{part}" if side else part] = number
                    return

    for side in ("left", "right"):  # what has a name of its own first, so that it does not count as its neighbour
        for part in ("elbow", "wrist", "shoulder", "collar", "knee", "hip", "ankle", "foot", "hand"):
            choose(part, side)
    choose("head", "")
    return found
