"""Contact sheets: clips as rows of frames with their captions, as one picture."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def contact_sheet(clips, captions, zoom=1.5, margin=8):
    """clips: uint8 [F, H, W, 3]; captions: a line per clip -> PIL image, a row per clip below its caption."""
    if len(clips) != len(captions):
        raise ValueError(f"{len(clips)} clips but {len(captions)} captions: a sheet needs one caption per clip")
    font = ImageFont.load_default(13)
    side = int(clips[0].shape[1] * zoom)
    columns = max(len(clip) for clip in clips)
    width = margin + columns * (side + 3) + margin
    row = side + 18 + margin
    sheet = Image.new("RGB", (width, margin + row * len(clips)), (250, 250, 252))
    draw = ImageDraw.Draw(sheet)
    for i, (clip, caption) in enumerate(zip(clips, captions)):
        top = margin + i * row
        draw.text((margin, top), caption, fill=(24, 24, 32), font=font)
        for f, frame in enumerate(np.asarray(clip)):
            picture = Image.fromarray(frame).resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(picture, (margin + f * (side + 3), top + 18))
    return sheet
