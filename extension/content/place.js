// Where an address stands in this document, in the words of shared/protocol.md ("Where an address stands"): the text of the
// document, the path of the element, and the characters before and after. The host says the same of what other exits show.
'use strict';

(() => {
  const HTML = 'http://www.w3.org/1999/xhtml';
  const LEFT_OUT = new Set(['head', 'script', 'style', 'template', 'noscript', 'iframe', 'noframes', 'noembed', 'object', 'svg', 'math']);
  const SPACE = /[\t\n\f\r \u00a0]+/g;
  const AROUND = 64;
  const DEPTH_MAX = 64;
  const PATH_MAX = 2047;
  const TEXT_MAX = 4 << 20;             // characters of a page that are looked at; longer ones can't be compared

  const collapse = (text) => text.replace(SPACE, ' ');
  const lastPoints = (text) => [...text.slice(-2 * AROUND)].slice(-AROUND).join('');
  const firstPoints = (text) => [...text.slice(0, 2 * AROUND)].slice(0, AROUND).join('');

  const isLeftOut = (element) => (element.namespaceURI === HTML ? LEFT_OUT.has(element.localName) : ['svg', 'math'].includes(element.localName));

  /** The text nodes that count, in tree order, and their joined text. */
  function textOf(document) {
    const nodes = [];
    const starts = [];
    let text = '';
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT | NodeFilter.SHOW_CDATA_SECTION, {
      acceptNode: (node) => (node.nodeType === Node.ELEMENT_NODE ? (isLeftOut(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP) : NodeFilter.FILTER_ACCEPT),
    });
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      // What two elements hold is never one word: <code>1A1z…</code><b>copy</b>.
      if (nodes.length && node.previousSibling !== nodes.at(-1)) text += '\n';
      nodes.push(node);
      starts.push(text.length);
      text += node.data;
      if (text.length > TEXT_MAX) return null;
    }
    return { nodes, starts, text };
  }

  /** "html>body>p:nth-of-type(2)", or "" where there is none. */
  function pathOf(element) {
    const names = [];
    for (let e = element; e; e = e.parentElement) {
      const name = e.localName.toLowerCase();
      if (!/^[a-z][a-z0-9-]*$/.test(name) || names.length === DEPTH_MAX) return '';
      let n = 1;
      for (let before = e.previousElementSibling; before; before = before.previousElementSibling) {
        if (before.localName.toLowerCase() === name) n++;
      }
      names.unshift(n === 1 ? name : `${name}:nth-of-type(${n})`);
      if (!e.parentElement && e.parentNode !== e.ownerDocument) return '';      // in a shadow tree
    }
    const path = names.join('>');
    return path.length <= PATH_MAX ? path : '';
  }

  // First place of the address, white space and invisible characters between its letters notwithstanding.
  function find(text, address, from) {
    const at = text.indexOf(address, from);
    if (at >= 0) return [at, at + address.length];
    const letters = [...address].map((c) => c.replace(/[^\w]/, '\\$&')).join('[\\s\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff]*');
    const loose = new RegExp(letters, 'gi');
    loose.lastIndex = from;
    const found = loose.exec(text);
    return found ? [found.index, found.index + found[0].length] : null;
  }

  const around = (text, [start, end]) => ({ before: lastPoints(collapse(text.slice(0, start))), after: firstPoints(collapse(text.slice(end))) });

  /**
   * Where `address` stands in what was selected. `selected`: range or null; `attribute`: {element, name} when it was copied out of an attribute.
   * @returns {{path, before, after, text}|null} text: of the whole document, for the rest of its family
   */
  function placeOf(document, { address, range, attribute }) {
    const whole = textOf(document);
    if (!whole) return null;
    if (attribute) {
      const value = attribute.element.getAttribute(attribute.name) ?? '';
      const found = find(value, address, 0);
      const path = found && pathOf(attribute.element);
      return path ? { path: `${path}@${attribute.name}`, ...around(value, found), text: whole.text } : null;
    }
    const found = find(whole.text, address, offsetOf(whole, range));
    if (!found) return null;
    let i = whole.starts.findLastIndex((start) => start <= found[0]);
    while (i > 0 && whole.nodes[i].data.length === 0) i--;
    const path = pathOf(whole.nodes[i].parentElement);
    return path ? { path, ...around(whole.text, found), text: whole.text } : null;
  }

  // Where in the document's text a range begins; 0 where it can't be said.
  function offsetOf({ nodes, starts }, range) {
    if (!range) return 0;
    for (let i = 0; i < nodes.length; i++) {
      if (nodes[i] === range.startContainer) return starts[i] + Math.min(range.startOffset, nodes[i].data.length);
      if (range.comparePoint(nodes[i], nodes[i].data.length) >= 0) return starts[i];
    }
    return 0;
  }

  globalThis.secondexit = { ...globalThis.secondexit, placeOf };
})();
