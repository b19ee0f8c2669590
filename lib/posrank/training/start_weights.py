"""Where the embedded world's start weights lie, in git, by their names in params.yaml."""

START_WEIGHTS = {"world": "pretrained", "world_none": "pretrained_none", "world_strong": "pretrained_strong"}
"""Values of train.backbone that name the world's small CLIP -> folder under data/world."""


def start_weights(backbone, system):
    """The folder under data/world of the weights that a system starts from; None where the backbone is another one.

    >>> start_weights("world", "xclip"), start_weights("world", "frozen"), start_weights("openai/ViT-B-32", "xclip")
    ('pretrained', 'pretrained_frozen', None)
    """
    if system == "frozen" and backbone in START_WEIGHTS:
        if backbone != "world":
            raise ValueError(f"train.backbone is {backbone}, and Frozen was pretrained with the usual dose alone: "
                             "set it to world, or leave frozen out of train.systems")
        return "pretrained_frozen"
    return START_WEIGHTS.get(backbone)
