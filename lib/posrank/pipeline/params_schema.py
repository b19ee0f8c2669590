"""What params.yaml may hold: one pydantic model a section, each key declared once with its type and range.

Values are not here: they stand in params.yaml alone. A key is added or removed by one line of its section. Types are
strict: neither a text nor true is a number. `posrank.pipeline.params` reads the file, applies `File`, and words its
errors from the JSON schema that pydantic makes of it: a description is given only where type and range do not say what
is wanted.
"""

import copy
import functools
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from posrank import PARTS

DATASETS = ("world", "msrvtt", "vatex", "vln_uvo", "vln_oops", "youcook2", "didemo", "activitynet", "msvd", "tgif",
            "csv")
SYSTEMS = ("clip", "frozen", "xclip", "ts2net", "ucofia")
STRATEGIES = ("zeroshot", "coarse", "word", "phrase", "prompt")

MOST = 10**9
"""No number of params.yaml is larger."""
T = TypeVar("T")


def _distinct(values):
    if len(set(values)) < len(values):
        raise ValueError("an item stands twice")
    return values


def check_preset_name(name):
    """`name` itself where it can name a preset, and so a folder: no slash, no dot, not empty. ValueError where not."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", name):
        rule = "use at most 100 of a-z, 0-9, - and _, the first a letter or digit"
        raise ValueError(f"{repr(name)[:200]} is no name for a preset: {rule}")
    return name


Count = Annotated[int, Field(ge=1, le=MOST)]
TwoOrMore = Annotated[int, Field(ge=2, le=MOST)]
Whole = Annotated[int, Field(ge=0, le=MOST)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Words = Annotated[int, Field(ge=3, le=MOST)]
Pixels = Annotated[int, Field(ge=16, le=1024)]
Number = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=MOST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
SomeOf = Annotated[list[T], AfterValidator(_distinct)]
Several = Annotated[SomeOf[T], Field(min_length=1)]

Dataset = Literal[DATASETS]
System = Literal[SYSTEMS]
Strategy = Literal[STRATEGIES]
Split = Literal["train", "val", "test"]
Rule = Literal["paper", "released", "exchange"]
RUN_NAME = f"^({'|'.join(SYSTEMS)})-({'|'.join(STRATEGIES)})-(0|[1-9][0-9]{{0,9}})$"
RunName = Annotated[str, Field(pattern=RUN_NAME, description="a run, as in xclip-word-0")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


@functools.cache
def partial(model):
    """The model of what may be laid over a section: every key may be left out, and what is given must fit."""
    fields = {}
    for name, field in model.model_fields.items():
        field, kind = copy.copy(field), field.annotation
        field.default = None
        fields[name] = (partial(kind) if isinstance(kind, type) and issubclass(kind, Section) else kind, field)
    return create_model(f"Partial{model.__name__}", __base__=Section, **fields)


class World(Section):
    seed: Seed
    train: TwoOrMore
    val: TwoOrMore
    test: TwoOrMore
    groups: Whole
    train_groups: Whole
    frames: TwoOrMore
    fps: Count
    size: Annotated[Pixels, Field(multiple_of=2)]  # H.264 with 4:2:0 colours has no odd sizes
    captions: Literal["balanced", "natural"]


class Stills(Section):
    number: Count
    steps: Count
    batch: TwoOrMore
    lr: Positive


class Clips(Section):
    number: Count
    frames: Count
    weak: Count
    strong: Count
    batch: TwoOrMore
    lr: Positive
    share: Number


class Pretrain(Section):
    seed: Seed
    stills: Stills
    clips: Clips
    weight_decay: Number
    max_words: Words


class PretrainFrozen(Section):
    seed: Seed
    distil_steps: Count
    distil_batch: Count
    distil_lr: Positive
    steps: Count
    batch: TwoOrMore
    lr: Positive
    weight_decay: Number


class Language(Section):
    tagger: Text = Field(description="the name or folder of a spaCy pipeline, such as en_core_web_sm")
    lexicon: Literal["builtin", "nltk"]
    world_tags: Literal["gold", "tagger"]


PerPart = create_model("PerPart", __base__=Section, **dict.fromkeys(PARTS, Count))


class Negatives(Section):
    rules: Several[Rule]
    level: Literal["word", "phrase"]
    k: Count | PerPart
    splits: Several[Split]
    seed: Seed


class Frames(Section):
    num_frames: Count
    size: Pixels
    sampling: Literal["uniform", "released", "segments"]


class Run(Section):
    """What may differ between systems: `train.by_system` holds parts of it."""

    backbone: Text = Field(description="world, an open_clip model such as openai/ViT-B-32, or a local file")
    num_frames: Count | None
    max_words: Words
    prompts: Count
    rule: Rule
    holdout: Share
    video: Literal["own", "constant", "text"]
    n: Count
    n_per: Literal["part", "caption"]
    lambda_: Number = Field(alias="lambda")
    coarse_reduce: Literal["mean", "sum"]
    fine_form: Literal["inside", "printed"]
    as_released: bool
    steps: Count | None
    epochs: Count | None
    batch: TwoOrMore
    optimizer: Literal["adamw", "bertadam"]
    lr: Positive
    clip_lr: Number
    prompt_lr: Positive
    frozen: Literal["released", "stem"] | SomeOf[Text]
    weight_decay: Number
    warmup: Share
    schedule: Literal["cosine", "constant"]
    clip_norm: Positive | None
    precision: Literal["auto", "fp32", "bf16"]
    checkpoint_every: Count


class Train(Run):
    dataset: Dataset
    systems: SomeOf[System]
    strategies: Several[Strategy]
    seeds: Several[Seed]
    by_system: create_model("BySystem", __base__=Section, **dict.fromkeys(SYSTEMS, partial(Run)))


class Evaluate(Section):
    split: Split
    rules: Several[Rule]
    recall: Literal["clip4clip", "frozen"]
    sinkhorn: Whole
    controls: SomeOf[Literal["shuffled", "blank", "one_frame", "reversed"]]
    positives: Whole
    blind: SomeOf[Literal["unigram", "bigram", "trigram", "4-gram", "5-gram"]]
    learned_judge: Annotated[int, Field(ge=0, le=100)]
    pretrained: Text | None
    batch: Count
    bootstrap: Annotated[int, Field(ge=100, le=MOST)]
    seed: Seed


class Sweep(Section):
    runs: Several[RunName]
    change: dict[str, Any]  # checked with the parameters that it makes


class Sections(Section):
    datasets: Several[Dataset]
    variants: dict[Dataset, Text]
    processes: Count | Literal["auto"]
    world: World
    pretrain: Pretrain
    pretrain_frozen: PretrainFrozen
    language: Language
    negatives: Negatives
    frames: Frames
    train: Train
    evaluate: Evaluate
    sweeps: dict[str, Sweep]


Override = partial(Sections)


class Paper(Section):
    common: Override
    systems: dict[System, Override]
    datasets: dict[Dataset, Override]


class File(Sections):
    """The whole file: the sections, and presets that override parts of them."""

    presets: dict[Annotated[str, AfterValidator(check_preset_name)], Override]
    paper: Paper
