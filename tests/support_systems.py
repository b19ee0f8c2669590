"""Small systems, inputs and parity goldens for the tests of towers and systems."""

import support_goldens
import torch
from open_clip.model import CLIP
from safetensors.torch import load_file


def golden(name):
    """Tensors and facts of a parity golden."""
    return support_goldens.golden(name, load_file)


def weights(tensors):
    """The official state_dict of a golden."""
    return {key.removeprefix("sd/"): value for key, value in tensors.items() if key.startswith("sd/")}


def inputs(tensors):
    """input_ids [n, L], video [V, F, 3, H, W] and mask [V, F] of a golden."""
    return tensors["in/input_ids"], tensors["in/video"][:, 0, :, 0], tensors["in/video_mask"][:, 0]


def assert_near(ours, reference, share=2e-4):
    """Outputs: 2e-4 of max(1, |reference|)."""
    assert ours.shape == reference.shape
    error = ((ours - reference).abs() / reference.abs().clamp_min(1)).max()
    assert error <= share, f"{error:.2e}"


def assert_gradients(system, tensors):
    """Gradients: 1e-3 relative to the largest of a tensor, floor 1e-4."""
    parameters = dict(system.named_parameters())
    keys = [key for key in tensors if key.startswith("train/grad/")]
    assert keys
    for key in keys:
        gradient, reference = parameters[key.removeprefix("train/grad/")].grad, tensors[key]
        error = (gradient - reference).abs().max()
        assert error <= max(1e-4, 1e-3 * reference.abs().max()), f"{key}: {error:.2e}"


def assert_official_training(system, name):
    """Loss and gradients of one step of `system` with the weights, inputs and drawn selection of the golden `name`."""
    from posrank.systems import load_official
    from posrank.training import coarse_loss

    tensors, facts = golden(name)
    system = load_official(system, weights(tensors), as_released=True).train()
    ids, video, mask = (x[: facts["train_batch"]] for x in inputs(tensors))
    torch.manual_seed(facts["config"]["topk_seed"])
    loss = coarse_loss(system.similarity(ids, video, mask))
    assert_near(loss, tensors["train/loss"])
    loss.backward()
    assert_gradients(system, tensors)


def small_clip(seed=0, width=32, layers=2, context=16, vocabulary=50, dtype=torch.float32, depth=2, **vision):
    """A CLIP with random weights: pictures of 16 x 16, patches of 8, heads of 16; `layers` of text, `depth` of the image."""
    torch.manual_seed(seed)
    model = CLIP(
        width,
        {"layers": depth, "width": width, "head_width": 16, "patch_size": 8, "image_size": 16, **vision},
        dict(context_length=context, vocab_size=vocabulary, width=width, heads=width // 16, layers=layers),
        quick_gelu=True,
    )
    for parameter in model.parameters():  # open_clip starts biases at 0 and norms at 1: nothing may be trivial here
        parameter.data += 0.05 * torch.randn_like(parameter)
    return model.to(dtype)


def sentences(lengths, columns, vocabulary=50, seed=0):
    """Random rows of ids: SOT, words, EOT (the largest id), zeros; `lengths` counts SOT and EOT."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.zeros(len(lengths), columns, dtype=torch.long)
    for row, length in zip(rows, lengths):
        row[:length] = torch.randint(1, vocabulary - 2, (length,), generator=generator)
        row[0], row[length - 1] = vocabulary - 2, vocabulary - 1
    return rows


def clips(real, frames, size=16, seed=0):
    """Random videos [V, F, 3, size, size], zeros after each video's `real` frames, and their mask [V, F]."""
    video = torch.randn(len(real), frames, 3, size, size, generator=torch.Generator().manual_seed(seed))
    mask = torch.arange(frames) < torch.tensor(real)[:, None]
    return video * mask[:, :, None, None, None], mask
