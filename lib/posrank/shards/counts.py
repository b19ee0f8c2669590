"""Word counts that add up: what the vocabulary of replacement words is made from, shard by shard.

In: captions and tags of a shard. Out: how often each (word, lemma, tag) occurs, by split. Counts of shards are added by
Arrow's group_by, one file after another, and become the tags that posrank.negatives.generate takes as `reference`.
"""

KEYS = ("tagger", "split", "text", "lemma", "upos", "tag")


def count(captions, tags):
    """DataFrame of KEYS and `n`, sorted: the tokens of a shard's captions."""
    split = tags["caption_id"].map(captions.set_index("caption_id")["split"])
    found = tags.assign(split=split).groupby([*KEYS], sort=True, observed=True).size().rename("n").reset_index()
    return found.astype({**dict.fromkeys(KEYS, "str"), "n": "int64"})


def add(paths):
    """The sum of the counts in several parquet files, one of which is held at a time."""
    import pyarrow
    import pyarrow.parquet

    total = None
    for path in paths:
        table = pyarrow.parquet.read_table(path, columns=[*KEYS, "n"])
        table = table if total is None else pyarrow.concat_tables([total, table])
        total = table.group_by([*KEYS]).aggregate([("n", "sum")]).rename_columns([*KEYS, "n"])
    return total.to_pandas().sort_values([*KEYS], ignore_index=True)


def reference(counts):
    """The tags of the training split that `counts` came from, or of all splits where there is no training split: each
    kind of token once, and how often it occurs (column n)."""
    chosen = counts[counts["split"] == "train"]
    chosen = chosen if len(chosen) else counts
    return chosen.groupby([name for name in KEYS if name != "split"], sort=True, as_index=False)["n"].sum()
