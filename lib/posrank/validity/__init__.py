"""What a negative set is worth: counts, judges that see no video, and a verdict."""

from posrank.validity.learned import learned_judge

__all__ = ["learned_judge"]
