"""Towers: image and text encoders on open_clip, with visual prompts and text encoding that shares prefixes."""

from posrank.towers.backbone import Backbone, load_backbone
from posrank.towers.image import ImageTokens, encode_image
from posrank.towers.text import encode_text

__all__ = ["Backbone", "ImageTokens", "encode_image", "encode_text", "load_backbone"]
