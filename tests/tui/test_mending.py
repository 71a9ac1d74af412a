"""Retry and skip from the keyboard: planned first, confirmed by the rules, done by the hash."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.events import Paste

from core.control.client import Client
from core.control.server import build_app
from core.control.wire import state as wire
from core.errors import Refused, VgwmError
from tests.tui import stage
from tests.tui.engine import LiveDesk
from tests.tui.million import Million, failure
from tests.tui.test_acts import after
from tests.tui.test_app import Driven
from tests.tui.test_views import BUNDLES, CAUSES, LEASED, NOW, SKIP
from tui.acts import effects
from tui.acts.mend import Mend, Verb
from tui.acts.pressing import Press, press
from tui.acts.sheets import SETTLE_S, mend_sheet
from tui.app import Terminal
from tui.facts.book import Book
from tui.facts.listing import Filter, Listing, Tab
from tui.keys import Keymap
from tui.linked import ACT_LIMIT_S, Link, LinkState
from tui.options import Options
from tui.screen import Name
from tui.terminal import themes
from tui.ui import Asks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from core.control.wire.failures import ActPlan, PlanRequest
    from core.control.wire.state import Failure
    from tui.facts.listing import Row
    from tui.ui import Scene, Ui


def at(*rows: Row, listing: Listing | None = None, **fields: object) -> tuple[Ui, Scene]:
    """The Errors screen with these rows."""
    listing = listing if listing is not None else Listing()
    scene = stage.scene(NOW, window=stage.window(rows, listing=listing))
    return stage.ui(Name.ERRORS, listing=listing, **fields), scene


def asked(ui: Ui, scene: Scene, *keys: str) -> Mend | None:
    """What the engine is asked to plan after these keys."""
    effect = after(ui, *keys, scene=scene).effect
    return effect.mend if isinstance(effect, effects.AskPlan) else None


def disposed(disposition: str) -> Failure:
    return stage.failures(disposition)[0]


def test_t_asks_for_a_plan_of_all_that_is_listed() -> None:
    wanted = Filter(code="denied", prefix="photos/")
    ui, scene = at(failure(1), failure(2), listing=Listing(filter=wanted))
    assert asked(ui, scene, "T") == Mend(verb=Verb.RETRY, filter=wanted)


def test_t_on_a_class_asks_for_that_class_alone() -> None:
    ui, scene = at(*stage.causes(), listing=CAUSES)
    assert asked(ui, scene, "j", "T") == Mend(
        verb=Verb.RETRY, filter=Filter(code="source_changed", phase="copy")
    )


def test_t_on_an_opened_object_asks_for_it_alone() -> None:
    ui, scene = at(failure(1), failure(2))
    assert asked(ui, scene, "j", "enter", "T") == Mend(
        verb=Verb.RETRY, names=("photos/2024/0000002.jpg",)
    )


@pytest.mark.parametrize("key", ["T", "S"])
@pytest.mark.parametrize(
    "link",
    [
        Link(state=LinkState.SILENT, age_s=12.0, quiet_s=ACT_LIMIT_S + 2),
        Link(state=LinkState.GONE, age_s=3.0),
        Link(state=LinkState.FOREIGN, detail="the engine speaks API 2"),
    ],
    ids=["silent", "gone", "foreign"],
)
def test_nothing_is_mended_without_a_listening_engine(key: str, link: Link) -> None:
    ui, scene = at(failure(1), link=link)
    step = after(ui, key, scene=scene)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)


def test_a_tab_lets_go_of_what_it_cannot_be_filtered_by() -> None:
    wanted = Filter(code="denied", phase="read", prefix="photos/")
    ui, scene = at(failure(1), listing=Listing(tab=Tab.ALL, filter=wanted))
    causes = after(ui, "tab", scene=scene).ui
    assert causes.listing == Listing(tab=Tab.CAUSES, filter=Filter(code="denied", phase="read"))
    assert after(causes, "tab").ui.listing == Listing(tab=Tab.BUNDLES)
    assert after(causes, "/", *"photos/", "enter").ui.listing == Listing(tab=Tab.CAUSES)


def test_the_sheet_of_one_object_names_it() -> None:
    mend = Mend(verb=Verb.RETRY, names=("photos/a",))
    assert "object photos/a" in mend_sheet(stage.plan("retry"), mend, stage.scene(NOW)).effects


def test_s_asks_for_the_reason_first_and_needs_one() -> None:
    ui, scene = at(failure(1))
    step = after(ui, "S", scene=scene)
    assert step.effect is None
    assert step.ui.prompt is not None
    assert step.ui.prompt.asks is Asks.REASON
    assert asked(ui, scene, "S", "enter") is None
    assert asked(ui, scene, "S", *"old", "enter") == Mend(verb=Verb.SKIP, reason="old")


def test_s_on_what_an_operator_skipped_takes_that_back() -> None:
    ui, scene = at(disposed("waived"), opened=True)
    mend = asked(ui, scene, "S")
    assert mend is not None
    assert (mend.verb, len(mend.names)) == (Verb.UNSKIP, 1)


@pytest.mark.parametrize(
    ("row", "listing", "key", "why"),
    [
        (stage.bundles()[0], BUNDLES, "T", "not mended as a whole"),
        (failure(1), Listing(bundle=7), "S", "not mended as a whole"),
        (disposed("skip"), Listing(tab=Tab.ALL), "T", "the walk skipped it"),
        (disposed("requeued"), Listing(tab=Tab.ALL), "S", "waits for its next try"),
        (disposed("waived"), Listing(tab=Tab.ALL), "T", "an operator skipped it"),
    ],
)
def test_what_cannot_be_mended_says_why(row: Row, listing: Listing, key: str, why: str) -> None:
    opened = listing.tab is Tab.ALL
    ui, scene = at(row, listing=listing, opened=opened)
    step = after(ui, key, scene=scene)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)
    assert step.ui.message is not None
    assert why in step.ui.message.text


@pytest.mark.parametrize("key", ["T", "S"])
def test_other_screens_have_nothing_to_mend(key: str) -> None:
    step = after(stage.ui(Name.MIGRATE), key)
    assert (step.effect, step.ui.sheet, step.ui.prompt) == (None, None, None)


def skipping(painted_at_s: float | None = 0.0) -> Ui:
    return stage.ui(Name.ERRORS, sheet=replace(SKIP, painted_at_s=painted_at_s))


def test_i8_a_skip_wants_the_workspaces_name_typed() -> None:
    step = after(skipping(), *"photos", "enter", at_s=1.0)
    assert isinstance(step.effect, effects.CarryOut)
    assert step.effect.plan.hash == "7c1e09aa"
    assert step.ui.sheet is None


@pytest.mark.parametrize("keys", [("enter",), ("tab", "enter"), (*"photo", "enter"), ("S",) * 3])
def test_i8_nothing_else_confirms_a_skip(keys: Sequence[str]) -> None:
    step = after(skipping(), *keys, at_s=1.0)
    assert step.effect is None
    assert step.ui.sheet is not None


def test_a_wrong_word_says_so_keeps_the_sheet_and_nothing_typed() -> None:
    step = after(skipping(), *"photox", "enter", at_s=1.0)
    assert step.ui.sheet is not None
    assert (step.ui.sheet.wrong, step.ui.sheet.typed) == (True, "")


def test_i8_what_came_before_the_sheet_settled_is_not_typed() -> None:
    for painted_at_s in (None, 5.0):
        ui = skipping(painted_at_s)
        for key in (*"photos", "enter"):
            step = press(ui, Press(key, 5.0 + SETTLE_S / 2), stage.scene(NOW), Keymap())
            ui = step.ui
            assert step.effect is None
        assert ui.sheet is not None
        assert ui.sheet.typed == ""


class Planning(Million):
    """A list whose acts are planned and done here. changes: how often it is another plan then."""

    changes = 0

    def __init__(self, client: Client) -> None:
        super().__init__(client, 40)
        self.planned: list[Mend] = []
        self.done: list[str] = []

    async def plan(
        self, mend: Mend, actor: str, told: Callable[[int], None] = lambda _: None
    ) -> ActPlan:
        del actor
        told(7)
        self.planned.append(mend)
        return stage.plan(mend.verb, hash=f"{len(self.planned):08x}", reason=mend.reason)

    async def carry_out(self, plan: ActPlan, actor: str) -> int:
        del actor
        if self.changes:
            self.changes -= 1
            raise Refused(what="the failures are others now", where="plan", remedy="Look again.")
        self.done.append(plan.hash)
        return 15


@contextlib.asynccontextmanager
async def mending(path: Path) -> AsyncIterator[tuple[Driven, Planning]]:
    desk = LiveDesk()
    desk.fixed = NOW
    async with Client(build_app(desk)) as client:
        book = Planning(client)
        app = Terminal(path, client, options=Options(look=themes.load("mono")), book=book)
        async with app.run_test(size=(80, 24)) as pilot:
            it = Driven(app, pilot, desk)
            await it.until(lambda: app.link.snapshot is not None)
            await it.press("g", "e")
            await it.until(lambda: "2024/0000000.jpg" in it.text)
            yield it, book


async def test_retry_shows_the_plan_and_carries_its_hash(tmp_path: Path) -> None:
    async with mending(tmp_path) as (it, book):
        await it.press("T")
        await it.settled()
        assert "try again: 12 objects, 41.2 MB" in it.text
        assert "9 denied in read, 40.0 MB" in it.text
        assert book.done == []
        await it.press("tab", "enter")
        await it.until(lambda: "job 15 (retry): 12 objects" in it.row23)
        assert book.done == ["00000001"]


async def test_i8_a_plan_that_is_another_by_then_is_shown_anew_with_the_difference(
    tmp_path: Path,
) -> None:
    async with mending(tmp_path) as (it, book):
        book.changes = 1
        await it.press("S", *"old", "enter")
        await it.settled()
        assert "reason: old" in it.text
        await it.press(*"photos", "enter")
        await it.until(lambda: "it is another plan now" in it.text)
        assert "00000001 was 12; nothing was done" in it.text
        assert it.app.ui.sheet is not None
        assert it.app.ui.sheet.typed == ""
        assert book.done == []
        await it.settled()
        await it.press(*"photos", "enter")
        await it.until(lambda: book.done)
        assert book.done == ["00000002"]


async def test_i8_the_field_takes_no_paste_and_no_burst(tmp_path: Path) -> None:
    async with mending(tmp_path) as (it, book):
        await it.press("S", *"old", "enter", *"photos", "enter")
        await it.settled()
        it.app.post_message(Paste("photos"))
        await it.pilot.pause()
        assert it.app.ui.sheet is not None
        assert it.app.ui.sheet.typed == ""
        await it.press("enter")
        assert book.done == []


def test_an_act_while_another_steers_asks_why_and_takes_over() -> None:
    scene = stage.scene(LEASED)
    ui = stage.ui(actor="op2")
    for key in ("P", "K", "X"):
        step = after(ui, key, scene=scene)
        assert (step.effect, step.ui.sheet) == (None, None)
        assert step.ui.prompt is not None
        assert step.ui.prompt.asks is Asks.TAKEOVER
    assert after(ui, "P", "enter", scene=scene).effect is None
    step = after(ui, "P", *"night", "enter", scene=scene)
    assert step.effect == effects.TakeOver("night")


def test_the_holder_of_the_lease_is_never_asked() -> None:
    step = after(stage.ui(actor="op1"), "P", scene=stage.scene(LEASED))
    assert step.effect == effects.Steer(14, effects.Verb.PAUSE)


def copied(ui: Ui, scene: Scene, *keys: str) -> str:
    effect = after(ui, *keys, "y", scene=replace(scene, path="/srv/my ws")).effect
    assert isinstance(effect, effects.Copy)
    return effect.text


def test_y_copies_the_command_of_the_list_the_class_or_the_object_with_its_workspace() -> None:
    command = "vgwm -w '/srv/my ws' errors"
    wanted = Listing(filter=Filter(code="denied", prefix="photos/a b"))
    assert copied(*at(failure(1))) == command
    assert copied(*at(failure(1), listing=wanted)) == (
        f"{command} --class denied --prefix 'photos/a b'"
    )
    assert copied(*at(*stage.causes(), listing=CAUSES), "j") == (
        f"{command} --class source_changed --phase copy"
    )
    assert copied(*at(*stage.bundles(), listing=BUNDLES)) == f"{command} --by bundle"
    assert copied(*at(failure(1)), "enter") == (
        f"{command} --class denied --prefix photos/2024/0000001.jpg"
    )


class SlowDesk(LiveDesk):
    """A plan that is made at the third look; `fails`: it cannot be made."""

    fails = False

    async def make_plan(self, request: PlanRequest) -> ActPlan:
        return stage.plan(request.act, state="making", hash="", seen=10)

    async def act_plan(self, number: int) -> ActPlan:
        del number
        self.acts.append(("look",))
        if len(self.acts) < 3:
            return stage.plan("retry", state="making", hash="", seen=20)
        if not self.fails:
            return stage.plan("retry")
        body = wire.ErrorBody(code="x", what="a disk is gone", where="plan", remedy="Mend it.")
        return stage.plan("retry", state="failed", hash="", error=body)


async def test_a_plan_that_takes_long_says_how_far_it_is() -> None:
    seen: list[int] = []
    async with Client(build_app(SlowDesk())) as client:
        plan = await Book(client).plan(Mend(verb=Verb.RETRY), "op1", seen.append)
    assert (plan.hash, seen) == ("7c1e09aa", [10, 20, 20])


async def test_a_plan_that_cannot_be_made_says_why() -> None:
    desk = SlowDesk()
    desk.fails = True
    async with Client(build_app(desk)) as client:
        with pytest.raises(VgwmError, match="a disk is gone"):
            await Book(client).plan(Mend(verb=Verb.RETRY), "op1")
