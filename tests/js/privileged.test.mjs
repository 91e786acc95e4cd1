// The privileged part's own logic, in a browser made of a few fakes: what about:certerror would read in the pref, what is
// kept, what an exception is refused for, what is left behind. What Firefox itself does is proved in tests/e2e.

import test from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const PREF = 'security.certerror.hideAddException';
const CODE = readFileSync(new URL('../../extension/privileged/api.js', import.meta.url), 'utf8');
const FACE = { ERROR_UNSET: 0, ERROR_TRUST: 1, ERROR_DOMAIN: 2, ERROR_TIME: 3 };
const TRUST = { status: 0x805a3ff2, name: 'MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT', number: -16370, category: FACE.ERROR_TRUST };
const EXPIRED = { status: 0x805a1ff5, name: 'SEC_ERROR_EXPIRED_CERTIFICATE', number: -8181, category: FACE.ERROR_TIME };
const DOUBTFUL_TIME = { status: 0x805a1ff8, name: 'SEC_ERROR_INVALID_TIME', number: -8184, category: FACE.ERROR_TIME };

const der = (text) => Buffer.from(text).toString('base64');
const shaOf = (text) => createHash('sha256').update(text).digest('hex');
const certificate = (text) => ({ sha256Fingerprint: shaOf(text).toUpperCase().replace(/(..)(?!$)/g, '$1:'), getBase64DERString: () => der(text) });

function browser({ hsts = () => false, userHides = false, torBrowser = null } = {}) {
  const b = { now: 1000, prefs: { default: undefined, user: userHides ? true : undefined }, timers: [], stored: [], overrides: [], cleared: [], notified: [], observers: [] };
  const services = {
    overrides: {
      getOverrides: () => b.overrides, rememberValidityOverride: (...a) => b.stored.push(a), clearValidityOverride: (...a) => b.cleared.push(a) },
    hsts: { isSecureURI: (uri, attributes) => hsts(uri, attributes) },
    pins: { hostHasPins: () => false },
    errors: { getErrorClass: (status) => (status > 0x805a0000 ? 2 : 1) },
  };
  const contract = (service) => ({ getService: () => service });
  const uri = (text) => {
    const u = new URL(text);
    return { asciiHost: u.hostname.replace(/[[\]]/g, ''), port: u.port ? Number(u.port) : -1 };
  };
  const globals = {
    ExtensionAPI: class { constructor(extension) { this.extension = extension; } },
    ExtensionCommon: {},
    Cu: { getGlobalForObject: () => ({ ChannelWrapper: { getRegisteredChannel: () => null } }) },
    Cr: { NS_OK: 0 },
    Ci: { nsITransportSecurityInfo: FACE, nsINSSErrorsService: { ERROR_CLASS_BAD_CERT: 2 }, nsIHttpChannel: {}, nsIProxiedChannel: class {} },
    Cc: {
      '@mozilla.org/security/certoverride;1': contract(services.overrides), '@mozilla.org/ssservice;1': contract(services.hsts),
      '@mozilla.org/security/publickeypinningservice;1': contract(services.pins), '@mozilla.org/nss_errors_service;1': contract(services.errors),
    },
    ChromeUtils: {
      now: () => b.now,
      defineLazyGetter: (o, name, get) => Object.defineProperty(o, name, { get }),
      originAttributesToSuffix: (a) => `^${JSON.stringify(a)}`,
      importESModule(url) {
        if (url.includes('Timer')) return { setTimeout: (run, ms) => b.timers.push({ run, at: b.now + ms }), clearTimeout: (n) => { if (n) b.timers[n - 1] = null; } };
        if (torBrowser && url.includes('TorDomainIsolator')) return { TorDomainIsolator: torBrowser };
        throw new Error(`no module ${url}`);
      },
    },
    Services: {
      prefs: {
        getBoolPref: (name, otherwise) => { assert.equal(name, PREF); return b.prefs.user ?? b.prefs.default ?? otherwise; },
        getDefaultBranch: () => ({ setBoolPref: (name, value) => { assert.equal(name, PREF); b.prefs.default = value; } }),
      },
      obs: {
        addObserver: (o) => b.observers.push(o), removeObserver: (o) => { b.observers = b.observers.filter((x) => x !== o); },
        notifyObservers: (_s, topic) => b.notified.push(topic),
      },
      eTLD: { getBaseDomain: (u) => u.asciiHost.split('.').slice(-2).join('.') },
      io: { newURI: uri },
      scriptSecurityManager: { createContentPrincipal: (u, originAttributes) => ({ uri: u, originAttributes }) },
    },
  };
  const context = vm.createContext(globals);
  vm.runInContext(CODE, context);
  b.api = new context.secondexit({ tabManager: { get: (id) => ({ browser: { browserId: id } }) }, policy: {} });
  b.api.onStartup();
  b.call = b.api.getAPI({}).secondexit;
  b.pass = (ms) => {
    b.now += ms;
    for (const [i, t] of b.timers.entries()) if (t && t.at <= b.now) { b.timers[i] = null; t.run(); }
  };
  b.fail = (error, { tab = 1, host = 'site.test', leaf = host, attributes = { privateBrowsingId: 1 }, isTop = true, chain } = {}) => {
    const channel = {
      QueryInterface: () => channel, status: error.status, URI: uri(`https://${host}:8443/`),
      loadInfo: { isTopLevelLoad: isTop, originAttributes: attributes, browsingContext: { browserId: tab, top: { currentURI: uri('https://site.test:8443/') } } },
      securityInfo: {
        handshakeCertificates: chain ?? [certificate(leaf)], errorCode: error.number, errorCodeString: error.name, overridableErrorCategory: error.category,
      },
    };
    for (const o of b.observers) o.observe(channel);
  };
  b.hidden = () => b.prefs.user ?? b.prefs.default ?? false;
  return b;
}

test('the bypass: hidden at rest, there for a harmless page, hidden for a suspicious one', async () => {
  const b = browser();
  assert.equal(b.hidden(), true);
  assert.equal(b.prefs.user, undefined, 'written to disk');
  b.fail(EXPIRED);
  assert.equal(b.hidden(), false);
  assert.equal((await b.call.getFailure(1, 'https://site.test:8443/')).bypassHidden, false);
  b.pass(5000);
  assert.equal(b.hidden(), true, 'at rest again');
  b.fail(TRUST);
  assert.equal(b.hidden(), true);
});

test('the bypass: a suspicious failure while a harmless page is made hides it, and the harmless one says so', async () => {
  const b = browser();
  b.fail(EXPIRED, { tab: 1, host: 'old.test' });
  b.pass(50);
  b.fail(TRUST, { tab: 2 });
  assert.equal(b.hidden(), true);
  assert.equal((await b.call.getFailure(1, 'https://old.test:8443/')).bypassHidden, true);
});

test('the bypass: a harmless failure just after a suspicious one stays hidden, and says so', async () => {
  const b = browser();
  b.fail(TRUST, { tab: 2 });
  b.pass(4999);
  b.fail(EXPIRED, { tab: 1, host: 'old.test' });
  assert.equal(b.hidden(), true);
  assert.equal((await b.call.getFailure(1, 'https://old.test:8443/')).bypassHidden, true);
  b.pass(5001);
  b.fail(EXPIRED, { tab: 1, host: 'old.test' });
  assert.equal(b.hidden(), false);
});

test('the bypass: an error of the dates that is not of class 2 is suspicious', () => {
  const b = browser();
  b.fail(DOUBTFUL_TIME);
  assert.equal(b.hidden(), true);
});

test('the bypass: a channel that can\'t be read counts as suspicious', () => {
  const b = browser();
  b.fail(EXPIRED);
  for (const o of b.observers) o.observe({ QueryInterface() {}, get status() { throw new Error('gone'); } });
  assert.equal(b.hidden(), true);
});

test('the bypass: a user or a policy that hid it is obeyed, and nobody may go on', async () => {
  const b = browser({ userHides: true });
  b.fail(EXPIRED);
  assert.equal(b.hidden(), true);
  const f = await b.call.getFailure(1, 'https://site.test:8443/');
  assert.deepEqual([f.bypassHidden, f.overridable], [true, false]);
  b.api.onShutdown();
  assert.equal(b.prefs.user, true);
});

test('unloaded: pref back, exceptions cleared, nothing listens', async () => {
  const b = browser();
  b.fail(TRUST);
  const f = await b.call.getFailure(1, 'https://site.test:8443/');
  assert.deepEqual(plain(await b.call.addException('site.test', 8443, f.origin.attributes, f.sha256)), { added: true, why: '' });
  b.api.onShutdown();
  assert.equal(b.hidden(), false);
  assert.deepEqual([b.cleared.length, b.cleared[0][0], b.cleared[0][1]], [1, 'site.test', 8443]);
  assert.equal(b.observers.length, 0);
});

const plain = (o) => JSON.parse(JSON.stringify(o));

test('an exception: for a certificate of a failure held, for its host, port and attributes, and no other', async () => {
  const b = browser();
  b.fail(TRUST);
  const { origin: { attributes }, sha256 } = await b.call.getFailure(1, 'https://site.test:8443/');
  assert.equal(sha256, shaOf('site.test'));
  for (const [host, port, a, sha] of [
    ['site.test', 8443, attributes, shaOf('another')], ['other.test', 8443, attributes, sha256], ['site.test', 443, attributes, sha256],
    ['site.test', 8443, '', sha256],
  ]) assert.deepEqual(plain(await b.call.addException(host, port, a, sha)), { added: false, why: 'unknown_certificate' });
  assert.equal(b.stored.length, 0);
  assert.equal((await b.call.addException('site.test', 8443, attributes, sha256)).added, true);
  const [host, port, oa, cert, isTemporary] = b.stored[0];
  assert.deepEqual([host, port, oa.privateBrowsingId, cert.getBase64DERString(), isTemporary], ['site.test', 8443, 1, der('site.test'), true]);
  assert.equal(await b.call.clearExceptions(), 1);
  assert.equal(await b.call.clearExceptions(), 0);
  assert.ok(b.notified.includes('net:prune-all-connections'));
  await b.call.forget();
  assert.equal((await b.call.addException('site.test', 8443, attributes, sha256)).why, 'unknown_certificate');
});

test('an exception: refused where Firefox offers none, and under HSTS of any partition the load could have used', async () => {
  const none = browser();
  none.fail({ ...TRUST, category: FACE.ERROR_UNSET });
  const f = await none.call.getFailure(1, 'https://site.test:8443/');
  assert.equal(f.overridable, false);
  assert.equal((await none.call.addException('site.test', 8443, f.origin.attributes, f.sha256)).why, 'not_overridable');
  let isOn = false;
  const hsts = browser({ hsts: (_u, a) => isOn && a.partitionKey === '(https,site.test)' });
  hsts.fail(TRUST);
  const g = await hsts.call.getFailure(1, 'https://site.test:8443/');
  assert.equal(g.hsts, false);
  isOn = true;
  assert.equal((await hsts.call.addException('site.test', 8443, g.origin.attributes, g.sha256)).why, 'hsts', 'trusted what was known before');
  assert.equal(hsts.stored.length, 0);
});

test('an exception that is not ours is told from ours, by host, port, attributes and certificate', async () => {
  const b = browser();
  b.fail(TRUST);
  const { origin, sha256 } = await b.call.getFailure(1, 'https://site.test:8443/');
  await b.call.addException('site.test', 8443, origin.attributes, sha256);
  const override = (more) => ({ asciiHost: 'site.test', port: 8443, originAttributes: { privateBrowsingId: 1 }, fingerprint: certificate('site.test').sha256Fingerprint, ...more });
  const asked = async (...overrides) => { b.overrides = overrides; return b.call.hasOtherException('site.test', 8443); };
  assert.equal(await asked(), false);
  assert.equal(await asked(override()), false);
  assert.equal(await asked(override({ asciiHost: 'other.test' })), false);
  assert.equal(await asked(override({ port: 443 })), false);
  assert.equal(await asked(override({ fingerprint: certificate('forged').sha256Fingerprint })), true);
  assert.equal(await asked(override(), override({ originAttributes: {} })), true);
  b.overrides = null;
  assert.equal(await b.call.hasOtherException('site.test', 8443), true, 'not known is true');
});

test('failures: the newest of that tab, host and port; not of frames; not when old', async () => {
  const b = browser();
  b.fail(TRUST, { leaf: 'one' });
  b.fail(TRUST, { leaf: 'two' });
  b.fail(TRUST, { leaf: 'frame', isTop: false });
  b.fail(TRUST, { leaf: 'elsewhere', tab: 2 });
  assert.equal((await b.call.getFailure(1, 'https://site.test:8443/x')).sha256, shaOf('two'));
  b.pass(60000);
  const late = b.call.getFailure(1, 'https://site.test:8443/');
  await null;
  b.pass(250);
  assert.equal(await late, null);
});

test('failures: one that is noted a moment later is waited for', async () => {
  const b = browser();
  const asked = b.call.getFailure(1, 'https://site.test:8443/');
  await null;
  b.fail(TRUST);
  assert.equal((await asked).sha256, shaOf('site.test'));
});

test('failures: a page can\'t make us keep more than a bound, in number and in bytes', () => {
  const b = browser();
  for (let i = 0; i < 700; i++) b.fail(TRUST, { leaf: `leaf ${i}` });
  const held = (leaf) => b.api.failures.find((f) => f.sha256 === shaOf(leaf));
  assert.equal(held('leaf 199'), null);
  assert.ok(held('leaf 200') && held('leaf 699'));
  const big = 'x'.repeat(100 << 10);
  const many = Array.from({ length: 20 }, (_, i) => certificate(big + i));
  b.fail(TRUST, { chain: many });
  const f = b.api.failures.find(() => true);
  assert.ok(f.chain.length < 3 && f.chars <= 400 << 10, `${f.chain.length} certificates, ${f.chars} characters`);
  for (let i = 0; i < 200; i++) b.fail(TRUST, { chain: [certificate(big + i)] });
  assert.equal(held('leaf 699'), null);
});

test('nothing that is asked wrongly throws', async () => {
  const b = browser();
  assert.equal(await b.call.getFailure(1, 'no address'), null);
  assert.equal(await b.call.getRequest('7'), null);
  assert.deepEqual(plain(await b.call.addException(']', 1, '', '')), { added: false, why: 'unknown_certificate' });
  assert.equal(await b.call.newCircuit('site.test', 0), false);
});

test('a new circuit by Tor Browser\'s own function, in both of its shapes', async () => {
  const asked = [];
  const old = browser({ torBrowser: { newCircuitForDomain: (domain) => asked.push(domain) } });
  assert.equal(await old.call.newCircuit('site.test', 0), true);
  const today = browser({ torBrowser: {
    newCircuitForBrowser(one) {
      assert.equal(one, one.selectedBrowser);
      asked.push(one.contentPrincipal.originAttributes.firstPartyDomain);
      one.reloadWithFlags(1);
    },
  } });
  assert.equal(await today.call.newCircuit('other.test', 2), true);
  assert.deepEqual(asked, ['site.test', 'other.test']);
});
