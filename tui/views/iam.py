"""IAM: each account as it is and as it would be carried over; what is wrong with it.

Secrets are marks by which equal ones look equal: what stands here came from `vgwm iam --json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core import display
from tui.facts.window import scrolled
from tui.review import Books
from tui.views.line import EMPTY, WIDE, Line, Piece, Role, Size, beside, column, text, wrapped

if TYPE_CHECKING:
    from core.control.wire.iam import IamAccount, IamFinding, IamReport
    from tui.ui import Scene, Ui

_HEAD_ROWS: Final = 4
_DETAIL_ROWS: Final = 5
_LEAST_PANE: Final = 46
_MARKS: Final = {
    "fail": ("x", Role.BAD),
    "high": ("x", Role.BAD),
    "warn": ("!", Role.WARN),
    "ok": ("=", Role.OK),
}
_WIDTHS: Final = (18, 10, 7, 15)
"""Access key, role, uid, secret."""


def room(size: Size) -> int:
    """Return how many rows of the list a body of this size shows."""
    below = 0 if size.width >= WIDE else _DETAIL_ROWS + 1
    return max(1, size.height - _HEAD_ROWS - below)


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows."""
    report = scene.iam
    if report is None:
        return _nothing(ui)
    head = [_counts(report), _proof(report), _books(report, ui)]
    if ui.accounts.pane is Books.FINDINGS:
        return [*head, *_findings(report, ui, size)]
    return [*head, *_accounts(report, ui, size)]


def rows_of(report: IamReport, pane: Books) -> int:
    """Return how many rows a part has for the cursor."""
    return len(report.accounts) if pane is Books.ACCOUNTS else len(report.findings)


def _nothing(ui: Ui) -> list[Line]:
    if ui.accounts.source:
        return [EMPTY, text(" ...", Role.DIM)]
    return [
        EMPTY,
        text(" no accounts are under review"),
        EMPTY,
        (Piece(" /", Role.KEY), Piece("  names the folder of the old gateway's users.json")),
        text("    as its VGW_IAM_DIR says; secrets are shown as marks only", Role.DIM),
    ]


def _counts(report: IamReport) -> Line:
    roles = "  ".join(f"{display.count(n)} {role}" for role, n in sorted(report.by_role.items()))
    line: Line = (
        Piece(f" {report.kind}", Role.TITLE),
        Piece(f"   {display.count(report.count)} accounts: {roles}"),
    )
    for word, n, role in (
        ("fail", report.fails, Role.BAD),
        ("high", report.highs, Role.BAD),
        ("warn", report.warns, Role.WARN),
    ):
        if n:
            line = (*line, Piece(f"  {display.count(n)} {word}", role))
    return line


def _proof(report: IamReport) -> Line:
    proof = report.proof
    if proof is None:
        return text(f" of {report.source}", Role.DIM)
    said = (
        f" {display.count(proof.equal)} equal, {display.count(proof.missing)} missing,"
        f" {display.count(proof.differs)} differ; HMAC proof {display.count(proof.equal)}"
        f" of {display.count(proof.old)}  {report.state}: {report.target}"
    )
    return text(said, Role.OK if proof.holds else Role.WARN)


def _books(report: IamReport, ui: Ui) -> Line:
    pieces = [Piece(" ")]
    for pane in Books:
        chosen = pane is ui.accounts.pane
        shown = f"{pane} {display.count(rows_of(report, pane))}"
        pieces.append(
            Piece(f"[{shown}]" if chosen else f" {shown} ", Role.KEY if chosen else Role.DIM)
        )
    return tuple(pieces)


def _accounts(report: IamReport, ui: Ui, size: Size) -> list[Line]:
    wide = size.width >= WIDE
    pane = max(_LEAST_PANE, size.width // 3) if wide else 0
    width, shown = size.width - pane, room(size)
    heads = zip(("access key", "role", "uid", "secret"), _WIDTHS, strict=True)
    cells = "".join(column(head, cells) for head, cells in heads)
    lines: list[Line] = [text(f"   {'state':<10}{cells}finding", Role.DIM)]
    if not report.accounts:
        return [*lines, text(" the file holds no account", Role.DIM)]
    top = scrolled(ui.top, ui.cursor, shown, len(report.accounts))
    for index, account in enumerate(report.accounts[top : top + shown], top):
        lines.append(_row(account, width, here=index == ui.cursor))
    chosen = report.accounts[min(ui.cursor, len(report.accounts) - 1)]
    if ui.opened and not wide:
        return [lines[0], *_detail(chosen, size.width)]
    if wide:
        return beside(lines, [EMPTY, *_detail(chosen, pane - 1)], width + 1, size.height)
    return [*lines, EMPTY, *_detail(chosen, size.width)[:_DETAIL_ROWS]]


def _row(account: IamAccount, width: int, *, here: bool) -> Line:
    glyph, role = _MARKS.get(account.level, ("?", Role.UNKNOWN))
    first = account.findings[0].evidence if account.findings else ""
    more = f" (+{len(account.findings) - 1})" if len(account.findings) > 1 else ""
    compared = "" if account.state in {"-", "equal"} else f"{account.state}: "
    user = "-" if account.user_id is None else str(account.user_id)
    values = (account.access, account.role, user, account.secret)
    cells = "".join(
        column(value, cells - 1) + " " for value, cells in zip(values, _WIDTHS, strict=True)
    )
    said = f"{compared}{first}{more}"
    return (
        Piece(" > " if here else "   ", Role.KEY),
        Piece(column(f"{glyph} {account.level}", 10), role),
        Piece(cells),
        Piece(column(said, max(1, width - 14 - sum(_WIDTHS))).rstrip()),
    )


def _detail(account: IamAccount, width: int) -> list[Line]:
    numbers = (account.user_id, account.group_id, account.project_id)
    user, group, project = ("-" if number is None else str(number) for number in numbers)
    ids = f"uid {user}  gid {group}  project {project}"
    lines: list[Line] = [
        (Piece(f" {account.access}", Role.TITLE), Piece(f"   {account.role}   {ids}", Role.DIM)),
    ]
    for finding in account.findings:
        lines += _told(finding, width)
    if not account.findings:
        lines.append(text(" nothing is wrong with it", Role.OK))
    return lines


def _told(finding: IamFinding, width: int) -> list[Line]:
    _, role = _MARKS.get(finding.level, ("?", Role.UNKNOWN))
    lines: list[Line] = [
        (Piece(f" {finding.level} ", role), Piece(f"{finding.rule}: {finding.evidence}"))
    ]
    return [*lines, *(text(f"   {part}", Role.DIM) for part in wrapped(finding.remedy, width - 4))]


def _findings(report: IamReport, ui: Ui, size: Size) -> list[Line]:
    """Return what is wrong with the store as a whole."""
    if not report.findings:
        return [EMPTY, text(" nothing is wrong with the store as a whole", Role.OK)]
    lines: list[Line] = []
    for finding in report.findings[ui.cursor :]:
        lines += _told(finding, size.width)
    return lines
