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
import { DlCheck } from './feature/dlcheck.js';
import { DlList } from './feature/dllist.js';
import { ReportDesk } from './feature/report.js';
import { Settings } from './feature/settings.js';
import { Exclusions } from './feature/exclusions.js';
import { Session } from './feature/session.js';

const host = nativeHost(privileged.edition);
const pages = new Pages(web.session);
const table = web.loadJson('shared/cert-errors.json').then(errorTable);
const exclusions = new Exclusions(web.local, web.isSuffix);
const certcheck = new CertCheck({ web, privileged, host, pages, table, exclusions });
const watch = new DocumentWatch({ web, privileged, pages, exclusions });
const settings = new Settings(web.local);
const clipcheck = new ClipCheck({ web, privileged, host, watch, settings });
const dllist = new DlList({ web, privileged, host, pages, settings });
const dlcheck = new DlCheck({ web, privileged, host, pages, watch, settings, list: dllist });
const reports = new ReportDesk({ web, host, pages, settings });
const https = new HttpsWatch({ web, pages, certcheck });
const guard = new Guard({ web, privileged, host, pages, certcheck, watch, https, dlcheck });
const session = new Session({ web, privileged, host, pages, certcheck, clipcheck, dlcheck, dllist, settings, watch, reports, exclusions, https });

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
web.onSpoke((details) => https.onSpoke(details));
web.onChains({ begin: (details) => dlcheck.onBegin(details), sent: (details) => dlcheck.onSent(details), ended: (details) => dlcheck.onEnded(details) });
web.onDownloads({ created: (item) => dlcheck.onCreated(item), changed: (delta) => dlcheck.onChanged(delta) });
web.onNotified(() => web.raiseDownloads());
privileged.onHeldDownload({ growing: (held) => dlcheck.onGrowing(held), held: (held) => dlcheck.onHeld(held), released: (id) => dlcheck.onReleased(id) });
web.onCommitted((details) => {
  dlcheck.onCommitted(details);
  return watch.onCommitted(details);
});
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
web.onPage((page) => session.onPage(page), (page) => session.onCopyPage(page), (page) => session.onDownloadPage(page), (page) => session.onReportPage(page));
web.onAsk((message) => session.onAsk(message));
session.start();
dlcheck.onHeldAtStart();
