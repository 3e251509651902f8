"""The table that `make compare` prints."""

import scenarios


def number(value, unit):
    if unit == "µs":
        return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,.0f}"


def verdict(ratio, aim, higher_is_better):
    if aim is None or ratio is None:
        return "", ""
    met = ratio >= aim if higher_is_better else ratio <= aim
    return f"{'≥' if higher_is_better else '≤'} {aim:.2f}", "met" if met else "not met"


def _row(figure, values, names):
    cells = [f"{figure.name}" + (f" ({figure.unit})" if figure.unit != "µs" else "")]
    for name in names:
        cells.append(number(values[name][0], figure.unit) if name in values else "-")
    base, weir = values.get("mosquitto"), values.get("weir")
    ratio = weir[0] / base[0] if base and weir and base[0] else None
    cells.append(f"{ratio:.2f}" if ratio is not None else "-")
    for name in names:
        if name not in ("mosquitto", "weir"):
            other = values.get(name)
            cells.append(f"{other[0] / base[0]:.2f}" if other and base and base[0] else "-")
    spread = "-"
    if weir and weir[0]:
        spread = f"{(weir[2] - weir[1]) / weir[0] * 100:.0f} %"
    return [*cells, *verdict(ratio, figure.aim, figure.higher_is_better), spread]


def _within(figures):
    rows = []
    for each in scenarios.WITHIN:
        weir = figures.get(each.figure, {}).get("weir")
        is_figure = isinstance(each.against, str)
        against = figures.get(each.against, {}).get("weir") if is_figure else (each.against,)
        if weir and against and against[0]:
            rows.append((each, weir[0] / against[0]))
    return rows


def render(chosen, figures, names):
    others = [name for name in names if name not in ("mosquitto", "weir")]
    header = ["scenario (µs of CPU per message)", *names, "ratio", *[f"{name} ratio" for name in others]]
    header += ["aim", "", "spread"]
    rows = [header]
    for scenario in chosen:
        for figure in scenario.figures:
            if figure.name in figures:
                rows.append(_row(figure, figures[figure.name], names))
    blank = ["-"] * len(names)
    for each, ratio in _within(figures):
        rows.append(
            [f"Weir: {each.name}", *blank, f"{ratio:.2f}", *["-"] * len(others), *verdict(ratio, each.aim, each.higher_is_better), "-"]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths)))
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)
