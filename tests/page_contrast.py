"""How far every text of a page stands out from what is behind it, as WCAG reckons."""

from __future__ import annotations

FAINT = """least => {
  const parts = colour => {
    const found = colour.match(/[\\d.]+(e-?\\d+)?/g).map(Number);
    // color-mix() computes to `color(srgb r g b / a)` with channels from 0 to 1.
    if (colour.startsWith("color(")) return [...found.slice(0, 3).map(one => one * 255), found[3] ?? 1];
    return [found[0], found[1], found[2], found[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map(at => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
  const luminance = colour => colour.slice(0, 3).map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const lineOf = element => {
    const line = [];
    for (let one = element; one; one = one.parentElement) line.unshift(one);
    return line;
  };
  const backOf = element => lineOf(element).reduce((back, one) => over(parts(getComputedStyle(one).backgroundColor), back), [255, 255, 255, 1]);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || ["SCRIPT", "NOSCRIPT", "OPTION"].includes(element.tagName)) continue;
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest("noscript")) continue;
    const back = backOf(element);
    const opacity = lineOf(element).reduce((all, one) => all * Number(getComputedStyle(one).opacity), 1);
    const own = parts(getComputedStyle(element).color);
    const text = over([...own.slice(0, 3), own[3] * opacity], back);
    const [dark, light] = [luminance(text), luminance(back)].sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < least) found.push(`${contrast.toFixed(2)}: ${element.tagName} ${element.className}: ${node.textContent.trim().slice(0, 40)}`);
  }
  return [...new Set(found)];
}"""  # noqa: E501


def faint(page, least=4.5):
    """Texts of a page with less contrast than `least`, with what they have."""
    return page.evaluate(FAINT, least)
