"""What goes wrong in replacing words, a test each: tokens, white space, case, articles, particles, antonyms."""

import pytest
from support_negatives import Opposites, tagged, world

from posrank.language.lexicon import load
from posrank.negatives import generate
from posrank.negatives.vocabulary import Vocabulary


def make(captions, tags, **options):
    return generate(captions, tags=tags, progress=False, **{"lexicon": Opposites(), **options})


def sentences(caption, *others, part, **options):
    """All negatives of the first caption; every caption counts twice, so that words are seen often enough."""
    captions, tags = tagged(caption, *others, *others, caption)
    return sorted(make(captions[:1], tags, parts=part, reference=tags, **options)["sentence"])


def test_one_of_two_equal_words_changes_and_parts_of_words_do_not():
    found = sentences("a/DT man/NN and/CC a/DT man/NN in/IN a/DT mantle/NN", "the/DT cat/NN", part="noun")
    assert "a cat and a man in a mantle" in found and "a man and a cat in a mantle" in found
    assert not any(sentence.count("cat") > 1 or "cattle" in sentence for sentence in found)


def test_double_spaces_and_lost_apostrophes_stay():
    caption = "a/DT  dog/NN".replace("  ", " __/_SP ") + " isn/AUX t/RB red/JJ"
    assert sentences(caption, "blue/JJ cat/NN", part="noun") == ["a  cat isn t red"]
    assert sentences(caption, "blue/JJ often/RB", part="adv") == []


def test_a_fragment_tagged_as_a_word_of_the_part_stays():
    captions, tags = tagged(
        "the/DT man/NN isn/VBZ t/NN here/RB", "the/DT man/NN isn/VBZ t/NN here/RB", "a/DT cat/NN", "a/DT cat/NN"
    )
    table = make(captions[:1], tags, reference=tags)
    assert table["sentence"].tolist() == ["the cat isn t here"]
    assert table.attrs["dropped"]["verb"] == {"only words that stay (piece of a word)": 1}


def test_hyphenated_words_stay_whole():
    assert sentences("a/DT t/NN_ -/HYPH_ shirt/NN and/CC a/DT hat/NN", "cat/NN", part="noun") == [
        "a t-shirt and a cat",
        "a t-shirt and a shirt",
    ]


def test_case_is_kept():
    options = dict(part="noun")
    assert sentences("Dogs/NNS run/VBP", "the/DT cats/NNS", **options) == ["Cats run"]
    assert sentences("the/DT DOG/NN runs/VBZ", "the/DT cat/NN", **options) == ["the CAT runs"]
    assert sentences("the/DT dog/NN runs/VBZ", "Cat/NN pet/NN", **options) == ["the pet runs"], (
        "never seen in lower case"
    )


def test_article_is_repaired_where_its_neighbour_changes_and_only_there():
    assert sentences("a/DT dog/NN", "the/DT owl/NN", part="noun") == ["an owl"]
    assert sentences("An/DT owl/NN", "the/DT dog/NN", part="noun") == ["A dog"]
    assert sentences("an/DT apple/NN", "hour/NN unicorn/NN", part="noun") == ["a unicorn", "an hour"]
    assert sentences("a/DT owl/NN and/CC a/DT red/JJ dog/NN", "the/DT old/JJ", part="adj") == ["a owl and an old dog"]
    assert sentences("a/DT red/JJ owl/NN", "the/DT dog/NN", part="noun") == ["a red dog"]
    phrase = sentences(
        "a/DT red/JJ owl/NN saw/VBD a/DT dog/NN", "old/JJ eel/NN had/VBD", part="adj", level="phrase", k=50
    )
    assert "an old eel saw a dog" in phrase


def test_auxiliaries_and_copulas_stay():
    verb = dict(part="verb")
    assert sentences("he/PRP is/AUX here/RB", "sees/VBZ", **verb) == []
    assert sentences("he/PRP is/VBZ here/RB", "sees/VBZ", **verb) == [], "a copula tagged as a verb"
    assert sentences("he/PRP has/VBZ eaten/VBN", "sees/VBZ seen/VBN", **verb) == ["he has seen"]
    assert sentences("he/PRP does/VBZ not/RB eat/VB", "see/VB sees/VBZ", **verb) == ["he does not see"]
    assert sentences("he/PRP has/VBZ a/DT dog/NN", "sees/VBZ", **verb) == ["he sees a dog"]
    assert sentences("he/PRP sees/VBZ", "is/VBZ can/MD/VERB", **verb) == [], "nor do they replace a verb"


def test_infinitival_to_stays_and_the_preposition_does_not():
    prep = dict(part="prep")
    assert sentences("he/PRP goes/VBZ to/TO swim/VB", "in/IN", **prep) == []
    assert sentences("he/PRP goes/VBZ to/IN swim/VB", "in/IN", **prep) == [], "tagged as a preposition"
    assert sentences("he/PRP goes/VBZ to/TO/ADP work/NN", "in/IN", **prep) == ["he goes in work"]


def test_particles_stay():
    prep = dict(part="prep")
    assert sentences("she/PRP picks/VBZ up/RP a/DT hat/NN", "in/IN", **prep) == []
    assert sentences("she/PRP puts/VBZ on/IN a/DT hat/NN", "in/IN", **prep) == []
    assert sentences("he/PRP turns/VBZ it/PRP off/IN", "in/IN", **prep) == []
    assert sentences("she/PRP sits/VBZ on/IN a/DT hat/NN", "in/IN", **prep) == ["she sits in a hat"]
    captions, tags = tagged("puts/VBZ on/IN a/DT hat/NN", tagger="gold")
    assert make(captions, tags).attrs["dropped"]["prep"] == {"only words that stay (verb particle)": 1}


def test_no_particle_among_the_world_s_pairs():
    captions, tags = world(60)
    assert make(captions, tags, reference=tags).attrs["dropped"]["prep"].keys() == {"no word of this part"}


def test_the_fine_tag_is_kept():
    assert sentences("dogs/NNS run/VBP", "cat/NN cats/NNS", part="noun") == ["cats run"]
    assert sentences("he/PRP is/AUX running/VBG", "sees/VBZ seeing/VBG saw/VBD", part="verb") == ["he is seeing"]
    assert sentences("a/DT bigger/JJR dog/NN", "red/JJ smaller/JJR", part="adj") == ["a smaller dog"]


def test_an_antonym_is_inflected_and_must_be_in_the_vocabulary():
    lexicon = Opposites({("open", "verb"): (("close", "shut"), (), ())})
    captions, tags = tagged(
        *["he/PRP is/AUX opening/VBG closing/VBG shuts/VBZ eating/VBG"] * 2, "he/PRP opening/VBG it/PRP"
    )
    table = make(captions[2:], tags, reference=tags, lexicon=lexicon)
    assert table[["replacement", "source"]].values.tolist() == [["closing", "antonym"], ["eating", "random"]]


def test_antonyms_that_hurt():
    lexicon = load()
    words = "wearing/VBG refreshing/VBG like/IN dislike/NN right/JJ falsify/VB person/NN loser/NN"
    words += " winner/NN black/JJ unangry/JJ white/JJ old/JJ"
    captions, tags = tagged(*[words] * 2)
    table = make(captions[:1], tags, lexicon=lexicon, reference=tags)
    pairs = {(row.original, row.replacement) for row in table.itertuples() if row.source != "random"}
    assert ("black", "white") in pairs
    assert not pairs & {
        ("wearing", "refreshing"),
        ("like", "dislike"),
        ("right", "falsify"),
        ("person", "loser"),
        ("black", "unangry"),
    }
    assert table[(table["original"] == "black") & (table["k"] == table.loc[table["original"] == "black", "k"].min())][
        "replacement"
    ].tolist() == ["white"], "the own antonym comes first"


def test_lookup_goes_by_the_part():
    captions, tags = tagged(*["light/JJ dark/JJ heavy/JJ light/NN darkness/NN lamp/NN in/IN"] * 2)
    table = make(captions[:1], tags, lexicon=load(), reference=tags)
    adjective = table[(table["original"] == "light") & (table["part"] == "adj")]
    assert set(adjective["replacement"]) == {"dark", "heavy"}
    assert not (table["part"] == "prep").any(), "'in' is not indium: no other preposition, no negative"


def vocabulary(*captions, lexicon=None):
    return Vocabulary(tagged(*captions)[1], lexicon or Opposites())


def test_vocabulary_keeps_out_what_would_embarrass():
    known = vocabulary(
        *["cat/NN perfrom/VB t2/NN x/NN fuck/VB shit/NN Tom/NN big-ish/JJ"] * 3,
        "once/NN",
        lexicon=Opposites(unknown={"perfrom"}),
    )
    assert known.pool("noun", "NN") == ("cat",)
    assert known.pool("verb", "VB") == () and known.pool("adj", "JJ") == ()


def test_vocabulary_needs_the_word_s_majority_part():
    known = vocabulary(*["stirs/VBZ it/PRP"] * 5, *["stirs/NNS cats/NNS"] * 2)
    assert known.pool("noun", "NNS") == ("cats",) and known.pool("verb", "VBZ") == ("stirs",)
    particles = vocabulary(*["gets/VBZ up/RP"] * 5, *["up/IN a/DT hill/NN in/IN"] * 2)
    assert particles.pool("prep", "IN") == ("in",) and "up" in particles.seen("prep", "IN")


def test_gender_swaps_that_break_a_later_pronoun_are_counted():
    lexicon = Opposites({("man", "noun"): (("woman",), (), ())})
    captions, tags = tagged(
        "the/DT man/NN cuts/VBZ his/PRP$ hair/NN", "the/DT woman/NN and/CC the/DT man/NN", tagger="gold"
    )
    table = make(captions, tags, lexicon=lexicon, parts="noun")
    broken = table["sentence"].isin(["the woman cuts his hair"]).sum()
    assert table.attrs["gender_breaks"] == {"noun": broken} and broken == 1


def test_a_word_elsewhere_in_the_caption_is_still_a_choice():
    captions, tags = tagged("a/DT red/JJ box/NN beside/IN a/DT blue/JJ ball/NN", tagger="gold")
    assert "a blue box beside a blue ball" in set(make(captions, tags)["sentence"])


@pytest.mark.parametrize("tag", ["IN", "TO"])
def test_to_and_other_prepositions_share_a_pool(tag):
    captions, tags = tagged(f"goes/VBZ to/{tag}/ADP work/NN from/IN work/NN", tagger="gold")
    assert sorted(make(captions, tags, parts="prep")["sentence"]) == [
        "goes from work from work",
        "goes to work to work",
    ]
