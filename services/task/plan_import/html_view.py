"""The draft as one self-contained page: the text with coloured spans beside what was extracted from them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from services.task.plan_import.draft import Draft, DraftMeasure, Item, Status
from services.task.plan_import.json_form import item_json

STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;font:16px/1.8 "Noto Serif CJK SC","Songti SC",SimSun,serif;color:#1a1a1a;background:#fff}
header{padding:1rem 1.5rem;border-bottom:1px solid #bbb}h1{font-size:1.3rem;margin:0}
main{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem;padding:1rem 1.5rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
mark{color:inherit;border-bottom:2px solid;padding:0 1px;text-decoration:none}
.area,.measure{background:#e8f0fe;border-color:#1a56b0}.unit{background:#e6f4ea;border-color:#1e6b35}
.target{background:#fef3dc;border-color:#8a5a00}.milestone{background:#f3e8fd;border-color:#6b2fa0}
.fact,.group{background:#eee;border-color:#555}.unread,.unresolved{background:#fde7e9;border-color:#a50e0e}
table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid #ddd}
td a{color:#1a56b0}:target{outline:3px solid #1a56b0}
@media print,(max-width:60rem){main{display:block}}
"""
STATUS_WORDS = {
    Status.CERTAIN: "原文明示",
    Status.INFERRED: "按规则推定",
    Status.UNRESOLVED: "待解决",
    Status.CONFIRMED: "已确认",
    Status.REJECTED: "已剔除",
}


def to_html(draft: Draft) -> str:
    """A page without scripts or outside assets; each row links to its place in the text and back."""
    title = escape(draft.title or draft.name)
    counts = "，".join(
        f"{STATUS_WORDS[status]} {len(items)}" for status in Status if (items := draft.with_status(status))
    )
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><header><h1>{title}</h1><p>{counts}</p></header><main>"
        f'<section class="text" aria-label="原文">{"".join(_marked(draft))}</section>'
        f'<section aria-label="提取结果"><table><thead><tr><th>项</th><th>内容</th><th>依据</th></tr></thead>'
        f"<tbody>{''.join(_row(draft, item) for item in draft.items)}</tbody></table></section></main></body></html>"
    )


def _marked(draft: Draft) -> Iterator[str]:
    """The text, each item's characters marked once; where spans nest, the narrower one is marked."""
    position = 0
    for item in _visible(draft):
        start = max(item.span.start, position)
        if item.span.end <= start:
            continue
        yield escape(draft.text[position:start])
        yield f'<mark class="{_class(item)}" id="{_anchor(item)}" title="{escape(item.id)}">{escape(draft.text[start : item.span.end])}</mark>'
        position = item.span.end
    yield escape(draft.text[position:])


def _visible(draft: Draft) -> list[Item]:
    """A measure's own span holds all others, so only what stands in it is marked."""
    marked = [item for item in draft.items if not isinstance(item, DraftMeasure) and item.span.end > item.span.start]
    return sorted(marked, key=lambda item: (item.span.start, item.span.end))


def _row(draft: Draft, item: Item) -> str:
    said = item_json(draft, item)
    place = f"#{_anchor(item)}" if not isinstance(item, DraftMeasure) else ""
    label = f'<a href="{place}">{escape(item.id)}</a>' if place else f"<b>{escape(item.id)}</b>"
    because = f"{STATUS_WORDS[item.status]}<br><small>{escape('，'.join(item.rules))}</small>"
    return f'<tr><td>{label}</td><td><mark class="{_class(item)}">{escape(said["says"])}</mark></td><td>{because}</td></tr>'


def _class(item: Item) -> str:
    kind = type(item).__name__.removeprefix("Draft").lower().removesuffix("note")
    return f"{kind} unresolved" if item.status is Status.UNRESOLVED else kind


def _anchor(item: Item) -> str:
    return "i-" + escape(item.id).replace(" ", "")
