"""What negatives are made from, brought together and checked: captions, their tags, the vocabulary, the lexicon.

In: the arguments that `generate` and `TrainingNegatives` share. Out: a `Corpus`. Everything that can be wrong with the
input is found here, before anything is drawn.
"""

from dataclasses import dataclass

import pandas as pd

from posrank.language.markup import warn_of_marks
from posrank.negatives.rules import SPLITS, check_choice, several
from posrank.negatives.sentences import TaggedCaptions, normal, taggers_of
from posrank.negatives.vocabulary import Vocabulary


@dataclass
class Corpus:
    """captions: {caption_id: caption}; tagged: their tokens; vocabulary and lexicon: what replacements come from;
    attrs: tagger, lexicon and reference in words, for the tables made from it."""

    captions: dict
    tagged: TaggedCaptions
    vocabulary: Vocabulary
    lexicon: object
    attrs: dict
    _videos: dict
    _video_of: dict

    def others(self, caption_id):
        """The other captions of the same video, in normal form: a frozenset."""
        siblings = self._videos[self._video_of[caption_id]]
        if len(siblings) < 2:
            return frozenset()
        return frozenset(siblings) - {normal(self.captions[caption_id])}

    def tokens(self, caption_id):
        """The tokens of a caption. ValueError where they do not spell it (tags of another text)."""
        tokens = self.tagged[caption_id]
        caption = self.captions[caption_id]
        if tokens.sentence().strip() != caption.strip():
            raise ValueError(
                f"tags of caption {caption_id!r} spell {tokens.sentence()!r}, the caption is {caption!r}; "
                "make the tags again"
            )
        return tokens


def gather(captions, tags=None, reference=None, lexicon="builtin", tagger=None):
    """-> Corpus. See posrank.negatives.generate for the arguments; ValueError names what is wrong and the remedy.

    reference: captions, or their tags (a table with the columns text, lemma, upos, tag), or the counts of
        kinds of tokens (the same columns and n).
    lexicon: a name for posrank.language.lexicon.load, or an object with its methods.
    """
    captions, tags, tagged = with_tags(captions, tags, tagger)
    texts = dict(zip(captions["caption_id"].tolist(), captions["caption"].tolist()))
    lexicon = named_lexicon(lexicon)
    vocabulary, described = _vocabulary(captions, tags, tagged, reference, lexicon, tagger)
    attrs = {
        "tagger": str(tagged.tagger), "lexicon": lexicon_name(lexicon), "reference": described,
        "vocabulary": dict(vocabulary.size),
    }
    videos, video_of = {}, videos_of(captions)
    for name, key in video_of.items():
        videos.setdefault(key, []).append(normal(texts[name]))
    return Corpus(texts, tagged, vocabulary, lexicon, attrs, videos, video_of)


def with_tags(captions, tags=None, tagger=None, heads=False):
    """-> captions (checked), their tags table (made by `tagger` where it is None), the same as TaggedCaptions."""
    captions = _check(captions, "captions")
    warn_of_marks(captions["caption"].tolist(), "captions")
    if tags is None:
        tags = _tag(captions, tagger)
    elif not isinstance(tags, pd.DataFrame):
        raise ValueError(f"tags: expected a tags table (pandas DataFrame), got {type(tags).__name__}")
    tagged = TaggedCaptions(tags, heads)
    blank = captions["caption"].str.strip() == ""
    absent = [name for name in captions.loc[~blank, "caption_id"] if name not in tagged]
    if absent:
        raise ValueError(f"tags: {len(absent)} captions have none, the first is {absent[0]!r}; tag all captions")
    return captions, tags, tagged


def ids_in_splits(captions, splits):
    """The ids of the captions that get lists, in the table's order. ValueError for splits that are not there."""
    if splits is None:
        return captions["caption_id"].astype("str").tolist()
    splits = several("splits", splits)
    for split in splits:
        check_choice("split", split, SPLITS)
    if "split" not in captions:
        raise ValueError("captions: column 'split' is missing, and `splits` asks for it; add it, or leave `splits` out")
    chosen = captions["split"].isin(splits)
    if not chosen.any():
        raise ValueError(
            f"captions has none of the splits {', '.join(splits) or '(none named)'} (it has: "
            f"{', '.join(sorted(map(str, captions['split'].unique()))) or 'none'}): name another one in `splits`"
        )
    return captions.loc[chosen, "caption_id"].astype("str").tolist()


def named_lexicon(lexicon):
    """The lexicon of a name (posrank.language.lexicon), or the object itself."""
    if isinstance(lexicon, str):
        from posrank.language.lexicon import load

        lexicon = load(lexicon)
    return lexicon


def videos_of(captions):
    """{caption_id: (dataset, video_id), or the id alone where the table does not name datasets}."""
    keys = zip(captions["dataset"], captions["video_id"]) if "dataset" in captions else captions["video_id"]
    return dict(zip(captions["caption_id"].astype(str).tolist(), keys))


def lexicon_name(lexicon):
    """What tables call a lexicon."""
    return getattr(lexicon, "name", type(lexicon).__name__)


def shown(items, progress, text):
    """`items` with a progress bar where it is asked for."""
    if not progress:
        return items
    from tqdm.auto import tqdm

    return tqdm(items, desc=text, unit="caption", mininterval=0.5)


def _vocabulary(captions, tags, tagged, reference, lexicon, tagger):
    """-> Vocabulary, what it was made from in words."""
    if isinstance(reference, pd.DataFrame) and {"text", "lemma", "upos", "tag"} <= set(reference.columns):
        chosen, described = reference, "given tags"
    elif reference is not None:
        reference = _check(reference, "reference")
        described, absent = f"given captions ({len(reference)})", sum(n not in tagged for n in reference["caption_id"])
        chosen = _tag(reference, tagger) if absent else tags[tags["caption_id"].isin(reference["caption_id"])]
        if absent and taggers_of(chosen) != taggers_of(tags):
            raise ValueError(
                f"reference: {absent} of its captions have no tags; the captions were tagged by "
                f"{', '.join(taggers_of(tags))}, so give the reference's tags by the same tagger instead of captions"
            )
    else:
        train = captions[captions["split"] == "train"] if "split" in captions else captions[:0]
        described = f"training split ({len(train)} captions)"
        if train.empty:
            train, described = captions, f"all {len(captions)} captions (the table has no training split)"
        chosen = tags[tags["caption_id"].isin(train["caption_id"])]
    if len(chosen) and taggers_of(chosen) != taggers_of(tags):
        raise ValueError(
            f"reference was tagged by {', '.join(taggers_of(chosen))}, the captions by {', '.join(taggers_of(tags))}; "
            "use one tagger for both"
        )
    return Vocabulary(chosen, lexicon), described


def _tag(captions, tagger):
    from posrank.language.tagger import tag_captions

    return tag_captions(captions[captions["caption"].str.strip() != ""], tagger)


def _check(captions, what):
    """The captions with a plain index; ValueError for wrong types, missing columns or values, repeated ids."""
    if not isinstance(captions, pd.DataFrame):
        raise ValueError(f"{what}: expected a captions table (pandas DataFrame), got {type(captions).__name__}")
    for column in ("caption_id", "caption", *(("video_id",) if what == "captions" else ())):
        if column not in captions:
            raise ValueError(f"{what}: column {column!r} is missing (has: {', '.join(map(str, captions.columns))})")
        missing = captions[column].isna().to_numpy()
        if missing.any():
            row = int(missing.argmax())
            raise ValueError(f"{what}: column {column!r} has no value in row {row}; fill it or drop the row")
    captions = captions.reset_index(drop=True)
    twice = captions["caption_id"].duplicated().to_numpy()
    if twice.any():
        raise ValueError(
            f"{what}: caption_id {captions['caption_id'].iloc[int(twice.argmax())]!r} occurs twice; ids are unique "
            "within a dataset, so pass one dataset at a time"
        )
    return captions.astype({"caption_id": "str", "caption": "str"})
