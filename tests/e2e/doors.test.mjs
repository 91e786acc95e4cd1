// Every way past a verdict that somebody could think of: keys, mouse, reload, Back and Forward, stored exceptions, other
// pages' requests, an exit that lies only now and then. None may lead to an intercepted page, and no interceptor may get anything.

import test from 'node:test';
import assert from 'node:assert/strict';
import { assertNoLeaks, freshName, looksAt, sleep, until, urlOf, withEditions } from './harness.mjs';
import { KEY } from './certpage.mjs';

const EVIL = { first: 'forged', others: 'valid' };

// Without conflux tor keeps a site's connections on one circuit: the exit that lied is the one that lies again.
withEditions((edition, its) => {
  /** What the tab shows must never be the interceptor's page; looked at for a while. */
  async function neverIntercepted(page, ms = 800) {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      const who = await page.tab.now(() => document.body?.dataset.who ?? '').catch(() => '');
      assert.notEqual(who, 'INTERCEPTED', 'the intercepted page was reached');
      await sleep(80);
    }
  }

  async function mismatch() {
    const { check } = its();
    const seen = await check(EVIL);
    assert.deepEqual([seen.state.verdict, seen.state.way], ['mismatch', 'none']);
    return seen;
  }

  test('by mouse: every button and link, and no way on', async () => {
    const { origin } = its();
    const { page, name } = await mismatch();
    const ids = await page.tab.eval(() => [...document.querySelectorAll('a[href], button, summary, input, [tabindex], [onclick]')]
      .filter((e) => e.tagName !== 'H1').map((e) => e.id || e.parentElement.id || e.outerHTML));
    const known = new Set(['leave', 'ask-circuits', 'answers', 'certificates', 'chance', 'technical', 'report']);
    assert.deepEqual(ids.filter((id) => !known.has(id)), [], 'something to press that no test knows');
    assert.equal(await page.hasButton('way'), false);
    for (const id of ids.filter((i) => !['leave', 'ask-circuits'].includes(i))) {
      await page.tab.click(`#${id}, #${id} > summary`);
      await neverIntercepted(page, 100);
    }
    // It may close the tab under the mouse that pressed it.
    await page.press('leave').catch((e) => { if (!/no such frame/.test(e.message)) throw e; });
    await neverIntercepted(page);
    assertNoLeaks(origin, name);
  });

  test('by keyboard: Tab through everything, Enter and Space on each', async () => {
    const { origin } = its();
    const { page, name } = await mismatch();
    const url = await page.tab.eval(() => location.href);
    const focused = async () => page.tab.eval(() => document.activeElement?.id || document.activeElement?.parentElement?.id || document.activeElement?.tagName);
    const seen = new Set();
    for (const key of [KEY.enter, KEY.space]) {
      await page.tab.front();
      await page.tab.eval(() => { document.activeElement?.blur(); });
      for (let i = 0; i < 14; i++) {
        await page.tab.press(KEY.tab);
        const at = await focused();
        seen.add(at);
        if (['leave', 'ask-circuits', 'keep-circuit', 'confirm-circuit'].includes(at)) continue;
        await page.tab.press(key);
        await neverIntercepted(page, 60);
        assert.equal(await page.tab.eval(() => location.href), url, `${at} led away`);
      }
    }
    assert.ok(seen.has('leave') && seen.has('ask-circuits'), `focus went to ${[...seen]}`);
    assert.ok(!seen.has('way'));
    assertNoLeaks(origin, name);
  });

  test('reload, Back and Forward, the address again, another tab', async () => {
    const { origin, visit } = its();
    const { page, name } = await mismatch();
    const looks = looksAt(origin, name).length;
    const still = async (what) => {
      await neverIntercepted(page, 300);
      const s = await page.done();
      assert.deepEqual([s.verdict, await page.hasButton('way')], ['mismatch', false], what);
    };
    await page.tab.reload();
    await still('after a reload');
    await page.tab.go(urlOf(freshName('elsewhere')));
    await page.site();
    await page.tab.history(-1);
    await still('after Back');
    await page.tab.history(1);
    await page.site();
    await page.tab.history(-1);
    await still('after Forward and Back');
    await page.tab.go(urlOf(name));
    await page.begin();
    await still('the address again');
    const other = await visit(null, { name });
    await other.begin();
    assert.equal((await other.done()).verdict, 'mismatch');
    assert.ok(looksAt(origin, name).length <= looks + 3);
    assertNoLeaks(origin, name);
  });

  test('an exception stored before, for the interceptor\'s certificate: stopped at the response', async () => {
    const { origin, firefox, visit } = its();
    const name = freshName('stored');
    origin.site(name, EVIL);
    await firefox.storeException({ host: name, port: 18443, pem: origin.certificate('forged', name).pem });
    const page = await visit(null, { name });
    await neverIntercepted(page, 300);
    await page.begin();
    const state = await page.done();
    assert.deepEqual([state.verdict, await page.hasButton('way')], ['mismatch', false]);
    await page.tab.go(urlOf(name, { path: '/two' }));
    await neverIntercepted(page);
    assert.equal((await page.done()).verdict, 'mismatch');
    assertNoLeaks(origin, name);
  });

  test('an exception stored before, for the site\'s own certificate: checked all the same, then let through', async () => {
    const { origin, firefox, visit } = its();
    const name = freshName('stored');
    origin.site(name, { first: 'self-signed', others: 'self-signed' });
    await firefox.storeException({ host: name, port: 18443, pem: origin.certificate('self-signed', name).pem });
    const page = await visit(null, { name });
    await page.begin();
    const state = await page.done();
    assert.deepEqual([state.verdict, state.way], ['match', 'direct'], state.text);
    await page.press('way');
    assert.equal(await page.site(), 'honest');
  });

  test('cookies of the true site never reach an interceptor that comes later', async () => {
    const { origin, firefox, check } = its();
    const name = freshName('cookie');
    origin.site(name, { first: { each: ['valid', 'forged'] }, others: 'valid' });
    const tab = await firefox.open(urlOf(name, { path: '/login' }));
    await tab.wait(() => document.body?.dataset.who === 'honest' && document.cookie.includes('session='));
    await tab.close();
    await firefox.dropConnections();
    const { page, state } = await check(null, { name });
    assert.equal(state.verdict, 'mismatch');
    await neverIntercepted(page);
    assertNoLeaks(origin, name);
  });

  test('intercepts only the browser, shows the site\'s own certificate when asked: never reached', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check({ first: { each: ['forged', 'self-signed', 'forged'] }, others: 'self-signed' });
    if (edition === 'privileged') {
      assert.deepEqual([state.verdict, await page.hasButton('way')], ['mismatch', false]);
    } else if (state.verdict === 'match') {
      // The host saw the honest one. The exit lies again when the browser itself comes back: the response is refused.
      await page.goOn();
      await neverIntercepted(page, 1500);
      await page.begin();
      assert.notEqual((await page.done()).verdict, 'match');
      assert.equal(await page.hasButton('way'), false);
    }
    await neverIntercepted(page);
    assertNoLeaks(origin, name);
  });

  test('intercepts only the browser, shows the valid chain when asked: mismatch', async () => {
    const { origin, check } = its();
    const { page, name, state } = await check({ first: { each: ['forged', 'valid', 'forged'] }, others: 'valid' });
    assert.equal(state.verdict, 'mismatch', state.text);
    assert.ok(['first_selective', 'others_see_valid'].includes(state.reason), state.reason);
    assert.equal(await page.hasButton('way'), false);
    await neverIntercepted(page);
    assertNoLeaks(origin, name);
  });

  test('lies only after the match: the exception is for one certificate, the response is refused', async () => {
    const { origin, firefox, check, visit } = its();
    let isArmed = false;
    const { page, name } = await check({ first: () => (isArmed ? 'forged' : 'self-signed'), others: 'self-signed' });
    await page.goOn();
    assert.equal(await page.site(), 'honest');
    // The browser asks for the honest page's icon when it has time: not the interceptor.
    const isIcon = (request) => request.url === '/favicon.ico';
    await until(() => origin.connections(name).some((c) => c.requests.some(isIcon)), { what: 'the page\'s icon' });
    await firefox.dropConnections();
    await until(() => origin.connections(name).every((c) => c.closed), { what: 'connections dropped' });
    isArmed = true;
    await firefox.storeException({ host: name, port: 18443, pem: origin.certificate('forged', name).pem });
    const again = await visit(null, { name });
    await neverIntercepted(again, 600);
    await again.begin();
    assert.notEqual((await again.done()).verdict, 'match');
    assertNoLeaks(origin, name);
  });

  test('WebSocket, fetch, image, script and frame of an intercepted host from another page are cancelled', async () => {
    const { origin, firefox, visit } = its();
    const evil = freshName('evil');
    // The other page has a circuit of its own, so another exit: once armed, every exit intercepts.
    let isArmed = false;
    origin.site(evil, { first: 'forged', others: () => (isArmed ? 'forged' : 'valid') });
    await firefox.storeException({ host: evil, port: 18443, pem: origin.certificate('forged', evil).pem });
    // The host has shown itself: from then on the standard edition sends it nothing worth stealing.
    const first = await visit(null, { name: evil });
    await first.begin();
    assert.equal((await first.done()).verdict, 'mismatch');
    isArmed = true;
    const home = freshName('home');
    const html = embedding(evil);
    origin.site(home, { first: 'valid', pages: { '/': () => ['text/html', html] } });
    const page = await visit(null, { name: home });
    const out = await page.tab.wait(() => {
      const o = document.body?.dataset;
      return o?.img && o.fetch && o.script && o.ws && o.frame && { ...o };
    }, { limit: 15000, what: 'every resource ended' });
    assert.deepEqual({ img: out.img, fetch: out.fetch, script: out.script, ws: out.ws }, { img: 'error', fetch: 'error', script: 'error', ws: 'error' });
    const frames = await firefox.send('browsingContext.getTree', { root: page.tab.id });
    for (const child of frames.contexts[0].children) {
      const who = await firefox.evaluate({ context: child.context }, () => document.body?.dataset.who ?? '', []).catch(() => '');
      assert.notEqual(who, 'INTERCEPTED', 'the frame shows the intercepted page');
    }
    assertNoLeaks(origin, evil);
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] } });

const embedding = (host) => `<!doctype html><meta charset="utf-8"><title>home</title><body data-who="honest"><script>
const at = 'https://${host}:18443', out = document.body.dataset;
const add = (tag, attributes, name) => {
  const e = Object.assign(document.createElement(tag), attributes);
  e.onload = () => { out[name] = 'loaded'; };
  e.onerror = () => { out[name] = 'error'; };
  document.body.append(e);
};
add('img', { src: at + '/img.png' }, 'img');
add('script', { src: at + '/script.js' }, 'script');
add('iframe', { src: at + '/frame' }, 'frame');
fetch(at + '/api', { method: 'POST', mode: 'no-cors', body: 'body-secret', credentials: 'include' }).then(() => { out.fetch = 'loaded'; }, () => { out.fetch = 'error'; });
const ws = new WebSocket('wss://${host}:18443/ws');
ws.onmessage = () => { out.ws = 'loaded'; };
ws.onclose = () => { out.ws ??= 'error'; };
setTimeout(() => { out.frame ??= 'silent'; }, 4000);
</script>`;
