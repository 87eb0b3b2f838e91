"""What the learner does: questions before a run, errors to be diagnosed first, exercises, and what is done.

`%load_ext helpers.practice` is `%load_ext helpers` with a question before each diagnosis.
"""

from helpers.practice.asked import load_ipython_extension as load_ipython_extension
from helpers.practice.asked import unload_ipython_extension as unload_ipython_extension
