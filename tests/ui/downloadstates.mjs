// What the page of downloads may have to show (feature/dllist.js, view). Invented relays, real shapes.

import { createHash } from 'node:crypto';
import { DEFAULTS } from '../../extension/core/dlpolicy.js';
import { newEntry, offers } from '../../extension/core/downloads.js';

export const OPTIONS = DEFAULTS;
const hash = (text) => createHash('sha256').update(text).digest('hex');
const relay = (nickname, country) => ({ fingerprint: hash(nickname).slice(0, 40).toUpperCase(), nickname, country, address: '192.0.2.7', family: '', flags: ['Exit'], weight: 20000 });
const A = relay('artikel10ffm', 'DE'), B = relay('NTH19R5', 'SE'), MINE = relay('CheapExit042', 'RU');

let n = 0;
const entry = (fields) => {
  const e = { ...newEntry({ id: `e${++n}`, at: n, url: 'http://downloads.example.org/files/setup-4.2.1.exe', name: 'setup-4.2.1.exe', how: 'hold', isLinkSecure: true, source: {}, ...fields }) };
  return { ...e, verdict: e.phase === 'done' && e.result ? e.result.verdict : 'undecided', elapsedMs: 2000, isGone: Boolean(e.isGone), note: '', can: offers(e) };
};
const answer = (slot, exit, agrees, more = {}) => ({ slot, exit, status: 'answer', error: null, http_status: 200, url: 'http://downloads.example.org/files/setup-4.2.1.exe', length: 52428800, same_entity: true, agrees,
  sha256: hash(String(agrees)), bytes: 52428800, elapsed_ms: 4100, ...more });
const result = (verdict, reason, more = {}) => ({
  verdict, reason, error: null, url: 'http://downloads.example.org/get', link_secure: true, method: 'whole', missed: null, compared: 52428800, fetched: 52428800, class: 'executable', format: 'pe',
  local: { size: 52428800, sha256: hash('mine') }, k: 1, asked: 1, answered: 1, elapsed_ms: 5200, first: [MINE], others: [answer(1, A, verdict === 'match')], differing: [], more_differing: false, chance: [0.23],
  state: 'browser', download: 3, path: '/home/user/Downloads/setup-4.2.1.exe', retry_useful: verdict === 'undecided', whole_possible: false, can_keep: false, ...more,
});
const step = (name, exit, bytes, total) => ({ step: name, exit, method: 'whole', bytes, total, elapsed_ms: 900 });

const all = [
  entry({ phase: 'checking', slots: { 1: step('fetching', A, 20971520, 52428800) } }),
  entry({ phase: 'checking', how: 'fetch', slots: { 1: step('fetching', A, 1048576, 52428800), 2: step('building', null, 0, null) } }),
  entry({ phase: 'done', result: result('match', 'same_file', { state: 'finished' }), held: 3, isGone: true }),
  entry({ phase: 'done', result: result('match', 'same_ranges', { method: 'ranges', missed: { block: 0.982, kib64: 0.74, percent: 0.0001 }, compared: 8388608 }), isGone: true, name: 'large.iso' }),
  entry({ phase: 'done', result: result('mismatch', 'other_file', { others: [answer(1, A, false), answer(2, B, false)], differing: [{ offset: 4096, length: 12 }, { offset: 917504, length: 65536 }], state: 'browser', can_keep: false }), isGone: true, isRemoved: true }),
  entry({ phase: 'done', how: 'fetch', result: result('mismatch', 'other_file', { others: [answer(1, A, false), answer(2, B, false)], state: 'none', can_keep: true }), held: 3 }),
  entry({ phase: 'done', how: 'fetch', result: result('undecided', 'customised', { others: [answer(1, A, false), answer(2, B, false)], whole_possible: true }), held: 3 }),
  entry({ phase: 'done', result: result('undecided', 'refused', { method: null, answered: 0, others: [answer(1, A, null, { status: 'failed', error: { code: 1621, name: 'ERR_HTTP_STATUS', text: 'the site answered with an error instead of the page' }, sha256: null, bytes: 0 })],
    error: { code: 1621, name: 'ERR_HTTP_STATUS', text: 'the site answered with an error instead of the page' } }) }),
  entry({ phase: 'done', problem: { code: 'host_missing', error: null, detail: '' } }),
  entry({ phase: 'waiting', why: 'click', how: 'fetch' }),
  entry({ phase: 'waiting', why: 'cancelled', isGone: true }),
  entry({ phase: 'prevented', why: 'link', how: 'none', isLinkSecure: false }),
  entry({ phase: 'prevented', why: 'sourceless', how: 'none', isLinkSecure: false, url: 'blob:http://insecure.example.org/6b1f', name: 'made-here.exe' }),
  entry({ phase: 'noticed', how: 'none', cls: 'other', isLinkSecure: false, name: 'بيان-الأسعار‎.pdf' }),
];
const view = (entries, edition = 'privileged') => ({ entries, edition, k: 3 });

export const DOWNLOAD_STATES = {
  'download-none': view([], 'standard'),
  'download-all': view(all),
  'download-mismatch': view(all.filter((e) => e.verdict === 'mismatch'), 'standard'),
};
