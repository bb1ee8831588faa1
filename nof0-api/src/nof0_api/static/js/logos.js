// Pictures of traders. The server says once who has one; a chart can draw one when it has come.

const addresses = new Map(); // trader → address
const pictures = new Map(); // trader → image, once it is there

/** Asks for the pictures; `onchange` is called as they come. A page without them is none the worse. */
export async function loadLogos(onchange) {
  let named;
  try {
    named = await (await fetch("logos.json")).json();
  } catch {
    return;
  }
  for (const [trader, address] of Object.entries(named)) {
    addresses.set(trader, address);
    const image = new Image();
    image.addEventListener("load", () => {
      pictures.set(trader, image);
      onchange();
    });
    image.src = address;
  }
  onchange();
}

/** The address of a trader's picture, or null. */
export const logoOf = (trader) => addresses.get(trader) ?? null;

/** A trader's picture for a canvas, or null while there is none. */
export const pictureOf = (trader) => pictures.get(trader) ?? null;
