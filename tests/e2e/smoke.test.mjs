// The shortest proof that the whole chain stands: one exit that intercepts, one that doesn't.

import test from 'node:test';
import assert from 'node:assert/strict';
import { assertNoLeaks, looksAt, noMappings, withEditions } from './harness.mjs';

withEditions((edition, its) => {
  test('an intercepting exit is a mismatch, and there is no way on', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check({ first: 'forged', others: 'valid' });
    assert.equal(state.verdict, 'mismatch', state.text);
    assert.equal(state.reason, 'others_see_valid');
    assert.equal(state.way, 'none');
    assert.equal(await page.hasButton('way'), false);
    // One valid chain decides: the others' looks may end before they were answered.
    assert.ok(looksAt(origin, name).length >= 1);
    assertNoLeaks(origin, name);
  });

  test('an honest exit is a match; the way on leads to the page; a second visit needs no second check', async () => {
    const { net, origin, check, visit } = its();
    const { page, name, state } = await check({ first: 'self-signed', others: 'self-signed' });
    assert.equal(state.verdict, 'match', state.text);
    assert.equal(state.reason, 'same_certificate');
    await page.goOn();
    assert.equal(await page.site(), 'honest');
    assert.equal(looksAt(origin, name).length, 3);
    const again = await visit(null, { name, path: '/two' });
    assert.equal(await again.site(), 'honest');
    assert.equal(looksAt(origin, name).length, 3, 'the second visit looked again');
    await noMappings(net.client);
  });
});
