// Run before every page of a host whose certificate nobody verified, and in pages that loaded something insecure: from here on
// navigator.clipboard of the page is ours (content/pageclip.js, which is already there).
'use strict';

globalThis.secondexit?.guardPage?.();
