// HTTPS that an exit takes away, in a real browser with HTTPS-Only mode: it asks for https, the first exit breaks that, and the
// question is whether the browser's "Secure Site Not Available" may stand.

import test from 'node:test';
import assert from 'node:assert/strict';
import { PORT, freshName, noMappings, sleep, until, withEditions } from './harness.mjs';
import { CertPage } from './certpage.mjs';
import { SILENT_MS } from '../../extension/core/limits.js';
import { OURS } from './firefox.mjs';
import { assertForm } from './reportform.mjs';

const REFUSED = '127.200.0.1';      // nobody serves there
const plainUrl = (name, where = '/') => `http://${name}:${PORT}${where}`;

withEditions((edition, its) => {
  const it = test;

  async function open(spec, { name = freshName('strip'), url, ...more } = {}) {
    const { firefox, origin } = its();
    if (spec) origin.site(name, spec);
    const tab = await firefox.open(url ?? plainUrl(name), more);
    return new CertPage(tab, { name, port: PORT, edition, origin });
  }
  /** The first exit plays `how` from its second connection on: tor takes a circuit back whose only stream failed, and the browser, which
   *  tries twice, would come through another exit. */
  async function openHeld(how, { others = 'valid', where = '/', isPlain = true, each = [how] } = {}) {
    const { firefox } = its();
    const name = freshName('held');
    const page = await open({ first: { each: ['valid', ...each] }, others }, { name, url: `https://${name}:${PORT}/two` });
    assert.equal(await page.site(), 'honest');
    await firefox.dropConnections();
    await page.tab.go(isPlain ? plainUrl(name, where) : `https://${name}:${PORT}${where}`).catch(() => {});
    return page;
  }
  const done = async (page) => { await page.begin(); return page.done(); };
  const question = (page) => page.tab.eval(() => document.getElementById('page').dataset.question);
  /** Waits for the browser's own page of a failed load, to stay. A check that waits for a click gets it. */
  async function native(page, { limit = 40000 } = {}) {
    let since = 0;
    return until(async () => {
      const address = await page.tab.address().catch(() => '');
      if (!/^about:(httpsonlyerror|neterror)/.test(address)) since = 0;
      else since ||= Date.now();
      if (since === 0 && (await page.state().catch(() => null))?.phase === 'waiting') await page.press('start');
      return since > 0 && Date.now() - since > 1500 && address;
    }, { limit, what: 'the browser\'s own page' }).catch(async (e) => { throw new Error(`${e.message}; the tab shows ${await page.describe()}`); });
  }
  /** Presses "Continue to HTTP Site" on the browser's page. */
  const goOnPlain = (page) => until(() => page.tab.now(() => {
    const button = document.getElementById('openInsecure') ?? document.querySelector('net-error-card')?.shadowRoot?.querySelector('#openInsecure, #continue-http-button, [data-l10n-id*="continue"]');
    button?.click();
    return Boolean(button);
  }), { limit: 10000, what: 'the button that goes on without HTTPS' });
  const shown = (page) => page.tab.now(() => ({ url: location.href, who: document.body?.dataset.who ?? '' })).catch(() => null);

  /** The page's button opens the form with this finding: who withheld, and what the others were shown. */
  async function reports(page) {
    const { firefox, origin } = its();
    await page.press('report');
    const accused = origin.connections(page.name).find((c) => c.behaviour === 'reset').fingerprint;
    const report = await assertForm(firefox, { kind: 'https', host: page.name, port: PORT, edition, accused });
    assert.equal(report.reproduce, `secondexit https ${page.name}:${PORT} --first-exit ${accused}`);
    assert.ok(report.others.filter((o) => o.status === 'certificate' && o.valid && o.chain.length).length >= 2, JSON.stringify(report.others));
    await page.tab.front();
  }

  // These two first: a session's few questions without a click are not spent yet. The browser itself would wait for minutes.
  it('https links too: silence of the exit, mismatch', { timeout: 120000 }, async () => {
    const page = await openHeld('stall', { isPlain: false, where: '/two' });
    const state = await done(page);
    assert.deepEqual([state.verdict, state.reason], ['mismatch', 'https_withheld'], state.text);
    assert.match(state.text, /exit\d/);
    assert.equal(await page.hasButton('way'), false);
    assert.ok(Number(state.elapsed) < 25000);
  });

  it('a server that is slow to answer is asked about, and left alone', { timeout: 90000 }, async () => {
    const { firefox, origin } = its();
    const name = freshName('slow');
    const url = `https://${name}:${PORT}/slow`;
    const pages = { '/slow': async (site, who) => {
      await sleep(SILENT_MS + 10000);
      return ['text/html', `<title>${who} ${site.name}</title><body data-who="${who}">at last`];
    } };
    origin.site(name, { first: 'valid', others: 'valid', pages });
    const tab = await firefox.open('about:blank');
    tab.go(url).catch(() => {});
    const page = new CertPage(tab, { name, port: PORT, edition, origin });
    const seen = new Set();
    await until(async () => {
      seen.add(await tab.address().catch(() => ''));
      return (await shown(page))?.who === 'honest';
    }, { limit: SILENT_MS + 40000, what: 'the slow page' });
    assert.deepEqual([...seen].filter((address) => address.startsWith('moz-extension:')), [], 'our page stood there');
    // It was asked: through the same exit, and k others.
    const probes = origin.connections(name).filter((c) => c.hello && !c.requests.length);
    assert.ok(probes.length >= 4, `${probes.length} connections beside the page's own`);
    await noMappings(its().net.client);
  });

  for (const how of ['reset', 'close', 'http', 'alert', 'garbage', 'stall']) {
    it(`the first exit plays ${how}, the others get HTTPS: mismatch, and no way on without`, { timeout: 90000 }, async () => {
      const { origin } = its();
      const page = await openHeld(how);
      const state = await done(page);
      assert.equal(await question(page), 'https');
      assert.equal(state.verdict, 'mismatch', state.text);
      assert.ok(['https_withheld', 'https_selective'].includes(state.reason), state.reason);
      assert.equal(await page.hasButton('way'), false);
      assert.ok(Number(state.elapsed) < 25000);
      assert.match(state.text, /exit\d/);       // names the relay
      if (how === 'reset') await reports(page);
      // Neither by address, nor by reload, nor from the history does the plain page come.
      await page.tab.go(plainUrl(page.name)).catch(() => {});
      await page.phase('done', 'checking', 'waiting');
      // HTTPS-Only mode itself asks the plain port after three seconds of silence, in the background, whether it is worth waiting.
      if (how !== 'stall') assert.deepEqual(origin.connections(page.name).filter((c) => !c.hello && c.requests.length), [], 'a plain request went out');
      await noMappings(its().net.client);
    });
  }

  it('the exit spares our probe: mismatch all the same', { timeout: 60000 }, async () => {
    const page = await openHeld('valid', { each: [...Array(11).fill('reset'), 'valid'] });   // the browser itself tries that often
    const state = await done(page);
    assert.equal(state.verdict, 'mismatch', state.text);
  });

  it('a site without HTTPS: the browser\'s own page comes back, and its button works', { timeout: 60000 }, async () => {
    for (const how of ['http', 'reset', 'alert']) {
      const page = await open({ first: how, others: how });
      assert.match(await native(page), /^about:httpsonlyerror/);
      if (how !== 'http') continue;
      await goOnPlain(page);
      await until(async () => (await shown(page))?.who && (await shown(page)).url === plainUrl(page.name), { limit: 15000, what: 'the plain page' });
      // And again, now from what is known.
      await page.tab.reload();
      await until(async () => (await shown(page))?.who, { limit: 15000, what: 'the plain page, again' });
    }
    await noMappings(its().net.client);
  });

  it('a name that does not exist, a site that is down: the browser\'s own page', { timeout: 90000 }, async () => {
    const { net } = its();
    for (const rule of ['nxdomain', REFUSED]) {
      const name = freshName('down');
      for (const exit of net.exits) exit.dns.rule(name, rule);
      assert.match(await native(await open(null, { name })), /^about:(httpsonlyerror|neterror)/);
    }
  });

  it('silence everywhere: decided within 25 s', { timeout: 120000 }, async () => {
    const { net } = its();
    const name = freshName('black');
    for (const exit of net.exits) exit.dns.rule(name, 'silent');
    const state = await done(await open(null, { name }));
    // While all are silent the browser's own stream goes through one exit after the other, and each is a first one: of eight exits there may
    // be too few left that are independent of them all.
    const answer = [state.verdict, state.reason].join(' ');
    assert.ok(['match no_https', 'undecided no_independent_exit'].includes(answer), state.text);
    assert.ok(Number(state.elapsed) < 25000);
  });

  it('https links too: reset by the exit, mismatch; new circuit leads on over HTTPS', { timeout: 90000 }, async () => {
    const page = await openHeld('reset', { isPlain: false, where: '/two' });
    const state = await done(page);
    assert.equal(state.verdict, 'mismatch', state.text);
    await page.press('ask-circuits');
    await page.press('confirm-circuit');
    assert.equal(await page.site({ limit: 40000 }), 'honest');
    assert.match((await shown(page)).url, /^https:.*\/two$/);
  });

  it('exits that refuse the connection: the page over HTTPS through another one, or mismatch; never a plain page', { timeout: 90000 }, async () => {
    const { net } = its();
    const name = freshName('refuse');
    // Tor itself tries three exits; so most of them have to refuse before a browser meets it at all.
    for (const exit of net.exits.slice(0, 6)) exit.dns.rule(name, REFUSED);
    const page = await open({ first: 'valid', others: 'valid' }, { name });
    const ended = await until(async () => {
      const state = await page.state().catch(() => null);
      if (state?.phase === 'waiting') await page.press('start');
      return state?.phase === 'done' ? state : (await shown(page))?.who;
    }, { limit: 60000, what: 'a page, or a verdict' });
    if (ended.phase) {
      // One draw in four asks three that refuse: then the one that tor's own stream came to is the only one that gets through.
      if (ended.verdict !== 'mismatch') assert.deepEqual([ended.verdict, ended.reason], ['undecided', 'https_back'], ended.text);
      assert.equal(await page.hasButton('way'), false);
      assert.ok(Number(ended.elapsed) < 25000);
    } else {
      assert.match((await shown(page)).url, /^https:/);
    }
    // HTTPS-Only mode's own question to the plain port, after three seconds of tor's trying, shows nothing.
    assert.doesNotMatch(await page.tab.address(), /^http:/);
  });

  it('sent from https back to http, over TLS that nobody forged: no exit\'s fault, the browser\'s own page', { timeout: 90000 }, async () => {
    const name = freshName('back');
    const pages = { '/': (site, who, req) => (req.socket.encrypted ? ['text/plain', 'moved', { Location: plainUrl(name) }] : ['text/html', '<body data-who="plain">plain']) };
    const page = await open({ first: 'valid', others: 'valid', pages }, { name });
    assert.match(await native(page), /^about:(httpsonlyerror|neterror)/);
    await noMappings(its().net.client);
  });

  it('a site that was seen over HTTPS, and has none now, for anybody: the browser\'s own page', { timeout: 90000 }, async () => {
    const { firefox, origin } = its();
    const name = freshName('gone');
    const page = await open({ first: 'valid', others: 'valid' }, { name, url: `https://${name}:${PORT}/` });
    assert.equal(await page.site(), 'honest');
    origin.site(name, { first: 'http', others: 'http' });
    await firefox.dropConnections();
    await page.tab.go(plainUrl(name)).catch(() => {});
    assert.match(await native(page), /^about:httpsonlyerror/);
  });

  it('an invalid certificate at some, nothing at the others: undecided, all shown, shut', { timeout: 60000 }, async () => {
    const page = await openHeld('reset', { others: ['self-signed', 'reset', 'reset'] });
    const state = await done(page);
    assert.deepEqual([state.verdict, state.reason], ['undecided', 'https_unclear'], state.text);
    assert.equal(await page.hasButton('way'), false);
    assert.match(state.text, /not valid/);
  });

  it('host missing: shut, says why; back again: Retry', { timeout: 90000 }, async () => {
    const { firefox, host } = its();
    await host.remove();
    try {
      await host.kill(firefox.pid);
      const page = await open({ first: 'reset', others: 'reset' });
      const state = await done(page);
      assert.equal(state.verdict, 'undecided');
      assert.ok(state.problem, state.text);
      assert.equal(await page.hasButton('way'), false);
    } finally {
      await host.install();
    }
  });

  it('a site that was seen over HTTPS, and now is to be loaded without', { timeout: 90000 }, async () => {
    const { firefox } = its();
    const name = freshName('was');
    const page = await open({ first: 'valid', others: 'valid' }, { name, url: `https://${name}:${PORT}/` });
    assert.equal(await page.site(), 'honest');
    const only = (isOn) => firefox.chrome((on) => {
      Services.prefs.setBoolPref('dom.security.https_only_mode', on);
      Services.prefs.setBoolPref('dom.security.https_first', on);
    }, isOn);
    await only(false);
    try {
      await page.tab.go(plainUrl(name)).catch(() => {});
      // The site has HTTPS along this path too: nobody withholds it, and what the user asked for is shown.
      await until(async () => {
        if ((await page.state().catch(() => null))?.phase === 'waiting') await page.press('start');
        const now = await shown(page);
        return now?.url === plainUrl(name) && now.who;
      }, { limit: 40000, what: 'the plain page' }).catch(async (e) => { throw new Error(`${e.message}; the tab shows ${await page.describe()}`); });
    } finally {
      await only(true);
    }
  });

  // ---- "Is this page really only http?" ----

  /** The site leads everybody from http to https; the exit that comes first with plain http swallows that (`strips`). Its page is shown in a tab;
   * HTTPS-Only mode is off as long as `run` runs. */
  async function plainly({ strips, tls = () => 'valid' }, run) {
    const { firefox, origin } = its();
    const name = freshName('plain');
    let liar = null;
    const behaviour = ({ exit }) => tls(exit.fingerprint === liar);
    const page = (site, who, req) => {
      if (!req.socket.encrypted) liar ??= req.socket.record.fingerprint;
      const isLed = !req.socket.encrypted && strips && req.socket.record.fingerprint !== liar;
      return isLed ? ['text/plain', 'moved', { Location: `https://${name}:${PORT}${req.url}` }] : ['text/html', `<title>${who} ${name}</title><body data-who="${who}">a page`];
    };
    origin.site(name, { first: behaviour, others: behaviour, pages: { '/page': page } });
    const only = (isOn) => firefox.chrome((on) => {
      for (const pref of ['dom.security.https_only_mode', 'dom.security.https_first']) Services.prefs.setBoolPref(pref, on);
    }, isOn);
    await only(false);
    try {
      const tab = await firefox.open(plainUrl(name, '/page?mine=1'));
      await tab.wait(() => location.protocol === 'http:' && document.body?.dataset.who === 'honest', { limit: 20000, what: 'the plain page' });
      await run({ name, page: new CertPage(tab, { name, port: PORT, edition, origin }), popup: await popupOver(tab) });
    } finally {
      await only(true);
    }
  }
  /** The popup as it stands over this tab: a tab behind it in the same window, which asks for the one in front. */
  async function popupOver(tab) {
    const popup = await its().firefox.open(`${OURS}ui/popup.html`, { background: true });
    await tab.front();
    // It asks for the tab in front once, and ESR 140 can be slow to bring one there.
    await until(async () => {
      await popup.reload();
      return popup.wait(() => document.querySelector('#plain-ask, #plain'), { limit: 4000, what: 'the question in the popup' });
    }, { limit: 24000, what: 'the question in the popup, asked for several times' });
    return popup;
  }
  const plainState = (popup) => popup.now(() => ({ ...document.getElementById('plain')?.dataset, text: document.body.innerText })).catch(() => null);
  const answered = (popup) => until(async () => {
    const state = await plainState(popup);
    return state?.phase === 'done' && state;
  }, { limit: 40000, what: 'the answer in the popup' });
  /** Requests over plain http other than the browser's own first one. */
  const asked = (name) => its().origin.connections(name).filter((c) => !c.hello).flatMap((c) => c.requests).filter((r) => r.url.startsWith('/page')).slice(1);

  for (const isTls of [true, false]) {
    it(`an exit swallows the way to HTTPS${isTls ? '' : ' and takes TLS away'}: nothing is asked before the click; then our page, and HTTPS`, { timeout: 120000 }, async () => {
      await plainly({ strips: true, tls: (isLiar) => (isLiar && !isTls ? 'reset' : 'valid') }, async ({ name, page, popup }) => {
        assert.deepEqual(asked(name), []);
        await popup.click('#plain-ask');
        const state = await done(page);
        assert.deepEqual([state.verdict, state.reason], ['mismatch', 'https_withheld'], state.text);
        assert.ok(Number(state.elapsed) < 25000);
        assert.match(state.text, /exit\d/);
        assert.equal(await page.hasButton('way'), false);
        assert.ok(asked(name).length >= 3);
        for (const r of asked(name)) assert.deepEqual([r.method, r.url, r.headers.cookie], ['GET', '/page', undefined]);
        // By address, by another tab: over HTTPS alone.
        const plain = asked(name).length;
        const other = await its().firefox.open(plainUrl(name, '/page'));
        if (isTls) await other.wait(() => location.protocol === 'https:' && document.body?.dataset.who === 'honest', { limit: 20000, what: 'the page over HTTPS' });
        else await until(async () => /^(moz-extension|https):/.test(await other.address().catch(() => '')), { limit: 40000, what: 'our page, or HTTPS' });
        assert.equal(asked(name).length, plain, 'a plain request went out');
        await page.tab.front();
        await page.press('ask-circuits');
        await page.press('confirm-circuit');
        if (isTls) assert.equal(await page.site({ limit: 40000 }), 'honest');
        await noMappings(its().net.client);
      });
    });
  }

  it('really only http, or HTTPS beside it: said in the popup, the page stays', { timeout: 120000 }, async () => {
    for (const [behaviour, reason] of [['reset', 'no_https'], ['valid', 'https_optional']]) {
      await plainly({ strips: false, tls: () => behaviour }, async ({ name, page, popup }) => {
        await popup.click('#plain-ask');
        const state = await answered(popup);
        assert.deepEqual([state.verdict, state.reason], ['match', reason], state.text);
        assert.equal((await shown(page)).url, plainUrl(name, '/page?mine=1'));
        if (reason !== 'https_optional') return;
        await popup.click('#plain-open');
        assert.equal(await page.site({ limit: 20000 }), 'honest');
      });
    }
  });

// The browser falls back to its own proxy setting when an extension's has failed ten times: there nothing must be found. (Tor Browser
// sets its credentials where there is no falling back.)
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: { 'network.proxy.socks_port': 1, 'network.http.tls-handshake-timeout': 8 } } });
