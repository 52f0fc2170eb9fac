"""results.svg: a bar for the time of each measured command, with memory, speed and ratio beside it."""

from xml.sax.saxutils import escape

from .report import seconds, speed

WIDTH, NAMES, BARS, LINE = 1040, 320, 340, 22
OWN, OTHER = "#2f6f4f", "#a9b4bd"


def svg(results):
    parts, y = [], 20
    for result in results:
        for table in result.tables:
            y += 14
            parts.append(f'<text x="12" y="{y}" font-weight="bold">{escape(table.title)}</text>')
            y += 10
            longest = max(row.median for row in table.rows)
            for number, row in enumerate(table.rows):
                own = number == 0 or not table.ratios or result.job == "partitions"
                width = max(2, BARS * row.median / longest)
                facts = [seconds(row.median), f"{row.memory / 1024:,.0f} MiB", speed(row)]
                if table.ratios and number:
                    facts.append(f"× {row.median / table.rows[0].median:.2f}")
                beside = escape(" · ".join(filter(None, facts)))
                colour = OWN if own else OTHER
                middle = y + LINE / 2 + 4
                parts += [
                    f'<text x="{NAMES - 8}" y="{middle}" text-anchor="end">{escape(row.name)}</text>',
                    f'<rect x="{NAMES}" y="{y + 3}" width="{width:.1f}" height="{LINE - 6}" fill="{colour}"/>',
                    f'<text x="{NAMES + width + 8:.1f}" y="{middle}" fill="#444">{beside}</text>',
                ]
                y += LINE
            y += 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 12}" width="{WIDTH}" height="{y + 12}" '
        'font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y + 12}" fill="#fff"/>', *parts, "</svg>", ""])
