"""How far texts on a page stand out from what is behind them, as WCAG reckons."""

from __future__ import annotations

CONTRAST = """elements => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (channels) => channels.map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  return elements.filter(one => one.checkVisibility()).map(element => {
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    pen.globalAlpha = 1;
    const back = painted(behind);
    const seen = [luminance(painted([...behind, getComputedStyle(element).color])), luminance(back)]
      .sort((a, b) => b - a);
    return [element.textContent.slice(0, 40), (seen[0] + 0.05) / (seen[1] + 0.05)];
  });
}"""
"""For each visible element its text and the contrast of its colour; colours are those painted."""


def faint(page, selector, least=4.5):
    """Texts that stand out less than they should; there has to be one that is visible at all."""
    found = page.locator(selector).evaluate_all(CONTRAST)
    assert found, selector
    return [one for one in found if one[1] < least]
