"""Plate reader network (PyTorch): 64x128 grey in; out a distribution over the alphabet at every step along two rows, and a country.

A plain 3x3 trunk gives 8x32 places of 80 features. In each of the 32 columns two softmaxes over the 8 rows, steered by the column
itself and by the layout of the whole plate, gather an upper and a lower row of text; convolutions along the rows and one classifier
read them. 64 steps in reading order, upper row first; symbol 0 is "nothing here" (the blank of connectionist temporal
classification: Graves and others 2006), a plate of one row leaves the lower one blank.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.training.layers import Conv, Residual
from scripts.training.ocr.alphabet import ALPHABET, COUNTRIES, ROWS

HIGH, COLUMNS, FEATURES = 8, 32, 80
"""The trunk's map."""
STEPS = ROWS * COLUMNS
SUMMARY = 128
"""Numbers that describe the layout of the whole plate."""
ALONG = 112


class PlateReader(nn.Module):
    """Input (n, 1, 64, 128) as grey / 128 - 1; outputs logits (n, 64, symbols) and (n, countries)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Conv(1, 16, stride=(2, 2)), nn.ReLU(), Conv(16, 24), nn.ReLU())
        self.middle = nn.Sequential(Conv(24, 48, stride=(2, 2)), nn.ReLU(), Residual(48))
        self.top = nn.Sequential(Conv(48, FEATURES, stride=(2, 1)), nn.ReLU(), Residual(FEATURES), Residual(FEATURES))
        self.plan = nn.Sequential(
            Conv(FEATURES, 48, stride=(2, 2)), nn.ReLU(), Conv(48, 48), nn.ReLU(), Conv(48, 12, (1, 1)), nn.ReLU()
        )
        self.summary = nn.Linear(12 * HIGH * COLUMNS // 4, SUMMARY)
        self.layout = nn.Linear(SUMMARY, COLUMNS * ROWS * HIGH)
        self.place = nn.Conv2d(FEATURES, ROWS, 1)
        self.along = Conv(FEATURES, ALONG, (1, 5))
        self.whole = nn.Linear(SUMMARY, ALONG)
        self.further = Conv(ALONG, ALONG, (1, 3))
        self.symbols = nn.Conv2d(ALONG, len(ALPHABET), 1)
        self.look = nn.Linear(SUMMARY + FEATURES, 64)
        self.country = nn.Linear(64, len(COUNTRIES))
        nn.init.normal_(self.layout.weight, std=0.01)
        nn.init.normal_(self.symbols.weight, std=0.02)
        with torch.no_grad():
            # the first row of text begins in the upper part, a second one below it
            down = torch.linspace(1.0, -1.0, HIGH)
            self.layout.bias.copy_(torch.stack([0.5 * down, -0.5 * down]).expand(COLUMNS, ROWS, HIGH).reshape(-1))
            # most steps name nothing
            self.symbols.bias.zero_()[0] = 5.0

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n = x.shape[0]
        features = self.top(self.middle(self.stem(x)))
        summary = functional.relu(self.summary(self.plan(features).flatten(1)))
        where = self.place(features).permute(0, 3, 1, 2) + self.layout(summary).view(n, COLUMNS, ROWS, HIGH)
        bands = torch.softmax(where.float(), 3).to(features.dtype) @ features.permute(0, 3, 2, 1)  # n, columns, bands, features
        y = self.along(bands.permute(0, 3, 2, 1)) + self.whole(summary)[:, :, None, None]
        y = functional.relu(y)
        y = functional.relu(y + self.further(y))
        steps = self.symbols(y).permute(0, 2, 3, 1).reshape(n, STEPS, len(ALPHABET))
        look = functional.relu(self.look(torch.cat([summary, features.mean((2, 3))], 1)))
        return steps, self.country(look)
