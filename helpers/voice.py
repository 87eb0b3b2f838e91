"""Words for those who listen: one place in the page that a screen reader reads out whenever it changes."""

from __future__ import annotations

import anywidget
import traitlets


class Voice(anywidget.AnyWidget):
    """Says words aloud through a screen reader. Nobody sees it.

    A region that stays is read when its words change, one that comes with its words often isn't; and of two
    regions that change at once either may be read first. So a lab and a question have one each, for all
    that they say.

    >>> voice = Voice()
    >>> for _ in range(2):
    ...     voice.say("It runs.")
    >>> voice.words
    'Still: It runs.'
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
      el.setAttribute("role", "status");
      // New text each time: the same words are read again.
      const say = () => el.replaceChildren(new Text(model.get("words")));
      say();
      model.on("change:times", say);
      return () => model.off("change:times", say);
    }
    export default { render };
    """

    def __init__(self, words: str = "") -> None:
        self._last = words
        super().__init__(words=words)

    def say(self, words: str) -> None:
        """Say these words; where they are the last ones again, say so: silence would sound like no answer."""
        with self.hold_sync():
            self.words = f"Still: {words}" if words == self._last else words
            self.times += 1
        self._last = words
