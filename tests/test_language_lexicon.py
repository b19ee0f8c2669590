"""The lexicon: answers of the committed table, the pitfalls of WordNet, and equality with nltk's corpus."""

import csv
import gzip
from types import SimpleNamespace

import pytest

from posrank import PARTS
from posrank.language import lexicon as module
from posrank.language.lexicon import blocked_words, load
from posrank.language.wordnet import POS, NltkGraph, TableGraph

ANSWERS = ("antonyms", "direct_antonyms", "hypernym_antonyms", "hyponym_antonyms", "synonyms", "hypernyms", "hyponyms")


@pytest.fixture(scope="module")
def lexicon():
    return load()


@pytest.mark.parametrize(("lemma", "part", "first"), [
    ("man", "noun", "woman"), ("boy", "noun", "girl"), ("black", "adj", "white"), ("young", "adj", "old"),
    ("slowly", "adv", "quickly"), ("quickly", "adv", "slowly"), ("early", "adv", "late"), ("open", "verb", "close"),
    ("appear", "verb", "disappear"), ("expand", "verb", "contract"), ("widen", "verb", "narrow"),
    ("pull", "verb", "push"),
    ("upward", "adv", "downward"), ("inside", "prep", "outside"), ("above", "prep", "below"),
    ("with", "prep", "without"),
])
def test_own_antonym_comes_first(lexicon, lemma, part, first):
    assert lexicon.antonyms(lemma, part)[0] == first


def test_antonyms_that_hurt_are_stopped(lexicon):
    raw = load(filtered=False)
    assert "unangry" in raw.antonyms("angry", "adj")
    assert "unangry" not in lexicon.antonyms("angry", "adj")
    assert lexicon.antonyms("black", "adj") == ("white",)
    assert "refresh" not in lexicon.antonyms("wear", "verb")
    assert "falsify" not in lexicon.antonyms("right", "verb")
    assert "loser" in raw.hyponym_antonyms("person", "noun")
    assert "loser" not in lexicon.hyponym_antonyms("person", "noun")
    assert lexicon.antonyms("like", "prep") == ("unlike",)
    assert not any("achromatic" in lexicon.antonyms(colour, "adj") for colour in ("red", "blue", "pink", "orange"))


def test_satellites_reach_the_head_of_their_cluster(lexicon):
    assert lexicon.direct_antonyms("huge", "adj") == ()
    assert set(lexicon.antonyms("huge", "adj")) == {"small", "little"}
    assert set(lexicon.antonyms("tiny", "adj")) == {"large", "big"}


def test_look_up_is_by_part(lexicon):
    assert "inch" in lexicon.synonyms("in", "noun") and "indium" not in lexicon.synonyms("in", "noun")
    assert "outside" in lexicon.antonyms("in", "prep")
    assert not lexicon.known("us", "noun")
    assert not lexicon.known("it", "noun") and not lexicon.known("who", "noun")
    assert lexicon.known("run", "verb") and not lexicon.known("run", "adv")


def test_letter_case_and_capitalised_senses(lexicon):
    assert "television" in lexicon.synonyms("tv", "noun")
    assert lexicon.antonyms("Black", "adj") == lexicon.antonyms("black", "adj")
    assert not any("Turkey" in name or "Ottoman" in name for name in lexicon.hypernyms("turkey", "noun"))
    assert "bird" in lexicon.hypernyms("turkey", "noun") or "poultry" in lexicon.hypernyms("turkey", "noun")


@pytest.mark.parametrize("part", PARTS)
def test_every_answer_is_one_lower_case_word_and_never_the_lemma(lexicon, part):
    lemmas = ("dog", "ice", "person", "run", "take", "set", "big", "cold", "well", "fast", "in", "over", "t-shirt")
    for lemma in lemmas:
        for method in ANSWERS:
            words = getattr(lexicon, method)(lemma, part)
            assert isinstance(words, tuple) and len(set(words)) == len(words)
            assert all(w.isalpha() and w.islower() and w != lemma for w in words), (lemma, method, words)
            assert not blocked_words() & set(words)


def test_adjectives_adverbs_and_prepositions_have_no_second_step(lexicon):
    for lemma, part in (("big", "adj"), ("black", "adj"), ("slowly", "adv"), ("over", "prep")):
        assert lexicon.hypernym_antonyms(lemma, part) == () == lexicon.hyponym_antonyms(lemma, part)


def test_second_step_reaches_what_the_word_lacks(lexicon):
    assert lexicon.antonyms("motorcycle", "verb") == ()
    assert "walk" in lexicon.hypernym_antonyms("motorcycle", "verb")
    assert "amateur" in lexicon.hyponym_antonyms("athlete", "noun")


def test_unknown_words_are_empty_and_bad_names_are_errors(lexicon):
    assert lexicon.antonyms("zzblorp", "noun") == () and not lexicon.known("zzblorp", "prep")
    assert lexicon.antonyms("", "noun") == ()
    with pytest.raises(ValueError, match=r"part 'pronoun'.*noun, verb"):
        lexicon.synonyms("it", "pronoun")
    with pytest.raises(ValueError, match=r"'wordnet'.*builtin, nltk"):
        load("wordnet")


def test_prepositions_are_symmetric_and_within_the_table():
    with open(module.DATA / "prepositions.csv", encoding="utf-8", newline="") as file:
        rows = {row["word"]: row for row in csv.DictReader(file)}
    lexicon = load()
    for word, row in rows.items():
        for relation in ("antonyms", "synonyms"):
            for other in row[relation].split():
                if other in rows:
                    assert word in rows[other][relation].split(), f"{word} {relation} {other}"
        assert not set(row["antonyms"].split()) & set(row["synonyms"].split()), word
        assert lexicon.known(word, "prep")


def test_name_says_what_answered(lexicon):
    assert lexicon.name.startswith("wordnet-3.0 builtin sha256:")
    assert lexicon.name != load(filtered=False).name


def test_damaged_table_is_an_error(tmp_path):
    (tmp_path / "a.gz").write_bytes(module.TABLE.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"a\.gz.*git"):
        TableGraph(tmp_path / "a.gz")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"something else\n"))
    with pytest.raises(ValueError, match="build_lexicon"):
        TableGraph(tmp_path / "b.gz")


def test_missing_corpus_says_what_to_install(monkeypatch):
    import nltk

    def missing():
        raise LookupError("Resource wordnet not found.")

    monkeypatch.setattr(nltk.corpus, "wordnet", SimpleNamespace(ensure_loaded=missing))
    with pytest.raises(ValueError, match=r"nltk\.downloader wordnet.*lexicon: builtin"):
        NltkGraph()


def test_builtin_and_nltk_answer_alike(lexicon):
    try:
        other = load("nltk")
    except ValueError as error:
        pytest.skip(f"nltk's WordNet corpus is absent: {error}")
    graph = lexicon._graph
    parts = {pos: part for part, pos in POS.items()}
    lemmas = [(name, parts[pos]) for name, pos in sorted(graph._index)[::60]]
    often = ("man", "black", "run", "take", "set", "be", "in", "us", "cut", "play", "red", "huge", "tv", "us")
    lemmas += [(word, part) for word in often for part in POS]
    for lemma, part in lemmas:
        assert lexicon.known(lemma, part) == other.known(lemma, part)
        for method in ANSWERS:
            assert getattr(lexicon, method)(lemma, part) == getattr(other, method)(lemma, part), (method, lemma, part)
