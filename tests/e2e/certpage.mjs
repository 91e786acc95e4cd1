// One of our certificate pages in a tab, as a test reads and uses it: only by what stands on the page and by mouse and keys.

import assert from 'node:assert/strict';
import { CERTIFICATE_PAGE } from './firefox.mjs';
import { until } from './wait.mjs';

// WebDriver's key values.
export const KEY = { tab: '\uE004', enter: '\uE007', space: ' ', escape: '\uE00C', back: '\uE003' };

// Runs in the browser's own error page (about:certerror, about:neterror). Null until that page is there and listens; `press` presses
// one of its buttons where that can be pressed. ESR 153 draws a net-error-card; ESR 140 has plain buttons, which listen from the
// moment on when their row is shown.
function nativePage(press) {
  const card = document.querySelector('net-error-card');
  const rows = ['certErrorAndCaptivePortalButtonContainer', 'netErrorButtonContainer'].map((id) => document.getElementById(id));
  const page = card ? card.shadowRoot : rows.some((row) => row && !row.hidden) ? document : null;
  if (!page || (card && !page.firstElementChild)) return null;
  const accept = page.querySelector('#exception-button, #exceptionDialogButton');
  const isCertificate = document.documentURI.startsWith('about:certerror');
  const isOffered = isCertificate && (card ? !(card.wrappedJSObject ?? card).hideExceptionButton : !accept.hidden);
  const button = press === 'advanced' ? page.querySelector('#advanced-button, #advancedButton') : press === 'accept' ? accept : null;
  const isPressed = Boolean(button && !button.hidden && !button.disabled);
  if (isPressed) button.click();
  return { isOffered, isPressed };
}

export class CertPage {
  constructor(tab, { name, port, edition, origin }) {
    Object.assign(this, { tab, name, port, edition, origin });
  }

  /** {phase, verdict, reason, problem, error, way, elapsed, text} of the page, null while the tab shows something else. */
  async state() {
    return this.tab.eval((ours) => (document.documentURI.startsWith(ours) ?
      { ...document.getElementById('page').dataset, text: document.body.innerText } : null), CERTIFICATE_PAGE).catch(() => null);
  }

  /** Waits for a page of ours in one of these phases. */
  async phase(...phases) {
    return until(async () => {
      const s = await this.state();
      return s && phases.includes(s.phase) && s;
    }, { limit: 40000, what: `a page of ours that is ${phases.join(' or ')}` }).catch(async (e) => {
      throw new Error(`${e.message}; the tab shows ${await this.describe()}`);
    });
  }

  /** The verdict, once there is one. Where the host wants a click (its limit outlives the extension's memory), it gets one. */
  async done() {
    const s = await this.phase('done');
    if (s.reason !== 'needs_click') return s;
    await this.press('retry');
    return until(async () => {
      const now = await this.state();
      return now?.phase === 'done' && now.reason !== 'needs_click' && now;
    }, { limit: 40000, what: 'a check that a click started' });
  }

  /** Starts the check by a click where it waits for one. */
  async begin() {
    const { phase } = await this.phase('waiting', 'checking', 'done');
    if (phase === 'waiting') await this.press('start');
  }

  /** The way on, as a person takes it. Privileged: one click. Standard: the browser's own page, and its own bypass. */
  async goOn() {
    await this.press('way');
    if (this.edition === 'standard') await this.bypassNatively();
  }

  /** Waits for the browser's own error page; answers whether it offers its bypass. */
  nativeBypass() {
    return until(async () => {
      const seen = await this.tab.now(nativePage, null);
      return seen && { isOffered: seen.isOffered };
    }, { limit: 15000, what: 'the browser\'s own page' }).then(({ isOffered }) => isOffered, async (e) => {
      throw new Error(`${e.message}; the tab shows ${await this.describe()}`);
    });
  }

  /** Clicks through the browser's own error page: Advanced, then Accept. */
  async bypassNatively() {
    assert.ok(await this.nativeBypass(), 'the browser\'s own page has no bypass');
    for (const button of ['advanced', 'accept']) {
      await until(async () => (await this.tab.now(nativePage, button))?.isPressed, { limit: 15000, what: `${button} of the browser's own page` });
    }
  }

  async describe() {
    const address = await this.tab.address().catch((e) => e.message);
    return `${address} ${JSON.stringify(await this.state().catch(() => null))?.slice(0, 600)}`;
  }

  /** Waits until the site's own page is there; answers who served it: "honest", "INTERCEPTED". */
  async site({ limit = 15000 } = {}) {
    return until(() => this.tab.firefox.evaluate({ context: this.tab.id }, () =>
      (location.protocol === 'https:' && document.documentURI.startsWith('https:') && document.body?.dataset.who) || '', []),
    { limit, what: `the page of ${this.name}` }).catch(async (e) => { throw new Error(`${e.message}; the tab shows ${await this.describe()}`); });
  }

  /** Presses Retry, and again where the page was being drawn anew under the mouse; answers the state it led to. */
  async retry(...phases) {
    const before = await this.tab.eval(() => location.href);
    for (let tries = 0; ; tries++) {
      await this.press('retry');
      try {
        return await until(async () => {
          const s = await this.state();
          const isNew = s && (s.phase === 'checking' || await this.tab.eval(() => location.href) !== before);
          return isNew && phases.includes(s.phase) && s;
        }, { limit: tries < 2 ? 3000 : 15000, what: `Retry leading to ${phases.join(' or ')}` });
      } catch (e) {
        if (tries === 2) throw new Error(`${e.message}; the tab shows ${await this.describe()}`);
      }
    }
  }

  press(id) { return this.tab.click(`#${id}`); }

  hasButton(id) { return this.tab.eval((i) => { const b = document.getElementById(i); return Boolean(b && !b.disabled); }, id); }
}
