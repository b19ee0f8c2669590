"""Video language models as scorers: the probability of "yes", and multiple choice in a shuffled order.

In: a model of the transformers library that generates text from pictures or videos, its processor, frames. Out: a
scorer of pairs (`yes_no`), or one of whole lists (`multiple_choice`, with `evaluate_lists`). Nothing is generated: the
first token's log-probabilities are read, one forward pass a pair or list.
"""

import string
from hashlib import blake2b

import numpy as np
import pandas as pd

from posrank.messages import unknown
from posrank.scoring.adapters.dual import load
from posrank.scoring.adapters.features import seen
from posrank.scoring.ranks import reciprocal_from_counts, whole_number
from posrank.tables import validate

QUESTION = 'Does this video show: "{text}"? Answer yes or no.'
CHOICE = "Which sentence describes the video?\n{choices}\nAnswer with the letter alone."
SHOWN = ("video", "images")
_KIND = "AutoModelForImageTextToText"


def yes_no(model, processor=None, frames=None, *, question=QUESTION, shown="video", device="cpu", download=False):
    """A scorer of pairs: log P(yes) - log P(no) of the first token of the answer.

    model      a name or folder, or a loaded model whose forward gives `logits`; processor: of a loaded model
    question   text with {text} in it
    shown      "video": frames go in as one video; "images": as pictures, one after the other

    P(yes) sums over the tokens "yes", "Yes", "YES" with and without a space before, where they are one token.
    ValueError where weights are missing, or no such token exists.
    """
    asked = _Asked(model, processor, frames, shown, device, download)
    words = {answer: asked.tokens([answer, answer.capitalize(), answer.upper()]) for answer in ("yes", "no")}
    if "{text}" not in question:
        raise ValueError(f"question: {question!r} has no place for the sentence: write {{text}} into it")

    def scorer(video_ids, texts):
        known = {}
        for pair in zip(video_ids, texts):
            if pair not in known:
                likely = asked.first_token(pair[0], question.replace("{text}", pair[1]))
                yes, no = (np.logaddexp.reduce(likely[words[answer]]) for answer in ("yes", "no"))
                known[pair] = yes - no
        return np.array([known[pair] for pair in zip(video_ids, texts)], dtype=np.float64)

    return scorer


def multiple_choice(model, processor=None, frames=None, *, question=CHOICE, orders=2, shown="video", device="cpu",
                    download=False):
    """A scorer of lists: ``scorer(video_id, sentences)`` -> float64 [n], the mean log-probability of the letters that
    stand before each sentence. For `evaluate_lists`.

    The order is drawn `orders` times from a hash of video and sentences, never from the place in the list; of two
    orders the second is the first reversed. Other arguments as those of `yes_no`; question: with {choices} in it. Lists
    are of 26 sentences at most.
    """
    asked, letters = _Asked(model, processor, frames, shown, device, download), string.ascii_uppercase
    number, ids = whole_number(orders, "orders", "orders"), {}
    if "{choices}" not in question:
        raise ValueError(f"question: {question!r} has no place for the sentences: write {{choices}} into it")

    def scorer(video_id, sentences):
        if len(sentences) > len(letters):
            raise ValueError(f"a list of {len(sentences)} sentences: multiple choice has {len(letters)} letters")
        total = np.zeros(len(sentences))
        for n in range(number):
            marks = [_mark(n // 2, video_id, sentence) for sentence in sentences]
            order = sorted(range(len(sentences)), key=marks.__getitem__, reverse=n % 2 == 1)
            lines = "\n".join(f"{letter}. {sentences[i]}" for letter, i in zip(letters, order))
            likely = asked.first_token(video_id, question.replace("{choices}", lines))
            for letter, i in zip(letters, order):
                ids.setdefault(letter, asked.tokens([letter]))
                total[i] += np.logaddexp.reduce(likely[ids[letter]])
        return total / number

    return scorer


def evaluate_lists(scorer, negatives, captions, run="name", progress=True):
    """The ranks table of a scorer of lists, ``scorer(video_id, sentences)`` -> scores [n]; otherwise as
    posrank.evaluate. Sentences come in the order of their hashes. ValueError for NaN or a wrong number of scores."""
    from tqdm.auto import tqdm

    own = captions.drop_duplicates("caption_id").set_index("caption_id")[["video_id", "caption"]]
    groups, rows = negatives.groupby(["caption_id", "part"], sort=False)["sentence"], []
    for (caption_id, part), sentences in tqdm(groups, desc=f"score {run}", unit="list", disable=not progress):
        if caption_id not in own.index:
            raise ValueError(f"negatives: caption {caption_id!r} is not in the captions table")
        video, caption = own.loc[caption_id]
        texts = sorted({caption, *sentences}, key=lambda text: _mark(0, video, text))
        scores = np.asarray(scorer(video, texts), dtype=np.float64)
        if scores.shape != (len(texts),) or np.isnan(scores).any():
            raise ValueError(f"run {run!r}, caption {caption_id!r}: the scorer returned NaN, or shape "
                             f"{list(scores.shape)} for {len(texts)} sentences")
        score = dict(zip(texts, scores))
        better = sum(score[text] > score[caption] for text in sentences)
        equal = sum(score[text] == score[caption] for text in sentences)
        rows.append((run, caption_id, video, part, int(better), int(equal), len(sentences)))
    table = pd.DataFrame(rows, columns=["run", "caption_id", "video_id", "part", "better", "equal", "negatives"])
    values = reciprocal_from_counts(table["better"].to_numpy(), table["equal"].to_numpy())
    return validate(table.assign(reciprocal_rank=values), "ranks")


class _Asked:
    """A model that is asked about a video: log-probabilities of the first token of its answer."""

    def __init__(self, model, processor, frames, shown, device, download):
        if isinstance(model, str) or hasattr(model, "__fspath__"):
            model, processor = load(model, _KIND, download)
        if shown not in SHOWN:
            raise ValueError(unknown("shown", shown, SHOWN))
        if not hasattr(processor, "tokenizer"):
            raise ValueError(f"processor: a {type(processor).__name__} has no tokenizer; give the model's processor")
        self.model, self.processor, self.frames, self.shown = model.to(device).eval(), processor, frames, shown

    def tokens(self, words):
        """Ids of words that are one token, with and without a space before; ValueError where none is."""
        found = [self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
                 for word in words for text in (word, f" {word}")]
        unknown_id = self.processor.tokenizer.unk_token_id
        single = sorted({ids[-1] for ids in found if len(ids) == 1 and ids[0] != unknown_id})
        if not single:
            raise ValueError(f"the tokenizer has no single token for {words[0]!r}: its answers cannot be read")
        return single

    def first_token(self, video_id, text):
        """Log-probabilities of the first token of the answer -> float64 [vocabulary]."""
        import torch

        frames = seen(self.frames, video_id)
        content = [{"type": "video"}] if self.shown == "video" else [{"type": "image"}] * len(frames)
        message = [{"role": "user", "content": [*content, {"type": "text", "text": text}]}]
        prompt = self.processor.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
        pictures = {"videos": [frames]} if self.shown == "video" else {"images": [list(frames)]}
        inputs = self.processor(text=[prompt], return_tensors="pt", **pictures)
        with torch.inference_mode():
            logits = self.model(**inputs.to(self.model.device)).logits[0, -1].double()
        return torch.log_softmax(logits, -1).cpu().numpy()


def _mark(n, video_id, sentence):
    return blake2b(f"{n}\x1f{video_id}\x1f{sentence}".encode(), digest_size=8).hexdigest()
