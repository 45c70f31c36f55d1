"""Qualtrics: responses as the product exports them, and invitations as a connector lands them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from vitals.simulate.entities import Contact
from vitals.simulate.feedback import Survey
from vitals.simulate.output import Export, compact, csv_line, day_text, iso, with_header, words_of
from vitals.simulate.sampling import Sampler

# Whoever makes the exports lives there.
_ZONE = "America/Denver"
_FIELDS = (
    ("StartDate", "Start Date", "startDate"),
    ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"),
    ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"),
    ("Duration (in seconds)", "Duration (in seconds)", "duration"),
    ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"),
    ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientFirstName", "Recipient First Name", "recipientFirstName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("ExternalReference", "External Data Reference", "externalDataReference"),
    ("LocationLatitude", "Location Latitude", "locationLatitude"),
    ("LocationLongitude", "Location Longitude", "locationLongitude"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("UserLanguage", "User Language", "userLanguage"),
)
_EMBEDDED = words_of("ContactId AgentId Customer SurveyID")
_INVITATIONS = words_of(
    "contact_id distribution_id _fivetran_synced contact_frequency_rule_id contact_lookup_id opened_at "
    "response_completed_at response_id response_started_at sent_at status survey_link survey_session_id"
)
# Share of the responses that are recorded once more with their comment, of previews and spam, and of the
# invited who look and leave.
_AGAIN_SHARE = 0.04
_NOISE_SHARE = 0.02
_LEFT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Form:
    """A survey: its id and name, its question's column and words; whether a high answer means little."""

    survey_id: str
    name: str
    column: str
    question: str
    is_reversed: bool = False


# By instrument and scale. seeds/maps/qualtrics says the same of each.
FORMS = {
    ("csat", 1, 5): Form("SV_csat5Call00001", "After the call", "Q1", "How satisfied are you?"),
    ("csat", 1, 10): Form("SV_csat10Call0001", "Satisfaction of ten", "Q1", "How satisfied are you, of ten?"),
    ("nps", 0, 10): Form(
        "SV_npsCustomer001", "Recommendation", "NPS", "Would you recommend us\nto a friend?"
    ),
    ("ces", 1, 7): Form("SV_ces7Effort0001", "Effort", "CES", 'How much effort did "we" ask of you?'),
    ("ces", 1, 5): Form("SV_ces5Ease000001", "Ease", "Q2", "It was easy. Do you agree?", is_reversed=True),
    ("esat", 1, 5): Form(
        "SV_esatPulse00001", "Employee pulse", "ESAT", "How content are you with your work?"
    ),
}


def tell_by_qualtrics(surveys: list[Survey]) -> list[Survey]:
    """The surveys as Qualtrics can tell them: one that nobody answered names neither contact nor agent."""
    return [
        each if each.score is not None else replace(each, contact=None, agent=None, customer_key=None)
        for each in surveys
    ]


def qualtrics_exports(surveys: list[Survey], sampler: Sampler, until: int) -> list[Export]:
    """Both streams.

    Args:
        surveys: as `tell_by_qualtrics` gives them.
        until: UTC second at which the exports are drawn.
    """
    by_form = {
        form: [each for each in surveys if (each.instrument, each.low, each.high) == key]
        for key, form in FORMS.items()
    }
    responses = [_responses(form, own, sampler, until) for form, own in by_form.items()]
    return [*responses, _invitations(surveys, sampler, until)]


def _responses(form: Form, surveys: list[Survey], sampler: Sampler, until: int) -> Export:
    columns = [name for name, *_ in _FIELDS] + _question_columns(form) + list(_EMBEDDED)
    export = Export(
        "qualtrics",
        "responses",
        # The product names the file after the survey, and writes the day in words.
        name=lambda day, _: f"{form.name}_{_day_in_words(day)}_06.00.csv",
        render=_with_header_rows(form, columns),
        last_day=(until - 1) // 86400,
    )
    for survey in surveys:
        _add_response(export, survey, form, sampler)
    export.spoil(sampler, [lambda number, _: _impossible(number, form)], lambda text: f"{text},x,x")
    return export


def _add_response(export: Export, survey: Survey, form: Form, sampler: Sampler) -> None:
    if survey.responded_at is not None:
        begun_at = max(survey.sent_at, survey.responded_at - sampler.between(20, 300))
        if sampler.chance(_AGAIN_SHARE):
            early = _line(survey, form, begun_at, survey.responded_at - 1, "0", is_finished=False, comment="")
            export.add(survey.responded_at, early, is_superseded=True)
        export.add(
            survey.responded_at,
            _line(survey, form, begun_at, survey.responded_at, "0", comment='Fine, "thanks"'),
        )
    elif sampler.chance(_LEFT_SHARE):
        # Looked, and left: no answer is recorded.
        export.add(
            survey.sent_at, _line(survey, form, survey.sent_at, survey.sent_at + 4, "0", is_finished=False)
        )
    if sampler.chance(_NOISE_SHARE):
        made_up = replace(survey, response_id=f"{survey.response_id}-p", score=survey.low)
        status = sampler.pick(("1", "2", "8", "9", "17"))
        export.add(survey.sent_at, _line(made_up, form, survey.sent_at, survey.sent_at + 9, status))


def _line(
    survey: Survey,
    form: Form,
    begun_at: int,
    ended_at: int,
    status: str,
    is_finished: bool = True,
    comment: str = "",
) -> str:
    score = survey.score
    if score is not None and form.is_reversed:
        score = survey.low + survey.high - score
    answers = [score, comment or None]
    if survey.instrument == "nps":
        answers.insert(1, None if score is None else 1 if score <= 6 else 2 if score <= 8 else 3)
    agent = survey.agent
    return csv_line(
        (
            _clock(begun_at),
            _clock(ended_at),
            status,
            "192.0.2.7",
            100 if is_finished else 60,
            ended_at - begun_at,
            "True" if is_finished else "False",
            _clock(ended_at + 1),
            _response(survey),
            None,
            None,
            None,
            None,
            "42.69",
            "23.32",
            "email",
            "EN",
            *answers,
            _named(survey.contact),
            agent.agent_id if agent else None,
            survey.customer_key,
            form.survey_id,
        )
    )


def _named(contact: Contact | None) -> str | None:
    return contact.contact_id if contact else None


def _response(survey: Survey) -> str:
    return f"R_{survey.response_id.replace('-', '')}"


def _question_columns(form: Form) -> list[str]:
    groups = [f"{form.column}_NPS_GROUP"] if form.column == "NPS" else []
    return [form.column, *groups, "Q9_TEXT"]


def _impossible(number: int, form: Form) -> str:
    """A response of the 30th of February."""
    cells = ["2026-02-30 10:00:00"] * 2 + [
        "0",
        None,
        100,
        5,
        "True",
        "2026-02-30 10:00:01",
        f"R_BAD{form.column}{number}",
    ]
    return csv_line(
        [*cells, *[None] * (len(_FIELDS) - len(cells) + len(_question_columns(form)) + 3), form.survey_id]
    )


def _with_header_rows(form: Form, columns: list[str]) -> Callable[[list[str], int], str]:
    asked = [form.question, *(["Group"] if form.column == "NPS" else []), "Tell us more"]
    texts = [text for _, text, _ in _FIELDS] + asked + list(_EMBEDDED)
    zoned = ("startDate", "endDate", "recordedDate")
    keys = [
        compact({"ImportId": key, **({"timeZone": _ZONE} if key in zoned else {})}) for *_, key in _FIELDS
    ]
    ids = ["QID1", *(["QID1_NPS_GROUP"] if form.column == "NPS" else []), "QID9_TEXT", *_EMBEDDED]
    keys += [compact({"ImportId": each}) for each in ids]
    render = with_header(columns)

    def rendered(rows: list[str], day: int) -> str:
        return render([csv_line(texts), csv_line(keys), *rows], day)

    return rendered


def _invitations(surveys: list[Survey], sampler: Sampler, until: int) -> Export:
    export = Export(
        "qualtrics",
        "distribution_contacts",
        name=lambda day, _: f"distribution_contact_{day_text(day)}.csv",
        render=with_header(_INVITATIONS),
        last_day=(until - 1) // 86400,
    )
    for number, survey in enumerate(surveys):
        if number % 40 == 0:
            export.add(survey.sent_at, _invitation(survey, survey.sent_at, "HardBounce", "b"))
        is_answered = survey.responded_at is not None
        export.add(survey.sent_at, _invitation(survey, survey.sent_at, "Success"), is_superseded=is_answered)
        if survey.responded_at is not None:
            export.add(survey.responded_at, _invitation(survey, survey.responded_at, "SurveyFinished"))
    export.spoil(
        sampler,
        [lambda number, _: csv_line([f"CID_BAD{number}", "EMD_1", *[None] * 8, "Success", None, None])],
        lambda text: f"{text},x,x",
    )
    return export


def _invitation(survey: Survey, at: int, status: str, mark: str = "") -> str:
    form = FORMS[survey.instrument, survey.low, survey.high]
    is_answered = status == "SurveyFinished"
    return csv_line(
        (
            f"CID_{survey.response_id.replace('-', '')}{mark}",
            f"EMD_{form.survey_id[3:]}",
            iso(at),
            None,
            None,
            iso(at) if is_answered else None,
            iso(at) if is_answered else None,
            _response(survey) if is_answered else None,
            iso(at) if is_answered else None,
            iso(survey.sent_at),
            status,
            f"https://centre.qualtrics.example/jfe/form/{form.survey_id}?Q_CHL=email",
            None,
        )
    )


def _day_in_words(number: int) -> str:
    day = datetime.fromtimestamp(number * 86400, UTC)
    return f"{day:%B} {day.day}, {day.year}"


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(_ZONE)).strftime("%Y-%m-%d %H:%M:%S")
