import numpy as np

from wug.runtime.batches import batch_rows, epoch_order


def test_an_epoch_is_a_permutation_of_its_own() -> None:
    first, second = epoch_order("c", 0, 0, 50), epoch_order("c", 0, 1, 50)
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)


def test_batches_are_a_function_of_corpus_seed_and_step() -> None:
    whole = batch_rows("c", 3, 0, 20, 4, 10)
    parts = [batch_rows("c", 3, first, 5, 4, 10) for first in (0, 5, 10, 15)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert not np.array_equal(whole, batch_rows("c", 4, 0, 20, 4, 10))
    assert not np.array_equal(whole, batch_rows("d", 3, 0, 20, 4, 10))


def test_every_row_is_seen_equally_often() -> None:
    counts = np.bincount(batch_rows("c", 0, 0, 25, 4, 10).ravel(), minlength=10)
    assert counts.tolist() == [10] * 10


def test_a_batch_may_be_larger_than_the_corpus() -> None:
    counts = np.bincount(batch_rows("c", 0, 0, 1, 8, 3).ravel(), minlength=3)
    assert counts.min() == 2
    assert counts.max() == 3
