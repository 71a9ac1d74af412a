"""What a report takes from proofs: nothing that is old, partial, limited or unread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from core.control.report.proved import Proven
from core.control.report.security import Gateways, encryption, logins
from core.control.wire.verify import Bytes, IllCount, ListSize, Proof
from core.verdict import Answer, Component, Verdict
from core.verify.difference import Ill, Listed

if TYPE_CHECKING:
    from typing import Any

WRONG = frozenset({Ill.WRONG_CID})
READ = Bytes(mode="sample", n=10_000, bound95=0.0003, seed=7, whole=True)


def proof(job: int, found: int = 0, error: int = 0, **more: Any) -> Proof:  # noqa: ANN401 - any field
    """Return a verification of all keys that began at 100 times its job's number."""
    counts = {Listed.EQUAL: 90, Listed.DIFFER: found, Listed.ERROR: error}
    whole = Proof(
        job=job,
        kind="verify",
        scope="all",
        state="done",
        partial=False,
        began_ns=100 * job,
        ended_ns=100 * job + 50,
        lists=tuple(
            ListSize(name=one, sign=one.sign, objects=counts.get(one, 0)) for one in Listed
        ),
        kinds=(IllCount(name="differ", kind="wrong_cid", rows=found),) if found else (),
        bytes=READ,
        folder=f"reports/verify-{job}",
    )
    return replace(whole, **more)


def test_a_whole_fresh_clean_proof_passes() -> None:
    judged = Proven(proofs=[proof(3)], changed_ns=299).judge(WRONG)
    assert (judged.state, judged.measured_ns, judged.remedy) == ("pass", 350, "")
    assert "90 equal, 0 differ" in judged.evidence


def test_faults_of_other_kinds_are_other_items() -> None:
    assert Proven(proofs=[proof(3, 5)]).judge(frozenset({Ill.LOST_BLOCK})).state == "pass"


def test_a_fault_fails_and_names_how_many_and_where() -> None:
    judged = Proven(proofs=[proof(3, 1_234)]).judge(WRONG)
    assert judged.state == "fail"
    assert "job 3 (verify) found 1,234 wrong_cid" in judged.evidence
    assert "vgwm metadata repair --from reports/verify-3" in judged.remedy


@pytest.mark.parametrize(
    ("kinds", "remedy"),
    [
        (["not_copied"], "Copy it: vgwm copy, or vgwm sync for what came later."),
        (["gone_at_source"], "A round takes it off the target: vgwm sync."),
        (
            ["no_row", "source_moved"],
            "vgwm metadata repair --from reports/verify-3. A round reads it again: vgwm sync.",
        ),
    ],
)
def test_the_remedy_is_of_the_kinds_that_were_found(kinds: list[str], remedy: str) -> None:
    found = tuple(IllCount(name="missing", kind=one, rows=1) for one in kinds)
    judged = Proven(proofs=[proof(3, kinds=found)]).judge(frozenset(Ill))
    assert (judged.state, judged.remedy) == ("fail", f"See reports/verify-3; then: {remedy}")


@pytest.mark.parametrize("found", [0, 5])
@pytest.mark.parametrize("known", [{"changed_ns": 300}, {"changed_ns": 900}, {"changing": 9}])
def test_i7_what_was_seen_before_the_target_changed_is_unknown(
    found: int, known: dict[str, int]
) -> None:
    judged = Proven(proofs=[proof(3, found)], **known).judge(WRONG)
    assert judged.state == "unknown"
    assert ("it found 5 wrong_cid" in judged.evidence) == bool(found)
    assert "changes the target now" in judged.evidence or "changed since" in judged.evidence


@pytest.mark.parametrize(
    "less",
    [
        {"partial": True},
        {"scope": "recorded"},
        {"buckets": ("photos",)},
        {"ended_ns": None},
        {"kind": "check"},
    ],
)
def test_i7_less_than_all_proves_nothing_but_a_fault(less: dict[str, Any]) -> None:
    clean, ill = proof(4, **less), proof(4, 1, **less)
    assert Proven(proofs=[clean]).judge(WRONG).state == "unknown"
    assert Proven(proofs=[ill]).judge(WRONG).state == "fail"
    assert Proven(proofs=[clean, proof(3)]).judge(WRONG).state == "pass"
    assert Proven(proofs=[ill, proof(3)]).judge(WRONG).state == "fail"


def test_what_a_newer_whole_proof_no_longer_finds_is_over() -> None:
    assert Proven(proofs=[proof(4), proof(3, 7)]).judge(WRONG).state == "pass"


def test_i7_what_nobody_could_look_at_is_not_right() -> None:
    judged = Proven(proofs=[proof(3, error=2)]).judge(WRONG)
    assert (judged.state, "2 could not be looked at" in judged.evidence) == ("unknown", True)
    unread = replace(READ, unread=1)
    assert Proven(proofs=[proof(3, bytes=unread)]).judge(WRONG, read=True).state == "unknown"
    assert Proven(proofs=[proof(3, bytes=unread)]).judge(WRONG).state == "pass"


def test_an_item_of_bytes_needs_bytes_that_were_read() -> None:
    joined = proof(4, bytes=Bytes())
    assert Proven(proofs=[joined]).judge(WRONG, read=True).state == "unknown"
    assert Proven(proofs=[joined, proof(3)]).judge(WRONG, read=True).state == "pass"
    half = proof(3, bytes=replace(READ, whole=False))
    assert Proven(proofs=[half]).judge(WRONG, read=True).state == "unknown"
    bad = proof(3, bytes=replace(READ, bad=2))
    judged = Proven(proofs=[bad]).judge(WRONG, read=True)
    assert (judged.state, "2 objects whose bytes are wrong" in judged.evidence) == ("fail", True)


def test_a_sample_says_its_bound_and_a_full_look_that_it_was_one() -> None:
    sample = Proven(proofs=[proof(3)]).judge(WRONG, read=True).evidence
    assert "at most 0.0300% bad at 95 %, seed 7" in sample
    full = Bytes(mode="full", n=90, whole=True, bound95=0.0, replicas="all")
    assert "every byte" in Proven(proofs=[proof(3, bytes=full)]).judge(WRONG, read=True).evidence


@pytest.mark.parametrize(
    ("most", "state"), [(0.0005, "pass"), (0.0003, "pass"), (0.0002, "unknown"), (0.0, "unknown")]
)
def test_a_bound_above_the_policy_is_no_pass(most: float, state: str) -> None:
    known = Proven(proofs=[proof(3)], max_bound=most)
    assert known.judge(WRONG, read=True).state == state
    assert known.judge(WRONG).state == "pass", "the join has no bound"


def answer(check: str, verdict: Verdict, url: str = "https://green:7070") -> Answer:
    return Answer(
        check=check,
        component=Component.GATEWAY,
        verdict=verdict,
        evidence=f"{check} said",
        at_ns=5,
        endpoint=f"green1 {url}",
        remedy="mend it" if verdict is not Verdict.PASS else "",
    )


def asked(*answers: Answer) -> Gateways:
    return Gateways(asked=True, named=True, answers=answers)


@pytest.mark.parametrize(
    ("refuses", "state"),
    [
        (Verdict.PASS, "pass"),
        (Verdict.FAIL, "fail"),
        (Verdict.UNKNOWN, "unknown"),
        (Verdict.WARN, "unknown"),
    ],
)
def test_logins_pass_only_if_a_wrong_secret_is_refused(refuses: Verdict, state: str) -> None:
    judged = logins(asked(answer("signed", Verdict.PASS), answer("refuses", refuses)))
    assert judged.state == state
    assert "refuses at green1" in judged.evidence


def test_i7_gateways_that_nobody_asked_are_unknown() -> None:
    for known in (Gateways(asked=False, named=True), Gateways(asked=True, named=False), asked()):
        assert logins(known).state == encryption(known).state == "unknown"


def test_plain_http_is_no_encryption_on_whatever_host() -> None:
    here = answer("tls", Verdict.PASS, "http://127.0.0.1:7070")
    assert encryption(asked(here)).state == "fail"
    assert encryption(asked(answer("tls", Verdict.PASS))).state == "pass"
    assert encryption(asked(answer("tls", Verdict.FAIL))).state == "fail"
    assert encryption(asked(answer("tls", Verdict.PASS), here)).state == "fail"
