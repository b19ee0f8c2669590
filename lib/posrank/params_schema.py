"""What params.yaml may hold: the one table of keys, types and ranges.

A section is a dict of keys to rules (or sections). A rule says in words what it wants (`wants`), tells whether a value
fits (`fits`), and names the values it knows (`known`), for "did you mean" messages. Values are not here: they stand in
params.yaml alone. `posrank.params` reads the file and applies this table.
"""

import math
import re
from dataclasses import dataclass

from posrank import PARTS

DATASETS = ("world", "msrvtt", "vatex", "vln_uvo", "vln_oops", "youcook2", "didemo", "activitynet", "msvd", "tgif", "csv")
SYSTEMS = ("clip", "frozen", "xclip", "ts2net", "ucofia")
STRATEGIES = ("zeroshot", "coarse", "word", "phrase", "prompt")
RULES = ("paper", "released")
LEVELS = ("word", "phrase")


@dataclass(frozen=True)
class Number:
    """A number in [low, high]; `whole` asks for an integer, `above` excludes low, `optional` allows null."""

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    above: bool = False
    optional: bool = False
    known = ()

    @property
    def wants(self):
        kind = "a whole number" if self.whole else "a number"
        low = "" if self.low == -math.inf else f" {'above' if self.above else 'of at least'} {self.low:g}"
        high = "" if self.high == math.inf else f"{' and' if low else ''} at most {self.high:g}"
        return kind + low + high + (", or null" if self.optional else "")

    def fits(self, value):
        if value is None:
            return self.optional
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        if self.whole and not isinstance(value, int):
            return False
        return (value > self.low if self.above else value >= self.low) and value <= self.high


@dataclass(frozen=True)
class OneOf:
    """One of the known words."""

    known: tuple

    @property
    def wants(self):
        return "one of " + ", ".join(self.known)

    def fits(self, value):
        return isinstance(value, str) and value in self.known


@dataclass(frozen=True)
class Text:
    """Any text that is not empty."""

    wants: str = "a text"
    known = ()

    def fits(self, value):
        return isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True)
class Pattern:
    """Text of a certain form."""

    form: str
    wants: str
    known = ()

    def fits(self, value):
        return isinstance(value, str) and re.fullmatch(self.form, value) is not None


@dataclass(frozen=True)
class Flag:
    """true or false."""

    wants = "true or false"
    known = ()

    def fits(self, value):
        return isinstance(value, bool)


@dataclass(frozen=True)
class Several:
    """A list without repetitions, each item of which fits `item`; `empty` allows []."""

    item: object
    empty: bool = False

    @property
    def known(self):
        return self.item.known

    @property
    def wants(self):
        return f"a list, each {self.item.wants}" if self.empty else f"a list of one or more, each {self.item.wants}"

    def fits(self, value):
        if not isinstance(value, list) or (not value and not self.empty):
            return False
        return all(self.item.fits(item) for item in value) and len(set(value)) == len(value)


@dataclass(frozen=True)
class AnyOf:
    """What fits one of several rules (none of them a mapping)."""

    rules: tuple

    @property
    def known(self):
        return sum((rule.known for rule in self.rules), ())

    @property
    def wants(self):
        return ", or ".join(rule.wants for rule in self.rules)

    def fits(self, value):
        return any(rule.fits(value) for rule in self.rules)


@dataclass(frozen=True)
class Part:
    """A section of which any part may be given: what overrides, not what defines."""

    section: dict
    wants = "a mapping"
    known = ()


@dataclass(frozen=True)
class Table:
    """A mapping from the known `keys` (any, where there are none) to what `value` asks for; `complete`: all of them."""

    value: object
    keys: tuple = ()
    complete: bool = False
    known = ()

    @property
    def wants(self):
        return "a mapping" + (f" of {', '.join(self.keys)}" if self.keys else "")


@dataclass(frozen=True)
class Either:
    """What fits the first rule, or the mapping `table`."""

    rule: object
    table: Table
    known = ()

    @property
    def wants(self):
        return f"{self.rule.wants}, or {self.table.wants}"


count = Number(low=1, whole=True)
seed = Number(low=0, high=2**31 - 1, whole=True)
run_name = Pattern(rf"({'|'.join(SYSTEMS)})-({'|'.join(STRATEGIES)})-\d+", "a run, as in xclip-word-0")
negatives_count = Either(count, Table(count, keys=PARTS, complete=True))

# what may differ between systems: the knobs of one run
RUN = {
    "backbone": Text("world, or an open_clip model such as openai/ViT-B-32"),
    "num_frames": Number(low=1, whole=True, optional=True),
    "max_words": Number(low=3, whole=True),
    "prompts": count,
    "rule": OneOf(RULES),
    "holdout": Number(low=0, high=1),
    "video": OneOf(("own", "constant")),
    "n": count,
    "n_per": OneOf(("part", "caption")),
    "lambda": Number(low=0),
    "coarse_reduce": OneOf(("mean", "sum")),
    "fine_form": OneOf(("inside", "printed")),
    "as_released": Flag(),
    "steps": Number(low=1, whole=True, optional=True),
    "epochs": Number(low=0, above=True, optional=True),
    "batch": Number(low=2, whole=True),
    "optimizer": OneOf(("adamw", "bertadam")),
    "lr": Number(low=0, above=True),
    "clip_lr": Number(low=0),
    "prompt_lr": Number(low=0, above=True),
    "frozen": AnyOf((OneOf(("released",)), Several(Text("a pattern of names"), empty=True))),
    "weight_decay": Number(low=0),
    "warmup": Number(low=0, high=1),
    "schedule": OneOf(("cosine", "constant")),
    "clip_norm": Number(low=0, above=True, optional=True),
    "precision": OneOf(("auto", "fp32", "bf16")),
    "checkpoint_every": count,
}

SECTIONS = {
    "datasets": Several(OneOf(DATASETS)),
    "variants": Table(Text(), keys=DATASETS),
    "processes": AnyOf((count, OneOf(("auto",)))),
    "world": {
        "seed": seed,
        "train": Number(low=2, whole=True),
        "val": Number(low=2, whole=True),
        "test": Number(low=2, whole=True),
        "frames": Number(low=2, whole=True),
        "fps": count,
        "size": Number(low=16, high=1024, whole=True),
        "captions": OneOf(("balanced", "skewed")),
    },
    "pretrain": {
        "seed": seed,
        "groups": count,
        "group_size": Number(low=2, whole=True),
        "phases": Table({"cycle": count, "steps": count, "frames": count, "groups": Table(count)}),
        "lr": Number(low=0, above=True),
        "weight_decay": Number(low=0),
        "max_words": Number(low=3, whole=True),
    },
    "pretrain_frozen": {
        "seed": seed,
        "distil_steps": count,
        "distil_batch": count,
        "distil_lr": Number(low=0, above=True),
        "steps": count,
        "batch": Table(count),
        "lr": Number(low=0, above=True),
        "weight_decay": Number(low=0),
    },
    "language": {
        "tagger": Text("en_core_web_sm, or the name or folder of a spaCy pipeline"),
        "lexicon": OneOf(("builtin", "nltk")),
        "world_tags": OneOf(("gold", "tagger")),
    },
    "negatives": {
        "rules": Several(OneOf(RULES)),
        "level": OneOf(LEVELS),
        "k": negatives_count,
        "splits": Several(OneOf(("train", "val", "test"))),
        "seed": seed,
    },
    "frames": {
        "num_frames": count,
        "size": Number(low=16, high=1024, whole=True),
        "sampling": OneOf(("uniform", "released", "segments")),
    },
    "train": {
        "dataset": OneOf(DATASETS),
        "systems": Several(OneOf(SYSTEMS), empty=True),
        "strategies": Several(OneOf(STRATEGIES)),
        "seeds": Several(seed),
        **RUN,
        "by_system": Table(Part(RUN), keys=SYSTEMS, complete=True),
    },
    "evaluate": {
        "split": OneOf(("train", "val", "test")),
        "rules": Several(OneOf(RULES)),
        "recall": OneOf(("clip4clip", "frozen")),
        "sinkhorn": Number(low=0, whole=True),
        "controls": Several(OneOf(("shuffled", "blank", "one_frame", "reversed")), empty=True),
        "positives": Number(low=0, whole=True),
        "blind": Several(OneOf(("unigram", "bigram", "trigram", "4-gram", "5-gram")), empty=True),
        "batch": count,
        "bootstrap": Number(low=100, whole=True),
        "seed": seed,
    },
    "sweeps": {
        "run": run_name,
        "lambda": Several(Number(low=0)),
        "n": Several(count),
        "constant": Several(run_name),
        "rule": Several(OneOf(RULES)),
        "holdout": Number(low=0, above=True, high=0.9),
    },
}
"""Section -> key -> rule. Every key must be in params.yaml."""

SCHEMA = {
    **SECTIONS,
    "presets": Table(Part(SECTIONS)),
    "paper": {
        "common": Part(SECTIONS),
        "systems": Table(Part(SECTIONS), keys=SYSTEMS),
        "datasets": Table(Part(SECTIONS), keys=DATASETS),
    },
}
"""The whole file: the sections, and presets that override parts of them."""
