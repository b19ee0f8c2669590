"""Adapters: tiny random models of the transformers library, mteb's protocol, video language models; all offline."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPImageProcessor, PreTrainedTokenizerFast

import posrank
from posrank.scoring.adapters import evaluate_lists, from_mteb, from_transformers, multiple_choice, yes_no
from posrank.scoring.adapters.dual import tokens_of
from posrank.scoring.adapters.mteb_encoder import Clip, loader

WORDS = ["a", "red", "blue", "big", "old", "ball", "box", "car", "moves", "rolls", "slowly", "on", "under", "the", "yes", "no", "Yes", "No", "video", "show", "does", "this", "answer", "or", "which", "sentence", "describes", "letter", "alone", "with", "A", "B", "C", "D", "E", "F", "<image>", "assistant", "user"]
TEXTS = ["a red ball rolls", "a blue box", "the old car moves slowly", "a big ball", "a red ball rolls"]
FRAMES = np.random.default_rng(0).integers(0, 256, (4, 6, 32, 32, 3), dtype=np.uint8)
VIDEOS = {f"v{n}": (clip, 6 - n) for n, clip in enumerate(FRAMES)}


def tokenizer():
    vocabulary = {word: n for n, word in enumerate(["<pad>", "<unk>", "<s>", "</s>", *dict.fromkeys(WORDS)])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit()])
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def processor():
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return SimpleNamespace(tokenizer=tokenizer(), image_processor=images)


def small(kind):
    torch.manual_seed(0)
    text = dict(vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=12,
                bos_token_id=2, eos_token_id=3, pad_token_id=0)
    vision = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16)
    if kind == "xclip":
        vision |= dict(num_frames=4, mit_hidden_size=16, mit_intermediate_size=32, mit_num_attention_heads=2, mit_num_hidden_layers=1)
        config = transformers.XCLIPConfig(text_config=text, vision_config=vision, projection_dim=16, prompt_num_attention_heads=2)
        return transformers.XCLIPModel(config)
    if kind == "siglip":
        return transformers.SiglipModel(transformers.SiglipConfig(text_config=text, vision_config=vision))
    return transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))


def by_hand(model, video_id, text):
    """Cosine of one text and the mean unit vector of the frames read, without the adapter."""
    frames, read = VIDEOS[video_id]
    tools = processor()
    padding = "max_length" if model.config.model_type == "siglip" else False
    tokens = tools.tokenizer([text], padding=padding, max_length=12, truncation=True, return_tensors="pt")
    pixels = tools.image_processor(images=list(frames[:read]), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        spoken = model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).pooler_output
        seen = torch.nn.functional.normalize(model.get_image_features(pixel_values=pixels).pooler_output, dim=-1).mean(0, keepdim=True)
    return float(torch.nn.functional.cosine_similarity(spoken, seen))


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_dual_encoders_give_the_cosine_of_text_and_mean_frame(kind):
    model = small(kind)
    scorer = from_transformers(model, processor(), VIDEOS, batch=2)
    videos = ["v0", "v1", "v0", "v3", "v2"]
    scores = scorer(videos, TEXTS)
    np.testing.assert_allclose(scores, [by_hand(model, *pair) for pair in zip(videos, TEXTS)], atol=1e-5)
    order = [4, 2, 0, 1, 3]
    np.testing.assert_allclose(scorer([videos[n] for n in order], [TEXTS[n] for n in order]), scores[order], atol=1e-6)
    assert scorer([], []).shape == (0,)


def test_xclip_scores_video_by_video_as_its_forward_does():
    model = small("xclip").eval()
    scorer = from_transformers(model, processor(), VIDEOS)
    scores = scorer(["v0", "v1", "v0"], TEXTS[:3])
    tools = processor()
    tokens = tools.tokenizer(["a red ball rolls", "the old car moves slowly"], padding=True, return_tensors="pt")
    pixels = tools.image_processor(images=list(FRAMES[0][[0, 2, 3, 5]]), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        found = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], pixel_values=pixels[None])
    np.testing.assert_allclose(scores[[0, 2]], found.logits_per_video[0].numpy(), atol=1e-4)


def test_a_model_comes_from_a_folder_too(tmp_path):
    model = small("clip")
    model.save_pretrained(tmp_path / "m")
    transformers.CLIPProcessor(processor().image_processor, tokenizer()).save_pretrained(tmp_path / "m")
    scorer = from_transformers(str(tmp_path / "m"), frames=VIDEOS)
    np.testing.assert_allclose(scorer(["v0"], [TEXTS[0]]), [by_hand(model, "v0", TEXTS[0])], atol=1e-5)
    with pytest.raises(ValueError, match=r"cannot be loaded .*; give a name"):
        from_transformers("no/such-model", frames=VIDEOS)


def test_what_is_no_dual_encoder_is_named():
    with pytest.raises(ValueError, match="no get_text_features"):
        from_transformers(torch.nn.Linear(2, 2), processor(), VIDEOS)
    with pytest.raises(ValueError, match="has no image_processor"):
        from_transformers(small("clip"), SimpleNamespace(tokenizer=tokenizer()), VIDEOS)
    with pytest.raises(ValueError, match="no frames for video 'v9'"):
        from_transformers(small("clip"), processor(), VIDEOS)(["v9"], ["a"])
    with pytest.raises(ValueError, match="no frame was read"):
        from_transformers(small("clip"), processor(), {"v0": (FRAMES[0], 0)})(["v0"], ["a"])


def test_texts_are_cut_to_the_model_s_length_and_padded_as_it_was_trained():
    long = " ".join(["red"] * 40)
    clip, siglip = small("clip"), small("siglip")
    assert tokens_of(clip, processor(), [long])["input_ids"].shape == (1, 12)
    assert tokens_of(clip, processor(), ["a ball", "a red ball"])["input_ids"].shape == (2, 3), "to the longest of the batch"
    assert tokens_of(siglip, processor(), ["a ball"])["input_ids"].shape == (1, 12)
    one, same = from_transformers(clip, processor(), VIDEOS)(["v0", "v0"], [long, long + " ball"])
    assert one == same, "what is cut away does not count"


def test_videos_are_encoded_so_many_at_a_time_and_once():
    tools, asked = processor(), []
    inner = tools.image_processor

    def images(images, return_tensors):
        asked.append(len(images))
        return inner(images=images, return_tensors=return_tensors)

    tools.image_processor = images
    scorer = from_transformers(small("clip"), tools, VIDEOS, batch=3)
    scorer(["v3", "v1", "v0", "v2", "v0"], TEXTS)
    assert asked == [6 + 5 + 4, 3], "the frames that were read of v0, v1 and v2, then of v3"
    scorer(["v3", "v0"], TEXTS[:2])
    assert len(asked) == 2


def test_xclip_takes_its_frames_from_first_to_last_of_those_read_and_repeats_where_they_are_few():
    model = small("xclip").eval()
    frames = {"few": (FRAMES[0], 2), "all": FRAMES[1], "twice": FRAMES[0][[0, 0, 1, 1]]}
    scorer = from_transformers(model, processor(), frames)
    scores = scorer(["few", "all", "twice", "few"], [TEXTS[0], TEXTS[0], TEXTS[0], TEXTS[1]])
    assert scores[0] == pytest.approx(scores[2], abs=1e-5) and scores[0] != pytest.approx(scores[1], abs=1e-5)
    assert scores[3] == pytest.approx(scorer(["few"], [TEXTS[1]])[0], abs=1e-4), "each score is at its own place"
    assert scorer([], []).shape == (0,)
    with pytest.raises(ValueError, match="no frame was read"):
        from_transformers(model, processor(), {"v0": (FRAMES[0], 0)})(["v0"], ["a"])


def test_a_model_of_half_precision_is_read_in_full():
    scores = from_transformers(small("clip").half(), processor(), VIDEOS)(["v0"], TEXTS[:1])
    assert scores[0] == pytest.approx(by_hand(small("clip").half().float(), "v0", TEXTS[0]), abs=1e-6)


@pytest.mark.parametrize(("missing", "message"), [
    ("get_text_features", "model: a Part has no get_text_features: it is no dual encoder"),
    ("config", "no get_text_features: it is no dual encoder of the transformers library"),
    ("get_image_features", "model: a Part has neither get_image_features nor get_video_features"),
])
def test_a_model_that_lacks_a_side_is_told(missing, message):
    class Part(torch.nn.Module):
        pass

    part = Part()
    for name in {"get_text_features", "config", "get_image_features"} - {missing}:
        setattr(part, name, None)
    with pytest.raises(ValueError, match=message):
        from_transformers(part, processor(), VIDEOS)


def test_a_loaded_model_needs_its_processor():
    with pytest.raises(ValueError, match="processor: a NoneType has no tokenizer; give the model's processor"):
        from_transformers(small("clip"), None, VIDEOS)


def test_weights_are_read_from_safetensors_alone(tmp_path):
    folder = tmp_path / "m"
    small("clip").save_pretrained(folder)
    transformers.CLIPProcessor(processor().image_processor, tokenizer()).save_pretrained(folder)
    assert from_transformers(folder, frames=VIDEOS)(["v0"], ["a ball"]).shape == (1,)
    torch.save(small("clip").state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"model '.*m' cannot be loaded \(.*\); give a name in the local cache or a folder"):
        from_transformers(folder, frames=VIDEOS)


def sets():
    captions = pd.DataFrame({"caption_id": ["c0", "c1"], "video_id": ["v0", "v1"], "caption": ["a red ball", "a big box"]})
    rows = [("c0", "adj", k, text) for k, text in enumerate(["a blue ball", "a big ball", "a old ball"])]
    rows += [("c1", "noun", k, text) for k, text in enumerate(["a big car", "a big ball"])]
    return captions, pd.DataFrame(rows, columns=["caption_id", "part", "k", "sentence"])


def test_an_adapter_goes_into_evaluate():
    captions, negatives = sets()
    ranks = posrank.evaluate(from_transformers(small("clip"), processor(), VIDEOS), negatives, captions, run="clip", progress=False)
    assert ranks["negatives"].tolist() == [3, 2]


class Talker(torch.nn.Module):
    """A model whose first token depends on words of the prompt and on the first pixel of the video."""

    def __init__(self, likes):
        super().__init__()
        self.likes, self.words, self.prompts = likes, tokenizer(), []
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.device = torch.device("cpu")

    def forward(self, text, pixel):
        self.prompts.append(text)
        logits = torch.zeros(1, 2, len(self.words))
        for word, value in self.likes(text, pixel).items():
            logits[0, -1, self.words.convert_tokens_to_ids(word)] = value
        return SimpleNamespace(logits=logits)


class Inputs(dict):
    def to(self, device):
        return self


class Tools:
    tokenizer = tokenizer()

    def apply_chat_template(self, message, add_generation_prompt, tokenize):
        assert add_generation_prompt and not tokenize
        kinds = [piece["type"] for piece in message[0]["content"]]
        return " ".join(["<" + kind + ">" for kind in kinds[:-1]]) + message[0]["content"][-1]["text"]

    def __call__(self, text, return_tensors, videos=None, images=None):
        (clip,) = videos or images
        assert text[0].count("<video>") == (videos is not None) and text[0].count("<image>") == (0 if videos else len(clip))
        return Inputs(text=text[0], pixel=int(np.asarray(clip[0])[0, 0, 0]))


@pytest.mark.parametrize("shown", ["video", "images"])
def test_yes_no_is_the_log_odds_of_the_first_token(shown):
    model = Talker(lambda text, pixel: {"yes": 2.0 + pixel / 100, "Yes": 1.0} if "red" in text else {"no": 3.0})
    scores = yes_no(model, Tools(), VIDEOS, shown=shown)(["v0", "v1", "v0", "v0"], ["a red ball", "a red ball", "a box", "a red ball"])
    for score, video in zip(scores[:2], ("v0", "v1")):
        first = 2 + VIDEOS[video][0][0, 0, 0, 0] / 100
        expected = np.log(np.exp(first) + np.exp(1)) - np.log(2)
        assert score == pytest.approx(expected, abs=1e-5)
    assert scores[2] == pytest.approx(np.log(2) - np.log(np.exp(3) + 1), abs=1e-5)
    assert scores[3] == scores[0] and len(model.prompts) == 3
    with pytest.raises(ValueError, match="no place for the sentence"):
        yes_no(model, Tools(), VIDEOS, question="yes?")
    with pytest.raises(ValueError, match="did you mean 'images'"):
        yes_no(model, Tools(), VIDEOS, shown="image")


def test_multiple_choice_finds_the_sentence_wherever_it_stands():
    def likes(text, pixel):
        line = next(line for line in text.splitlines() if line.endswith("a red ball") or line.endswith("a big box"))
        return {line[0]: 5.0}

    captions, negatives = sets()
    model = Talker(likes)
    ranks = evaluate_lists(multiple_choice(model, Tools(), VIDEOS), negatives, captions, run="mc", progress=False)
    assert (ranks["reciprocal_rank"] == 1).all() and ranks["negatives"].tolist() == [3, 2]
    first, second = ([line.split(". ")[1] for line in text.splitlines() if line[1:3] == ". "] for text in model.prompts[:2])
    assert first == second[::-1]


def test_a_model_that_always_says_the_same_letter_is_at_chance():
    captions, negatives = sets()
    ranks = evaluate_lists(multiple_choice(Talker(lambda text, pixel: {}), Tools(), VIDEOS), negatives, captions, progress=False)
    assert (ranks["equal"] == ranks["negatives"]).all()
    rng = np.random.default_rng(0)
    many = pd.DataFrame({"caption_id": [f"c{n}" for n in range(400)], "video_id": "v0", "caption": [f"text {rng.integers(1e9)}" for _ in range(400)]})
    lists = many.loc[many.index.repeat(3), ["caption_id"]].assign(part="noun", sentence=[f"text {rng.integers(1e9)}" for _ in range(1200)])
    ranks = evaluate_lists(multiple_choice(Talker(lambda text, pixel: {"A": 9.0}), Tools(), VIDEOS, orders=1), lists, many, progress=False)
    assert abs((ranks["better"] + ranks["equal"] == 0).mean() - 1 / 4) < 0.08


def test_lists_are_checked():
    captions, negatives = sets()
    with pytest.raises(ValueError, match="returned NaN"):
        evaluate_lists(lambda video, texts: [np.nan] * len(texts), negatives, captions, progress=False)
    with pytest.raises(ValueError, match="26 letters"):
        multiple_choice(Talker(lambda text, pixel: {}), Tools(), VIDEOS)("v0", [str(n) for n in range(27)])


def test_a_video_language_model_of_the_library_is_read():
    """A tiny LLaVA of random weights: the adapter's number is that of its logits."""
    torch.manual_seed(0)
    vision = transformers.CLIPVisionConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16)
    text = transformers.LlamaConfig(vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2)
    words = tokenizer()
    image = words.convert_tokens_to_ids("<image>")
    model = transformers.LlavaForConditionalGeneration(transformers.LlavaConfig(vision_config=vision, text_config=text, image_token_index=image, image_seq_length=4))
    words.add_special_tokens({"additional_special_tokens": ["<image>"]})
    tools = transformers.LlavaProcessor(processor().image_processor, words, patch_size=16, vision_feature_select_strategy="default", num_additional_image_tokens=1, image_token="<image>",
                                        chat_template="{% for m in messages %}user {% for c in m['content'] %}{% if c['type'] == 'image' %}<image> {% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endfor %} assistant")
    scores = yes_no(model, tools, {"v0": FRAMES[0][:2]}, question="does this video show {text} yes or no", shown="images")(["v0", "v0"], ["a red ball", "a box"])
    assert np.isfinite(scores).all() and scores[0] != scores[1]


class Encoder:
    """mteb's protocol by hand: means of pixels, lengths of words."""

    def __init__(self, modalities):
        self.mteb_model_meta = SimpleNamespace(modalities=modalities)

    def encode(self, inputs, *, task_metadata, hf_split, hf_subset, prompt_type, **options):
        rows = []
        for batch in inputs:
            if "video" in inputs.dataset.features:
                rows += [clip.get_frames_at(range(clip.metadata.num_frames)).data.float().mean((0, 2, 3)).numpy() for clip in batch["video"]]
            elif "image" in inputs.dataset.features:
                rows += [np.asarray(picture, dtype=np.float32).mean((0, 1)) for picture in batch["image"]]
            else:
                rows += [np.array([len(text), text.count("a"), 1.0]) for text in batch["text"]]
        return np.stack(rows)


def test_mteb_encoders_see_videos_or_frames():
    pytest.importorskip("mteb", reason="mteb is not installed (extra export)")
    videos, texts = ["v0", "v1", "v0"], TEXTS[:3]
    for modality in ("video", "image"):
        scores = from_mteb(Encoder(["text", modality]), VIDEOS)(videos, texts)
        for score, video, text in zip(scores, videos, texts):
            frames, read = VIDEOS[video]
            means = frames[:read].astype(np.float32).mean((1, 2))
            shown = means.mean(0) if modality == "video" else (means / np.linalg.norm(means, axis=1, keepdims=True)).mean(0)
            spoken = np.array([len(text), text.count("a"), 1.0])
            assert score == pytest.approx(shown @ spoken / np.linalg.norm(shown) / np.linalg.norm(spoken), abs=1e-5)
    with pytest.raises(ValueError, match="neither video nor image"):
        from_mteb(Encoder(["text"]), VIDEOS)
    with pytest.raises(ValueError, match="has no encode"):
        from_mteb(object(), VIDEOS)


def test_a_model_of_mteb_itself_is_read():
    mteb = pytest.importorskip("mteb", reason="mteb is not installed (extra export)")
    from mteb.models.modality_collators import FramesCollator

    frames = FramesCollator.resample_video(Clip(FRAMES[0]), num_frames=3)
    np.testing.assert_array_equal(frames.permute(0, 2, 3, 1).numpy(), FRAMES[0][[0, 2, 5]])
    scores = from_mteb(mteb.get_model("mteb/baseline-random-encoder"), VIDEOS, modality="image")(["v0", "v1"], TEXTS[:2])
    assert np.isfinite(scores).all() and (np.abs(scores) <= 1.001).all()


def test_loaders_give_columns():
    batches = list(loader(["a", "b", "c"], "text", 2))
    assert batches == [{"text": ["a", "b"]}, {"text": ["c"]}]


def test_mteb_that_is_missing_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(ValueError, match="mteb cannot be imported"):
        from_mteb(Encoder(["video"]), VIDEOS)
