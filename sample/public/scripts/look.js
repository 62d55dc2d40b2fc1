const COLOUR = /^#[\da-f]{6}$/i;
const FALLBACK = '#5f5a52';

export function isColour(value) {
  return typeof value === 'string' && COLOUR.test(value);
}

function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Returns black or white, whichever has more contrast with a colour that the operator may choose freely. */
function textOn(colour) {
  return luminance(colour) > 0.179 ? '#000000' : '#ffffff';
}

/** Applies the flag `shop-look`. */
export function applyLook(element, { accent, radius }) {
  const colour = isColour(accent) ? accent : FALLBACK;
  const corners = Number.isFinite(radius) ? Math.min(Math.max(radius, 0), 32) : 8;
  element.style.setProperty('--accent', colour);
  element.style.setProperty('--on-accent', textOn(colour));
  element.style.setProperty('--radius', `${corners}px`);
}
