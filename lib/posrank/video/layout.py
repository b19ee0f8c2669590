"""What the bytes of a file tell without FFmpeg: the container, whether it is whole, whether an MP4 has edit lists.

Comes in: the first bytes or the path of a file. Goes out: plain values; nothing here decodes.
"""


def starts_as(head, names):
    """Whether the first bytes are those of MP4 or Matroska, which leave no doubt of the container."""
    if "mp4" in names:
        return head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
    return "matroska" in names and head.startswith(b"\x1a\x45\xdf\xa3")


def missing_bytes(path, head):
    """How many bytes a Matroska or WebM file is shorter than its segment says (FFmpeg plays it to where it ends).

    Layout: EBML id, size, header; then the segment's id and its size. Sizes are numbers whose leading zero bits tell
    their length; all ones means unknown (a live recording). 0 for other containers.
    """

    def number(position):
        length = 9 - head[position].bit_length()
        value = int.from_bytes(head[position : position + length], "big") & ((1 << 7 * length) - 1)
        return (None if value == (1 << 7 * length) - 1 else value), position + length

    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return 0
    try:
        size, position = number(4)
        position += size
        if head[position : position + 4] != b"\x18\x53\x80\x67":
            return 0
        size, position = number(position + 4)
    except (IndexError, TypeError):
        return 0
    return 0 if size is None else max(0, position + size - path.stat().st_size)


def has_edit_list(path, most=2**26):
    """Whether the index of an MP4 (its box `moov`, of which `most` bytes are read) holds an edit list."""
    with open(path, "rb") as file:
        while len(head := file.read(8)) == 8:
            size, begun = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, begun = int.from_bytes(file.read(8), "big"), 16
            if head[4:] == b"moov":
                return b"elst" in file.read(min(max(size - begun, 0), most) if size else most)
            if size < begun:  # 0: it goes on to the end of the file
                return False
            file.seek(size - begun, 1)
    return False
