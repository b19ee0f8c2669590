"""Word forms: from lemma and Penn tag to surface form, back again, letter case, and the article before a word.

For the negatives of Section 4: a replacement stands in the form of the word it replaces. The forms come from
lemminflect (https://github.com/bjascob/LemmInflect, MIT); this file adds the few forms where its first answer is not
what people write in captions, a refusal to invent comparatives ("beautifuler"), and the choice between "a" and "an".
"""

import re
from functools import lru_cache

# Forms where lemminflect's first answer reads wrong in a caption.
_FORMS = {
    ("person", "NNS"): "people", ("fish", "NNS"): "fish", ("bear", "VBN"): "borne", ("weave", "VBD"): "wove",
    ("bid", "VBD"): "bid", ("wet", "VBD"): "wet", ("wet", "VBN"): "wet", ("information", "NNS"): "information",
    ("be", "VBP"): "are", ("be", "VBD"): "was",
}
_BASE_TAGS = frozenset({"NN", "VB", "VBP", "JJ", "RB", "IN", "RP", "NNP", "MD", "UH", "FW", "CD", "TO"})
_LEMMA_TAGS = frozenset({"NN", "VB", "JJ", "RB"})  # not VBP: "are", "am"
_COMPARED_TAGS = frozenset({"JJR", "JJS", "RBR", "RBS"})
_INFLECTED_TAGS = frozenset({"NNS", "NNPS", "VBZ", "VBD", "VBG", "VBN"}) | _COMPARED_TAGS

# Contracted auxiliaries: spaCy splits "isn't" into "is" + "n't", "won't" into "wo" + "n't".
_CONTRACTED = {
    "'m": "be", "'re": "be", "m": "be", "re": "be", "ai": "be", "'ve": "have", "ve": "have", "'ll": "will",
    "ll": "will", "wo": "will", "sha": "shall", "ca": "can", "'d": "would", "'s": "be", "s": "be",
}


@lru_cache(maxsize=200_000)
def inflect(lemma, tag):
    """The form of `lemma` under the Penn tag `tag`, in lower case as the lemma is; None where English has none.

    None also for an empty lemma, an unknown tag, and comparatives that are formed with "more" ("beautiful", JJR).

    >>> inflect("run", "VBG"), inflect("man", "NNS"), inflect("big", "JJR"), inflect("beautiful", "JJR")
    ('running', 'men', 'bigger', None)
    """
    if not lemma:
        return None
    if (lemma, tag) in _FORMS:
        return _FORMS[lemma, tag]
    if tag in _BASE_TAGS:
        return lemma
    if tag not in _INFLECTED_TAGS:
        return None
    from lemminflect import getInflection

    forms = getInflection(lemma, tag="NNS" if tag == "NNPS" else tag, inflect_oov=tag not in _COMPARED_TAGS)
    return forms[0] if forms else None


@lru_cache(maxsize=200_000)
def lemmatize(text, upos, tag):
    """The lemma of a word in context, in lower case (proper names keep their letters).

    The fine tag decides first: a word tagged NN, VB, JJ or RB is its own lemma ("left" as JJ is not "leave").
    lemminflect answers for inflected forms; words of the closed classes come back in lower case.

    >>> lemmatize("Men", "NOUN", "NNS"), lemmatize("left", "ADJ", "JJ"), lemmatize("left", "VERB", "VBD")
    ('man', 'left', 'leave')
    """
    if upos == "PROPN":
        return text
    word = text.lower()
    if word in ("n't", "nt") and upos in ("PART", "ADV"):
        return "not"
    if upos == "AUX":
        if tag == "MD":
            return _CONTRACTED.get(word, word)
        if word in _CONTRACTED:
            return _CONTRACTED[word] if (word, tag) not in (("'d", "VBD"), ("'s", "VBN")) else "have"
    elif upos not in ("NOUN", "VERB", "ADJ", "ADV") or tag in _LEMMA_TAGS:
        return word
    from lemminflect import getLemma

    lemmas = getLemma(word, upos=upos)
    return lemmas[0].lower() if lemmas else word


def match_case(word, model):
    """`word` in the letter case of `model`: capitalised, all capitals (two letters or more), or as it is.

    >>> match_case("cat", "Dog"), match_case("cat", "DOG"), match_case("cat", "dog"), match_case("it", "A")
    ('Cat', 'CAT', 'cat', 'It')
    """
    if len(model) > 1 and model.isupper():
        return word.upper()
    if model[:1].isupper():
        return word[:1].upper() + word[1:]
    return word


# Vowel letter, consonant sound: "a unicorn", "a European", "a one-legged man", "a ukulele".
_CONSONANT_SOUND = re.compile(
    r"uni(?!n(?!c)|m(?!o)|dent|ssu)|unanim|uno$|u[stk](?=[aeiou])(?!usher)|usual|usur|ubiq|uvu|ukr|uran|urin|ufo"
    r"|eu|ew(?!ok)|once|one(?![a-z])|one(?:self|ness|sie)|oui"
)
# Silent h: "an hour", "an honest man", "an heir".
_SILENT_H = re.compile(r"(?:hour|honest|honou?r|heir|hors\b)")
_LETTERS_WITH_AN = frozenset("aefhilmnorsx")
# Short forms read letter by letter although they could be read as words.
_SPELLED = frozenset({
    "suv", "fbi", "nba", "mma", "ufc", "mri", "usb", "uk", "us", "usa", "ufo", "uv", "usd", "atm", "ipa", "uav",
})
_READ_AS_WORD = frozenset({"mr", "mrs", "ms", "st", "shh", "hmm", "brr", "nth", "nasa", "nato", "fifa", "lego", "led"})


def _is_spelled(word):
    """True where people say the letters: MP3, tv, fbi, xbox; not for shouted words (HOUSE)."""
    letters = word.lower()
    if letters in _READ_AS_WORD:
        return letters == "led" and word.isupper()
    if len(word) == 1 or letters in _SPELLED or re.match(r"x(?![aeiouy])|xbox", letters):
        return True
    return not re.search(r"[aeiouy]", re.split(r"[^a-z]", letters)[0])


@lru_cache(maxsize=200_000)
def article(next_word):
    """The indefinite article before `next_word`, by sound: "a" or "an" (lower case).

    >>> [article(w) for w in ("hour", "unicorn", "European", "MP3", "apple", "8-year", "umbrella", "one")]
    ['an', 'a', 'a', 'an', 'an', 'an', 'an', 'a']
    """
    word = re.sub(r"^[^A-Za-z0-9\u00c0-\u024f]+", "", next_word)
    number = re.match(r"[\d,.]+", word)
    if number:
        digits = re.sub(r"\D", "", number[0].split(".")[0])
        return "an" if digits[:1] == "8" or (digits[:2] in ("11", "18") and len(digits) in (2, 4, 5)) else "a"
    if not word:
        return "a"
    letters = word.lower()
    first = re.split(r"[^a-z]", letters)[0]
    if first and _is_spelled(word if first == letters else word[: len(first)]):
        return "an" if letters[0] in _LETTERS_WITH_AN else "a"
    if _SILENT_H.match(letters):
        return "an"
    if _CONSONANT_SOUND.match(letters):
        return "a"
    return "an" if letters[0] in "aeiouàáâãäåèéêëìíîïòóôõöøùúûü" else "a"
