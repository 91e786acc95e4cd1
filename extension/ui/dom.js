// Elements from code: text goes in as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Text that keeps its own direction: names, numbers, fingerprints. */
export const ltr = (text, attributes = {}) => h('bdi', { dir: 'ltr', ...attributes }, text);

/** A click that a person made; scripts can't. */
export const clicked = (act) => (event) => {
  if (event.isTrusted) act(event);
};
