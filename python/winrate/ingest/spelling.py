"""What the spellings of one level or of one name have in common, as the models compare them."""

import re
import unicodedata

DASHES = re.compile("[\u2010-\u2014]")
WHITE_SPACE = re.compile(r"\s+")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff]")
HALF_WIDTH = {code + 0xFEE0: code for code in range(33, 127)}
BETWEEN_DIGITS = re.compile("(?<=[0-9])[ _-]+(?=[0-9])")
SEPARATORS = re.compile("(?<=[^ _-])[ _-]+")
ID = re.compile(r"[^@\s]*[0-9][^@\s]*")


def level_key(text: str) -> str:
    """What all spellings of one level have in common: the macro of that name in Python."""
    text = unicodedata.normalize("NFC", text).translate(HALF_WIDTH)
    text = BETWEEN_DIGITS.sub("~", _folded(INVISIBLE.sub("", text)))
    return SEPARATORS.sub("", text).lower()


def name_key(text: str) -> str:
    """What all spellings of one rep have in common: the column of that name in `name_texts`."""
    text = unicodedata.normalize("NFC", text).strip()
    return text if ID.fullmatch(text) else INVISIBLE.sub("", _folded(text)).lower()


def _folded(text: str) -> str:
    return WHITE_SPACE.sub(" ", DASHES.sub("-", text)).strip()
