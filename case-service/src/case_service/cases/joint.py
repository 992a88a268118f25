"""Several departments review one case (并联审查): asked together, one leads, all are waited for."""

from collections.abc import Sequence
from typing import Any

from case_service.cases.rules import Opinion
from case_service.cases.schemas import JointReview, ReviewRead
from case_service.cases.step import Effect, Step
from case_service.cases.tables import Review
from case_service.errors import ActionIncomplete
from case_service.events import CaseReviewed
from tongban.problems import Where

__all__ = ["give_opinion", "request_reviews", "review", "shown"]

FEWEST = 2


async def request_reviews(step: Step) -> Effect:
    """发起并联审查: the departments are asked at once; the case is a joint one from now on."""
    departments = step.body.departments
    if len(departments) < FEWEST:
        place = Where.pointer(
            "/departments",
            {"zh-CN": "请列出两个以上的部门", "en": "name two departments or more"},
            "missing",
        )
        raise ActionIncomplete(errors=[place])
    changes: dict[str, Any] = {"review_round": step.case.review_round + 1, "is_joint": True}
    step.reviews = [
        Review(
            case_id=step.case.id,
            round=changes["review_round"],
            department=one.department,
            is_lead=one.is_lead,
            asked_by=step.caller.subject,
            asked_at=step.at,
            due_on=await step.due_in(one.days),
        )
        for one in departments
    ]
    step.session.add_all(step.reviews)
    lead = next(one.department for one in departments if one.is_lead)
    names = [one.department for one in departments]
    return Effect(changes, [], {"departments": names, "lead": lead})


async def give_opinion(step: Step) -> Effect:
    """出具审查意见: what the reviewer's department says; a refusal says why."""
    opinion = step.need("opinion", zh="请选择审查意见", en="tell the opinion")
    if opinion is not Opinion.AGREE:
        step.need("comment", zh="请说明条件或理由", en="tell the conditions or the reason")
    own = next(one for one in waited_for(step.reviews) if one.department == step.caller.department)
    await _answer(step, own, opinion)
    return Effect({}, [], {"department": own.department, "opinion": opinion.value})


async def review(step: Step) -> Effect:
    """审查: where several departments were asked, the lead concludes."""
    facts: dict[str, Any] = {}
    lead = next((one for one in step.reviews if one.is_lead), None)
    if lead is not None:
        await _answer(step, lead, step.body.opinion or Opinion.AGREE)
        facts = {"department": lead.department}
    return Effect({"reviewed_by": step.caller.subject}, [CaseReviewed(**step.told)], facts)


def waited_for(reviews: Sequence[Review]) -> list[Review]:
    """Return those that have not answered; the lead answers by the review itself."""
    return [one for one in reviews if one.opinion is None and not one.is_lead]


def shown(reviews: Sequence[Review]) -> JointReview | None:
    """Return how far the departments are; None where none was asked."""
    if not reviews:
        return None
    waiting = sorted(waited_for(reviews), key=lambda one: (one.due_on, one.department))
    answered = [
        (one.answered_at - one.asked_at, one.department)
        for one in reviews
        if one.answered_at is not None and not one.is_lead
    ]
    longest = max(answered)[1] if answered else None
    return JointReview(
        reviews=[ReviewRead.model_validate(one, from_attributes=True) for one in reviews],
        blocking=[one.department for one in waiting],
        slowest=waiting[0].department if waiting else longest,
    )


async def _answer(step: Step, row: Review, opinion: Opinion) -> None:
    row.opinion = opinion
    row.comment = step.body.comment
    row.reviewer = step.caller.subject
    row.answered_at = step.at
    await step.session.flush()
