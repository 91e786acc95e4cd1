// Wiring only: which event goes to which feature. Every listener is registered while this file is first run, because
// the browser wakes an event page for those alone.

import { web } from './platform/web.js';
import { privileged } from './platform/privileged.js';
import { nativeHost } from './platform/native.js';
import { errorTable } from './core/errors.js';
import { Pages } from './feature/pages.js';
import { CertCheck } from './feature/certcheck.js';
import { Guard } from './feature/guard.js';
import { Session } from './feature/session.js';

const host = nativeHost(privileged.edition);
const pages = new Pages(web.session);
const table = web.loadJson('shared/cert-errors.json').then(errorTable);
const certcheck = new CertCheck({ web, privileged, host, pages, table });
const guard = new Guard({ web, privileged, host, pages, certcheck });
const session = new Session({ web, privileged, host, pages, certcheck });

web.onRequests({
  before: () => guard.onBeforeRequest(),
  send: (details) => guard.onBeforeSendHeaders(details),
  received: (details) => guard.onHeadersReceived(details),
});
web.onNavigationError((details) => certcheck.onNavigationError(details));
web.onTabRemoved((tabId) => certcheck.onTabRemoved(tabId));
web.onWindowRemoved(() => session.onWindowRemoved());
web.onPage((page) => session.onPage(page));
web.onAsk((message) => session.onAsk(message));
session.start();
