"""Training: losses, optimiser, batches and the loop. Modules are imported where they are used."""

from posrank.training.bertadam import BertAdam, clamp_logit_scale, parameter_groups
from posrank.training.losses import coarse_loss, fine_loss

__all__ = ["BertAdam", "clamp_logit_scale", "coarse_loss", "fine_loss", "parameter_groups"]
