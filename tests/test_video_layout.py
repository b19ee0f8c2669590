"""posrank.video.layout: containers, missing bytes and edit lists, read from the bytes alone."""

import pytest

from posrank.video.layout import has_edit_list, missing_bytes, starts_as

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


@pytest.mark.parametrize("box", [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"])
def test_an_mp4_starts_with_one_of_its_boxes_behind_a_size(box):
    assert starts_as(b"\0\0\0\x18" + box, {"mov", "mp4"})
    assert not starts_as(box + b"\0\0\0\x18", {"mov", "mp4"})
    assert not starts_as(b"\0\0\0\x18" + box, {"avi"})


def test_matroska_starts_with_the_mark_of_ebml():
    assert starts_as(EBML + b"\x80", {"matroska", "webm"})
    assert not starts_as(b"\0" + EBML, {"matroska", "webm"}) and not starts_as(EBML, {"mp4"}) and not starts_as(EBML, {"avi"})


def test_a_head_of_no_or_a_few_bytes_is_neither():
    for head in (b"", b"\0", EBML[:3], b"\0\0\0\x18fty"):
        assert not starts_as(head, {"mp4"}) and not starts_as(head, {"matroska"})


def matroska(size, body, header=b"\x42\x86\x81\x01"):
    """The bytes of a file with that segment size (as it is written) and that many bytes of content."""
    return EBML + bytes([0x80 | len(header)]) + header + SEGMENT + size + b"x" * body


def missing(tmp_path, data, head=4096):
    path = tmp_path / "a.mkv"
    path.write_bytes(data)
    return missing_bytes(path, data[:head])


@pytest.mark.parametrize("size", [
    b"\xe4",  # 100 in one byte
    b"\x40\x64", b"\x10\0\0\x64", b"\x01\0\0\0\0\0\0\x64",  # in two, four and eight
])
def test_bytes_that_are_missing_are_counted_whatever_the_length_of_the_size(tmp_path, size):
    assert missing(tmp_path, matroska(size, 100)) == 0
    assert missing(tmp_path, matroska(size, 99)) == 1
    assert missing(tmp_path, matroska(size, 0)) == 100
    assert missing(tmp_path, matroska(size, 150)) == 0, "what follows the segment is not missing"


def test_a_longer_header_is_passed_over(tmp_path):
    assert missing(tmp_path, matroska(b"\xe4", 90, header=b"h" * 60)) == 10


def test_a_file_longer_than_its_head_is_measured_as_a_whole(tmp_path):
    size = b"\x10" + (10_000).to_bytes(3, "big")
    assert missing(tmp_path, matroska(size, 9_000)) == 1_000


@pytest.mark.parametrize("size", [b"\xff", b"\x7f\xff", b"\x01" + b"\xff" * 7])
def test_a_live_recording_says_no_size_and_misses_nothing(tmp_path, size):
    assert missing(tmp_path, matroska(size, 3)) == 0


@pytest.mark.parametrize("data", [
    b"", EBML, EBML + b"\xff" + SEGMENT + b"\xe4", EBML + b"\x84\x42\x86", matroska(b"", 0), b"RIFF" + matroska(b"\xe4", 0),
    EBML + b"\x80" + b"\x1f\x43\xb6\x75" + b"\xe4",
])
def test_what_is_no_whole_head_of_matroska_misses_nothing(tmp_path, data):
    assert missing(tmp_path, data) == 0


def box(kind, content=b"", large=False, size=None):
    """An MP4 box; large: with its size in eight bytes; size: as it is written."""
    length = len(content) + (16 if large else 8)
    written = length if size is None else size
    return (b"\0\0\0\1" + kind + written.to_bytes(8, "big") if large else written.to_bytes(4, "big") + kind) + content


EDITS = box(b"trak", box(b"edts", box(b"elst", b"\0" * 12)))


def edited(tmp_path, *boxes, **options):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"".join(boxes))
    return has_edit_list(path, **options)


@pytest.mark.parametrize("large", [False, True])
def test_an_edit_list_is_found_behind_other_boxes(tmp_path, large):
    other = [box(b"ftyp", b"isom"), box(b"mdat", b"m" * 99, large=large)]
    assert edited(tmp_path, *other, box(b"moov", EDITS, large=large))
    assert edited(tmp_path, box(b"moov", EDITS, large=large), *other)
    assert not edited(tmp_path, *other, box(b"moov", box(b"trak"), large=large))


def test_the_letters_elsewhere_are_no_edit_list(tmp_path):
    assert not edited(tmp_path, box(b"mdat", b"moov elst"), box(b"moov", box(b"trak")), box(b"udta", b"elst"))
    assert not edited(tmp_path, box(b"elst", b"elst"))


def test_an_index_up_to_the_end_of_the_file_is_read_and_other_boxes_up_to_the_end_hide_nothing(tmp_path):
    assert edited(tmp_path, box(b"ftyp"), box(b"moov", EDITS, size=0))
    assert not edited(tmp_path, box(b"mdat", box(b"moov", EDITS), size=0))


def test_only_so_much_of_an_index_is_read(tmp_path):
    index = box(b"moov", b"x" * 100 + EDITS)
    assert edited(tmp_path, index) and not edited(tmp_path, index, most=100)
    endless = box(b"moov", b"x" * 100 + EDITS, size=0)
    assert edited(tmp_path, endless) and not edited(tmp_path, endless, most=100)


@pytest.mark.parametrize("data", [
    b"", b"\0\0\0", box(b"ftyp", size=4) + box(b"moov", EDITS), box(b"ftyp", large=True, size=15) + box(b"moov", EDITS),
    box(b"ftyp", size=2**31) + box(b"moov", EDITS), box(b"moov", EDITS, size=8), b"\0\0\0\1moov",
    box(b"moov", EDITS, size=4), b"\0\0\0\4" + box(b"moov", EDITS, size=0),
])
def test_sizes_that_cannot_be_end_the_search(tmp_path, data):
    assert not edited(tmp_path, data)
