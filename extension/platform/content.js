// The content scripts' only way to the browser: one question to the background page, and what it tells unasked. A classic
// script, run before extension/content/clipboard.js in every frame.
'use strict';

globalThis.secondexit = {
  ...globalThis.secondexit,
  link: {
    /** Asks the background page; rejects where there is none (the extension was taken away or updated). */
    ask: (message) => browser.runtime.sendMessage(message),
    /** listener(message) → answer or undefined. Only the background page can reach a content script. */
    onTold(listener) {
      browser.runtime.onMessage.addListener((message, sender) => {
        if (sender.id !== browser.runtime.id || sender.tab) return undefined;
        const answer = listener(message);
        return answer === undefined ? undefined : Promise.resolve(answer);
      });
    },
    /** The page's own view of an object of its world. */
    page: (object) => object?.wrappedJSObject ?? object,
    /** A function of ours as one of that window's world. */
    exported: (run, window) => exportFunction(run, window, { allowCrossOriginArguments: true }),
    /** The same, run(self, arguments). */
    exportedMethod(run, window) {
      return exportFunction(function method(...given) {
        return run(this, given);
      }, window, { allowCrossOriginArguments: true });
    },
    /** Redefines an accessor of an object of the page's world. */
    redefine(object, name, { get, set }, window) {
      const page = window.wrappedJSObject;
      const descriptor = new page.Object();
      if (get) descriptor.get = get;
      if (set) descriptor.set = set;
      descriptor.configurable = true;
      descriptor.enumerable = true;
      page.Object.defineProperty(object, name, descriptor);
    },
  },
};
