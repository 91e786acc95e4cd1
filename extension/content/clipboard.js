// Stands between an insecure page and the clipboard. Copies, cuts, drags and clicks on payment links that could carry an
// address are held until the background page has asked the host; everything else stays with the browser. On a secure
// page it returns at once. Untrusted as every content script: it reports, the background page decides.
'use strict';

(() => {
  const { link, mayHoldAddress, isPaymentUri, partsOf, selected, placeOf, focusedIn } = globalThis.secondexit;
  const SWEEP_MS = 250;
  const PRIMARY_MS = 60;
  const CLEARED_MAX = 50;
  const MENU_MS = 1200;

  let state = 'unknown';              // "secure", "insecure", "unknown": treated as insecure until told otherwise
  let hasPrimary = false;             // selecting is copying here (X11, Wayland) and nobody else sees to it
  let rehearsal = null;               // the event that we dispatch ourselves
  let last = null;                    // {hold, range, attribute, document}: what the newest hold was taken from
  let holds = 0;
  let writing = null;                 // flavours that go to the clipboard with the copy that we are making
  const cleared = new Set();          // texts in which the host found nothing, for what can't be given back (a drag)

  const isOurs = () => state !== 'secure';
  // [{type, text}]. A look that fails lets nothing pass.
  const mayHold = (flavours) => flavours.some(({ type = '', text }) => {
    try {
      return Boolean(text) && mayHoldAddress(text, type);
    } catch {
      return true;
    }
  });

  // ---- holding ----------------------------------------------------------------------------------------------------

  async function hold(how, { flavours, range = null, attribute = null }, document, onWritten = () => {}) {
    const id = ++holds;
    const told = flavours.map(({ type, text }) => ({ type, text }));
    last = { hold: id, range, attribute, document };
    const answer = await lookAtParts(id, how, told, document) ?? await link.ask({ kind: 'clip.hold', hold: id, how, flavours: told, around: aroundOf(told, range, document) }).catch(() => null);
    if (answer?.clear) {
      for (const { text } of flavours) cleared.add(text);
      while (cleared.size > CLEARED_MAX) cleared.delete(cleared.values().next().value);
    }
    if (answer?.written) onWritten();
    return answer ?? { written: false };
  }

  // Some addresses look like any digest (NEAR's, Arweave's), and are told by a word near by; who copies one copies it without that word.
  // So of a token that stands alone what the page shows around it is looked at too. "" where there is nothing to be said.
  function aroundOf(flavours, range, document) {
    const token = /^[\w-]{41,64}$/.exec(flavours.find(({ type }) => type === 'text/plain')?.text.trim() ?? '')?.[0];
    if (!token || !range) return '';
    try {
      const { before, after } = placeOf(document, { address: token, range, attribute: null });
      return `${before}${token}${after}`;
    } catch {
      return '';
    }
  }

  // A long text in which nothing is found need not leave this process but for the clipboard. null: it is held as every other.
  async function lookAtParts(id, how, flavours, document) {
    if (how === 'link' || how === 'menu') return null;
    try {
      const parts = partsOf(flavours);
      const answer = parts && await link.ask({ kind: 'clip.look', hold: id, how, flavours: parts });
      if (!answer?.clear) return null;
      // What was copied since is what the user wants.
      if (how === 'drag' || id !== holds) return { written: false, clear: true };
      return write(flavours, document) ? { written: true, clear: true } : null;
    } catch {
      return null;
    }
  }

  // The very flavours that were looked at, by a copy that our own listener answers before any other.
  function write(flavours, document) {
    writing = flavours;
    try {
      return document.execCommand('copy') && writing === null;
    } finally {
      writing = null;
    }
  }

  /** Where the address of that hold stands, for the comparison. */
  function place({ hold: id, address }) {
    if (last?.hold !== id) return null;
    try {
      return placeOf(last.document, { address, range: last.range, attribute: last.attribute });
    } catch {
      return null;                      // the page took the nodes away meanwhile
    }
  }

  // ---- copy and cut -----------------------------------------------------------------------------------------------

  const typesOf = (transfer) => [...transfer.types].filter((type) => type !== 'Files');
  const read = (transfer) => typesOf(transfer).map((type) => ({ type, text: transfer.getData(type) }));

  function rehearse(event, target) {
    rehearsal = event;
    try {
      target.dispatchEvent(event);
    } finally {
      rehearsal = null;
    }
    return event.defaultPrevented;
  }

  function onCopy(event) {
    if (writing && event.isTrusted && event.type === 'copy') {
      event.stopImmediatePropagation();
      event.preventDefault();
      for (const { type, text } of writing) event.clipboardData.setData(type, text);
      writing = null;
      return;
    }
    if (!isOurs() || event === rehearsal || !event.isTrusted) return;
    event.stopImmediatePropagation();
    const window = event.currentTarget;
    const target = focusedIn(window.document)?.getRootNode() instanceof ShadowRoot ? focusedIn(window.document) : event.composedPath()[0];
    const trial = new ClipboardEvent(event.type, { bubbles: true, cancelable: true, composed: true });
    const isPages = rehearse(trial, target);
    // Read after the rehearsal: the page may have moved the selection in it. From here on no script of the page runs.
    const found = isPages ? { flavours: read(trial.clipboardData) } : selected(window);
    const looked = found.looked?.map((text) => ({ text })) ?? found.flavours;
    if (!mayHold(looked)) {
      if (!isPages) return;
      event.preventDefault();
      for (const { type, text } of found.flavours) event.clipboardData.setData(type, text);
      return;
    }
    event.preventDefault();
    const isCut = event.type === 'cut' && !isPages;
    hold(event.type, found, window.document, () => isCut && removeSelected(window, found.flavours[0].text));
  }

  // A cut that was let through takes its text out, if it is still what is selected.
  function removeSelected(window, text) {
    if (selected(window).flavours[0]?.text === text) window.document.execCommand('delete');
  }

  // ---- drags ------------------------------------------------------------------------------------------------------

  function onDragStart(event) {
    if (!isOurs() || event === rehearsal || !event.isTrusted) return;
    event.stopImmediatePropagation();
    const window = event.currentTarget;
    const transfer = new DataTransfer();
    const native = read(event.dataTransfer);
    for (const { type, text } of native) transfer.setData(type, text);
    const { clientX, clientY, screenX, screenY, ctrlKey, shiftKey, altKey, metaKey } = event;
    const trial = new DragEvent('dragstart', { bubbles: true, cancelable: true, composed: true, view: window, dataTransfer: transfer, clientX, clientY, screenX, screenY, ctrlKey, shiftKey, altKey, metaKey });
    if (rehearse(trial, event.composedPath()[0])) return void event.preventDefault();
    const flavours = read(transfer);
    if (mayHold([...flavours, ...native].filter(({ text }) => !cleared.has(text)))) {
      event.preventDefault();
      hold('drag', { flavours, range: selected(window).range }, window.document);
      return;
    }
    for (const { type, text } of flavours) {
      if (event.dataTransfer.getData(type) !== text) event.dataTransfer.setData(type, text);
    }
    if (transfer.effectAllowed !== 'none' && transfer.effectAllowed !== 'uninitialized') event.dataTransfer.effectAllowed = transfer.effectAllowed;
  }

  // ---- payment links ----------------------------------------------------------------------------------------------

  // The link under an event, inside of closed shadow trees as well.
  function linkOf(event) {
    let [node] = event.composedPath();
    for (let root = node?.openOrClosedShadowRoot; root && 'clientX' in event; root = node?.openOrClosedShadowRoot) {
      const inner = root.elementFromPoint(event.clientX, event.clientY);
      if (!inner || inner === node) break;
      node = inner;
    }
    for (; node; node = node.assignedSlot ?? node.parentNode ?? node.host) {
      const href = node.localName === 'a' || node.localName === 'area' ? hrefOf(node) : null;
      if (href) return { element: node, ...href };
    }
    return null;
  }

  function hrefOf(element) {
    const name = ['href', 'xlink:href'].find((n) => element.hasAttribute(n));
    return name ? { name, href: element.getAttribute(name) } : null;
  }

  const paymentOf = (event) => {
    const found = linkOf(event);
    return found && isPaymentUri(found.href) ? found : null;
  };

  const holdLink = (how, { element, name, href }, document) =>
    hold(how, { flavours: [{ type: 'text/plain', text: href.trim() }], attribute: { element, name } }, document);

  function onClick(event) {
    const found = isOurs() && event.button !== 2 && paymentOf(event);
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.isTrusted || event.currentTarget.navigator.userActivation?.isActive) holdLink('link', found, event.currentTarget.document);
  }

  // The browser's menu copies a link without telling a page. Without its target it offers no such thing; the menu itself is
  // held back below, unless the user insists (Shift).
  function onPress(event) {
    const found = isOurs() && event.isTrusted && event.button === 2 && paymentOf(event);
    if (!found) return;
    found.element.removeAttribute(found.name);
    stripped = found;
    setTimeout(() => restore(found), MENU_MS);
  }

  let stripped = null;
  function restore({ element, name, href }) {
    if (!element.hasAttribute(name)) element.setAttribute(name, href);
  }

  function onMenu(event) {
    if (!isOurs() || !event.isTrusted) return;
    if (stripped) restore(stripped);
    stripped = null;
    const found = paymentOf(event);
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    holdLink('menu', found, event.currentTarget.document);
  }

  // ---- the selection that is a clipboard --------------------------------------------------------------------------

  let selectTimer = 0;
  function onSelect(event) {
    if (!hasPrimary || !isOurs()) return;
    const window = event.currentTarget;
    clearTimeout(selectTimer);
    selectTimer = setTimeout(() => {
      const { flavours: [plain] } = selected(window);
      const text = plain?.text ?? '';
      if (mayHold([{ text }])) link.ask({ kind: 'clip.primary', text }).catch(() => {});
    }, PRIMARY_MS);
  }

  // ---- windows ----------------------------------------------------------------------------------------------------

  const LISTENERS = { copy: onCopy, cut: onCopy, dragstart: onDragStart, click: onClick, auxclick: onClick, mousedown: onPress, contextmenu: onMenu, mouseup: onSelect, keyup: onSelect, select: onSelect, selectionchange: onSelect };
  const watched = new WeakSet();

  function watch(window) {
    if (watched.has(window.document)) return;
    watched.add(window.document);
    for (const [type, listener] of Object.entries(LISTENERS)) window.addEventListener(type, listener, true);
    for (const type of ['pointerdown', 'mousedown', 'keydown', 'touchstart', 'pointerover', 'focus', 'blur']) window.addEventListener(type, sweep, true);
  }

  // A frame that a page has just made shows a blank document that no content script is run in: it is watched from here,
  // before a person's click could give it the right to copy.
  function sweepIn(window, depth = 0) {
    for (let i = 0; i < window.length && i < 200; i++) {
      try {
        const inner = window[i];
        if (!inner.document) continue;
        if (!watched.has(inner.document) && /^about:(blank|srcdoc)$/.test(inner.location.href)) {
          watch(inner);
          globalThis.secondexit.guardPageClipboard?.(inner, isGuarded);
        }
        if (depth < 8) sweepIn(inner, depth + 1);
      } catch {
        // another origin: it has its own content script
      }
    }
  }

  function sweep() {
    if (isOurs()) sweepIn(window);
  }

  let isGuarded = false;              // navigator.clipboard of this page is ours
  let timer = 0;
  function changed() {
    clearInterval(timer);
    if (!isOurs()) return;
    timer = setInterval(sweep, SWEEP_MS);
  }

  globalThis.secondexit.clip = { hold, mayHold, isOurs, sweep, guard: () => { isGuarded = true; } };

  watch(window);
  changed();
  const ask = () => link.ask({ kind: 'clip.state' }).then((answer) => {
    if (state !== 'insecure' && answer) ({ state } = answer);
    hasPrimary = Boolean(answer?.primary);
    changed();
  }, () => {});
  ask();
  link.onTold((message) => {
    if (message.kind === 'clip.insecure') {
      state = 'insecure';
      changed();
    }
    if (message.kind === 'clip.place') return { place: place(message) };
    return undefined;
  });
})();
