// End to end: a real Firefox meets an exit that lies, its user sends the report to the collector's onion service, the collector sees the lie again through
// that exit at hosts of its operator's, and ranks the exit first.

import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { OURS } from './firefox.mjs';
import { EDITIONS, PORT, freshName, until, withEditions } from './harness.mjs';
import { Collector } from '../collector/collector.mjs';

const place = (p) => `${p.host}:${p.port}`;
const CHOSEN = ['c1.test', 'c2.test', 'c3.test'];
const running = [];
after(async () => { for (const c of running) await c.stop(); });

withEditions((edition, its) => {
  if (edition !== EDITIONS.at(-1)) return;   // the form is the same in both; tests/e2e/report.test.mjs has each

  test('mismatch → click → onion service → reproduced, ranked first', async () => {
    const { net, origin, firefox, check } = its();
    const client = await net.addClient();
    const collector = new Collector();
    running.push(collector);
    const hosts = path.join(collector.folder, 'hosts');
    fs.writeFileSync(hosts, CHOSEN.map((h) => `certificate ${h}:${PORT}\n`).join(''));
    // Whichever exit the browser comes through first is the one that lies, to everybody, at this site and at the operator's hosts.
    let liar = null;
    const lies = ({ exit }) => (exit.fingerprint === liar ? 'forged' : 'valid');
    const first = (c) => { liar ??= c.exit.fingerprint; return lies(c); };
    for (const name of CHOSEN) origin.site(name, { first: lies, others: lies });
    await collector.start('--control', place(client.control), '--socks', place(client.socks), '--test-ca', origin.caFile, '--hosts', hosts,
      '--allow-port', String(PORT), '--trials', '3', '--spread', '24', '--test-speed', '10000');
    const onion = await until(() => collector.said('onion'), { limit: 120000, what: 'the onion service' });

    const name = freshName('lied');
    const { page, state } = await check({ first, others: lies }, { name });
    assert.equal(state.verdict, 'mismatch');
    const options = await firefox.open(`${OURS}ui/options.html`);
    await options.wait(() => document.getElementById('report-onion') !== null, { what: 'the options' });
    for (const [id, value] of [['report-onion', onion], ['report-key', collector.publicKey]])
      await options.eval((i, v) => { document.getElementById(i).value = v; }, id, value);
    await options.click('#set-report');
    await options.wait((a) => document.getElementById('report-onion')?.value === a && document.activeElement?.id !== 'set-report', { what: 'kept options' }, onion);
    await options.close();
    await page.press('report');
    const form = await until(async () => {
      for (const tab of await firefox.tabs()) {
        if ((await tab.address().catch(() => '')).startsWith(`${OURS}ui/report.html`) && await tab.eval(() => document.getElementById('page').dataset.phase === 'ready')) return tab;
      }
      return null;
    }, { limit: 30000, what: 'the report form' });
    await form.wait(() => document.getElementById('send')?.disabled === false, { what: 'a way to send' });
    assert.deepEqual(await collector.findings(), []);
    await form.click('#send');
    await until(async () => {
      const s = await form.eval(() => ({ ...document.getElementById('page').dataset }));
      if (s.sending === 'failed') throw Object.assign(new Error(`not delivered: ${s.error}`), { fatal: true });
      return s.sending === 'stored';
    }, { limit: 150000, every: 500, what: 'the collector\'s word' });

    const f = await until(async () => {
      const found = (await collector.findings()).find((x) => x.host === name);
      const all = found && await collector.show(found.id);
      return all?.trials.length && all.trials.every((t) => t.ended) ? all : null;
    }, { limit: 300000, every: 1000, what: 'every trial' });
    assert.equal(f.accused, liar);
    assert.equal(f.state, 'reproduced', JSON.stringify(f.trials.map((t) => [t.host, t.outcome, t.result?.reason])));
    const [best] = await collector.relays();
    assert.equal(best.fingerprint, liar);
    assert.ok(best.chosen_hosts >= 2);
  }, { timeout: 600000 });
});
