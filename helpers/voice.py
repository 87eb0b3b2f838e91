"""Words for those who listen: one place in the page that a screen reader reads out whenever it changes."""

from __future__ import annotations

import anywidget
import traitlets

from helpers.readable import aloud


class Voice(anywidget.AnyWidget):
    """Says words aloud through a screen reader. Nobody sees it.

    A region that stays is read when its words change, one that comes with its words often isn't; and of two
    regions that change at once either may be read first. So a lab and a question have one each, for all
    that they say. It was tried with Orca 43 in Chromium.

    >>> voice = Voice()
    >>> voice.say("✗ IndexError")
    >>> voice.words
    'error: IndexError'
    """

    words = traitlets.Unicode().tag(sync=True)
    times = traitlets.Int().tag(sync=True)

    _css = """
    .shape-clinic-voice {
      position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
    }
    """
    _esm = """
    function render({ model, el }) {
      el.classList.add("shape-clinic-voice");
      el.setAttribute("aria-live", "polite");
      el.setAttribute("aria-atomic", "true");
      let timer, last;
      function say() {
        const words = model.get("words");
        // Silence would sound like no answer. And a reader drops what it has just said: so every other
        // time a space is added that nobody hears.
        const still = words === last ? "Still: " : "", space = model.get("times") % 2 ? "" : "\u00a0";
        el.textContent = still + words + space;
        last = words;
        // It shall be heard when it comes, and not be met on the way through the page.
        timer = setTimeout(() => { el.textContent = ""; }, 4000);
      }
      function soon() {
        clearTimeout(timer);
        // A key cuts off what is being said: wait until nobody types.
        timer = setTimeout(say, document.activeElement?.matches("textarea") ? 1000 : 0);
      }
      model.on("change:times", soon);
      return () => { clearTimeout(timer); model.off("change:times", soon); };
    }
    export default { render };
    """

    def say(self, words: str) -> None:
        """Say these words; where they are the last ones again, the page says that too."""
        with self.hold_sync():
            self.words = aloud(words)
            self.times += 1
