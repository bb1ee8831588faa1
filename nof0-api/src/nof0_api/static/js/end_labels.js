// Names and values at the ends of curves, moved apart where curves end close together.

import { pictureOf } from "./logos.js";
import { colour } from "./theme.js";

const FONT = 12; // px
const LINE = 15; // px from one label to the next
const DOT = 8; // px
const LOGO = 14; // px
const NARROW = 560; // px; a narrower chart has values only, and the names in its legend
const LONGEST = 18; // letters of a name

const shortened = (name) => ([...name].length > LONGEST ? `${[...name].slice(0, LONGEST - 1).join("")}…` : name);

/** What stands at the end of a curve `{name, points}`; null for a curve without a point. */
function textOf(curve, format, isNarrow) {
  const last = curve.points.at(-1);
  if (!last) return null;
  return isNarrow ? format(last[1]) : `${shortened(curve.name)} ${format(last[1])}`;
}

/** Room in px that the labels of these curves need on the right of a chart so wide. */
export function roomFor(curves, format, width) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${FONT}px system-ui, sans-serif`;
  const texts = curves.map((one) => textOf(one, format, width < NARROW)).filter(Boolean);
  return Math.ceil(Math.max(0, ...texts.map((text) => pen.measureText(text).width))) + DOT + 16 + (curves.some((one) => one.logo) ? LOGO + 4 : 0);
}

/** Places for labels that would like to be at `wanted` (px, ascending): LINE apart, and inside of `height`. */
export function apart(wanted, height) {
  const places = [];
  for (const one of wanted) places.push(Math.max(one, (places.at(-1) ?? -Infinity) + LINE));
  let least = height;
  for (let at = places.length - 1; at >= 0; at -= 1) {
    places[at] = Math.min(places[at], least);
    least = places[at] - LINE;
  }
  return places;
}

/** Draws the labels of the curves that are shown on a uPlot; what has no room is in the legend. */
export function drawEndLabels(plot, curves, format) {
  const { ctx: pen, bbox } = plot;
  const ratio = devicePixelRatio;
  const isNarrow = plot.width < NARROW;
  const ends = curves.flatMap((curve, index) => {
    const text = plot.series[index + 1].show ? textOf(curve, format, isNarrow) : null;
    return text === null ? [] : [{ text, colour: curve.colour, picture: curve.logo && pictureOf(curve.logo), y: plot.valToPos(curve.points.at(-1)[1], "y") }];
  }).sort((a, b) => a.y - b.y).slice(0, Math.floor(bbox.height / ratio / LINE));
  const places = apart(ends.map((one) => one.y), bbox.height / ratio);
  pen.save();
  pen.font = `${FONT * ratio}px system-ui, sans-serif`;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  const x = bbox.left + bbox.width + 8 * ratio;
  ends.forEach((one, index) => {
    const y = bbox.top + places[index] * ratio;
    pen.fillStyle = colour(one.colour);
    pen.fillRect(x, y - (DOT / 2) * ratio, DOT * ratio, DOT * ratio);
    pen.fillStyle = colour("text"); // a curve's own colour is too faint for small letters
    const left = x + (DOT + 5) * ratio;
    if (one.picture) pen.drawImage(one.picture, left, y - (LOGO / 2) * ratio, LOGO * ratio, LOGO * ratio);
    pen.fillText(one.text, left + (one.picture ? (LOGO + 4) * ratio : 0), y);
  });
  pen.restore();
}
