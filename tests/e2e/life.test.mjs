// Beginning and end: what a session knows, who may end it, and what a new circuit does.

import test from 'node:test';
import assert from 'node:assert/strict';
import { EXTENSION_ID, looksAt, sleep, until, urlOf, withEditions } from './harness.mjs';
import { OURS } from './firefox.mjs';

const HONEST = { first: 'self-signed', others: 'self-signed' };
const EVIL = { first: 'forged', others: 'valid' };

// Without conflux tor keeps a site's connections on one circuit: the exit that lied is the one that lies again.
withEditions((edition, its) => {
  async function matched() {
    const { check } = its();
    const { page, name, tab, state } = await check(HONEST);
    assert.equal(state.verdict, 'match', state.text);
    await page.goOn();
    assert.equal(await page.site(), 'honest');
    return { page, name, tab };
  }

  /** Everything was forgotten: pages say so, no exception of ours, the site is checked again. */
  async function forgotten({ name, evil }) {
    const { origin, firefox, visit } = its();
    if (evil) await evil.page.phase('over');
    if (edition === 'privileged') {
      await until(async () => !(await firefox.exceptions()).some((e) => e.host === name), { what: 'our exception gone' });
    }
    const looks = looksAt(origin, name).length;
    const again = await visit(null, { name });
    await again.begin();
    const state = await again.done();
    assert.ok(looksAt(origin, name).length > looks, `a second check was not made: ${state.text}`);
  }

  test('New Identity (SIGNAL NEWNYM) ends it, exceptions included', async () => {
    const { net, firefox, check } = its();
    const { name } = await matched();
    const evil = await check(EVIL);
    assert.equal(evil.state.verdict, 'mismatch', evil.state.text);
    const control = await net.client.openControl();
    await control.command('SIGNAL NEWNYM');
    control.close();
    await firefox.dropConnections();     // as New Identity does
    await forgotten({ name, evil });
  });

  test('closing the last window ends it, exceptions included', async () => {
    const { firefox } = its();
    const { name } = await matched();
    await firefox.reopenLastWindow();
    await forgotten({ name });
  });

  test('the background page unloaded and woken: pages, verdicts and the guard know what they knew', async () => {
    const { origin, firefox, check, visit } = its();
    const { name } = await matched();
    const evil = await check(EVIL);
    await firefox.storeException({ host: evil.name, port: 18443, pem: origin.certificate('forged', evil.name).pem });
    const looks = looksAt(origin, name).length;
    await firefox.unloadBackground();
    const stopped = await visit(null, { name: evil.name, path: '/two' });
    await stopped.begin();
    const state = await stopped.done();
    assert.deepEqual([state.verdict, await stopped.hasButton('way')], ['mismatch', false], 'the guard that was woken let it through');
    const again = await visit(null, { name, path: '/two' });
    assert.equal(await again.site(), 'honest');
    assert.equal(looksAt(origin, name).length, looks, 'the verdict was forgotten');
    await firefox.unloadBackground();
    await evil.tab.front();
    await evil.tab.reload();
    const reloaded = await evil.page.done();
    assert.deepEqual([reloaded.verdict, await evil.page.hasButton('way')], ['mismatch', false]);
  });

  test('New circuit for this site leads through another exit', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check(EVIL);
    assert.equal(state.verdict, 'mismatch', state.text);
    const liar = origin.connections(name)[0].exit;
    const renew = async () => {
      await page.press('ask-circuits');
      await page.tab.wait(() => Boolean(document.getElementById('confirm-circuit')), { what: 'what it interrupts' });
      await page.press('confirm-circuit');
      return page.site({ limit: 15000 });
    };
    // Each click leaves at most three circuits, and all may end at the exit that lies: then a person clicks again.
    assert.equal(await renew().catch(renew).catch(renew), 'honest');
    const served = origin.connections(name).filter((c) => c.requests.length > 0);
    assert.ok(served.length > 0 && served.every((c) => c.exit !== liar), `served by ${served.map((c) => c.exit)}, the liar was ${liar}`);
  });

  test('two windows, two sites at once: each its own verdict', async () => {
    const { check, firefox } = its();
    await firefox.openWindow();
    const [good, bad] = await Promise.all([check(HONEST), check(EVIL)]);
    assert.deepEqual([good.state.verdict, bad.state.verdict], ['match', 'mismatch']);
  });

  test('the popup and the options page open', async () => {
    const { firefox } = its();
    for (const page of ['ui/popup.html', 'ui/options.html']) {
      const tab = await firefox.open(`${OURS}${page}`);
      await tab.wait(() => document.body.innerText.trim().length > 20, { what: page });
    }
  });

  // Last: it takes the extension away.
  test('taken away, the extension leaves nothing behind', async () => {
    const { firefox } = its();
    const { name } = await matched();
    await firefox.chrome(async (id) => { (await AddonManager.getAddonByID(id)).disable(); }, EXTENSION_ID);
    await sleep(500);
    assert.deepEqual(await firefox.pref('security.certerror.hideAddException'), { value: false, isUser: false });
    if (edition === 'privileged') assert.ok(!(await firefox.exceptions()).some((e) => e.host === name), 'our exception stayed');
    const tab = await firefox.open(urlOf(`gone-${edition}.test`));
    await tab.wait(() => document.body?.dataset.who === 'honest', { what: 'the browser goes on' });
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] } });
