"""What the reader chose holds, whatever URL the browser sends with its next message."""

from types import SimpleNamespace

import pytest

from vitals.dashboard import page


class _Query(dict[str, str]):
    """The query of the URL, as Streamlit hands it out."""

    def to_dict(self) -> dict[str, str]:
        """All of it."""
        return dict(self)

    def from_dict(self, values: dict[str, str]) -> None:
        """All of it anew."""
        self.clear()
        self.update(values)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A session of one reader: its URL, and whether it came by the back button."""
    session = SimpleNamespace(query_params=_Query(client="aurora_energy", lang="fr"), session_state={})
    session.context = SimpleNamespace(is_history_navigation=False)
    monkeypatch.setattr(page, "st", session)
    monkeypatch.setattr(page, "get_script_run_ctx", lambda: session.context)
    return session


def test_the_first_url_is_what_is_asked_for(browser: SimpleNamespace) -> None:
    page.turn_to("costs")
    assert page.address() == {"client": "aurora_energy", "lang": "fr"}


def test_a_message_with_the_url_of_before_undoes_no_choice(browser: SimpleNamespace) -> None:
    page.turn_to("costs")
    page._ask("client", "halcyon_bank")
    page._ask("lang", None)
    assert browser.query_params == {"client": "halcyon_bank"}
    browser.query_params = _Query(client="aurora_energy", lang="fr")
    page.turn_to("costs")
    assert page.address() == {"client": "halcyon_bank"} == browser.query_params


def test_the_back_button_does(browser: SimpleNamespace) -> None:
    page.turn_to("costs")
    page._ask("client", "halcyon_bank")
    browser.query_params = _Query(client="aurora_energy")
    browser.context.is_history_navigation = True
    page.turn_to("costs")
    assert page.address() == {"client": "aurora_energy"} == browser.query_params


def test_filters_go_along_to_another_page_and_a_pages_own_choice_does_not(browser: SimpleNamespace) -> None:
    page.turn_to("agents")
    page._ask("coach", "csat")
    page._ask("site", "lyon")
    browser.query_params = _Query(client="aurora_energy", lang="fr", site="lyon")
    page.turn_to("costs")
    assert page.address() == {"client": "aurora_energy", "lang": "fr", "site": "lyon"}
