"""What a configuration may hold by mistake."""

import math
from typing import Any

WRONG_VALUES: list[Any] = [None, True, math.nan, math.inf, -math.inf, -1, 1e30, 10**400, "", "3", "x" * 5000]
