// From a mismatch in a real browser to the report form: what stands there is what is kept and what the collector gets over its onion service;
// without a click nothing goes.

import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { OURS } from './firefox.mjs';
import { PORT, until, withEditions } from './harness.mjs';
import { Collector } from '../collector/collector.mjs';

const saves = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-saves-'));
let collector = null;
before(async () => { collector = new Collector(); });
after(async () => {
  await collector?.stop();
  fs.rmSync(saves, { recursive: true, force: true });
});
const place = (p) => `${p.host}:${p.port}`;

withEditions((edition, its) => {
  // The collector's daemon on a tor of its own, the same for both editions.
  let onion = null;
  async function service() {
    const { net, origin } = its();
    if (!collector.process) {
      const client = await net.addClient();
      await collector.start('--control', place(client.control), '--socks', place(client.socks), '--test-ca', origin.caFile, '--allow-port', String(PORT), '--trials', '0');
    }
    onion ??= await until(() => collector.said('onion'), { limit: 120000, what: 'the onion service' });
    return onion;
  }

  const form = async () => until(async () => {
    const { firefox } = its();
    for (const tab of await firefox.tabs()) {
      if ((await tab.address().catch(() => '')).startsWith(`${OURS}ui/report.html`) && await tab.eval(() => document.getElementById('page').dataset.phase === 'ready')) return tab;
    }
    return null;
  }, { limit: 30000, what: 'the report form' });
  const text = (tab) => tab.eval(() => document.getElementById('text').textContent);
  const reload = (tab) => tab.reload();

  test('a lie, reported: every field shown, one taken out, kept as a file, sent to the collector', async () => {
    const { firefox, check, origin } = its();
    const address = await service();
    const { page, name, state } = await check({ first: 'lookalike-valid', others: 'valid' });
    assert.equal(state.verdict, 'mismatch');
    await page.press('report');
    const tab = await form();
    const whole = JSON.parse(await text(tab));
    assert.deepEqual([whole.kind, whole.host, whole.port, whole.software.edition], ['certificate', name, PORT, edition]);
    const shown = await tab.eval(() => document.body.innerText);
    const [liar] = origin.connections(name);
    assert.equal(whole.first[0].exit.fingerprint, liar.fingerprint);
    for (const value of [liar.fingerprint, name, whole.first[0].sha256, whole.reproduce, ...whole.others.map((o) => o.exit.fingerprint)]) assert.ok(shown.includes(value), value);
    assert.deepEqual(await collector.findings(), collector.before ?? []);

    // Without a collector in the options there is no way to send.
    assert.equal(await tab.eval(() => document.getElementById('send').disabled), true);
    const options = await firefox.open(`${OURS}ui/options.html`);
    await options.wait(() => document.getElementById('report-onion') !== null, { what: 'the options' });
    for (const [id, value] of [['report-onion', address], ['report-key', collector.publicKey]]) {
      await options.eval((i, v) => { document.getElementById(i).value = v; }, id, value);
    }
    await options.click('#set-report');
    await options.wait((a) => document.getElementById('report-onion')?.value === a && document.activeElement?.id !== 'set-report', { what: 'kept options' }, address);
    await options.close();
    await tab.front();
    await reload(tab);
    const again = await form();
    await again.wait(() => document.getElementById('send')?.disabled === false, { what: 'a way to send' });

    // One field out: it is gone from the text, and struck through.
    await again.click('[id="in-first.0.exit.nickname"]');
    const cut = await until(async () => {
      const now = await text(again);
      return !('nickname' in JSON.parse(now).first[0].exit) && now;
    }, { limit: 5000, what: 'a text without the nickname' });
    assert.ok((await again.eval(() => document.getElementById('mail').href)).startsWith('mailto:bad-relays@lists.torproject.org?subject='));

    // The file is what is shown.
    await again.click('#save');
    const saved = await until(() => fs.readdirSync(saves).find((f) => f.endsWith('.json') && f.includes(whole.first[0].exit.fingerprint.slice(0, 8)) && fs.statSync(path.join(saves, f)).size > 0),
      { limit: 15000, what: `a file; there are ${fs.readdirSync(saves)}` });
    await until(() => fs.readFileSync(path.join(saves, saved), 'utf8') === cut, { limit: 5000, what: 'the file as shown' });
    fs.rmSync(path.join(saves, saved));

    // And what the collector gets.
    await again.click('#send');
    await until(async () => {
      const s = await again.eval(() => ({ ...document.getElementById('page').dataset }));
      if (s.sending === 'failed') throw Object.assign(new Error(`not delivered: ${s.error}`), { fatal: true });
      return s.sending === 'stored';
    }, { limit: 150000, every: 500, what: 'the collector\'s word' });
    const finding = (await collector.findings()).find((f) => JSON.stringify(f).includes(name));
    assert.ok(finding, 'the collector has it');
    assert.equal(finding.accused, liar.fingerprint);
    assert.equal(await again.eval(() => document.getElementById('send').disabled), true);
    collector.before = await collector.findings();
    // For the next edition: its own storage is fresh.
  });

  test('a match offers no report', async () => {
    const { check } = its();
    const { page, state } = await check({ first: 'self-signed', others: 'self-signed' });
    assert.equal(state.verdict, 'match');
    assert.equal(await page.hasButton('report'), false);
  });
}, { firefox: { prefs: { 'browser.download.folderList': 2, 'browser.download.dir': saves, 'browser.download.useDownloadDir': true } } });
