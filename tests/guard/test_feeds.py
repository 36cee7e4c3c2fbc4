"""Batches brought to a device: the same ones, and the feed says where it stands as on the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as ad
import nn
import tests.guard.backend  # noqa: F401  makes the device known
from autodiff.arrays._device import parse
from nn.models._devices import Brought
from nn.models._feed import make_feed
from tests.guard.counters import counted

X, Y = np.arange(22.0, dtype=np.float32).reshape(11, 2), np.arange(11)


def told(feed: Any, done: int = 0) -> list[Any]:
    """Where the feed stands at each batch of an epoch, and the batch."""
    return [
        (feed.state_dict(), [np.asarray(a).tolist() for a in arrays])
        for _, arrays in feed.epoch(done)
    ]


def both(**options: Any) -> tuple[Any, Brought]:
    feeds = [make_feed(X, Y, batch_size=4, **options) for _ in range(2)]
    return feeds[0], Brought(feeds[1], parse("guard"))


@pytest.mark.parametrize("options", [{"shuffle": True}, {}, {"shuffle": True, "steps": 2}])
def test_it_stands_where_the_batch_in_use_is(options: dict[str, Any]) -> None:
    host, there = both(**options)
    nn.utils.set_random_seed(1)
    expected = [told(host) for _ in range(3)]
    nn.utils.set_random_seed(1)
    assert [told(there) for _ in range(3)] == expected
    assert there.state_dict() == host.state_dict()
    assert there.steps == host.steps


def test_it_goes_on_from_any_batch() -> None:
    host, _ = both(shuffle=True)
    nn.utils.set_random_seed(1)
    whole = told(host)
    for k, (state, _) in enumerate(whole):
        _, there = both(shuffle=True)
        there.load_state_dict(state)
        nn.utils.set_random_seed(1)
        assert told(there, k + 1) == whole[k + 1 :]


def test_one_batch_is_ahead_and_no_more() -> None:
    _, there = both(shuffle=True)
    epoch = there.epoch()
    with counted() as found:
        _, (x, y) = next(epoch)
    assert found.beside == 4  # two batches of two arrays
    assert (x.device, y.device) == ("guard:0", "guard:0")
    assert isinstance(x, ad.Tensor)
    epoch.close()


def test_what_gives_batches_is_not_asked_before_its_time() -> None:
    asked = []

    def source() -> Any:
        for k in range(3):
            asked.append(k)
            yield X[k : k + 2], Y[k : k + 2]

    there = Brought(make_feed(source()), parse("guard"))
    for k, (_, (x, _)) in enumerate(there.epoch()):
        assert asked == list(range(k + 1))
        assert x.tolist() == X[k : k + 2].tolist()


def test_pinned_memory_is_filled_again_only_when_it_is_free() -> None:
    """Every batch keeps its own values, also those of other lengths than the one before."""
    uploader = Brought(make_feed(X), parse("guard"))._uploader
    sent = [uploader.send([X[: k + 1], Y[k:]]) for k in range(11)]
    for k, arrived in enumerate(sent):
        x, y = arrived()
        assert x.get().tolist() == X[: k + 1].tolist()
        assert y.get().tolist() == Y[k:].tolist()
    (empty,) = uploader.send([X[:0]])()
    assert (empty.shape, empty.dtype) == ((0, 2), np.float32)
