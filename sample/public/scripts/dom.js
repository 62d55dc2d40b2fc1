const SVG = 'http://www.w3.org/2000/svg';

/** Creates an element. Text is set as text and never parsed, so a flag's value cannot become markup. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Creates an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Returns the first element that matches the selector. */
export function find(selector, within = document) {
  return within.querySelector(selector);
}
