"""The report as a PDF: plain pages with a title and numbers, text to select, plots drawn from the same shapes."""

from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from audit.reports.plots import Plot
from audit.reports.report import Report, Section, Table

MARGIN = 18 * mm
PADDING = 6
"""Of reportlab's frames, at each side."""
ROOM = A4[0] - 2 * (MARGIN + PADDING)
COLOURS = {
    "a": colors.HexColor("#1f5c57"),
    "b": colors.HexColor("#8a4b00"),
    "c": colors.HexColor("#a3231f"),
    "d": colors.HexColor("#5a6664"),
    "good": colors.HexColor("#1c6b3c"),
    "line": colors.HexColor("#1f5c57"),
    "mark": colors.HexColor("#a3231f"),
    "axis": colors.HexColor("#b8b3a8"),
}
INK, RULE = colors.HexColor("#1d2423"), colors.HexColor("#dfdbd1")
MANY = 8
"""A table of more columns is set small."""

_styles = getSampleStyleSheet()
_TITLE, _HEAD = _styles["Title"], _styles["Heading2"]
_TEXT = ParagraphStyle("text", parent=_styles["BodyText"], fontSize=9.5, leading=13)
_CAPTION = ParagraphStyle("caption", parent=_TEXT, fontName="Helvetica-Bold", fontSize=9, spaceBefore=6)


def pdf(report: Report) -> bytes:
    made = BytesIO()
    document = SimpleDocTemplate(
        made,
        pagesize=A4,
        title=report.title,
        author="Plumbline",
        lang="en",
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
    )
    story: list[Any] = [_paragraph(report.title, _TITLE), *(_paragraph(one) for one in report.words)]
    for section in report.sections:
        story += _section(section)

    def foot(canvas: Any, _document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(INK)
        canvas.drawString(MARGIN + PADDING, 10 * mm, report.title)
        canvas.drawRightString(A4[0] - MARGIN - PADDING, 10 * mm, _("Page %(n)s") % {"n": canvas.getPageNumber()})

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return made.getvalue()


def _section(section: Section) -> list[Any]:
    words = [_paragraph(one) for one in section.words]
    drawn = [part for plot in section.plots for part in (_paragraph(plot.label, _CAPTION), _drawing(plot))]
    # A heading never stands alone at the foot of a page.
    first = KeepTogether([_paragraph(section.title, _HEAD), *words, *drawn[:2]])
    return [first, *drawn[2:], *(part for table in section.tables for part in _table(table)), Spacer(1, 8)]


def _table(table: Table) -> list[Any]:
    small = len(table.head) > MANY
    size, pad = (6.2, 1.5) if small else (8.5, 3)
    cell = ParagraphStyle("cell", parent=_TEXT, fontSize=size, leading=size + 2.5)
    rows = [[Paragraph(f"<b>{escape(one)}</b>", cell) for one in table.head]]
    rows += [[Paragraph(escape(one), cell) for one in row] for row in table.rows]
    first = 0.1 if small else 0.34 if len(table.head) < 6 else 0.2
    others = (1 - first) / (len(table.head) - 1)
    grid = Grid(rows, colWidths=[ROOM * first, *[ROOM * others] * (len(table.head) - 1)], repeatRows=1)
    grid.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            *((side, (0, 0), (-1, -1), pad) for side in ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")),
        ]
    )
    return [_paragraph(table.caption, _CAPTION), Spacer(1, 2), grid]


def _drawing(plot: Plot) -> Drawing:
    scale = ROOM / plot.width
    drawn = Drawing(ROOM, plot.height * scale)

    def y(value: float) -> float:
        return (plot.height - value) * scale

    for bar in plot.bars:
        drawn.add(
            Rect(
                bar.x * scale,
                y(bar.y + bar.height),
                bar.width * scale,
                bar.height * scale,
                fillColor=COLOURS[bar.kind],
                strokeColor=None,
            )
        )
    for stroke in plot.strokes:
        places = [(x * scale, y(value)) for x, value in stroke.points]
        width = 0.6 if stroke.kind == "axis" else 1.1
        if len(places) == 2:
            drawn.add(Line(*places[0], *places[1], strokeColor=COLOURS[stroke.kind], strokeWidth=width))
        else:
            drawn.add(
                PolyLine([n for place in places for n in place], strokeColor=COLOURS[stroke.kind], strokeWidth=width)
            )
    for text in plot.texts:
        drawn.add(
            String(
                text.x * scale,
                y(text.y),
                text.text,
                fontSize=8.5,
                textAnchor=text.anchor,
                fillColor=INK,
                fontName="Helvetica",
            )
        )
    return drawn


def _paragraph(text: str, style: ParagraphStyle = _TEXT) -> Paragraph:
    return Paragraph(escape(text), style)
