"""Comparing the children that a system wrote with the referee's."""
import csv
import struct

EXACT = ["h_min", "h_max", "h_q25", "h_q50", "h_q75"]
ORDER = ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"]


def nested(morton):
    """Nested number of a decimal morton id."""
    digits = morton.lstrip("-")
    number = int(digits[0]) - 1 + (6 if morton.startswith("-") else 0)
    for digit in digits[1:]:
        number = 4 * number + int(digit) - 1
    return number


def f32(text):
    """The f32 nearest to a decimal number."""
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def read_table(path, order=ORDER):
    """Nested number -> statistics by name, for the children that hold rows."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(float(row["count"]))]
    return {str(nested(row["morton"])): {name: f32(row[name]) for name in order} for row in rows}


def compare(table, truth, order=ORDER):
    """How far a table is from the truth: rows and children that differ, and the largest errors over the others."""
    wrong = [c for c in {*table, *truth} if c not in table or c not in truth or table[c]["count"] != truth[c][0]]
    result = {"rows": int(sum(row["count"] for row in table.values())), "rows_expected": sum(v[0] for v in truth.values()),
              "children": len(table), "children_expected": len(truth), "children_with_other_count": len(wrong),
              "children_with_other_extremes_or_quantiles": 0, "mean_m": 0.0, "sigma_relative": 0.0, "variance_relative": 0.0}
    for child in set(table) - set(wrong):
        got, want = table[child], dict(zip(order, truth[child]))
        relative = lambda name: abs(got[name] - want[name]) / abs(want[name]) if want[name] else abs(got[name])
        result["children_with_other_extremes_or_quantiles"] += any(got[name] != want[name] for name in EXACT)
        result["mean_m"] = max(result["mean_m"], abs(got["h_mean"] - want["h_mean"]))
        result["mean_relative"] = max(result.get("mean_relative", 0.0), relative("h_mean"))
        if "h_sigma" in order:
            result["sigma_relative"] = max(result["sigma_relative"], relative("h_sigma"))
        result["variance_relative"] = max(result["variance_relative"], relative("h_variance"))
    return result


def is_exact(result):
    """Whether counts, extremes and quantiles are the referee's, and the sums are within one unit of f32."""
    ulp = 2.0**-23
    return (result["children_with_other_count"] == 0 and result["children_with_other_extremes_or_quantiles"] == 0
            and max(result.get("mean_relative", 0.0), result["sigma_relative"], result["variance_relative"]) <= ulp)


def worse(a, b):
    """The one of two comparisons that lost more; the first where they are alike."""
    return b if a is None or b["children_with_other_count"] > a["children_with_other_count"] else a
