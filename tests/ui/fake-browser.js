// The part of browser.* that our pages use, for looking at them outside an extension. The server puts LANGUAGE,
// MESSAGES, DIRECTION, VIEW and OVERVIEW in front of this file.
/* globals LANGUAGE, MESSAGES, DIRECTION, VIEW, OVERVIEW */
'use strict';

globalThis.browser = {
  i18n: {
    getMessage: (key, parts = []) => (key === '@@bidi_dir' ? DIRECTION : (MESSAGES[key]?.message ?? '').replace(/\$(\d)/g, (all, n) => parts[n - 1] ?? '')),
    getUILanguage: () => LANGUAGE,
  },
  runtime: {
    connect() {
      const listeners = [];
      setTimeout(() => listeners.forEach((f) => f({ kind: 'state', view: VIEW })));
      return {
        onMessage: { addListener: (f) => listeners.push(f) },
        onDisconnect: { addListener() {} },
        postMessage(message) {
          (globalThis.sent ??= []).push(message);
          if (message.kind === 'circuits') listeners.forEach((f) => f({ kind: 'circuits', circuits: 1, streams: 3 }));
        },
      };
    },
    sendMessage: async () => OVERVIEW,
  },
  tabs: { query: async () => [{ id: 1 }], getCurrent: async () => ({ id: 1 }) },
};
