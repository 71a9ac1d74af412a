"""The whole story in order, and everything that has to hold after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.load import proofs
from tests.lab.load.sides import BLUE, GREEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.rehearsal.story import Figures, Story


def there_and_back(story: Story) -> None:
    """Bring clients to green by the engine's cutover, and back to blue by its rollback."""
    with story.clients():
        story.prepare()
        story.take_on_gates()
        story.confirmed("cutover", "rehearse")
        story.confirmed("cutover", "start")
        expected = story.figures.expected
        story.wait_for_writes(GREEN)
        story.read_back_on_green()
        story.back()
    story.read_back_on_blue()
    story.count().expected = expected


def wrong(story: Story) -> list[str]:
    """Return what does not hold, in words; nothing if the story ended well."""
    attempts, figures = story.journal.attempts, story.figures
    found: list[str] = []
    for where, kept in (("green", figures.on_green), ("blue", figures.on_blue)):
        if kept is None or not kept.compared:
            found.append(f"no key was compared on {where}")
        elif kept.lost:
            found.append(f"{len(kept.lost)} keys lost on {where}: {kept.lost[:5]}")
    overlaps = proofs.two_writers(attempts)
    if overlaps:
        found.append(f"two writers at {len(overlaps)} instants: {overlaps[0]}")
    if story.readers.wrong:
        found.append(
            f"{len(story.readers.wrong)} reads gave other bytes: {story.readers.wrong[:3]}"
        )
    longest_s = max((pause.length_s for pause in figures.pauses), default=0.0)
    if figures.without_reads_s > longest_s:
        found.append(f"reads failed for {figures.without_reads_s:.2f} s, longer than any flip")
    sides = [(pause.before, pause.after) for pause in figures.pauses]
    found += [
        f"writes never went from {turn[0]} to {turn[1]}: {sides}"
        for turn in ((BLUE, BLUE), (BLUE, GREEN), (GREEN, BLUE))  # the first: the rehearsal's fence
        if turn not in sides
    ]
    if not figures.expected:
        found.append("the cutover's plan said nothing of how long its rehearsal took")
    return found


def table(figures: Figures, say: Callable[[str], None]) -> None:
    """Say what was measured."""
    done = figures.acknowledged
    say(f"acknowledged writes     blue {done[BLUE]:,}, green {done[GREEN]:,}")
    say(f"refused by 503          {figures.held:,}, each tried again until it was acknowledged")
    for pause in figures.pauses:
        say(
            f"writes paused           {pause.length_s:.2f} s  {pause.before} to {pause.after},"
            f" {pause.held:,} times 503"
        )
    say(f"from key to blue        {figures.key_to_blue_s:.2f} s")
    told = ", ".join(f"{state} {took_s:.2f} s" for state, took_s in figures.expected.items())
    say(f"expected by rehearsal   {told}")
    say(f"reads                   {figures.reads:,}, failed {figures.failed_reads}")
    for where, kept in (("green", figures.on_green), ("blue", figures.on_blue)):
        if kept is not None:
            say(
                f"keys compared on {where:<6} {kept.compared:,}, lost {len(kept.lost)}"
                f" ({kept.moving} were being written)"
            )
