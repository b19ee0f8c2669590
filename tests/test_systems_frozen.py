"""Frozen: equal to the official code, its frames, its text tower, its backbones and its checkpoints."""

import argparse
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support_systems import assert_gradients, assert_near, clips, golden, sentences, small_clip, weights

from posrank import systems
from posrank.systems import load_official
from posrank.systems.frozen import TEMPERATURE
from posrank.towers.distilbert import WordPiece, encode_sentences, real_tokens
from posrank.towers.frozen import build_frozen, load_frozen
from posrank.towers.spacetime import SpaceTimeTransformer
from posrank.training import coarse_loss

CASES = {"frozen_a": (4, 4), "frozen_b_fewer_frames": (3, 2)}
WORDS = ["a", "red", "blue", "ball", "star", "spins", "rocks"]


def config(**changes):
    return dict(
        video=dict(image_size=16, patch_size=8, width=32, layers=2, heads=2, num_frames=4),
        text=dict(dim=24, n_layers=2, n_heads=2, hidden_dim=48, max_position_embeddings=16, vocab_size=50),
        projection=20, image_mean=[0.5] * 3, image_std=[0.5] * 3, **changes,
    )  # fmt: skip


def make(prompts=0, seed=0, num_frames=4, **options):
    torch.manual_seed(seed)
    backbone = build_frozen(config(words=options.pop("words", None)))
    backbone.new_time = options.pop("new_time", False)
    system = systems.build("frozen", backbone=backbone, num_frames=num_frames, max_words=12, prompts=prompts, **options)
    for parameter in system.parameters():  # biases start at 0 and norms at 1: nothing may be trivial here
        parameter.data += 0.1 * torch.randn_like(parameter)
    return system.eval()


def rows(lengths, columns=12):
    """Rows of ids without a largest EOT, zeros behind, and their mask."""
    ids = torch.randint(1, 50, (len(lengths), columns), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(columns) < torch.tensor(lengths)[:, None]
    return ids * mask, mask


@pytest.mark.parametrize("name", CASES)
def test_outputs_loss_and_gradients_are_the_official_ones(name):
    tensors, _ = golden(name)
    heads, text_heads = CASES[name]
    system = load_official("frozen", weights(tensors), as_released=True, heads=heads, text_heads=text_heads)
    ids, mask, video = (tensors[f"in/{key}"] for key in ("input_ids", "attention_mask", "video"))
    assert_near(system.encode_text(ids, mask).sentence, tensors["out/text_embed"])
    assert_near(system.encode_video(video).frames[:, 0], tensors["out/video_embed"])
    similarity = system.similarity(ids, video, attention_mask=mask)
    assert_near(similarity, tensors["out/sim"] / TEMPERATURE)
    loss = coarse_loss(similarity, "sum")
    assert_near(loss, tensors["train/loss"])
    loss.backward()
    assert_gradients(system, tensors)
    clean = load_official("frozen", weights(tensors), heads=heads, text_heads=text_heads)
    torch.testing.assert_close(clean.similarity(ids, video, attention_mask=mask), similarity)


def test_attention_is_divided_as_written():
    """Against a plain loop over queries: CLS and prompts see everything, a patch its group and the special tokens."""
    torch.manual_seed(0)
    tower = SpaceTimeTransformer(16, 8, 16, 1, 2, 3)
    attention, (special, frames, places) = tower.blocks[0].attn, (3, 3, 4)
    x = torch.randn(2, special + frames * places, 16)
    query, key, value = (part.unflatten(-1, (2, 8)) for part in attention.qkv(x).chunk(3, -1))
    for over in ("time", "space"):
        expected = torch.zeros(2, x.shape[1], 2, 8)
        for token in range(x.shape[1]):
            seen = list(range(x.shape[1]))
            if token >= special:
                frame, place = divmod(token - special, places)
                mine = [(f, place) for f in range(frames)] if over == "time" else [(frame, p) for p in range(places)]
                seen = [*range(special), *(special + f * places + p for f, p in mine)]
            logits = torch.einsum("vhd,vshd->vhs", query[:, token], key[:, seen]) / 8**0.5
            expected[:, token] = torch.einsum("vhs,vshd->vhd", logits.softmax(-1), value[:, seen])
        ours = attention(x, special, frames, over)
        torch.testing.assert_close(ours, attention.proj(expected.flatten(2)), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(attention(x, special, frames, over, patches=False), ours[:, :special], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("prompts", [0, 2])
def test_missing_frames_are_masked_unless_as_released(prompts):
    clean, released = make(prompts), make(prompts, as_released=True)
    released.load_state_dict(clean.state_dict())
    (ids, _), (video, mask) = rows([3, 7]), clips([4, 2, 1], 4)
    ours, theirs = clean.similarity(ids, video, mask), released.similarity(ids, video, mask)
    torch.testing.assert_close(ours[:, 0], theirs[:, 0])  # no padding: both agree
    assert (ours[:, 1:] - theirs[:, 1:]).abs().max() > 1e-3
    for i, real in enumerate([4, 2, 1]):
        torch.testing.assert_close(clean.similarity(ids, video[i : i + 1, :real])[:, 0], ours[:, i], atol=1e-5, rtol=1e-5)
    nothing = clean.similarity(ids, video[:1], torch.zeros(1, 4))
    assert nothing.isfinite().all()


def test_a_prompt_changes_cls_and_without_it_the_system_is_as_before():
    prompted, plain = make(prompts=2), make()
    plain.load_state_dict({k: v for k, v in prompted.state_dict().items() if "vpt" not in k})
    video, _ = clips([4], 4)
    torch.testing.assert_close(prompted.video_model(video, prompts=False), plain.video_model(video))
    assert (prompted.video_model(video)[:, 0] - plain.video_model(video)[:, 0]).abs().max() > 1e-4


def test_text_is_masked_by_the_given_mask_or_by_padding():
    system = make()
    ids, mask = rows([3, 12, 5, 1, 7])
    features = system.encode_text(ids).sentence
    torch.testing.assert_close(system.encode_text(ids, mask.long()).sentence, features)
    dirty = torch.where(mask, ids, 7)
    torch.testing.assert_close(system.encode_text(dirty, mask).sentence, features)
    for row, length in enumerate([3, 12, 5, 1, 7]):
        torch.testing.assert_close(system.encode_text(ids[row : row + 1, :length]).sentence[0], features[row], atol=1e-5, rtol=1e-5)
    holes = mask.clone()
    holes[1, 4] = False
    whole = system.text_model(input_ids=ids, attention_mask=holes.long()).last_hidden_state[:, 0]
    torch.testing.assert_close(encode_sentences(system.text_model, ids, holes), whole, atol=1e-5, rtol=1e-5)
    assert real_tokens(torch.tensor([[0, 0], [5, 0]])).tolist() == [[True, False], [True, False]]
    assert system.encode_text(ids[:0]).sentence.shape == (0, 20)
    with pytest.raises(ValueError, match="max_words=12"):
        system.encode_text(rows([14], 14)[0])
    with pytest.raises(ValueError, match="attention_mask"):
        system.encode_text(ids, mask[:2])


def test_a_frame_of_each_segment():
    system = make(num_frames=2)
    frames = np.arange(6, dtype=np.uint8)[None, :, None, None, None] * np.ones((3, 6, 16, 16, 3), np.uint8)

    def shown(read):
        video, mask = system.prepare(frames, read)
        values = (video[:, :, 0, 0, 0] * 0.5 + 0.5) * 255
        return [[round(float(v)) for v, m in zip(row, real) if m] for row, real in zip(values, mask)]

    assert shown(None) == [[1, 4]] * 3  # the middles of 0..2 and 3..5
    assert shown([6, 1, 4]) == [[1, 4], [0], [0, 2]]
    system.train()
    torch.manual_seed(0)
    drawn = {tuple(row) for _ in range(60) for row in shown([6, 6, 6])}
    assert drawn == {(a, b) for a in (0, 1, 2) for b in (3, 4, 5)}


def test_one_frame_of_an_inflated_clip_is_the_clip():
    model = small_clip()
    frozen = systems.build("frozen", backbone=model, num_frames=3, max_words=12).eval()
    clip = systems.build("clip", backbone=model, num_frames=3, max_words=12).eval()
    ids, (video, _) = sentences([3, 9], 12), clips([1, 1], 1)
    cosine = clip.similarity(ids, video) / clip.clip.logit_scale.exp()
    torch.testing.assert_close(frozen.similarity(ids, video) * TEMPERATURE, cosine, atol=1e-5, rtol=1e-5)


def test_the_released_start_of_the_temporal_attention_never_leaves_the_mean():
    (ids, _), (video, _) = rows([3, 7, 5]), clips([4, 4, 4], 4)
    for released in (True, False):
        torch.manual_seed(0)
        system = systems.build("frozen", backbone=build_frozen(config()), num_frames=4, max_words=12, as_released=released).train()
        optimizer = torch.optim.AdamW(system.parameters(), lr=1e-2)
        for _ in range(4):
            optimizer.zero_grad()
            coarse_loss(system.similarity(ids, video), "sum").backward()
            optimizer.step()
        query, key, value = system.video_model.blocks[0].timeattn.qkv.weight.chunk(3)
        assert (query.abs().max() == 0 and key.abs().max() == 0) == released
        assert torch.allclose(value, value[:1].expand_as(value)) == released


def test_prompts_and_positions_follow_the_settings():
    system = make(prompts=3, num_frames=6)
    assert dict(system.named_parameters())["video_model.vpt_embedding"].shape == (3, 32)
    assert system.video_model.temporal_embed.shape == (1, 6, 32)
    fresh = systems.build("frozen", backbone=build_frozen(config()), num_frames=2, max_words=12)
    assert fresh.video_model.temporal_embed.shape == (1, 2, 32)
    with pytest.raises(ValueError, match="16 positions"):
        systems.build("frozen", backbone=config(), num_frames=2, max_words=17)
    with pytest.raises(ValueError, match="time_start"):
        systems.build("frozen", backbone=config(), num_frames=2, max_words=12, temporal_start="zero")


def test_official_files(tmp_path):
    original = make(prompts=0)
    state = {f"module.{k}": v.half() for k, v in original.state_dict().items()}
    state["module.text_model.embeddings.position_ids"] = torch.arange(16)[None]
    path = tmp_path / "frozen.pth.tar"
    torch.save({"state_dict": state, "epoch": 3}, path)
    system = load_official("frozen", path, heads=2, text_heads=2)
    assert system.dropped == ("text_model.embeddings.position_ids",) and system.num_frames == 4 and system.max_words == 16
    assert {p.dtype for p in system.parameters()} == {torch.float32}
    (ids, _), (video, mask) = rows([3, 7]), clips([4, 2], 4)
    torch.testing.assert_close(system.similarity(ids, video, mask), original.similarity(ids, video, mask), atol=0.05, rtol=0.01)
    longer = load_official("frozen", path, heads=2, text_heads=2, num_frames=6)
    assert not longer.video_model.temporal_embed[:, 4:].any()
    # the official files hold their ConfigParser too
    torch.save({"state_dict": state, "config": argparse.Namespace(lr=1)}, path)
    with pytest.raises(ValueError, match="convert it once"):
        load_official("frozen", path, heads=2, text_heads=2)
    with pytest.raises(ValueError, match="heads="):
        load_official("frozen", {k.removeprefix("module."): v for k, v in state.items()})
    with pytest.raises(ValueError, match=r"video_model\.pos_embed"):
        load_official("frozen", {"a": torch.ones(1)})
    with pytest.raises(ValueError, match="unknown: blue"):
        load_official("frozen", original.state_dict() | {"blue": torch.ones(1)}, heads=2, text_heads=2)


def test_prompts_are_read_from_the_keys():
    original = make(prompts=2)
    system = load_official("frozen", original.state_dict(), heads=2, text_heads=2)
    (ids, _), (video, mask) = rows([3, 7]), clips([4, 2], 4)
    for branch in systems.BRANCHES:
        torch.testing.assert_close(
            system.similarity(ids, video, mask, branch=branch), original.similarity(ids, video, mask, branch=branch)
        )


def test_word_pieces_from_a_local_vocabulary(tmp_path):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog", "run", "##s"]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces) + "\n")
    tokenizer = WordPiece(tmp_path / "vocab.txt")
    assert tokenizer(["A dog runs", "a"], 12).tolist() == [[2, 5, 6, 7, 8, 3], [2, 5, 3, 0, 0, 0]]
    assert tokenizer("a dog runs", 4).tolist() == [[2, 5, 6, 3]]
    system = systems.build("frozen", backbone=config(tokenizer=str(tmp_path / "vocab.txt")), num_frames=2, max_words=12)
    assert system.encode_text(system.tokenize(["a dog runs"])).sentence.shape == (1, 20)
    with pytest.raises(ValueError, match=r"vocab\.txt"):
        WordPiece(str(tmp_path / "nothing"))(["a"])


def test_a_closed_vocabulary_trains_in_the_pipeline_and_what_names_a_backbone(tmp_path):
    backbone = load_frozen(config(words=WORDS))
    system = systems.build("frozen", backbone=backbone, num_frames=2, max_words=8)
    assert system.tokenize(["a red ball"]).shape == (1, 8)
    for wrong, words in (("a+b", "timm"), ({"text": {}}, "video"), ("no such model", "open_clip")):
        with pytest.raises(ValueError, match=words):
            load_frozen(wrong)


def test_attention_maps_of_frozen():
    from posrank.towers.attention import attention_maps

    maps = attention_maps(make(prompts=2), clips([4, 4], 4)[0])
    assert {name: values.shape for name, values in maps.items()} == {"CLS": (2, 4, 2, 2), "prompt": (2, 4, 2, 2)}
    assert all((values.sum((1, 2, 3)) < 1).all() and (values > 0).all() for values in maps.values())


def test_what_is_wrong_with_a_folder_is_named(tmp_path):
    weights = tmp_path / "weights.safetensors"
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="holds no weights"):
        load_frozen(tmp_path)
    weights.write_bytes(b"x")
    with pytest.raises(ValueError, match=r"cannot be read .*make the folder again"):
        load_frozen(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config()))
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        load_frozen(tmp_path)
    save_file({"video_model.cls_token": torch.zeros(1, 1, 5)}, weights)
    with pytest.raises(ValueError, match=r"beside its .* does not fit"):
        load_frozen(tmp_path)
