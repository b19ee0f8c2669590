"""Negatives that contradict a pronoun: "a man brushes his hair" -> "a woman brushes his hair".

Such negatives can be told from the caption without the video: their share is reported (the rule asks for them).
"""

_WORDS = {
    "m": "man men boy boys guy guys male males father dad son sons brother brothers husband uncle grandfather king "
         "prince actor actors waiter gentleman gentlemen groom groomsman sir mr bloke dude dudes cowboy businessman "
         "policeman fireman nephew grandpa grandson monk priest schoolboy salesman",
    "f": "woman women girl girls lady ladies female females mother mom mum daughter daughters sister sisters wife aunt "
         "grandmother queen princess actress actresses waitress bride bridesmaid madam mrs ms cowgirl businesswoman "
         "policewoman niece grandma granddaughter nun schoolgirl gal gals saleswoman",
}
_GENDER = {word: gender for gender, words in _WORDS.items() for word in words.split()}
_PRONOUNS = {"he": "m", "him": "m", "his": "m", "himself": "m", "she": "f", "her": "f", "hers": "f", "herself": "f"}


def breaks_pronoun(tokens, slot, word):
    """Whether `word` in place of `slot` is of the other gender while a later pronoun has the old one."""
    old = _GENDER.get(slot.text.lower())
    if old is None or _GENDER.get(word, old) == old:
        return False
    return any(_PRONOUNS.get(text.lower()) == old for text in tokens.text[slot.position + 1 :])
