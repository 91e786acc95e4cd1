// The report form's logic: what is shown is what is kept, mailed and sent; nothing goes without a click; options; what a reload and New Identity do.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { groupsOf, composed, cleanPath, textOf, mailOf, fileNameOf, readReport, cleanReportOptions, BAD_RELAYS } from '../../extension/core/report.js';
import { ReportDesk } from '../../extension/feature/report.js';

const folder = new URL('../../shared/reports/good/', import.meta.url);
const texts = readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]);
const HOST = new URL('../../build/secondexit', import.meta.url).pathname;
/** The host reads it and writes it again: {status, out}. */
const host = (text) => {
  const { status, stdout } = spawnSync(HOST, ['report', '--from', '-'], { input: text, encoding: 'utf8' });
  return { status, out: stdout };
};

test('what the form shows is the report: nothing left out, the very text that the host wrote', () => {
  for (const [name, text] of texts) {
    const report = readReport(text);
    assert.equal(textOf(composed(report, new Set(), report.path ?? '')), text, name);
    // Every value of the report stands in some row.
    const rows = groupsOf(report).flatMap((g) => g.rows);
    delete report.path;   // in a field of its own, for the person to change
    const leaves = (v) => (v !== null && typeof v === 'object' ? Object.values(v).flatMap(leaves) : [String(v)]);
    const shown = rows.map((r) => r.value).join('\n');
    for (const leaf of leaves(report)) assert.ok(shown.includes(leaf) || shown.includes(JSON.stringify(leaf).slice(1, -1)), `${name}: ${leaf.slice(0, 60)}`);
    assert.equal(new Set(rows.map((r) => r.id)).size, rows.length, name);
  }
});

test('each optional field can be left out, alone and all together, and the host takes what is left', () => {
  for (const [name, text] of texts) {
    const report = readReport(text);
    const groups = groupsOf(report);
    const optional = [...groups.filter((g) => g.isOptional).map((g) => g.id), ...groups.flatMap((g) => g.rows).filter((r) => r.isOptional).map((r) => r.id)];
    for (const left of [...optional.map((id) => [id]), optional]) {
      const cut = textOf(composed(report, new Set(left), report.path ?? ''));
      const { status, out } = host(cut);
      assert.equal(status, 0, `${name}: without ${left.slice(0, 3)}: ${out}`);
      assert.equal(out, cut, `${name}: without ${left.slice(0, 3)}`);
    }
    const nothing = composed(report, new Set(optional));
    assert.equal(nothing.others.length, 0);
    assert.ok(!/nickname|"chain"|"tor"|"browser"|reproduce|"path"/.test(textOf(nothing)), name);
    assert.match(nothing.first[0].exit.fingerprint, /^[0-9A-F]{40}$/);
  }
});

test('what has no box is needed: without it the host refuses', () => {
  for (const [name, text] of texts) {
    const report = readReport(text);
    for (const row of groupsOf(report).flatMap((g) => g.rows).filter((r) => !r.isOptional)) {
      assert.equal(host(textOf(composed(report, new Set([row.id]), report.path ?? ''))).status, 3, `${name}: ${row.id}`);
    }
  }
});

test('a path only when it was typed, in its place', () => {
  const report = readReport(texts.find(([name]) => name === 'copy.json')[1]);
  const text = textOf(composed(report, new Set(), '/donate?x="1"'));
  assert.equal(host(text).status, 0);
  assert.equal(host(text).out, text);
  assert.deepEqual(Object.keys(composed(report, new Set(), '/a')).slice(0, 6), ['secondexit_report', 'kind', 'host', 'port', 'path', 'time']);
  for (const wrong of ['', 'a', 'http://a/', '/a b', '/ä', `/${'x'.repeat(2047)}`, null, '\n/a\nb']) assert.equal(cleanPath(wrong), '', String(wrong));
  assert.ok(!('path' in composed(report, new Set(), 'a')));
});

test('the path that was typed stands in the command, where a shell reads nothing else in it', () => {
  const { software, ...rest } = readReport(texts.find(([name]) => name === 'download.json')[1]);
  const report = { ...rest, reproduce: 'secondexit download http://files.test:80/ --first-exit AA', software };   // fields have an order
  const command = (path, kept = report) => composed(kept, new Set(), path).reproduce;
  assert.equal(command('/a/b-1.2_x.exe'), 'secondexit download http://files.test:80/a/b-1.2_x.exe --first-exit AA');
  assert.equal(host(textOf(composed(report, new Set(), '/a/b.exe'))).status, 0);
  for (const path of ['', '/', '/a?b', '/a;rm', '/a$&', '/$1', '/`id`', '/a\'', '/%41', '/~', `/${'x'.repeat(480)}`]) assert.equal(command(path), report.reproduce, path);
  assert.equal(command('/a', { ...report, reproduce: 'secondexit download http://[2001:db8::1]:8080/ --first-exit AA' }), 'secondexit download http://[2001:db8::1]:8080/a --first-exit AA');
  assert.equal(command('/a', { ...report, reproduce: 'secondexit cert files.test:443 --first-exit AA' }), 'secondexit cert files.test:443 --first-exit AA');
  assert.ok(!('reproduce' in composed(report, new Set(['reproduce']), '/a')));
});

test('a report that is none is not shown', () => {
  for (const text of ['', '[]', '{}', 'null', '{"secondexit_report":2,"first":[],"others":[]}', '{"secondexit_report":1}']) assert.equal(readReport(text), null, text);
});

test('what a relay or a site wrote can\'t disguise itself', () => {
  const report = readReport(texts.find(([name]) => name === 'certificate.json')[1]);
  report.first[0].why = 'a\u202eb';
  assert.ok(groupsOf(report).flatMap((g) => g.rows).some((r) => r.value === 'a\ufffdb'));
});

test('a mail has it all: address, subject, body as it stands', () => {
  for (const [name, text] of texts) {
    const report = readReport(text);
    const { href, isLong } = mailOf('bad&relays@lists.example.org', report);
    const url = new URL(href);
    assert.equal(url.protocol, 'mailto:');
    assert.equal(decodeURIComponent(url.pathname), 'bad&relays@lists.example.org');
    assert.deepEqual([...url.searchParams.keys()], ['subject', 'body'], name);
    assert.equal(decodeURIComponent(/[&]body=([^&]*)$/.exec(href)[1]), textOf(report).replaceAll('\n', '\r\n'));
    assert.equal(isLong, href.length > 8000);
    assert.match(fileNameOf(report), /^secondexit-report-[a-z]+-[0-9A-F]{8}-\d{4}-\d\d-\d\d\.json$/);
  }
});

test('options: defaults, and nothing that is no address or key', () => {
  const onion = `${'a'.repeat(55)}d.onion`;
  const key = 'ab'.repeat(32);
  assert.deepEqual(cleanReportOptions(null), { mail: BAD_RELAYS, onion: '', key: '' });
  assert.deepEqual(cleanReportOptions({ mail: ' me@example.org ', onion: onion.toUpperCase().replace('ONION', 'onion'), key: key.toUpperCase() }), { mail: 'me@example.org', onion, key });
  for (const wrong of ['http://x', 'a'.repeat(56), `${'a'.repeat(56)}.onion`, `x.${onion}`, `${onion}/`, 5, {}]) assert.equal(cleanReportOptions({ onion: wrong }).onion, '', String(wrong));
  for (const wrong of ['', 'ab', `${key}a`, 'g'.repeat(64), null]) assert.equal(cleanReportOptions({ key: wrong }).key, '', String(wrong));
  for (const wrong of ['', 'a', 'a@', '@b', 'a b@c.d', 'a@b?cc=x@y', 'a@b&bcc=c@d', 'a@b\n', 'a@b,c@d']) {
    assert.ok([BAD_RELAYS, 'a@b'].includes(cleanReportOptions({ mail: wrong }).mail), wrong);
  }
});

// ---- the desk ----

function desk({ options = { mail: BAD_RELAYS, onion: '', key: '' }, answer = () => ({}) } = {}) {
  const saved = {};
  const asked = [];
  const opened = [];
  const web = { randomId: () => 'id1', openReport: async (id, beside) => opened.push([id, beside]), browserName: async () => 'Firefox 140.0' };
  const pages = { saved: async () => saved, setSaved: (values) => Object.assign(saved, values) };
  const settings = { report: async () => options };
  const link = {
    cancelled: [],
    request(kind, fields, more = {}) {
      asked.push({ kind, fields, more });
      return { id: Promise.resolve(asked.length), done: Promise.resolve().then(() => answer(kind, fields, more)) };
    },
    cancel: (id) => link.cancelled.push(id),
  };
  const reports = new ReportDesk({ web, host: link, pages, settings });
  const page = (id = 'id1', incognito = false) => {
    const posts = [];
    let act = null;
    let close = null;
    return { id, tab: { incognito }, posts, post: (m) => posts.push(m), onMessage: (f) => { act = f; }, onClose: (f) => { close = f; }, say: (m) => act(m), close: () => close() };
  };
  return { reports, asked, opened, saved, link, page };
}
const SITE = { firstParty: 'site.test', private: 0, container: 0, host: 'site.test', port: 443 };
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const SET = { mail: BAD_RELAYS, onion: `${'a'.repeat(55)}d.onion`, key: 'ab'.repeat(32) };

test('the form asks the host for the text, and sends nothing by itself', async () => {
  const d = desk({ options: SET, answer: () => ({ text: texts[0][1] }) });
  await d.reports.open(SITE, 'https', { beside: 7 });
  assert.deepEqual(d.opened, [['id1', 7]]);
  assert.equal(d.asked.length, 0);
  const page = d.page();
  await d.reports.onPage(page);
  assert.deepEqual(d.asked.map(({ kind }) => kind), ['report.build']);
  assert.deepEqual(d.asked[0].fields, { first_party: 'site.test', private: 0, container: 0, host: 'site.test', port: 443, about: 'https', browser: 'Firefox 140.0' });
  assert.equal(page.posts[0].view.phase, 'ready');
  assert.equal(page.posts[0].view.text, texts[0][1]);
  assert.equal(page.posts[0].view.sending, null);
  for (const message of [null, {}, { kind: 'send' }, { kind: 'send', text: 5 }, { kind: 'x', text: 'a' }]) page.say(message);
  await settle();
  assert.equal(d.asked.length, 1);
});

test('a click sends what the page says to the pinned collector, and shows how it goes', async () => {
  let finish;
  const d = desk({ options: SET, answer: (kind) => (kind === 'report.build' ? { text: '{}' } : new Promise((resolve) => { finish = resolve; })) });
  await d.reports.open(SITE, 'cert');
  const page = d.page();
  await d.reports.onPage(page);
  page.say({ kind: 'send', text: 'edited' });
  page.say({ kind: 'send', text: 'twice' });
  await settle();
  assert.deepEqual(d.asked.slice(1).map(({ kind, fields }) => [kind, fields]), [['report.send', { onion: SET.onion, key: SET.key, text: 'edited' }]]);
  d.asked[1].more.onProgress({ attempt: 1, state: 'waiting', error: { code: 1447, name: 'X', text: 'y' }, wait_ms: 12000 });
  assert.deepEqual(page.posts.at(-1).view, { state: 'waiting', attempt: 1, waitMs: 12000, problem: { code: 'host_error', error: { code: 1447, name: 'X', text: 'y' }, detail: '' } });
  // Another page of the same report (a reload) sees it run, and its end.
  const again = d.page();
  await d.reports.onPage(again);
  assert.equal(again.posts[0].view.sending.state, 'waiting');
  page.close();
  finish({ answer: 'stored', attempts: 2 });
  await settle();
  assert.equal(again.posts.at(-1).view.state, 'stored');
  assert.notEqual(page.posts.at(-1).view.state, 'stored');
});

test('without a collector nothing is sent; a page of another id or kind of window finds nothing', async () => {
  const d = desk({ answer: () => ({ text: '{}' }) });
  await d.reports.open(SITE, 'cert', { private: 1 });
  for (const [id, incognito] of [['other', true], ['id1', false]]) {
    const page = d.page(id, incognito);
    await d.reports.onPage(page);
    assert.equal(page.posts[0].view.phase, 'over');
    page.say({ kind: 'send', text: 'x' });
  }
  const page = d.page('id1', true);
  await d.reports.onPage(page);
  page.say({ kind: 'send', text: 'x' });
  await settle();
  assert.deepEqual(d.asked.map(({ kind }) => kind), ['report.build']);
});

test('what the host says against it is shown; New Identity and Stop end it', async () => {
  const fail = (name, code) => Object.assign(new Error('x'), { code: 'host_error', error: { code, name, text: 't' }, detail: '' });
  const none = desk({ answer: () => Promise.reject(fail('ERR_REPORT_NONE', 1817)) });
  await none.reports.open(SITE, 'cert');
  const gone = none.page();
  await none.reports.onPage(gone);
  assert.equal(gone.posts[0].view.phase, 'over');

  let reject;
  const d = desk({ options: SET, answer: (kind) => (kind === 'report.build' ? { text: '{}' } : new Promise((resolve, r) => { reject = r; })) });
  await d.reports.open(SITE, 'cert');
  const page = d.page();
  await d.reports.onPage(page);
  page.say({ kind: 'send', text: 'x' });
  await settle();
  page.say({ kind: 'stop' });
  assert.deepEqual(d.link.cancelled, [2]);
  reject(fail('ERR_CANCELLED', 1006));
  await settle();
  assert.equal(page.posts.at(-1).view.state, 'stopped');
  page.say({ kind: 'send', text: 'again' });
  await settle();
  reject(fail('ERR_REPORT_KEY_ID', 1805));
  await settle();
  assert.equal(page.posts.at(-1).view.state, 'failed');
  assert.equal(page.posts.at(-1).view.problem.error.code, 1805);
  page.say({ kind: 'send', text: 'again' });
  await settle();
  d.reports.wipe();
  assert.deepEqual(d.link.cancelled, [2, 4]);
});
