// What a page may trigger, and what fifty tabs cost.

import test from 'node:test';
import assert from 'node:assert/strict';
import { CertPage } from './certpage.mjs';
import { OURS } from './firefox.mjs';
import { PORT, freshName, namesLookedAt, noMappings, sleep, until, urlOf, withEditions } from './harness.mjs';

const TABS_BY_PAGE = 30, AUTO_MAX = 5, TABS_CLICKED = 50, PRIVATE_DIRTY_MAX_KIB = 48 * 1024;
const HONEST = { first: 'self-signed', others: 'self-signed' };

withEditions((edition, its) => {
  // First: the budget of automatic checks is the browser's.
  test(`a page opens ${TABS_BY_PAGE} tabs to bad certificates: at most ${AUTO_MAX} checks start, the rest wait for a click`, async () => {
    const { origin, firefox, visit } = its();
    const names = Array.from({ length: TABS_BY_PAGE }, () => freshName('many'));
    for (const name of names) origin.site(name, HONEST);
    const opener = `<!doctype html><title>opener</title><body data-who="honest"><script>
      for (const url of ${JSON.stringify(names.map((n) => urlOf(n)))}) window.open(url, '_blank');</script>`;
    const before = new Set((await firefox.tabs()).map((t) => t.id));
    const page = await visit({ first: 'valid', pages: { '/': () => ['text/html', opener] } }, { name: freshName('opener') });
    const tabs = await until(async () => {
      const all = (await firefox.tabs()).filter((t) => t.id !== page.tab.id && !before.has(t.id));
      return all.length >= TABS_BY_PAGE && all;
    }, { limit: 20000, what: `${TABS_BY_PAGE} tabs` });
    const pages = await settled(tabs);
    assert.equal(pages.length, TABS_BY_PAGE);
    const phases = await Promise.all(pages.map(async (p) => (await p.state()).phase));
    await sleep(1000);
    const started = namesLookedAt(origin, names);
    assert.ok(started.length <= AUTO_MAX, `${started.length} checks started`);
    assert.ok(phases.filter((p) => p === 'waiting').length >= TABS_BY_PAGE - AUTO_MAX, phases.join(' '));
    const waiting = pages[phases.indexOf('waiting')];
    await waiting.tab.front();
    await waiting.begin();
    assert.equal((await waiting.done()).verdict, 'match', 'a click starts one of the others');
  });

  test(`${TABS_CLICKED} tabs at once, each started by a click: all end; memory; no mapping left`, async () => {
    const { net, origin, firefox, host } = its();
    const names = Array.from({ length: TABS_CLICKED }, () => freshName('click'));
    for (const name of names) origin.site(name, HONEST);
    const tabs = await Promise.all(names.map((name) => firefox.open(urlOf(name), { background: true })));
    const pages = await settled(tabs, names);
    assert.equal(pages.length, TABS_CLICKED);
    let most = 0;
    const watch = setInterval(async () => { most = Math.max(most, await host.privateDirty(firefox.pid)); }, 250);
    for (const p of pages) {
      await p.tab.front();
      if (await p.hasButton('start')) await p.press('start');
    }
    const states = await Promise.all(pages.map((p) => p.phase('done')));
    clearInterval(watch);
    const counted = states.reduce((sum, s) => ({ ...sum, [`${s.verdict} ${s.reason}`]: (sum[`${s.verdict} ${s.reason}`] ?? 0) + 1 }), {});
    assert.equal(counted['match same_certificate'], TABS_CLICKED, JSON.stringify(counted));
    assert.ok(most > 0 && most < PRIVATE_DIRTY_MAX_KIB, `the host's Private_Dirty went up to ${most} KiB`);
    await noMappings(net.client, { limit: 10000 });
  });

  /** Waits until each tab shows a page of ours. */
  async function settled(tabs, names = []) {
    return Promise.all(tabs.map(async (tab, i) => {
      const page = new CertPage(tab, { name: names[i], port: PORT, edition });
      // Of so many connections at once tor may give one up on a busy machine: that tab is loaded again, as a person would.
      await until(async () => {
        const at = await tab.address();
        if (at.startsWith('about:neterror')) await tab.reload();
        return at.startsWith(OURS);
      }, { limit: 60000, step: 500, what: 'a page of ours in every tab' });
      await page.phase('waiting', 'checking', 'done');
      return page;
    }));
  }
}, { firefox: { prefs: { 'dom.disable_open_during_load': false, 'dom.popup_maximum': -1, 'dom.popup_allowed_events': 'load' } } });
