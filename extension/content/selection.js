// What a native copy of the present selection would write, read without running a line of the page's: text, markup, and every
// attribute that comes along. Used by content/clipboard.js.
'use strict';

(() => {
  const INLINE = new Set(['a', 'abbr', 'b', 'bdi', 'bdo', 'code', 'em', 'font', 'i', 'kbd', 'mark', 's', 'samp', 'small', 'span', 'strong', 'sub', 'sup', 'tt', 'u', 'var']);

  /** The focused element, inside of open and closed shadow trees. */
  function focusedIn(document) {
    let element = document.activeElement;
    for (let inner = element?.openOrClosedShadowRoot?.activeElement; inner; inner = inner.openOrClosedShadowRoot?.activeElement) element = inner;
    return element;
  }

  const isField = (element) => ['input', 'textarea'].includes(element?.localName) && 'value' in element;

  // {text} of a text field's selection; null when nothing would be copied (passwords never are).
  function fieldText(field) {
    if (field.localName === 'input' && field.type === 'password') return { text: '' };
    if (field.selectionStart === null) return { text: field.value };        // e-mail, number: which part is not told
    return { text: field.value.slice(field.selectionStart, field.selectionEnd) };
  }

  // Selections live in the document and in every shadow tree on the way to the focus; composed ranges where the browser has them.
  function rangesOf(window) {
    const selection = window.getSelection();
    if (!selection) return [];
    const ranges = [];
    for (let i = 0; i < selection.rangeCount; i++) ranges.push(selection.getRangeAt(i));
    return ranges;
  }

  function shadowRoots(root, found = []) {
    for (const element of root.querySelectorAll('*')) {
      const inner = element.openOrClosedShadowRoot;
      if (!inner) continue;
      found.push(inner);
      shadowRoots(inner, found);
    }
    return found;
  }

  function composedRanges(window) {
    const selection = window.getSelection();
    if (!selection?.getComposedRanges) return [];
    const roots = shadowRoots(window.document);
    if (!roots.length) return [];
    return selection.getComposedRanges({ shadowRoots: roots }).map((fixed) => {
      const range = window.document.createRange();
      try {
        range.setStart(fixed.startContainer, fixed.startOffset);
        range.setEnd(fixed.endContainer, fixed.endOffset);
      } catch {
        range.selectNodeContents(fixed.startContainer);
      }
      return range;
    }).filter((range) => !range.collapsed);
  }

  // Copies what lies in the range below `node` into an inert document: no custom element of the page comes to life.
  function copyInto(inert, node, range, note) {
    const out = [];
    for (const child of node.childNodes) {
      if (!range.intersectsNode(child)) continue;
      if (child.nodeType === Node.TEXT_NODE || child.nodeType === Node.CDATA_SECTION_NODE) {
        const start = child === range.startContainer ? range.startOffset : 0;
        const end = child === range.endContainer ? range.endOffset : child.data.length;
        note.text.push(child.data.slice(start, end));
        out.push(inert.createTextNode(child.data.slice(start, end)));
      } else if (child.nodeType === Node.ELEMENT_NODE) {
        const copy = inert.importNode(child, false);
        note.attributes(child);
        copy.append(...copyInto(inert, child, range, note), ...copyShadow(inert, child, note));
        out.push(copy);
      }
    }
    return out;
  }

  // What is drawn in an element's shadow tree is copied in its place by some browsers: it counts, it is not written twice.
  function copyShadow(inert, element, note) {
    const root = element.openOrClosedShadowRoot;
    if (root) note.text.push(root.textContent);
    return [];
  }

  function fragmentOf(inert, range, note) {
    const container = range.commonAncestorContainer;
    if (container.nodeType !== Node.ELEMENT_NODE && container.nodeType !== Node.DOCUMENT_FRAGMENT_NODE && container.nodeType !== Node.DOCUMENT_NODE) {
      const text = container.data?.slice(range.startOffset, range.endOffset) ?? '';
      note.text.push(text);
      return wrapped(inert, container.parentElement, [inert.createTextNode(text)], note);
    }
    return wrapped(inert, container, copyInto(inert, container, range, note), note);
  }

  // Inline ancestors come along with a copy (a link around the selected words, above all).
  function wrapped(inert, element, children, note) {
    let nodes = children;
    for (let e = element; e?.localName && INLINE.has(e.localName); e = e.parentElement) {
      const copy = inert.importNode(e, false);
      note.attributes(e);
      copy.append(...nodes);
      nodes = [copy];
    }
    return nodes;
  }

  /**
   * What a copy in this window would take.
   * @returns {{flavours: [{type, text}], looked: [string], range, attribute}} flavours: to be written; looked: every text that could hold an address
   */
  function selected(window) {
    const { document } = window;
    const focused = focusedIn(document);
    if (isField(focused)) {
      const { text } = fieldText(focused);
      const attribute = focused.localName === 'input' ? { element: focused, name: 'value' } : null;
      return { flavours: text ? [{ type: 'text/plain', text }] : [], looked: [text], range: null, attribute };
    }
    const selection = window.getSelection();
    const ranges = [...rangesOf(window), ...composedRanges(window)];
    const text = selection ? selection.toString() : '';
    const inert = document.implementation.createHTMLDocument('');
    const values = [];
    const note = { text: [], attributes: (element) => { for (const { value } of element.attributes) values.push(value); } };
    const holder = inert.createElement('div');
    for (const range of ranges) holder.append(...fragmentOf(inert, range, note));
    const drawn = note.text.join('');
    const html = holder.getHTML();
    const plain = text || drawn;
    const flavours = plain || html ? [{ type: 'text/plain', text: plain }, { type: 'text/html', text: html }] : [];
    const range = ranges.find((r) => !r.collapsed) ?? ranges[0] ?? null;
    return { flavours, looked: [text, drawn, ...values], range: range && range.cloneRange(), attribute: null };
  }

  globalThis.secondexit = { ...globalThis.secondexit, selected, focusedIn, isField };
})();
