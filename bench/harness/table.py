"""The results as Markdown."""
import statistics

HEADER = ["system", "requests", "per granule", "rounds per granule", "MB read", "bytes / floor", "CPU s", "CPU ×", "wall s, {0} ms",
          "wall s, {1} ms", "wall ×, {1} ms", "peak RSS MB"]


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def spread(runs, key):
    """`median (least to most)`."""
    values = [run[key] for run in runs]
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def ratio(a, b):
    return f"{a / b:.3g}" if b else ""


def line(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def system_row(entry, first, case, latencies):
    """One system; CPU and memory are those of the runs without latency."""
    low, high = (entry["runs"][str(ms)] for ms in latencies)
    base_low, base_high = (first["runs"][str(ms)] for ms in latencies)
    requests, size = median(high, "requests"), median(high, "bytes")
    return line([entry["title"], f"{requests:.0f}", f"{requests / case['granules']:.1f}", entry.get("rounds_per_granule", ""),
                 f"{size / 1e6:.1f}", ratio(size, case["floor"]["bytes"]), spread(low, "cpu"),
                 ratio(median(low, "cpu"), median(base_low, "cpu")), spread(low, "wall"), spread(high, "wall"),
                 ratio(median(high, "wall"), median(base_high, "wall")), f"{max(r['peak'] for r in low + high) / 1e6:.0f}"])


def answer_note(entry):
    """What the comparison of the answers found."""
    a = entry["answer"]
    text = f"{entry['name']}: {a['rows']:,} of {a['rows_expected']:,} rows in {a['children']} children"
    if a["children_with_other_count"]:
        return f"{text}; **{a['children_with_other_count']} children have another count**"
    return (f"{text}, every count right; extremes or quantiles differ in {a['children_with_other_extremes_or_quantiles']}; "
            f"mean within {a['mean_m'] * 1e3:.2g} mm, sigma {a['sigma_relative']:.1e}, variance {a['variance_relative']:.1e} relative")


def case_table(case, latencies):
    """One case: floor, systems, and how right each was."""
    floor, systems = case["floor"], case["systems"]
    out = [f"### {case['name']}: cell {case['cell']}, {case['granules']} granules, {floor['rows_in_cell']:,} rows in the cell", ""]
    out += [line(name.format(*latencies) for name in HEADER), line(["---"] + ["---:"] * (len(HEADER) - 1))]
    chunks = f"floor: {floor['chunks']} chunks with the cell's rows, in {floor['ranges']} exact ranges"
    out.append(line([chunks, floor["ranges"], f"{floor['ranges'] / case['granules']:.1f}", "", f"{floor['bytes'] / 1e6:.1f}", 1] + [""] * 6))
    out += [system_row(entry, systems[0], case, latencies) for entry in systems]
    jobs = [f"{entry['name']} {entry['job_rounds']}" for entry in systems if "job_rounds" in entry]
    if jobs:
        out += ["", f"Dependent rounds of the whole job: {', '.join(jobs)}."]
    return out + ["", "Answers: " + ". ".join(map(answer_note, systems)) + "."]


def report(results):
    """Everything that was measured in one run of the harness."""
    out = [f"{results['date']}, {results['machine']}; {results['repeats']} repeats, systems interleaved; median (least to most).",
           "× is against the first system of a table, 1 the same.", ""]
    for case in results["cases"]:
        out += case_table(case, results["latencies"]) + [""]
    return "\n".join(out + ["Versions: " + ", ".join(f"{k} {v}" for k, v in results["versions"].items()) + "."])
