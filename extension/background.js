// Wiring only: which event goes to which feature. Every listener is registered while this file is first run, because
// the browser wakes an event page for those alone.

import { web } from './platform/web.js';
import { privileged } from './platform/privileged.js';
import { nativeHost } from './platform/native.js';
import { errorTable } from './core/errors.js';
import { Pages } from './feature/pages.js';
import { CertCheck } from './feature/certcheck.js';
import { HttpsWatch } from './feature/httpswatch.js';
import { Guard } from './feature/guard.js';
import { DocumentWatch } from './feature/documents.js';
import { ClipCheck } from './feature/clipcheck.js';
import { Settings } from './feature/settings.js';
import { Session } from './feature/session.js';

const host = nativeHost(privileged.edition);
const pages = new Pages(web.session);
const table = web.loadJson('shared/cert-errors.json').then(errorTable);
const certcheck = new CertCheck({ web, privileged, host, pages, table });
const watch = new DocumentWatch({ web, privileged, pages });
const clipcheck = new ClipCheck({ web, privileged, host, watch, settings: new Settings(web.local) });
const https = new HttpsWatch({ web, pages, certcheck });
const guard = new Guard({ web, privileged, host, pages, certcheck, watch, https });
const session = new Session({ web, privileged, host, pages, certcheck, clipcheck, watch });

web.onRequests({
  before: (details) => guard.onBeforeRequest(details),
  send: (details) => guard.onBeforeSendHeaders(details),
  received: (details) => guard.onHeadersReceived(details),
});
web.onPlainRequests({
  send: (details) => watch.onSend(details),
  received: (details) => guard.onPlainHeaders(details),
  ended: (details) => watch.onEnded(details),
});
web.onPlainDocuments((details) => https.onPlainSend(details));
web.onCommitted((details) => watch.onCommitted(details));
web.onFocus(() => watch.onFocus());
web.onOpened((details) => watch.onOpened(details));
web.onContent((message, from) => clipcheck.onContent(message, from));
web.onNavigationError(async (details) => {
  if (!await certcheck.onNavigationError(details)) https.onNavigationError(details);
});
web.onTabRemoved((tabId) => {
  certcheck.onTabRemoved(tabId);
  watch.onTabRemoved(tabId);
  https.onTabRemoved(tabId);
});
web.onWindowRemoved((windowId) => session.onWindowRemoved(windowId));
web.onPage((page) => session.onPage(page), (page) => session.onCopyPage(page));
web.onAsk((message) => session.onAsk(message));
session.start();
