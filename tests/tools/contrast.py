"""How words and marks stand out, measured in the page: contrast as WCAG 2 defines it."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from playwright.sync_api import Locator


class Text(NamedTuple):
    """Words that are shown, and the contrast that they have where they stand."""

    contrast: float
    words: str


def texts(element: Locator) -> list[Text]:
    """List every text that is shown in an element, in HTML and in SVG, with its least contrast.

    Words of a control that is disabled are left out: they are faint because they can't be used.
    """
    found = element.evaluate(_TEXTS)
    return [Text(float(contrast(inks, papers).min()), words) for words, inks, papers in found]


_TEXTS = """root => {
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    function rgba(colour) {  // whatever CSS calls it
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    }
    const over = ([r, g, b, a], below) => [r, g, b].map((value, n) => value * a + below[n] * (1 - a));
    // The papers that may lie below: one, or a stripe each where there is a hatch.
    function papers(element) {
        if (!element) return [[255, 255, 255]];
        const style = getComputedStyle(element), below = papers(element.parentElement);
        const fill = rgba(style.backgroundColor);
        const stripes = style.backgroundImage.match(/(rgba?|color)\\([^)]*\\)/g) ?? [];
        const here = below.map(paper => over(fill, paper));
        return here.concat(stripes.flatMap(stripe => here.map(paper => over(rgba(stripe), paper))));
    }
    // SVG paints in the order of its text, so the last shape before the words that holds their middle.
    function shapes(text) {
        const svg = text.ownerSVGElement, box = text.getBoundingClientRect();
        const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
        let below = papers(svg.parentElement);
        for (const shape of svg.querySelectorAll("rect, circle")) {
            if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
            const at = shape.getBoundingClientRect(), {fill, fillOpacity} = getComputedStyle(shape);
            if (fill === "none" || x < at.left || x > at.right || y < at.top || y > at.bottom) continue;
            const [r, g, b, a] = rgba(fill);
            below = below.map(paper => over([r, g, b, a * fillOpacity], paper));
        }
        return below;
    }
    const found = [];
    function measure(element, words) {
        if (!words || !element.checkVisibility({visibilityProperty: true})) return;
        if (element.closest(".shape-clinic-voice, title, desc, style, option, :disabled")) return;
        const text = element.closest("text"), style = getComputedStyle(element);
        const colour = rgba(text ? style.fill : style.color);
        const below = text ? shapes(text) : papers(element);
        found.push([words, below.map(paper => over(colour, paper)), below]);
    }
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
        measure(walker.currentNode.parentElement, walker.currentNode.data.replaceAll("\\u200b", "").trim());
    for (const field of root.querySelectorAll("textarea, select"))
        measure(field, field.selectedOptions?.[0].text ?? field.value);
    return found;
}"""


def picture_of(element: Locator, margin: int = 0) -> np.ndarray[Any, Any]:
    """Take a picture of an element and what is around it: (height, width, 3), 0 to 255."""
    box = element.bounding_box()
    assert box is not None, "it is not shown"
    x, y = max(box["x"] - margin, 0), max(box["y"] - margin, 0)
    clip = {"x": x, "y": y, "width": box["width"] + 2 * margin, "height": box["height"] + 2 * margin}
    png = element.page.screenshot(clip=clip, animations="disabled")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def contrast(one: Any, other: Any) -> np.ndarray[Any, Any]:
    """Return the contrast, 1 to 21, between colours (..., 3), as WCAG 2 defines it."""
    lights = []
    for colour in (one, other):
        part = np.asarray(colour) / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        lights.append(linear @ [0.2126, 0.7152, 0.0722])
    return (np.maximum(*lights) + 0.05) / (np.minimum(*lights) + 0.05)
