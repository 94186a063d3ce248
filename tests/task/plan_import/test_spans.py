from hypothesis import given
from hypothesis import strategies as st

from services.task.plan_import.normalise import normalise
from services.task.plan_import.spans import Edit, Span, TracedText


def test_a_span_of_an_edited_text_leads_back_to_the_characters_it_came_from() -> None:
    edited = TracedText("一 二  三四").edited([Edit(1, 2, ""), Edit(3, 5, "、")])
    assert edited.text == "一二、三四"
    assert edited.source(Span(0, 2)) == Span(0, 3)
    assert edited.source(Span(3, 5)) == Span(5, 7)


def test_edits_of_edited_texts_compose() -> None:
    twice = TracedText("abcdef").edited([Edit(0, 2, "")]).edited([Edit(1, 2, "")])
    assert twice.text == "cef"
    assert twice.source(Span(0, 1)) == Span(2, 3)
    assert twice.source(Span(1, 3)) == Span(4, 6)


def test_every_character_of_a_spelled_out_enumerator_leads_to_the_one_it_was() -> None:
    text = normalise("㈠加强")
    assert text.text == "(一)加强"
    assert text.source(Span(0, 3)) == Span(0, 1)
    assert text.source(Span(3, 5)) == Span(1, 3)


@given(st.text(alphabet="（）()１1 \u3000\r\n\ufeff市局、，。〔㈠⑴*#<br>\\-", max_size=60))
def test_normalising_keeps_every_span_inside_the_document(raw: str) -> None:
    text = normalise(raw)
    for position in range(len(text.text)):
        source = text.source(Span(position, position + 1))
        assert 0 <= source.start < source.end <= len(raw)


@given(st.text(alphabet="１２３（）：，。Ａ市局", max_size=40))
def test_characters_of_another_width_are_folded_in_place(raw: str) -> None:
    text = normalise(raw)
    assert len(text.text) == len(raw)
    assert all(text.source(Span(i, i + 1)) == Span(i, i + 1) for i in range(len(raw)))


def test_the_characters_of_a_span_leave_out_what_was_dropped_inside_it() -> None:
    edited = TracedText("市民\n- 2 -\n政局").edited([Edit(2, 9, "")])
    assert edited.source(Span(0, 4)) == Span(0, 11)
    assert edited.characters(Span(0, 4)) == "市民政局"
    assert edited.characters(Span(1, 3)) == "民政"


def test_a_character_that_was_spelled_out_is_printed_once() -> None:
    assert normalise("加强㈠推进").characters(Span(0, 7)) == "加强㈠推进"
