"""What may be true of a video although nobody said it (posrank.negatives.may_hold), a condition each, without WordNet."""

from types import SimpleNamespace

import pytest
from support_negatives import tagged

from posrank.negatives.may_hold import AGAINST, MIN_VIDEOS, SILENT, MayHold


class Words:
    """A lexicon of the relations given, {lemma: (other, ...)}, whatever the part; `above` goes all the way up."""

    def __init__(self, synonyms=None, hypernyms=None, unknown=()):
        self._synonyms, self._up, self.unknown = synonyms or {}, hypernyms or {}, unknown

    def synonyms(self, lemma, part):
        return self._synonyms.get(lemma, ())

    first_synonyms = synonyms

    def hypernyms(self, lemma, part):
        return self._up.get(lemma, ())

    def hyponyms(self, lemma, part):
        return tuple(below for below, above in self._up.items() if lemma in above)

    def above(self, lemma, part):
        found = self.hypernyms(lemma, part)
        return found + tuple(name for other in found for name in self.above(other, part))

    def known(self, lemma, part):
        return lemma not in self.unknown


def hold(videos, lexicon=None, tagger="test", objects=False):
    """MayHold of {video: [tagged sentences]}; objects: each noun is the object of the preposition two words before."""
    sentences = [(video, sentence) for video, own in videos.items() for sentence in own]
    captions, tags = tagged(*(text for _, text in sentences), videos=[video for video, _ in sentences], tagger=tagger)
    if objects:
        noun = tags["upos"] == "NOUN"
        tags = tags.assign(dep=noun.map({True: "pobj", False: ""}), head=(tags["i"] - 2).where(noun, -1))
    return MayHold(tags, dict(zip(captions["caption_id"], captions["video_id"])), lexicon or Words())


def word(text, lemma=None):
    return text, lemma or text


HORSE, BIKE = word("horse"), word("bike")
RIDERS = {"a": ["a/DT man/NN rides/VBZ a/DT horse/NN"], "b": ["a/DT man/NN rides/VBZ a/DT bike/NN"]}


def test_what_nobody_said_and_nothing_relates_does_not_hold():
    may = hold(RIDERS)
    assert not may("noun", HORSE, BIKE, "a") and not may("noun", BIKE, HORSE, "b")


def test_what_was_said_of_the_video_in_any_caption_holds_as_word_or_as_lemma():
    may = hold({"a": [*RIDERS["a"], "two/CD/NUM Bikes/NNS"], "b": RIDERS["b"]})
    assert may("noun", HORSE, BIKE, "a") and may("noun", HORSE, word("bikes", "wheel"), "a")
    assert not may("noun", HORSE, word("wheels", "wheel"), "a")
    assert not may("noun", BIKE, HORSE, "b"), "said of the other video only"


def test_another_form_of_the_same_lemma_holds():
    assert hold(RIDERS)("noun", HORSE, word("horses", "horse"), "b")


@pytest.mark.parametrize("lexicon", [
    Words(synonyms={"horse": ("bike",)}), Words(hypernyms={"horse": ("bike",)}), Words(hypernyms={"bike": ("horse",)}),
    Words(hypernyms={"horse": ("animal",), "animal": ("thing",), "thing": ("bike",)}),
    Words(hypernyms={"bike": ("animal",), "animal": ("horse",)}),
])
def test_a_word_related_to_the_one_that_it_replaces_may_hold(lexicon):
    assert hold(RIDERS, lexicon)("noun", HORSE, BIKE, "a")


def test_relations_end_a_few_steps_away():
    chain = {f"n{n}": (f"n{n + 1}",) for n in range(12)}
    may = hold(RIDERS, Words(hypernyms=chain))
    assert may.above("n0", "noun") == {"n1", "n2", "n3"} and may.below("n9", "noun") == {"n7", "n8"}
    assert may.related("n0", "n3", "noun") and not may.related("n0", "n4", "noun")
    assert may.related("n3", "n0", "noun"), "seen from either side"


def test_a_synonym_of_what_was_said_holds_and_one_of_the_replaced_word_s_kin_does_too():
    may = hold({"a": ["a/DT man/NN rides/VBZ a/DT horse/NN by/IN a/DT sofa/NN"]}, Words(synonyms={"sofa": ("couch",)}))
    assert may("noun", HORSE, word("couch"), "a") and not may("noun", HORSE, word("lamp"), "a")


def test_a_noun_above_what_was_said_leaves_open_what_lies_below_it():
    """Where they say "a vehicle", a bike may be there."""
    lexicon = Words(hypernyms={"bike": ("vehicle",), "car": ("vehicle",)})
    said = {"a": ["a/DT man/NN rides/VBZ a/DT horse/NN", "a/DT vehicle/NN"], "b": ["a/DT man/NN"]}
    may = hold(said, lexicon)
    assert may("noun", HORSE, BIKE, "a") and not may("noun", HORSE, BIKE, "b")
    exact = hold(said, lexicon, tagger="gold")
    assert not exact("noun", word("car"), BIKE, "a"), "a car is a vehicle too: the word leaves neither open"
    assert not may("verb", HORSE, BIKE, "a"), "verbs above leave nothing open"


def test_persons_are_too_vague_to_exclude_each_other():
    may = hold(RIDERS, Words(hypernyms={"rider": ("person",), "cook": ("person",)}))
    assert may("noun", word("rider"), BIKE, "a") and may("noun", HORSE, word("cook"), "a")


def test_opposites_exclude_each_other_whatever_their_kind():
    may = hold({"a": ["a/DT man/NN stands/VBZ"]},
               Words(hypernyms={"man": ("person",), "woman": ("person",)}))
    assert not may("noun", word("man"), word("woman"), "a"), "a pair of the list"
    assert not may("verb", word("stands", "stand"), word("sits", "sit"), "a")
    assert may("verb", word("stands", "stand"), word("runs", "run"), "a"), "a listed word stands against its opposites alone"
    assert may("verb", word("runs", "run"), word("sits", "sit"), "a")


def test_near_words_of_the_list_may_hold_together():
    assert hold(RIDERS)("noun", word("table"), word("desk"), "a")
    assert not hold(RIDERS)("noun", word("table"), word("sofa"), "a")


@pytest.mark.parametrize(("own", "other", "apart"), [
    ("red", "green", True), ("red", "striped", False), ("red", "pink", False), ("big", "small", True), ("big", "red", False),
    ("odd", "even", False),
])
def test_adjectives_exclude_each_other_within_a_kind_unless_near(own, other, apart):
    may = hold({"a": many(f"a/DT {own}/JJ mat/NN")})
    assert may("adj", word(own), word(other), "a", "mat") is not apart


def test_an_adjective_that_shares_a_sense_with_what_was_said_may_hold():
    may = hold({"a": ["a/DT red/JJ mat/NN", "an/DT emerald/JJ mat/NN"]}, Words(synonyms={"emerald": ("green",)}))
    assert may("adj", word("red"), word("green"), "a", "mat") and not may("adj", word("red"), word("blue"), "a", "mat")


def test_near_colours_are_told_apart_where_the_tags_are_gold():
    may = hold({"a": ["a/DT red/JJ car/NN"]}, tagger="gold")
    assert not may("adj", word("red"), word("pink"), "a", "car")


def test_adverbs_exclude_their_opposites_alone():
    may = hold({"a": ["a/DT dog/NN runs/VBZ happily/RB"]})
    assert not may("adv", word("happily"), word("sadly"), "a") and may("adv", word("happily"), word("slowly"), "a")
    assert not may("adv", word("happily", "happy"), word("sadly", "sad"), "a"), "whatever a tagger takes for the lemma"


def test_a_preposition_holds_where_it_was_said_of_the_same_thing():
    videos = {"a": ["a/DT cat/NN on/IN a/DT table/NN", "a/DT cat/NN under/IN a/DT lamp/NN"]}
    may = hold(videos, objects=True)
    assert may("prep", word("on"), word("under"), "a", "lamp")
    assert not may("prep", word("on"), word("under"), "a", "table"), "said of another thing"
    assert may("prep", word("on"), word("with"), "a", "table") and may("prep", word("at"), word("of"), "a", "table")
    assert not hold(videos)("prep", word("on"), word("under"), "a", "lamp"), "no heads, no object"


def many(first, *others, number=SILENT):
    """`number` captions of a video, the others of them without content."""
    return [first, *others, *["a/DT box/NN"] * (number - 1 - len(others))]


def test_others_in_the_picture_may_be_what_the_statement_s_own_is_not():
    red = "a/DT man/NN in/IN a/DT red/JJ shirt/NN"
    assert hold({"a": [red, "a/DT crowd/NN"]})("adj", word("red"), word("green"), "a", "mat"), "hardly anything is said"
    alone = hold({"a": many(red)})
    assert not alone("adj", word("red"), word("green"), "a", "shirt")
    crowd = hold({"a": many(red, "a/DT crowd/NN")})
    assert crowd("adj", word("red"), word("green"), "a", "shirt"), "what each may wear"
    assert not crowd("adj", word("red"), word("green"), "a", "mat")
    assert crowd("adj", word("big"), word("small"), "a", "mat"), "sizes and other opposites"
    assert crowd("noun", word("man"), word("woman"), "a") and not crowd("noun", word("horse"), word("bike"), "a")
    assert crowd("verb", word("stands", "stand"), word("sits", "sit"), "a")
    assert crowd("adv", word("slowly"), word("quickly"), "a") and not alone("adv", word("slowly"), word("quickly"), "a")


def test_a_relation_of_several_is_open_where_others_are_there_or_may_be():
    few = {"a": ["a/DT man/NN walks/VBZ in/IN a/DT park/NN", "a/DT crowd/NN"]}
    assert not hold(few)("prep", word("under"), word("over"), "a", "park"), "none of those that any of several may have"
    assert hold(few)("prep", word("outside"), word("in"), "a", "park")
    assert hold({"a": many(*few["a"])})("prep", word("outside"), word("in"), "a", "park"), "a crowd is there"
    assert not hold({"a": many(few["a"][0])})("prep", word("outside"), word("in"), "a", "park")


def test_a_plural_of_the_thing_leaves_its_adjectives_open():
    may = hold({"a": many("a/DT red/JJ mat/NN", "two/CD/NUM mats/NNS")})
    assert may("adj", word("red"), word("green"), "a", "mat") and not may("adj", word("red"), word("green"), "a", "dog")
    assert not may("adj", word("red"), word("green"), "a"), "it belongs to no thing"
    women = hold({"a": many("a/DT red/JJ dress/NN", "two/CD/NUM dresses/NNS")})
    assert women("adj", word("red"), word("green"), "a", "dress"), "a plural that is spelled otherwise"


def test_a_plural_that_is_said_of_one_thing_leaves_nothing_open():
    """Trousers have no usual singular, and sheep no plural of their own."""
    said = {"a": many("a/DT man/NN in/IN red/JJ jeans/NNS", number=SILENT), "b": many("a/DT red/JJ sheep/NN")}
    may = hold(said)
    assert not may("adj", word("red"), word("green"), "a", "jean")
    assert not may("adj", word("red"), word("green"), "b", "sheep")
    assert hold({**said, "c": ["a/DT jean/NN"]})("adj", word("red"), word("green"), "a", "jean"), "here they have one"


def test_gold_tags_leave_nothing_open_to_others():
    said = {"a": ["a/DT man/NN in/IN a/DT red/JJ shirt/NN", "a/DT crowd/NN", "two/CD/NUM shirts/NNS"]}
    assert hold(said)("adj", word("red"), word("green"), "a", "shirt")
    assert not hold(said, tagger="gold")("adj", word("red"), word("green"), "a", "shirt")


def test_one_caption_in_so_many_speaks_against_an_adverb():
    kitchen = "a/DT man/NN in/IN a/DT kitchen/NN"
    few = hold({"a": many(kitchen, number=2 * AGAINST - 1)})
    assert few.denied("outside", "a") and not few.denied("slowly", "a")
    assert not hold({"a": many(kitchen, number=2 * AGAINST)}).denied("outside", "a"), "one of sixteen is too few"
    assert hold({"a": many(kitchen, kitchen, number=2 * AGAINST)}).denied("outside", "a")


def test_an_adverb_that_needs_something_is_denied_where_much_is_said_and_not_that():
    two = "two/CD/NUM dogs/NNS"
    assert hold({"a": many("a/DT dog/NN")}).denied("together", "a")
    assert not hold({"a": many("a/DT dog/NN", number=SILENT - 1)}).denied("together", "a"), "silence says nothing yet"
    assert not hold({"a": many("a/DT dog/NN", two)}).denied("together", "a")
    assert not hold({"a": many("a/DT dog/NN", two, number=2 * AGAINST)}).denied("together", "a"), "one caption may tell"


def test_an_adverb_that_the_captions_deny_does_not_hold_unless_it_was_said():
    kitchen = {"a": ["a/DT man/NN sings/VBZ in/IN a/DT kitchen/NN"]}
    assert not hold(kitchen)("adv", word("loudly"), word("outside"), "a")
    assert hold(kitchen)("adv", word("loudly"), word("happily"), "a")
    assert hold(kitchen)("prep", word("with"), word("outside"), "a", "kitchen"), "adverbs alone are denied"
    assert hold(kitchen)("adv", word("outsides", "outside"), word("outside"), "a"), "nothing denies the word itself"
    assert hold({"a": [*kitchen["a"], "he/PRP is/AUX outside/RB"]})("adv", word("loudly"), word("outside"), "a")


def test_words_that_often_describe_the_same_videos_may_hold_together():
    both, horse, bike = "a/DT horse/NN a/DT bike/NN", "a/DT horse/NN", "a/DT bike/NN"
    rest = {f"r{n}": ["a/DT box/NN"] for n in range(40)}
    often = {f"b{n}": [both] for n in range(MIN_VIDEOS)}
    alone = {"a": [horse], "c": [bike]}
    assert hold({**rest, **often, **alone}).go_together("horse", "bike", "noun")
    assert hold({**rest, **often, **alone})("noun", HORSE, BIKE, "a")
    del often["b0"]
    assert not hold({**rest, **often, **alone}).go_together("horse", "bike", "noun"), "in too few videos"
    assert not hold({**rest, **often, **alone}).go_together("horse", "sofa", "noun")


def test_a_small_share_of_the_videos_of_either_word_is_chance():
    videos = {f"r{n}": ["box/NN"] for n in range(4000)} | {f"o{n}": ["horse/NN" if n % 2 else "bike/NN"] for n in range(150)}
    videos |= {f"b{n}": ["horse/NN bike/NN"] for n in range(3)}
    assert not hold(videos).go_together("horse", "bike", "noun"), "3 of 78"
    assert hold({**videos, "b3": ["horse/NN bike/NN"]}).go_together("horse", "bike", "noun"), "4 of 79"


def test_what_is_everywhere_goes_with_nothing_in_particular():
    both = {f"b{n}": ["a/DT horse/NN a/DT bike/NN"] for n in range(6)}
    horses = {f"h{n}": ["a/DT horse/NN"] for n in range(6)}
    may = hold({**both, **horses})
    assert not may.go_together("horse", "bike", "noun"), "no more often than by chance"
    assert not may.go_together("horse", "bike", "verb")
    assert hold({**both, **{f"r{n}": ["a/DT box/NN"] for n in range(12)}}).go_together("horse", "bike", "noun")


def test_a_word_is_reliable_where_it_is_known_and_mostly_of_this_part():
    sentences = [*["a/DT dog/NN"] * 2, *["they/PRP dog/VBP it/PRP"] * 3, "a/DT zzx/NN"]
    may = hold({"a": sentences}, Words(unknown={"zzx"}))
    assert may.reliable("noun", "dog", "dog", "a"), "two of five are enough"
    assert not may.reliable("noun", "zzx", "zzx", "a") and not may.reliable("noun", "cat", "cat", "a")
    assert not may.reliable("adj", "dog", "dog", "a")
    fewer = hold({"a": [*sentences, "they/PRP dog/VBP it/PRP"]})
    assert not fewer.reliable("noun", "dog", "dog", "a") and fewer.reliable("verb", "dog", "dog", "a")


def test_no_lexicon_is_asked_for_prepositions_and_adverbs():
    may = hold({"a": ["a/DT dog/NN runs/VBZ fast/RB under/IN it/PRP"]}, Words(unknown={"fast", "under", "dog"}))
    assert may.reliable("adv", "fast", "fast", "a") and may.reliable("prep", "under", "under", "a")
    assert not may.reliable("noun", "dog", "dog", "a")


def test_an_adverb_that_other_captions_deny_is_not_reliable():
    may = hold({"a": ["a/DT man/NN sings/VBZ outside/RB", "a/DT kitchen/NN"], "b": ["he/PRP sings/VBZ outside/RB"]})
    assert not may.reliable("adv", "outside", "outside", "a") and may.reliable("adv", "outside", "outside", "b")


def test_many_videos_ask_for_a_word_in_several():
    videos = {f"v{n}": ["a/DT box/NN"] for n in range(498)} | {"x": ["a/DT dog/NN a/DT cat/NN"], "y": ["a/DT cat/NN"]}
    may = hold(videos)
    assert may.reliable("noun", "cat", "cat", "x") and not may.reliable("noun", "dog", "dog", "x")
    del videos["v0"]
    assert hold(videos).reliable("noun", "dog", "dog", "x")


def test_the_word_that_a_frame_s_word_belongs_to_is_usually_of_its_part():
    may = hold({"a": [*["a/DT dog/NN"] * 2, *["they/PRP dog/VBP it/PRP"] * 4,
                      *["it/PRP runs/VBZ"] * 4, "two/CD/NUM runs/NNS"]})

    def usual(part, anchor):
        return may.usual(SimpleNamespace(part=part, anchor=anchor, loose=""), "a")

    assert not usual("adj", "dog") and usual("adv", "dog") and not usual("prep", "dog")
    assert usual("adv", "run") and not usual("adj", "run"), "the form with s tells as well"
    assert not usual("adj", "they"), "seen only as another part"
    assert usual("adj", "unheard"), "what was never heard is not against it"
    assert usual("noun", "dog") and usual("verb", "dog"), "only adjectives, adverbs and prepositions belong to a word"


def test_who_is_at_one_place_may_be_at_another_unless_both_are_of_one_kind():
    up = {"mule": ("equine",), "horse": ("equine",), "chair": ("seat",), "room": ("area",), "log": ("thing",), "seat": ("thing",)}
    may = hold({"a": ["a/DT man/NN in/IN a/DT mule/NN"], "b": ["a/DT dog/NN"]}, Words(hypernyms=up))
    mule, horse, chair, room, log = map(word, ("mule", "horse", "chair", "room", "log"))
    assert may("noun", chair, room, "b", "in") and may("noun", chair, log, "b", "in"), "one inside the other"
    assert not may("noun", chair, log, "b", "on") and may("noun", chair, room, "b", "on")
    assert may("noun", chair, log, "b", "near"), "one stands near many things at a time"
    assert not may("noun", chair, room, "b", "push") and may("noun", mule, horse, "a", "push"), "a mule looks like a horse"
    assert not hold({"a": ["a/DT mule/NN"]}, Words(hypernyms=up), tagger="gold")("noun", mule, horse, "a", "push")


def test_gold_tags_need_no_list_of_near_nouns():
    pair = word("purse"), word("suitcase")
    assert hold(RIDERS)("noun", *pair, "a") and not hold(RIDERS, tagger="gold")("noun", *pair, "a")


@pytest.mark.parametrize(("loose", "few", "several", "gold"), [("", True, True, True), ("posture", False, True, True), ("act", False, False, True)])
def test_a_statement_of_anybody_needs_many_captions_or_exact_tags(loose, few, several, gold):
    frame, said = SimpleNamespace(part="verb", anchor="", loose=loose), "a/DT man/NN yells/VBZ"
    assert hold({"a": [said]}).usual(frame, "a") is few and hold({"a": many(said)}).usual(frame, "a") is several
    assert hold({"a": [said]}, tagger="gold").usual(frame, "a") is gold


def test_a_verb_near_one_that_was_said_may_hold_where_little_is_said():
    said = "a/DT man/NN cuts/VBZ wool/NN", "he/PRP pushes/VBZ a/DT sheep/NN"
    push, shave = word("pushes", "push"), word("shaves", "shave")
    assert hold({"a": said})("verb", push, shave, "a") and not hold({"a": said[1:]})("verb", push, shave, "a")
    assert not hold({"a": many(*said)})("verb", push, shave, "a"), "many captions would say it"


def test_of_some_things_many_are_about_and_worn_things_lie_there_where_clothes_are_folded():
    may = hold({"a": many("a/DT red/JJ car/NN"), "b": many("a/DT red/JJ shirt/NN", "he/PRP folds/VBZ it/PRP"),
                "c": many("a/DT red/JJ shirt/NN")})
    assert may("adj", word("red"), word("green"), "a", "car")
    assert may("adj", word("red"), word("green"), "b", "shirt") and not may("adj", word("red"), word("green"), "c", "shirt")


def test_sizes_are_open_where_little_is_said():
    said = "a/DT big/JJ bowl/NN"
    assert hold({"a": [said]})("adj", word("big"), word("small"), "a", "bowl")
    assert not hold({"a": many(said)})("adj", word("big"), word("small"), "a", "bowl")


def test_how_somebody_stands_or_moves_leaves_open_what_they_do():
    may = hold({"a": many("a/DT man/NN paints/VBZ")})
    assert may("verb", word("paints", "paint"), word("kneels", "kneel"), "a")
    assert not may("verb", word("crawls", "crawl"), word("kneels", "kneel"), "a")


def test_one_caption_of_many_is_not_believed_on_an_adjective():
    red = "a/DT red/JJ car/NN"
    assert hold({"a": [red], "b": ["a/DT car/NN"]}).reliable("adj", "red", "red", "a")
    assert not hold({"a": many("a/DT car/NN", red)}).reliable("adj", "red", "red", "a")
    assert hold({"a": many("a/DT car/NN", red, red)}).reliable("adj", "red", "red", "a")
