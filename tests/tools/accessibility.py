"""What a keyboard and a screen reader meet in a page, and where a narrow window puts it.

Each function measures and returns; what is allowed, the tests say.
"""

from __future__ import annotations

from typing import NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Locator, Page

# What a keyboard must reach: everything that can be changed, pressed or unfolded, and is there.
CONTROLS = "input, select, textarea, button, summary, [role=slider], [contenteditable=true], [tabindex='0']"
SEEN = "element => element.checkVisibility({visibilityProperty: true}) && !element.disabled"


def axe_findings(element: Locator) -> list[str]:
    """List what axe-core calls serious or critical in an element: the rule, the place, and what to do."""
    element.evaluate("element => element.setAttribute('data-for-axe', '')")
    found = Axe().run(element.page, "[data-for-axe]", {"resultTypes": ["violations"]}).response
    element.evaluate("element => element.removeAttribute('data-for-axe')")
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


class Stop(NamedTuple):
    """A place where Tab stops: its role and name, as a screen reader is told them, its box, its outline."""

    role: str
    name: str
    left: float
    top: float
    right: float
    bottom: float
    outline: float

    def follows(self, before: Stop) -> bool:
        """Whether a reader who goes from left to right and down meets this one after `before`."""
        middle, middle_before = (self.top + self.bottom) / 2, (before.top + before.bottom) / 2
        is_below = middle >= before.bottom or self.top >= middle_before
        is_beside = self.left >= before.right - 1 and self.bottom > before.top
        return is_below or is_beside


def tab_stops(lab: Locator) -> tuple[list[Stop], list[str]]:
    """Press Tab from the first control until the lab is left; return the stops, and the controls missed."""
    page, stops = lab.page, []
    reader = page.context.new_cdp_session(page)
    page.evaluate("window.reached = []")
    seen = [control for control in lab.locator(CONTROLS).all() if control.evaluate(SEEN)]
    page.keyboard.press("Shift")  # the browser shows a focus that comes after a key
    seen[0].focus()
    while lab.evaluate("lab => lab.contains(document.activeElement)"):
        stops.append(_stop(page, reader))
        page.keyboard.press("Tab")
    missed = [
        control.evaluate("element => element.outerHTML.slice(0, 120)")
        for control in seen
        if not control.evaluate("element => window.reached.includes(element)")
    ]
    reader.detach()
    return stops, missed


def _stop(page: Page, reader: CDPSession) -> Stop:
    box = page.evaluate(
        """() => {
            const element = document.activeElement, style = getComputedStyle(element);
            const {left, top, right, bottom} = element.getBoundingClientRect();
            const y = element.closest('.jp-WindowedPanel-outer')?.scrollTop ?? 0;
            window.reached.push(element);
            const outline = style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth);
            return [left, top + y, right, bottom + y, outline];
        }"""
    )
    handle = reader.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
    about = {"objectId": handle, "fetchRelatives": False}
    node = reader.send("Accessibility.getPartialAXTree", about)["nodes"][0]
    return Stop(node["role"]["value"], node.get("name", {}).get("value", ""), *box)


def misplaced(lab: Locator) -> list[str]:
    """List what a narrow window does to a lab: controls cut, or one on another, or scrolling to the side."""
    return lab.evaluate(_MISPLACED, CONTROLS)


_MISPLACED = """(lab, selector) => {
    const said = [], name = element => element.outerHTML.slice(0, 120);
    const shown = [...lab.querySelectorAll(`${selector}, label, .slider-container`)].filter(
        element => element.checkVisibility({visibilityProperty: true}));
    const {left, right} = lab.getBoundingClientRect();
    shown.forEach((one, n) => {
        const a = one.getBoundingClientRect();
        if (a.left < left - 1 || a.right > Math.min(right, innerWidth) + 1) said.push(`cut: ${name(one)}`);
        const clips = getComputedStyle(one).overflowX !== "visible" && !one.hasAttribute("tabindex");
        if (clips && one.scrollWidth > one.clientWidth + 1) said.push(`words cut: ${name(one)}`);
        for (const other of shown.slice(n + 1)) {
            const b = other.getBoundingClientRect();
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (wide > 1 && high > 1 && !one.contains(other) && !other.contains(one))
                said.push(`overlap: ${name(one)} and ${name(other)}`);
        }
    });
    // What scrolls is to be reached by the keyboard; nothing around the lab may scroll to the side.
    const regions = [...lab.querySelectorAll("[tabindex='0'], textarea, svg")];
    const inside = [...lab.querySelectorAll("*")].filter(
        element => !regions.some(region => region.contains(element)));
    const around = [];
    for (let element = lab; element; element = element.parentElement) around.push(element);
    for (const element of [...inside, ...around]) {
        const {overflowX} = getComputedStyle(element), isPage = element === document.scrollingElement;
        const scrolls = isPage || /auto|scroll/.test(overflowX);
        if (scrolls && element.scrollWidth > element.clientWidth + 1)
            said.push(`scrolls to the side: ${name(element)}`);
    }
    return said;
}"""
