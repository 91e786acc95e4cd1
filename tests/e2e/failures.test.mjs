// What can be wrong with tor, the control port, the host and the exits: shut, with what is wrong and what to do, and
// after the repair Retry works without restarting the browser.

import test from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { noMappings, sleep, until, freshName, urlOf, withEditions } from './harness.mjs';

const HONEST = { first: 'self-signed', others: 'self-signed' };
// Corroborators that never end the handshake: a check that is under way for as long as a test needs it.
const HANGING = { first: 'self-signed', others: 'stall' };
const DEADLINE_MS = 25000;
const FAKE = fileURLToPath(new URL('fake-host.mjs', import.meta.url));

// Without conflux tor keeps a site's connections on one circuit: a corroborator that hangs never is the browser's own exit.
withEditions((edition, its) => {
  /** Shut: no way on, words that say what is wrong and what to do, a Retry. */
  async function shut(page, { problem, error } = {}) {
    const state = await page.done();
    assert.equal(state.verdict, 'undecided', state.text);
    if (problem) assert.equal(state.problem, problem, state.text);
    if (error) assert.ok([].concat(error).includes(Number(state.error)), `error ${state.error}: ${state.text}`);
    assert.equal(await page.hasButton('way'), false);
    assert.equal(await page.hasButton('retry'), true, state.text);
    assert.ok(state.text.length > 100);
    return state;
  }

  /** Retry, until the repair is known; then the way on. */
  async function mended(page) {
    const { origin } = its();
    origin.site(page.name, HONEST);
    const state = await until(async () => {
      if (await page.hasButton('retry').catch(() => false)) await page.press('retry');
      await page.begin();
      const s = await page.done();
      return s.verdict === 'match' && s;
    }, { limit: 60000, step: 500, what: 'a match after the repair' });
    assert.equal(await page.hasButton('way'), true, state.text);
  }

  async function checking(site = HANGING) {
    const { visit } = its();
    const page = await visit(site);
    await page.begin();
    await page.phase('checking');
    return page;
  }

  test('exits that stall, close, send garbage, or one byte a second: undecided within the deadline, Retry works', async () => {
    const { origin, net, visit } = its();
    const pages = [];
    for (const behaviour of ['stall', 'close', 'garbage', 'drip:self-signed', 'stall-hello:self-signed', 'cut:self-signed']) {
      const page = await visit({ first: { each: ['self-signed', behaviour] }, others: behaviour });
      await page.begin();
      pages.push(page);
    }
    const states = await Promise.all(pages.map((p) => shut(p)));
    for (const s of states) assert.ok(Number(s.elapsed) <= DEADLINE_MS + 500, `took ${s.elapsed} ms`);
    await noMappings(net.client);
    for (const p of pages) origin.site(p.name, HONEST);
    for (const p of pages) {
      await p.tab.front();
      await p.press('retry');
    }
    for (const p of pages) assert.equal((await p.done()).verdict, 'match');
  });

  test('the host is killed in the middle of a check', async () => {
    const { firefox, host } = its();
    const page = await checking();
    await host.kill(firefox.pid);
    await shut(page, { problem: 'host_died' });
    await mended(page);
  });

  test('the host is missing', async () => {
    const { firefox, host, visit } = its();
    await host.remove();
    await host.kill(firefox.pid);
    const page = await visit(HONEST);
    await page.begin();
    await shut(page, { problem: 'host_missing' });
    await host.install();
    await mended(page);
  });

  test('the host is there but does not start', async () => {
    const { firefox, host, visit } = its();
    await host.point('/bin/false');
    await host.kill(firefox.pid);
    const page = await visit(HONEST);
    await page.begin();
    await shut(page);
    await host.install();
    await mended(page);
  });

  test('the host is of another version', async () => {
    const { firefox, host, visit } = its();
    await host.point(process.execPath, [FAKE, '--protocol', '2']);
    await host.kill(firefox.pid);
    const page = await visit(HONEST);
    await page.begin();
    await shut(page, { problem: 'host_version' });
    await host.install();
    await mended(page);
  });

  test('the host hangs', async () => {
    const { firefox, host, visit } = its();
    await host.point(process.execPath, [FAKE, '--silent']);
    await host.kill(firefox.pid);
    const page = await visit(HONEST);
    await page.begin();
    await shut(page, { problem: 'host_hung' });
    await host.install();
    await mended(page);
  });

  test('the control port refuses', async () => {
    const { gate, visit } = its();
    await gate.lock();
    const page = await visit(HONEST);
    await page.begin();
    await shut(page, { error: [1202, 1207, 1201] });
    await gate.unlock();
    await mended(page);
  });

  test('tor is killed in the middle of a check, and restarted', async () => {
    const { net } = its();
    const page = await checking();
    await net.client.kill();
    await shut(page);
    await net.client.start();
    await mended(page);
  });

  test('SIGKILL of the host at ten moments of a check: tor unchanged, the browser goes on', async () => {
    const { net, firefox, host, origin } = its();
    const control = await net.client.openControl();
    const options = async () => (await control.info('config-text')).split('\n').sort().join('\n');
    const before = await options();
    const on = freshName('on');
    origin.site(on, { first: 'valid' });
    const other = await firefox.open(urlOf(on));
    await other.wait(() => document.body?.dataset.who === 'honest');
    const page = await checking();
    for (let i = 0; i < 10; i++) {
      await sleep(Math.random() * 400);
      assert.equal((await page.state()).phase, 'checking', 'the check ended before the kill');
      assert.ok(await host.kill(firefox.pid), 'no host to kill');
      const s = await page.done();
      assert.deepEqual([s.verdict, s.problem, await page.hasButton('way')], ['undecided', 'host_died', false]);
      const answer = await other.eval(async (n) => (await fetch(`/again?${n}`)).text(), i);
      assert.match(answer, /honest/, 'the browser\'s own stream');
      await page.retry('checking');
    }
    assert.equal(await options(), before, 'an option of tor was changed');
    const left = (await control.info('address-mappings/control')).split('\n').filter(Boolean);
    for (const line of left) assert.match(line, /^\S+\.virtual /, 'a mapping that is not inert');
    control.close();
    await page.tab.close();
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] } });
