"""The calendar, by Python's datetime alone: which window a day or a cycle is in."""

import datetime
import re

DAY = datetime.date(1970, 1, 1)
CYCLE_3, CYCLE = datetime.datetime(2019, 3, 29, 7, 41), datetime.timedelta(days=90.819)
MONTHS = {"month": 1, "quarter": 3, "season": 3, "year": 12}
ATL06 = re.compile(r"ATL06_(?P<time>\d{14})_(?P<rgt>\d{4})(?P<cycle>\d\d)(?P<region>\d\d)_\d{3}_\d\d\.h5$")


def number(day):
    """Days since 1970-01-01."""
    return (day - DAY).days


def month(serial):
    """The first day of a month; they are numbered from the beginning of year 0."""
    return datetime.date(serial // 12, serial % 12 + 1, 1)


def around(by, day):
    """(first day, day after the last) of the window that holds a day."""
    serial = day.year * 12 + day.month - 1
    if by == "season":
        serial -= (serial + 1) % 3      # December, March, June, September
    else:
        serial -= serial % MONTHS[by]
    return month(serial), month(serial + MONTHS[by])


def calendar(by, first, last):
    """The windows from the one of the first day to the one of the last."""
    found = [around(by, first)]
    while found[-1][1] <= last:
        found.append(around(by, found[-1][1]))
    return found


def cycle(count):
    """(first day, day after the last) of a cycle, as it was planned."""
    return tuple((CYCLE_3 + (n - 3) * CYCLE).date() for n in (count, count + 1))


def told(path):
    """(moment, cycle, rgt) of a granule's name."""
    found = ATL06.search(str(path))
    moment = datetime.datetime.strptime(found["time"], "%Y%m%d%H%M%S")
    return moment, int(found["cycle"]), int(found["rgt"])


def spread(by, granules):
    """[(window as text, its days, its granules)] of an axis from the first granule to the last."""
    days = [told(path)[0].date() for path in granules]
    if by == "cycle":
        cycles = [told(path)[1] for path in granules]
        return [(str(n), cycle(n), [path for path, own in zip(granules, cycles) if own == n])
                for n in range(min(cycles), max(cycles) + 1)]
    return [(f"{start}/{end}", (start, end), [path for path, day in zip(granules, days) if start <= day < end])
            for start, end in calendar(by, min(days), max(days))]
