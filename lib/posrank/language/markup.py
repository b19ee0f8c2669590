"""HTML entities, HTML tags and wrongly decoded characters in captions.

CLIP's tokenizer unescapes entities by itself (open_clip.tokenizer.basic_clean), a tagger does not: "a dog&#39;s ball"
would be another sentence for each of them, so entities are unescaped once, before anything reads the caption. Tags and
wrongly decoded characters ("cafÃ©") are counted and left as they are: what the caption was before is a guess.
"""

import html
import re
import warnings

from posrank.messages import short

_CONTROL = re.compile(r"\s*[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\t\r\n\u2028\u2029\ufeff]+\s*")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<!--")
_AMPERSAND = re.compile(r"&(?:amp;)+")
_ROUNDS = 8

ENTITIES, TAGS, MOJIBAKE = "HTML entities", "HTML tags", "wrongly decoded characters"
_WHY = {
    ENTITIES: "a text tower unescapes them, a tagger reads them as words: give posrank.captions.clean_text(caption) "
              "in place of each caption",
    TAGS: "they are read as words: remove them from the captions",
    MOJIBAKE: "a text tower repairs them, a tagger does not: save the file as UTF-8, or repair it (ftfy.fix_text)",
}


def unescape(text):
    """The text with HTML entities as characters, entities that were escaped several times ("&amp;amp;") included.

    >>> unescape("a dog&#39;s ball &amp;amp; a R&D team")
    "a dog's ball & a R&D team"
    """
    for _ in range(_ROUNDS):
        if "&" not in text or (plain := html.unescape(_AMPERSAND.sub("&", text))) == text:
            break
        text = plain.replace("\xa0", " ")
    return text


def clean_text(text):
    """A caption as tagger and text tower shall read it: entities unescaped; line breaks, tabs, control characters and
    byte order marks become one space; no white space at the ends; "" where nothing is left that can be seen.

    >>> clean_text(" a  man\\nsings &amp; plays ")
    'a  man sings & plays'
    """
    text = _CONTROL.sub(" ", unescape(text)).strip()
    return text if text.isprintable() or any(c.isprintable() and not c.isspace() for c in text) else ""


def marks(text):
    """Which of ENTITIES, TAGS and MOJIBAKE a text holds."""
    found = []
    if "&" in text and unescape(text) != text:
        found.append(ENTITIES)
    if "<" in text and _TAG.search(text):
        found.append(TAGS)
    if not text.isascii():
        import ftfy

        if "\ufffd" in text or ftfy.fix_encoding(text) != text:
            found.append(MOJIBAKE)
    return found


def warn_of_marks(texts, where):
    """Warn, once for each kind, of entities, tags and wrongly decoded characters in `texts`, with count and example.

    where: what the texts are ("captions").
    """
    found = {}
    for text in texts:
        for kind in marks(text) if isinstance(text, str) else ():
            found.setdefault(kind, []).append(text)
    for kind, those in found.items():
        hold = f"{len(those)} of {len(texts)} hold {kind}"
        warnings.warn(f"{where}: {hold}, the first: {short(those[0])}; {_WHY[kind]}", stacklevel=3)
