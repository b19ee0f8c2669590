"""The text side of large caption sets, shard by shard: in memory that one shard needs, on one machine or many.

    cut("captions.parquet", "work")                  whole videos together, about 50,000 captions a shard
    run("work", "tags", processes=8)                 each shard's tags; likewise counts, negatives, statements
    run("work", "groups")                            statements of all shards that differ in one word
    add_ranks(paths).table()                         PoSRank and intervals of ranks tables, one for each shard

Every step reads files of one shard and writes files of one shard; what has to be known of all shards (word counts,
statements by their other words, sums of a bootstrap) is added up in between. One process, N processes and Ray give the
same bytes. A shard whose file is there is not made again. posrank.negatives makes the same lists from one table.
"""

from posrank.shards.cut import cut
from posrank.shards.poisson import PoissonSums, poisson_sums
from posrank.shards.ranks import RankSums, add_ranks, rank_sums
from posrank.shards.run import EXECUTORS, run
from posrank.shards.steps import STEPS

__all__ = ["EXECUTORS", "STEPS", "PoissonSums", "RankSums", "add_ranks", "cut", "poisson_sums", "rank_sums", "run"]
