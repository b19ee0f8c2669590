"""Systems against the outputs, losses and gradients of their official code."""

import pytest
import torch
from support_systems import assert_gradients, assert_near, golden, inputs, weights

from posrank.systems import load_official
from posrank.training import coarse_loss, fine_loss


@pytest.mark.parametrize("name", ["xclip_a", "xclip_d_meanP"])
@pytest.mark.parametrize("training", [False, True])
def test_xclip_outputs(name, training):
    tensors, _ = golden(name)
    system = load_official("xclip", weights(tensors), as_released=True).train(training)
    ids, video, mask = inputs(tensors)
    text, features = system.encode_text(ids), system.encode_video(video, mask)
    assert_near(text.sentence[:, None], tensors["out/sentence"])
    assert_near(text.words, tensors["out/words"])
    assert_near(features.frames, tensors["out/frames"])
    assert_near(features.after, tensors["out/visual_after_temporal"])
    assert_near(system.score(text, features), tensors["out/sim"])
    assert_near(system.similarity(ids, video, mask), tensors["out/sim"])


@pytest.mark.parametrize("name", ["xclip_a", "xclip_d_meanP"])
def test_xclip_terms(name):
    tensors, _ = golden(name)
    system = load_official("xclip", weights(tensors), as_released=True)
    ids, video, mask = inputs(tensors)
    terms = system.terms(system.encode_text(ids), system.encode_video(video, mask))
    for term, scores in terms.items():
        assert_near(scores, tensors[f"out/{term}"])


@pytest.mark.parametrize("name", ["xclip_a", "xclip_d_meanP"])
def test_xclip_loss_and_gradients(name):
    tensors, facts = golden(name)
    system = load_official("xclip", weights(tensors), as_released=True).train()
    batch = facts["train_batch"]
    ids, video, mask = (x[:batch] for x in inputs(tensors))
    loss = coarse_loss(system.similarity(ids, video, mask))
    assert_near(loss, tensors["train/loss"])
    loss.backward()
    assert_gradients(system, tensors)


def test_prompted_xclip_outputs():
    tensors, _ = golden("fgn_vpt_word")
    system = load_official("xclip", weights(tensors), as_released=True)
    ids, video, mask = inputs(tensors)
    for branch, key in (("coarse", "coarse_sim"), ("fine", "fine_sim"), ("released_test", "official_test_sim")):
        assert_near(system.similarity(ids, video, mask, branch=branch), tensors[f"out/{key}"])
    fine = system.encode_video(video, mask, "fine")
    assert_near(fine.frames, tensors["out/prompt_after_temporal"])
    assert_near(system.encode_video(video, mask, "released_test").frames, tensors["out/prompt"])
    terms = system.terms(system.encode_text(ids), fine)
    for ours, key in (
        ("video_sentence", "vp_sentence"),
        ("video_word", "vp_word"),
        ("sentence_frame", "sentence_vpframe"),
        ("frame_word", "vpframe_word"),
    ):
        assert_near(terms[ours], tensors[f"out/{key}"])


def test_prompted_xclip_losses_and_gradients():
    tensors, _ = golden("fgn_vpt_word")
    system = load_official("xclip", weights(tensors), as_released=True).train()
    ids, video, mask = inputs(tensors)
    features = system.encode_branches(video, mask)
    coarse = coarse_loss(system.score(system.encode_text(ids), features["coarse"]))
    negatives = tensors["in/word_neg_ids"][:, 0]
    owner = torch.arange(len(negatives)).repeat_interleave(negatives.shape[1])
    scores = system.score_aligned(system.encode_text(negatives.flatten(0, 1)), features["fine"], owner)
    scores = scores.view(negatives.shape[:2])
    assert_near(scores, tensors["train/neg_sim"])
    loss = coarse + 0.2 * fine_loss(scores)
    assert_near(loss, tensors["train/loss"])
    loss.backward()
    assert_gradients(system, tensors)
