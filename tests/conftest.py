"""The order of test files: those that take longest first, so that two processes end at about the same time."""

SLOW = ("evaluation", "release", "training", "lanes", "pipeline", "notebooks", "text_only", "video_worker", "sweeps",
        "training_launch", "environment", "shards", "benchmarks", "resume")
"""Files of 15 seconds and more, the longest first (pytest --durations=0)."""


def pytest_collection_modifyitems(items):
    place = {f"test_{name}": number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path.stem, len(SLOW)))
