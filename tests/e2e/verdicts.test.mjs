// What must be seen in the browser for what the exits do: one row, one site.

import test from 'node:test';
import assert from 'node:assert/strict';
import { FAMILY_PORT, assertNoLeaks, looksAt, withEditions } from './harness.mjs';

const honest = (kind) => ({ first: kind, others: kind });

// name of the row, site, wanted verdict and reason (or {edition: reason}), options of the visit
const ROWS = [
  ['an exit that intercepts with a certificate like the site\'s', { first: 'lookalike', others: 'self-signed' }, 'mismatch', 'others_agree'],
  ['an exit that intercepts with a certificate like the valid one', { first: 'lookalike-valid', others: 'valid' }, 'mismatch', 'others_see_valid'],
  ['an exit that intercepts with an unknown CA', { first: 'forged-ca', others: 'valid' }, 'mismatch', 'others_see_valid'],
  ['a liar with two of three corroborators; the third sees the valid chain',
    { first: 'forged', others: ['forged', 'forged', 'valid'] }, 'mismatch', 'others_see_valid'],
  ['a wrong host name', honest('wrong-name'), 'match', 'same_certificate'],
  ['a missing intermediate', honest('missing-intermediate'), 'match', 'same_certificate'],
  ['several self-signed certificates with one key', honest('same-key'), 'match', 'same_key'],
  ['several self-signed certificates with different keys', honest('many-keys'), 'undecided', 'site_rotates'],
  ['a name that an exit resolves to an address of its own network, honest', honest('self-signed'), 'match', 'same_certificate', { name: 'router.local' }],
  ['the whole family is all that is left', { first: 'forged', others: 'valid' }, 'undecided', 'no_independent_exit', { port: FAMILY_PORT }],
];

withEditions((edition, its) => {
  for (const [what, site, verdict, reason, options = {}] of ROWS) {
    test(`${what}: ${verdict}`, async () => {
      const { origin, check } = its();
      const mine = options.name ? { ...options, name: `${edition}.${options.name}` } : options;
      const { page, name, state } = await check(site, mine);
      assert.deepEqual([state.verdict, state.reason], [verdict, reason], state.text);
      assert.equal(await page.hasButton('way'), verdict === 'match');
      assertNoLeaks(origin, name);
      if (verdict !== 'match') return;
      await page.goOn();
      assert.equal(await page.site(), 'honest');
    });
  }

  test('a name that an exit resolves to a private address is not exempt', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check({ first: 'forged', others: 'valid' }, { name: `shop-${edition}.test` });
    assert.deepEqual([state.verdict, state.reason], ['mismatch', 'others_see_valid']);
    assert.equal(await page.hasButton('way'), false);
    assertNoLeaks(origin, name);
  });

  test('one corroborating exit lies: undecided, every answer shown; Retry does not ask that exit anew', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check({ first: 'self-signed', others: ['forged', 'self-signed'] });
    assert.deepEqual([state.verdict, state.reason], ['undecided', 'exits_differ']);
    assert.equal(await page.hasButton('way'), false);
    const liar = origin.connections(name).find((c) => c.behaviour === 'forged');
    const asked = new Set(looksAt(origin, name).map((c) => c.exit));
    assert.ok(asked.size >= 3);
    for (const exit of asked) assert.ok(state.text.includes(exit), `the answer of ${exit} is not on the page`);
    if (await page.hasButton('retry')) await page.press('retry');
    else await page.tab.go(`https://${name}:18443/`);
    await page.begin();
    const after = await page.done();
    assert.equal(after.verdict, 'undecided', 'clicking until it turns green worked');
    assert.equal(origin.connections(name).filter((c) => c.exit === liar.exit).length, 1, 'the dissenting exit was asked again');
    assertNoLeaks(origin, name);
  });

  for (const [kind, isOverridable] of [['expired', true], ['not-yet-valid', true], ['must-staple', false]]) {
    test(`${kind}: the browser's own page, untouched`, async () => {
      const { origin, visit, firefox } = its();
      if (isOverridable) await calm(firefox);
      const page = await visit(honest(kind));
      await page.nativeBypass();
      await page.tab.wait(() => new Promise((resolve) => { setTimeout(() => resolve(/^about:(cert|net)error/.test(document.documentURI)), 700); }));
      assert.equal(await page.nativeBypass(), isOverridable);
      assert.equal(looksAt(origin, page.name).length, 0);
      if (!isOverridable) return;
      await page.bypassNatively();
      assert.equal(await page.site(), 'honest');
    });
  }

  test('expired behind a suspicious failure: a way on with the browser\'s choice, here or there', async () => {
    const { check, visit } = its();
    await check({ first: 'forged', others: 'valid' });
    const page = await visit(honest('expired'));
    if (edition === 'privileged') {
      await page.phase('harmless');
      await page.press('way');
    } else {
      await page.bypassNatively();
    }
    assert.equal(await page.site(), 'honest');
  });

  test('expired and self-signed is suspicious', async () => {
    const { check } = its();
    const { state } = await check(honest('expired-self-signed'));
    assert.deepEqual([state.verdict, state.reason], ['match', 'same_certificate']);
  });

  test('under HSTS there is no way on; the verdict is information', async () => {
    const { origin, firefox, check } = its();
    const name = `hsts-${edition}.test`;
    origin.site(name, { first: { each: ['valid', 'self-signed'] }, others: 'self-signed', hsts: true });
    const tab = await firefox.open(`https://${name}:18443/`);
    await tab.wait(() => document.body?.dataset.who === 'honest');
    await tab.close();
    await firefox.dropConnections();
    const { page, state } = await check(null, { name });
    assert.equal(state.verdict, 'match');
    assert.equal(state.way, 'information');
    assert.equal(await page.hasButton('way'), false);
  });
});

/** No suspicious failure within the window in which the browser's bypass stays hidden (privileged/API.md). */
async function calm(firefox) {
  if (firefox.edition !== 'privileged') return;
  await new Promise((resolve) => { setTimeout(resolve, 5100); });
}
