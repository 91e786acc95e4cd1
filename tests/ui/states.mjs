// What the certificate page may have to show, one view for each state (feature/certcheck.js, view()). Invented relays,
// real shapes.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const hash = (text) => createHash('sha256').update(text).digest('hex');
const RELAYS = {
  guard: ['Wanderlust', 'NL', '185.22.1.4'], middle: ['QuietHarbour', 'FR', '51.15.9.9'], exit: ['CheapExit042', 'RU', '45.9.148.2'],
  a: ['artikel10ffm', 'DE', '185.220.1.7'], b: ['NTH19R5', 'SE', '171.25.1.9'], c: ['CalyxInstitute14', 'US', '162.247.1.2'], m2: ['ofalltheplaces', 'CA', '198.96.1.1'], m3: ['kryten', 'CH', '31.171.1.1'],
};
const relay = (key) => {
  const [nickname, country, address] = RELAYS[key];
  return { fingerprint: hash(nickname).slice(0, 40).toUpperCase(), nickname, country, address, family: '', flags: ['Exit', 'Running', 'Valid'], weight: 20000 };
};

const certificate = (seed, more = {}) => ({
  sha256: hash(`cert ${seed}`), spki_sha256: hash(`key ${seed}`), subject: 'CN=forum.example.org', issuer: 'CN=forum.example.org', names: 'forum.example.org',
  serial: '5F:0E:92:11:08', not_before: 1767225600, not_after: 1798761600, key: 'EC P-256', signature: 'ecdsa-with-SHA256', self_signed: true, ...more,
});
const official = certificate('official', { issuer: 'CN=R11, O=Let’s Encrypt, C=US', names: 'forum.example.org, www.forum.example.org', serial: '04:AB:27:9C:61:55:0D:E3', not_before: 1793404800,
  not_after: 1801180800, self_signed: false });
const own = certificate('own');
const forged = certificate('forged', { key: 'RSA 2048', signature: 'sha256WithRSAEncryption' });

const answer = (slot, exit, cert, agrees, more = {}) => ({
  slot, source: slot ? 'probe' : 'browser', exit: relay(exit), path: [relay('guard'), relay(['middle', 'm2', 'm3', 'middle'][slot % 4]), relay(exit)], status: 'certificate', error: null, agrees,
  counts: true, valid: false, why: 'self-signed certificate', signed: true, certificate: cert, tls: '1.3', elapsed_ms: 640, ...more,
});
const silent = (slot, exit, code, name, text) => ({ ...answer(slot, exit, null, null), status: 'failed', certificate: null, why: '', error: { code, name, text } });
const others = (cert, agrees, more) => [answer(1, 'a', cert, agrees, more), answer(2, 'b', cert, agrees, more), answer(3, 'c', cert, agrees, more)];

const result = (verdict, reason, more = {}) => ({
  verdict, reason, error: null, host: 'forum.example.org', port: 443, first_party: 'example.org', private: 1, container: 0, k: 3, asked: 3, answered: 3, elapsed_ms: 1430, weaker: false,
  same_country_possible: false, retry_useful: verdict === 'undecided', still_same: null, fingerprints: verdict === 'match' ? [own.sha256] : [], first: [answer(0, 'exit', own, null)],
  others: others(own, 'same_certificate'), browser_paths: [[relay('guard'), relay('middle'), relay('exit')]], chance: [0.23, 0.0529, 0.012167], roots: 'browser', ...more,
});

const base = {
  phase: 'done', why: '', host: 'forum.example.org', port: 443, url: 'https://forum.example.org/inbox', errorName: 'MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT', stored: false, hsts: false,
  edition: 'privileged', k: 3, slots: {}, elapsedMs: 900, deadlineMs: 25000, verdict: 'undecided', result: null, problem: null, offeredSha256: own.sha256, way: 'none', retry: 'none',
  renewing: 0, note: '', canRenew: true, canReport: false,
};
const done = (r, more = {}) => ({ ...base, verdict: r.verdict, result: r, retry: r.retry_useful ? 'check' : 'none', ...more });
const problem = (code, error = null) => ({ ...base, problem: { code, error, detail: '' }, retry: 'reload', canRenew: false });
const step = (name, exit) => ({ step: name, exit: exit ? relay(exit) : null, elapsedMs: 100 });

export const STATES = {
  checking: { ...base, phase: 'checking', slots: { 0: step('done', 'exit'), 1: step('handshaking', 'a'), 2: step('building', 'b'), 3: step('failed') } },
  waiting: { ...base, phase: 'waiting', why: 'click' },
  match: done(result('match', 'same_certificate'), { way: 'exception' }),
  'match-standard': done(result('match', 'same_certificate', { weaker: true }), { way: 'native', edition: 'standard', offeredSha256: '' }),
  'match-hsts': done(result('match', 'same_key'), { way: 'information', hsts: true }),
  mismatch: done(result('mismatch', 'others_see_valid', { first: [answer(0, 'exit', forged, null)], others: others(official, 'differs', { valid: true, why: '' }) })),
  'mismatch-agree': done(result('mismatch', 'others_agree', { first: [answer(0, 'exit', forged, null)], others: others(own, 'differs') }), { renewing: 2 }),
  undecided: done(result('undecided', 'too_few_answers', { answered: 1, asked: 5, others: [answer(1, 'a', own, 'same_certificate'), silent(2, 'b', 1005, 'ERR_TIMEOUT', 'no answer in time'),
    silent(3, 'c', 1411, 'ERR_TLS_ALERT', 'the site ended the TLS handshake with an alert')] })),
  rotates: done(result('undecided', 'site_rotates', { retry_useful: false, same_country_possible: true,
    others: [answer(1, 'a', certificate('x'), 'differs'), answer(2, 'b', certificate('y'), 'differs'), answer(3, 'c', own, 'same_certificate')] })),
  missing: problem('host_missing'),
  refused: done(result('undecided', 'tor_unavailable', { error: { code: 1202, name: 'ERR_TOR_REFUSED', text: 'the control port refused the connection' }, first: [], others: [], browser_paths: [],
    answered: 0, asked: 0 }), { retry: 'reload' }),
  exempt: done(result('exempt', 'not_through_exit', { first: [], others: [], browser_paths: [], answered: 0, asked: 0 }), { way: 'exception', canRenew: false }),
  harmless: { ...base, phase: 'harmless', way: 'exception', errorName: 'SEC_ERROR_EXPIRED_CERTIFICATE', canRenew: false },
  over: { phase: 'over' },
};

// ---- HTTPS withheld: the same page with another question ----

const REFUSED = [1407, 'ERR_SOCKS_CONN', 'the exit could not connect to the site'];
const RESET = [1004, 'ERR_CLOSED', 'the connection was closed'];
const saw = (slot, exit, what, error = null) => ({ ...(what === 'valid' ? answer(slot, exit, official, null, { valid: true, why: '' }) : what === 'invalid' ? answer(slot, exit, own, null)
  : silent(slot, exit, ...(error ?? REFUSED))), saw: what, source: 'probe' });
const https = (verdict, reason, first, rest, more = {}) => done(result(verdict, reason, { fingerprints: [], first, others: rest, ...more }),
  { question: 'https', errorName: 'NS_ERROR_NET_RESET', offeredSha256: '' });
const saws = (what, error) => ['a', 'b', 'c'].map((exit, i) => saw(i + 1, exit, what, error));

Object.assign(STATES, {
  'https-checking': { ...STATES.checking, question: 'https', errorName: 'NS_ERROR_NET_RESET' },
  'https-waiting': { ...STATES.waiting, question: 'https', errorName: 'NS_ERROR_NET_RESET' },
  'https-withheld': https('mismatch', 'https_withheld', [saw(0, 'exit', 'none', RESET)], saws('valid')),
  'https-selective': https('mismatch', 'https_selective', [saw(0, 'exit', 'valid')], saws('valid')),
  'https-unclear': https('undecided', 'https_unclear', [saw(0, 'exit', 'none', RESET)], [saw(1, 'a', 'invalid'), saw(2, 'b', 'none', REFUSED), saw(3, 'c', 'none', RESET)], { retry_useful: false }),
  'https-back': https('undecided', 'https_back', [saw(0, 'exit', 'valid')], saws('none', REFUSED)),
  'https-was-there': https('undecided', 'https_was_there', [saw(0, 'exit', 'none', RESET)], saws('none', REFUSED)),
  'https-none': { ...https('match', 'no_https', [saw(0, 'exit', 'none', RESET)], saws('none', REFUSED)), way: 'browser' },
  'https-missing': { ...problem('host_missing'), question: 'https', errorName: 'NS_ERROR_NET_RESET' },
});

// ---- the popup's question about a plain page ----

const led = (slot, exit, plain, what) => ({ ...saw(slot, exit, what, REFUSED), plain });
const plain = (verdict, reason, first, rest, more = {}) => ({ ...https(verdict, reason, first, rest, more), failure: 'plain', errorName: '', edition: 'standard' });
const leds = (how, what) => ['a', 'b', 'c'].map((exit, i) => led(i + 1, exit, how, what));

export const PLAIN_STATES = {
  'plain-here': null,
  'plain-checking': { ...STATES.checking, question: 'https', failure: 'plain' },
  'plain-none': plain('match', 'no_https', [led(0, 'exit', 'page', 'none')], leds('page', 'none')),
  'plain-optional': plain('match', 'https_optional', [led(0, 'exit', 'page', 'valid')], leds('page', 'valid')),
  'plain-differs': plain('undecided', 'exits_differ', [led(0, 'exit', 'page', 'valid')], [led(1, 'a', 'redirect', 'valid'), led(2, 'b', 'page', 'valid'), led(3, 'c', 'page', 'none')], { retry_useful: false }),
  'plain-missing': { ...STATES['https-missing'], failure: 'plain' },
};
STATES['plain-withheld'] = plain('mismatch', 'https_withheld', [led(0, 'exit', 'page', 'none')], leds('redirect', 'valid'));
STATES['plain-selective'] = plain('mismatch', 'https_selective', [led(0, 'exit', 'redirect', 'valid')], leds('redirect', 'valid'));

// ---- the window of a held copy (feature/clipcheck.js, view()) ----

const MINE = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';
const THEIRS = '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2';
const shown = (address, more = {}) => ({ address, short: `${address.slice(0, 6)} … ${address.slice(-6)}`, coin: 'Bitcoin', ticker: 'BTC', form: 'P2PKH', network: 'main', weak: false, normalised: false, ...more });
const copy = {
  phase: 'held', how: 'copy', word: 'blue tulip', page: 'http://donate.example.org/', edition: 'privileged', addresses: [shown(MINE)], more: false, problem: null, compareProblem: null, compare: null,
  whyNot: '', k: 3, slots: {}, deadlineMs: 25000, elapsedMs: 400, canRenew: true, note: '', written: false, canReport: false,
};
const found = (slot, exit, kind, address, more = {}) => ({ slot, exit: relay(exit), status: 'page', error: null, found: kind, address, family_equal: true, http_status: 200, url: null, elapsed_ms: 700, ...more });
const compared = (verdict, reason, list, more = {}) => ({ verdict, reason, error: null, host: 'donate.example.org', port: 80, first_party: 'example.org', private: 1, container: 0, address: MINE, ticker: 'BTC', k: 3, asked: 3,
  answered: 3, elapsed_ms: 2140, retry_useful: verdict === 'undecided', first: [relay('exit')], others: list, chance: [0.23, 0.0529, 0.012167], ...more });
const three = (kind, address) => ['a', 'b', 'c'].map((exit, i) => found(i + 1, exit, kind, address));
const MONERO = '888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H';

export const COPY_STATES = {
  'copy-held': copy,
  'copy-first': { ...copy, word: '', whyNot: 'page' },
  'copy-many': { ...copy, addresses: [shown(MINE), shown(MONERO, { coin: 'Monero', ticker: 'XMR', form: 'subaddress', normalised: true }),
    shown('0xde709f2102306220921060314715629080e2fb77', { coin: 'Ethereum', ticker: 'ETH', form: 'without checksum', weak: true })], more: true, whyNot: 'many' },
  'copy-link': { ...copy, how: 'link', whyNot: 'unknown' },
  'copy-comparing': { ...copy, phase: 'comparing', slots: { 1: step('done', 'a'), 2: step('fetching', 'b'), 3: step('building', 'c') } },
  'copy-released': { ...copy, phase: 'released', written: true, compare: compared('match', 'same_address', three('same', MINE)) },
  'copy-mismatch': { ...copy, compare: compared('mismatch', 'others_agree', three('other', THEIRS)) },
  'copy-undecided': { ...copy, compare: compared('undecided', 'too_few_answers', [found(1, 'a', 'same', MINE), found(2, 'b', 'absent', null),
    { ...found(3, 'c', null, null), status: 'failed', error: { code: 1005, name: 'ERR_TIMEOUT', text: 'no answer in time' } }], { answered: 2 }) },
  'copy-reflected': { ...copy, compare: compared('undecided', 'reflected', three('same', MINE), { retry_useful: false }) },
  'copy-others': { ...copy, compare: compared('undecided', 'other_addresses', three('same', MINE), { retry_useful: false }) },
  'copy-missing': { ...copy, addresses: [], problem: { code: 'host_missing', error: null, detail: 'No such native application' }, whyNot: 'problem', canAsk: true },
  'copy-clean': { ...copy, addresses: [], phase: 'clean', written: true },
  'copy-payment': { ...copy, how: 'menu', addresses: [], problem: { code: 'payment_link', error: null, detail: '' }, whyNot: 'problem' },
  'copy-over': { phase: 'over', word: 'blue tulip' },
};

// ---- the report form ----

const reportText = (name) => readFileSync(new URL(`../../shared/reports/good/${name}.json`, import.meta.url), 'utf8');
const collector = { mail: 'bad-relays@lists.torproject.org', onion: 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion', key: 'ab'.repeat(32) };
const reportView = (name, more = {}) => ({ phase: 'ready', text: reportText(name), options: collector, sending: null, ...more });
export const REPORT_STATES = {
  report: reportView('certificate'),
  'report-copy': reportView('copy', { options: { ...collector, onion: '', key: '' } }),
  'report-download': reportView('download', { sending: { state: 'waiting', attempt: 1, waitMs: 14000, problem: { code: 'host_error', error: { code: 1447, name: 'ERR_ONION_TIMEOUT', text: 'onion service: the introduction timed out' }, detail: '' } } }),
  'report-stored': reportView('https', { sending: { state: 'stored', attempt: 2, waitMs: 0, problem: null } }),
  'report-failed': reportView('least', { sending: { state: 'failed', attempt: 5, waitMs: 0, problem: { code: 'host_error', error: { code: 1805, name: 'ERR_REPORT_KEY_ID', text: 'the report is sealed to a key that the collector does not have' }, detail: '' } } }),
  'report-over': { phase: 'over' },
};
