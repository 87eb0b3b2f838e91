"""Say at the end of a run how the network was cut: not every machine allows the best way."""

from pytest import TerminalReporter

# pytest imports every module that it looks at for doctests; this one would cut the tests' own network.
collect_ignore = ["socket_guard"]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print each way that a test recorded, wherever it ran (with xdist in another process)."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    properties = (item for report in reports for item in getattr(report, "user_properties", []))
    for way in sorted({way for name, way in properties if name == "network_cut"}):
        terminalreporter.write_line(f"Network cut: the notebooks ran {way}.")
