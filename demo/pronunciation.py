"""How the words of the demo's lyrics sound: ARPAbet-like phones, plus the pure vowels ``E`` and ``O`` of Spanish."""

import re
from itertools import pairwise

from demo.voice import VOWEL_FORMANTS

VOWELS = frozenset(VOWEL_FORMANTS)

_ENGLISH = """
a AH | across AH K R AO S | all AO L | am AE M | and AE N D | asleep AH S L IY P | at AE T | back B AE K | bay B EY
begin B IH G IH N | big B IH G | birds B ER D Z | blue B L UW | boats B OW T S | bread B R EH D
bright B R AY T | burning B ER N IH NG | but B AH T | butter B AH T ER | can K AE N | chrome K R OW M | clap K L AE P
coffee K AO F IY | coming K AH M IH NG | crowd K R AW D | crumbs K R AH M Z | cup K AH P | dance D AE N S
dark D AA R K | day D EY | deep D IY P | down D AW N | drum D R AH M | evening IY V N IH NG
floor F L AO R | fly F L AY | foam F OW M | fold F OW L D | folded F OW L D IH D | for F AO R | friends F R EH N D Z
full F UH L | glass G L AE S | go G OW | ground G R AW N D | gull G AH L | hands HH AE N D Z
harbour HH AA R B ER | head HH EH D | hear HH IH R | heart HH AA R T | here HH IH R | home HH OW M | honey HH AH N IY
i AY | if IH F | in IH N | ink IH NG K | is IH Z | it IH T | jump JH AH M P | keep K IY P | kettle K EH T AH L
kick K IH K | kitchen K IH CH AH N | know N OW | lantern L AE N T ER N | leap L IY P | leaves L IY V Z | lids L IH D Z
light L AY T | lights L AY T S | like L AY K | little L IH T AH L | long L AO NG | look L UH K | loud L AW D
made M EY D | make M EY K | march M AA R CH | me M IY | milk M IH L K | more M AO R
morning M AO R N IH NG | music M Y UW Z IH K | my M AY | name N EY M | near N IH R | new N UW | night N AY T
nobody N OW B AA D IY | noon N UW N | north N AO R TH | of AH V | off AO F | on AA N | or AO R | pans P AE N Z
paper P EY P ER | parade P ER EY D | pass P AE S | passing P AE S IH NG | pier P IH R | pocket P AA K IH T
radio R EY D IY OW | room R UW M | round R AW N D | same S EY M | sand S AE N D | shadows SH AE D OW Z
ships SH IH P S | shoes SH UW Z | silver S IH L V ER | singing S IH NG IH NG | sky S K AY | sleep S L IY P
slippers S L IH P ER Z | slow S L OW | so S OW | some S AH M | song S AO NG | spoon S P UW N
star S T AA R | starts S T AA R T S | sugar SH UH G ER | sun S AH N | sway S W EY | tea T IY
that DH AE T | the DH AH | through TH R UW | till T IH L | to T UW | tonight T UW N AY T | too T UW
town's T AW N Z | trees T R IY Z | tune T UW N | turn T ER N | two T UW | up AH P | vegetable V EH JH T AH B AH L
very V EH R IY | view V Y UW | wait W EY T | warm W AO R M | waters W AO T ER Z | wave W EY V | we W IY
will W IH L | wind W IH N D | wing W IH NG | with W IH TH | you Y UW
"""

_SPANISH = """
a AA | al AA L | con K O N | corazón K O R AA S O N | del D E L | el E L | en E N
fiesta F Y E S T AA | final F IY N AA L | gusta G UW S T AA | la L AA | las L AA S | los L O S
manos M AA N O S | mar M AA R | me M E | mi M IY | mira M IY R AA | niños N IY N Y O S | noche N O CH E | nos N O S
pasar P AA S AA R | por P O R | que K E | sal S AA L | si S IY | sol S O L | tambor T AA M B O R | te T E
viejo V Y E HH O | vio V Y O | voz V O S | y IY
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    entries = re.split(r"[|\n]", text.strip())
    return {word: tuple(phones) for word, *phones in (entry.split() for entry in entries)}


PHONES = {"en": _table(_ENGLISH), "es": _table(_SPANISH)}


def normalise(word: str) -> str:
    """The word as it is looked up: lower case, without punctuation around it."""
    return re.sub(r"^\W+|\W+$", "", word.lower())


def phones(word: str, language: str = "en") -> tuple[str, ...]:
    """Phones of one word; English is the fall-back of other languages. KeyError when the demo has no such word."""
    key = normalise(word)
    table = PHONES[language]
    return table[key] if key in table else PHONES["en"][key]


def syllables(word: str, language: str = "en") -> list[tuple[str, ...]]:
    """Phones of a word by syllable: one vowel each; of the consonants between two vowels the last opens the next."""
    sequence = phones(word, language)
    nuclei = [index for index, phone in enumerate(sequence) if phone in VOWELS]
    # `NG` never opens a syllable, and a glide stays with the consonant before it (m-yu, f-ye).
    borders = []
    for left, right in pairwise(nuclei):
        border = right - 1 if right - left > 1 and sequence[right - 1] != "NG" else right
        if border - left > 1 and sequence[border] in ("Y", "W", "R", "L"):
            border -= 1
        borders.append(border)
    edges = [0, *borders, len(sequence)]
    return [sequence[a:b] for a, b in pairwise(edges)]
