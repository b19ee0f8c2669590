"""Which words of a caption are never replaced, whatever their part of speech.

Section 4 changes "single words with the relevant part-of-speech tag" and keeps the sentence grammatical. Beyond what
`posrank.language.parts` leaves out, taggers miss some cases; they are repaired here:

* copulas and auxiliaries tagged as verbs: any form of "be", "have"/"do" in front of the verb they help ("has eaten");
* "to" in front of a bare verb, tagged as a preposition;
* particles tagged as prepositions: "puts on a hat", "puts it on" (pairs in data/verb_particles.txt);
* pieces of a word: "t" of "t-shirt", "t" and "isn" of "isn t" (apostrophes are lost in MSR-VTT).
"""

from posrank.negatives.word_lists import verb_particles

AUXILIARY, INFINITIVE, PARTICLE, PIECE = "auxiliary or copula", "infinitival to", "verb particle", "piece of a word"

_HYPHENS = frozenset({"-", "--", "–", "'", "’", "/"})
_FRAGMENTS = frozenset({
    "t", "s", "m", "d", "ll", "re", "ve", "isn", "aren", "wasn", "weren", "don", "doesn", "didn", "hasn", "haven",
    "hadn", "won", "wouldn", "couldn", "shouldn", "ain",
})
_OBJECTS = frozenset({"it", "them", "him", "her", "me", "us", "you", "something", "himself", "herself", "themselves"})


def kept_words(tokens):
    """{position: reason} of the tokens that stay as they are; `tokens` has lists text, whitespace, lemma, upos, tag.

    Only tokens are named that would count as a noun, verb, adjective, adverb or preposition otherwise.
    """
    words = [text.lower() for text in tokens.text]
    found = {}
    for i, (word, upos) in enumerate(zip(words, tokens.upos)):
        if upos == "VERB" and _helps(tokens, i):
            found[i] = AUXILIARY
        elif upos == "ADP" and word == "to" and _next_tag(tokens, i, skip=("RB",)) == "VB":
            found[i] = INFINITIVE
        elif upos == "ADP" and _is_particle(tokens, words, i):
            found[i] = PARTICLE
        if upos in ("NOUN", "VERB", "ADJ", "ADV", "ADP") and _is_piece(tokens, words, i):
            found[i] = PIECE
    return found


def _helps(tokens, i):
    lemma = tokens.lemma[i].lower()
    helped = {"have": "VBN", "do": "VB"}.get(lemma)
    return lemma == "be" or (helped is not None and _next_tag(tokens, i, skip=("RB", "XX")) == helped)


def _next_tag(tokens, i, skip):
    """The tag of the next token, adverbs and the like passed over; "" at the end."""
    return next((tag for tag in tokens.tag[i + 1 :] if tag not in skip), "")


def _is_particle(tokens, words, i):
    verb = i - 2 if i > 1 and words[i - 1] in _OBJECTS else i - 1  # "puts it on"
    if verb < 0 or tokens.upos[verb] not in ("VERB", "AUX"):
        return False
    return words[i] in verb_particles().get(tokens.lemma[verb].lower(), ())


def _is_piece(tokens, words, i):
    glued_left = i > 0 and not tokens.whitespace[i - 1] and words[i - 1] in _HYPHENS
    glued_right = i + 1 < len(words) and not tokens.whitespace[i] and words[i + 1] in _HYPHENS
    if glued_left or glued_right or not any(letter.isalpha() for letter in words[i]):
        return True
    if words[i] in ("won", "don"):  # "don" alone may be a name, "won" a verb
        return words[i + 1 : i + 2] == ["t"]
    return words[i] in _FRAGMENTS
