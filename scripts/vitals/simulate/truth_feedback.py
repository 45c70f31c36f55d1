"""What the figures of surveys and quality forms must be, from the simulated ones alone."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from vitals.simulate.entities import Agent, Contact
from vitals.simulate.feedback import Evaluation, Survey
from vitals.simulate.reference import UNCLASSIFIED, UNMAPPED, Reference
from vitals.simulate.tally import Cell, Tally

_DAY = 86400
_MICRO = Decimal("0.000001")


class FeedbackTruth:
    """Counts surveys and forms into a tally.

    Args:
        cells: of the contacts in scope; what is about another contact counts nowhere.
        as_of: UTC second as of which everything is reported.
    """

    def __init__(self, tally: Tally, cells: Mapping[Contact, Cell], reference: Reference, as_of: int) -> None:
        self.tally = tally
        self.cells = cells
        self.reference = reference
        self.as_of = as_of

    def count_survey(self, survey: Survey) -> None:
        """One survey: the day and place of its contact, or else its own."""
        cell = self._cell(survey.contact, survey.agent, survey.sent_at)
        if cell is None:
            return
        if survey.instrument == "esat":
            cell = (cell[0], None, cell[2], None, None, None)
        is_final = self._is_over(cell) and (survey.score is not None or self._is_given_up(survey, cell))

        def count(kpi_id: str, numerator: int | Decimal) -> None:
            self.tally.count(kpi_id, cell, numerator, int(survey.score is not None), is_final)

        if survey.instrument == "csat":
            count("csat", is_top_box(survey))
            count("csat_mean", _rescaled(survey, 0, 100))
        elif survey.instrument == "ces":
            count("ces", _rescaled(survey, 1, 7))
        elif survey.instrument == "nps":
            score = survey.score
            count("nps", 0 if score is None else 100 * ((score >= 9) - (score <= 6)))
        elif survey.instrument == "esat":
            count("esat", is_top_box(survey))
        if survey.instrument != "esat":
            self.tally.count("survey_response_rate", cell, survey.score is not None, 1, is_final)

    def count_evaluation(self, form: Evaluation) -> None:
        """One quality form: what does not apply is in neither side, a failed form has earned nothing."""
        cell = self._cell(form.contact, form.agent, form.evaluated_at)
        if cell is None:
            return
        is_final = self._is_over(cell)
        for item in form.items:
            if item.earned is None:
                continue
            earned = 0 if form.is_failed else item.earned
            self.tally.count("quality_score", cell, earned, item.possible, is_final)
            if item.category == "script":
                self.tally.count("script_use", cell, item.earned == item.possible, 1, is_final)

    def _cell(self, contact: Contact | None, agent: Agent | None, at: int) -> Cell | None:
        if contact is not None:
            return self.cells.get(contact)
        site = agent.site if agent else UNMAPPED
        return (self.reference.local_day(site, at), UNMAPPED, site, "no_queue", UNMAPPED, UNCLASSIFIED)

    def _is_over(self, cell: Cell) -> bool:
        return cell[0] < self.reference.local_day(cell[2], self.as_of)

    def _is_given_up(self, survey: Survey, cell: Cell) -> bool:
        """Nobody waits for its answer any more."""
        day, client, _, queue, channel, _ = cell
        window = self.reference.threshold("survey_window_days", client or "", queue or "", channel or "", day)
        return survey.sent_at + window * _DAY <= self.as_of


def is_top_box(survey: Survey) -> bool:
    """True when an answer lies in the top two boxes of its scale, of a two-point scale in the top one."""
    boxes = 1 if survey.high - survey.low == 1 else 2
    return survey.score is not None and survey.score > survey.high - boxes


def _rescaled(survey: Survey, low: int, high: int) -> Decimal:
    if survey.score is None:
        return Decimal()
    share = Decimal(survey.score - survey.low) / (survey.high - survey.low)
    return (low + (high - low) * share).quantize(_MICRO, ROUND_HALF_UP)
