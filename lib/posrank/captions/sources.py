"""Where the official annotation files are: addresses, sizes and checksums, as a table.

Comes in: nothing. Goes out: FILES, {dataset: (File, ...)}, and TERMS, {dataset: under which terms the owners give it}. A
checksum is that of the copy with which the numbers in docs/real_data.md were measured; owners publish none. Files without an
address are got by hand, where `page` says.
"""

from typing import NamedTuple


class File(NamedTuple):
    """name: as the loader looks for it; url: of the file, or of an archive that holds `member`; sha256 and size (bytes) of
    the file itself, "" and 0 where they are not known; page: what to read where there is no url."""

    name: str
    url: str = ""
    sha256: str = ""
    size: int = 0
    member: str = ""
    page: str = ""
    needed: bool = True


_CLIP4CLIP = "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0"
_DIDEMO = "https://raw.githubusercontent.com/LisaAnne/LocalizingMoments/master/data"
_TGIF = "https://raw.githubusercontent.com/raingo/TGIF-Release/master/data"
_VATEX = "https://eric-xw.github.io/vatex-website/data"
_HGR = "https://github.com/cshizhe/hgr_v2t (annotation archive named in its README): the id lists of the split of 1,500 + 1,500"
_VIDLN = "https://google.github.io/video-localized-narratives (section Download)"
_ACTIVITYNET = "https://cs.stanford.edu/people/ranjaykrishna/densevid/captions.zip"


def _msrvtt(name, sha256="", size=0, needed=True):
    return File(name, f"{_CLIP4CLIP}/msrvtt_data.zip", sha256, size, member=name, needed=needed)


def _msvd(name, sha256="", size=0):
    return File(name, f"{_CLIP4CLIP}/msvd_data.zip", sha256, size, member=name)


FILES = {
    "world": (),
    "csv": (),
    "msrvtt": (
        _msrvtt("MSRVTT_data.json"),
        _msrvtt("MSRVTT_train.9k.csv", "0a7ece2418e1f7ac5680555a04ddfef8950293ac3c4bdd6584fb0fa6cc0ff7d3", 88899),
        _msrvtt("MSRVTT_train.7k.csv", "ca0d04c34310168b620c90c67eaec702b37398943965f5e1f9f44af8f193da7d", 68999),
        _msrvtt("MSRVTT_JSFUSION_test.csv", "e61144b312c8a2fc2126f96504c981f8c23c05b3ba9655a56e2af50ac8a4b16a", 74475),
        File("train_val_annotation.zip", "", "ce2d97dd82d03e018c6f9ee69c96eb784397d1c83f734fdb8c17aafa5e27da31", 2594639,
             page="the MSR-VTT release, whose own site is gone; MSRVTT_data.json holds the same", needed=False),
        File("test_videodatainfo.json.zip", "", "0871bbe19dc9c13edeef4af5d7be39600a2e2b7d967e0206bb5911d633af24a0", 1105940,
             page="as train_val_annotation.zip", needed=False),
    ),
    "vatex": (
        File("vatex_training_v1.0.json", f"{_VATEX}/vatex_training_v1.0.json"),
        File("vatex_validation_v1.0.json", f"{_VATEX}/vatex_validation_v1.0.json"),
        File("vatex_public_test_english_v1.1.json", f"{_VATEX}/vatex_public_test_english_v1.1.json", needed=False),
        File("train_list.txt", "", "4434a6863540f638cd5c62b7497f9ac13ea5ab84da72b7928e507ee0c5f46f22", 675766, page=_HGR),
        File("val_list.txt", "", "223d6d6b0b8c88f093ac1942e1165ae6d21a982362252ba574059e1a27083066", 39000, page=_HGR),
        File("test_list.txt", "", "652fd9bbfe53d53935b292b0e4127bc8e41cae6846b3c9faa4f502d96f160a42", 39000, page=_HGR),
    ),
    "vln_uvo": tuple(
        File(f"UVO_{kind}_{split}.jsonl", page=_VIDLN) for kind in ("sparse", "dense") for split in ("train", "val")
    ),
    "vln_oops": tuple(File(f"oops_{split}.jsonl", page=_VIDLN) for split in ("train", "val")),
    "youcook2": (
        File("youcookii_annotations_trainval.json",
             "http://youcook2.eecs.umich.edu/static/YouCookII/youcookii_annotations_trainval.tar.gz",
             "6be6f3cdcf4448b4bdef27a869fadddfddeb9b20249d55558afabe354b246e80", 1575867,
             member="youcookii_annotations_trainval.json"),
        File("validation_youcook.csv",
             "https://raw.githubusercontent.com/antoine77340/MIL-NCE_HowTo100M/master/csv/validation_youcook.csv",
             "57d6bdea77c70114cbfad5b057e9500173f14b1c3a0f9c51bd1a716cd504cac1", 227940),
    ),
    "didemo": (
        File("train_data.json", f"{_DIDEMO}/train_data.json"),
        File("val_data.json", f"{_DIDEMO}/val_data.json",
             "b0364cc256553332feb19d46bcc4cd2b09774949fe6c0b25e7ed0ff3c6aefebb", 1111448),
        File("test_data.json", f"{_DIDEMO}/test_data.json",
             "1891c04ec48b3d364c739594b2b6413806b74bd9027c092d896e7ebb930ff1cd", 1068934),
    ),
    "activitynet": tuple(
        File(f"{name}.json", _ACTIVITYNET, member=f"{name}.json", needed=name != "val_2") for name in ("train", "val_1", "val_2")
    ),
    "msvd": (
        _msvd("raw-captions.pkl"),
        _msvd("train_list.txt", "abfb8ab5660b464cf547d63a37a369920ff92c5f547af80f07aedd709df335d3", 21853),
        _msvd("val_list.txt", "9527cf1ef6c8fe2fb1ecfda0e1856acc563fecef5ff0a409b5d908b65c1e6ed4", 1795),
        _msvd("test_list.txt", "95eacd1fddb1d88cd7144267913ef02d0ecb8cc94a88bc484035433a2d8f9c7a", 12186),
    ),
    "tgif": (
        File("tgif-v1.0.tsv", f"{_TGIF}/tgif-v1.0.tsv"),
        File("train.txt", f"{_TGIF}/splits/train.txt"),
        File("val.txt", f"{_TGIF}/splits/val.txt", "c535500e8d2b4ad5555c7c947652f5920045f601b8dd3f1e52b33703bf5c7d0a", 1022215),
        File("test.txt", f"{_TGIF}/splits/test.txt", "1aaa17768fd8d1e21433d4e36cb2f2a0e8b4d170da4b697e27340904fc77c1f7", 1090938),
    ),
}

TERMS = {
    "world": "MIT, as this project",
    "csv": "yours",
    "msrvtt": "Microsoft Research, for research; videos under their owners' terms",
    "vatex": "annotations CC BY 4.0; videos under YouTube's terms",
    "vln_uvo": "annotations CC BY 4.0; videos of UVO (Kinetics) under their owners' terms",
    "vln_oops": "annotations CC BY 4.0; videos of Oops under their owners' terms",
    "youcook2": "for research, as its site says; videos under YouTube's terms",
    "didemo": "annotations BSD 2-Clause; each video under its own Creative Commons licence (video_licenses.txt there)",
    "activitynet": "for research, as its site says; videos under YouTube's terms",
    "msvd": "for research, as its site says; videos under YouTube's terms",
    "tgif": "for research, as its repository says; GIFs under their owners' terms",
}
