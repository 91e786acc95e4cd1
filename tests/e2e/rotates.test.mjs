// A site that shows another certificate to everyone: could not decide, and the weaker look within one country is offered
// where that country has exits enough.

import test from 'node:test';
import assert from 'node:assert/strict';
import { looksAt, withEditions } from './harness.mjs';

const EXITS = 18;   // ten groups and more, none with a fifth of the weight; the network of tests/js/host-country, baked once for both

withEditions((edition, its) => {
  test('different keys everywhere: undecided, the same-country look is offered, labelled weaker, and is no match either', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check({ first: 'many-keys', others: 'many-keys' });
    assert.deepEqual([state.verdict, state.reason], ['undecided', 'site_rotates'], state.text);
    assert.equal(await page.hasButton('way'), false);
    assert.equal(await page.hasButton('same-country'), true, state.text);
    const looks = looksAt(origin, name).length;
    await page.press('same-country');
    await page.tab.wait(() => document.getElementById('page').dataset.phase === 'done', { limit: 30000, what: 'an end' });
    assert.ok(looksAt(origin, name).length >= looks);
    assert.equal(await page.hasButton('way'), false);
  });
}, { net: { exits: EXITS, families: [], countries: ['DE'] } });
