// Reports over a real Tor network: what the host makes of a lie, what is in it and what never is, and its way to a real collector's onion service.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import Ajv2020 from 'ajv/dist/2020.js';
import { HostBed, SECONDEXIT, PORT } from '../net/hostbed.mjs';
import { until } from '../net/proc.mjs';
import { Collector, run } from '../collector/collector.mjs';

let bed, collector, onion, sender, folder;
const place = (p) => `${p.host}:${p.port}`;
const schema = JSON.parse(fs.readFileSync(new URL('../../shared/report.schema.json', import.meta.url), 'utf8'));
const isReport = new Ajv2020({ strict: false }).compile(schema);

before(async () => {
  bed = await HostBed.start();
  sender = await bed.net.addClient();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-report-'));
  collector = new Collector();
  await collector.start('--control', place(bed.net.client.control), '--socks', place(bed.net.client.socks), '--test-ca', bed.origin.caFile,
    '--allow-port', String(PORT), '--trials', '0');
  onion = await until(() => collector.said('onion'), { limit: 60000, what: 'the onion service' });
}, { timeout: 600000 });
after(async () => {
  await collector?.stop();
  await bed?.stop();
  if (folder) fs.rmSync(folder, { recursive: true });
});

const tor = (client) => ['--control', place(client.control), '--socks', place(client.socks), '--test-ca', bed.origin.caFile];
const verb = (args, client = sender) => run(SECONDEXIT, [...args, ...tor(client)], { env: { HOME: folder } });

// Nothing of the user: no relay but exits that were asked, no credentials, no first party, no circuit.
function assertNothingOfTheUser(text, { exits, secrets }) {
  // An exit's declared family names its kin, asked or not: what every relay publishes.
  const named = JSON.stringify(JSON.parse(text), (key, value) => (key === 'family' ? undefined : value));
  for (const relay of bed.net.relays) {
    if (exits.includes(relay.fingerprint)) continue;
    assert.ok(!(bed.net.exits.includes(relay) ? named : text).includes(relay.fingerprint), `${relay.nickname} is in the report`);
  }
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.ok(!/first_party|container|private|circuit|path|elapsed|socks/.test(text));
}

let file;
test('cert --report: the lie as a file, chains and all', async () => {
  const [liar] = bed.net.exits;
  const name = bed.name('lied');
  bed.origin.site(name, { first: (c) => (c.exit.fingerprint === liar.fingerprint ? 'forged' : 'valid'), others: (c) => (c.exit.fingerprint === liar.fingerprint ? 'forged' : 'valid') });
  file = path.join(folder, 'report.json');
  const r = await verb(['cert', `${name}:${PORT}`, '--first-exit', liar.fingerprint, '--report', file, '--json']);
  assert.equal(r.status, 1, r.err);
  const text = fs.readFileSync(file, 'utf8');
  const report = JSON.parse(text);
  assert.ok(isReport(report), JSON.stringify(isReport.errors?.[0]));
  assert.equal(text, `${JSON.stringify(report, null, 2)}\n`);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.deepEqual([report.kind, report.host, report.port, report.verdict, report.software.edition], ['certificate', name, PORT, 'mismatch', 'shell']);
  assert.equal(report.first[0].exit.fingerprint, liar.fingerprint);
  assert.equal(report.first[0].exit.address, liar.address);
  const leaf = (s) => createHash('sha256').update(Buffer.from(s.chain[0], 'base64')).digest('hex');
  assert.equal(leaf(report.first[0]), bed.origin.certificate('forged', name, liar).sha256);
  for (const s of report.others.filter((o) => o.status === 'certificate')) {
    assert.equal(leaf(s), bed.origin.certificate('valid', name).sha256);
    assert.equal(s.sha256, leaf(s));
  }
  assert.equal(report.reproduce, `secondexit cert ${name}:${PORT} --first-exit ${liar.fingerprint}`);
  const exits = [liar.fingerprint, ...report.others.map((o) => o.exit.fingerprint)];
  assertNothingOfTheUser(text, { exits, secrets: [place(sender.socks), place(sender.control)] });
  // Never over what is there.
  const again = await verb(['cert', `${name}:${PORT}`, '--first-exit', liar.fingerprint, '--report', file]);
  assert.match(again.err, /could not be written/);
  assert.equal(fs.readFileSync(file, 'utf8'), text);
}, { timeout: 120000 });

test('report: what is shown is the file; mail; a changed file is refused and names its field', async () => {
  const text = fs.readFileSync(file, 'utf8');
  assert.equal((await verb(['report', '--from', file])).out, text);
  const copy = path.join(folder, 'copy.json');
  assert.equal((await verb(['report', '--from', file, '--out', copy])).status, 0);
  assert.equal(fs.readFileSync(copy, 'utf8'), text);
  const mail = new URL((await verb(['report', '--from', file, '--mail', '--to', 'me@example.org'])).out.trim());
  assert.equal(mail.pathname, 'me@example.org');
  assert.equal(decodeURIComponent(/&body=(.*)$/.exec(mail.href)[1]).replaceAll('\r\n', '\n'), text);
  fs.writeFileSync(copy, text.replace('"port": ', '"port": 1'));
  const r = await verb(['report', '--from', copy]);
  assert.equal(r.status, 3);
  assert.match(r.err, /port/);
});

test('report --send: over Tor to the collector: stored, then known; other keys, other addresses', async () => {
  const to = (address, key) => ['report', '--from', file, '--send', '--collector', address, '--key', key, '--json'];
  const last = (r) => JSON.parse(r.out.trim().split('\n').at(-1));
  const first = await verb(to(onion, collector.publicKey));
  assert.equal(first.status, 0, first.out + first.err);
  assert.equal(last(first).answer, 'stored');
  const second = await verb(to(onion, collector.publicKey));
  assert.equal(last(second).answer, 'known', second.out);
  const findings = await collector.findings();
  assert.equal(findings.length, 1);
  assert.equal(findings[0].accused, bed.net.exits[0].fingerprint);
  // Sealed to somebody else: the collector can't open it, and says so.
  const wrong = await verb(to(onion, '11'.repeat(31) + '22'));
  assert.equal(wrong.status, 3);
  assert.equal(last(wrong).error.code, 1805, wrong.out);
  assert.equal(last(await verb(to('example.org', collector.publicKey))).error.code, 1816);
  assert.equal(last(await verb(to(onion, '00'.repeat(32)))).error.code, 1815);
}, { timeout: 300000 });

for (const edition of ['standard', 'privileged']) {
  test(`${edition} edition: from the browser's mismatch to the collector`, async () => {
    const host = await bed.host({ edition });
    const name = bed.name('seen');
    bed.origin.site(name, { first: 'forged', others: 'valid' });
    const { result, visit } = await bed.meet(host, name, { first_party: 'secretparty.test', firstParty: 'secretparty.test', clicked: true });
    assert.equal(result.verdict, 'mismatch');
    const site = { first_party: result.first_party, private: result.private, container: result.container, host: name, port: PORT };
    const { final: built } = await host.request({ kind: 'report.build', ...site, about: 'certificate', browser: 'Firefox 140.0' });
    assert.equal(built.kind, 'report.built', JSON.stringify(built));
    const report = JSON.parse(built.text);
    assert.ok(isReport(report), JSON.stringify(isReport.errors?.[0]));
    assert.deepEqual([report.software.edition, report.software.browser], [edition, 'Firefox 140.0']);
    assert.match(report.software.tor, /^0\.4\./);
    const { username, password } = bed.browser.credentials('secretparty.test');
    const exits = [...report.first, ...report.others].map((s) => s.exit.fingerprint);
    assert.ok(exits.includes(result.first[0].exit.fingerprint));
    assertNothingOfTheUser(built.text, { exits, secrets: [username, password, 'secretparty', place(bed.net.client.socks)] });
    if (edition === 'privileged') assert.equal(report.first[0].chain[0], visit.chain[0].toString('base64'));
    // Less of it: what the person leaves out is left out; the collector stores that.
    delete report.others[0].exit.nickname;
    const { final: sent } = await host.request({ kind: 'report.send', onion, key: collector.publicKey, text: JSON.stringify(report) });
    assert.deepEqual([sent.kind, sent.answer], ['report.sent', 'stored'], JSON.stringify(sent));
    assert.ok((await collector.findings()).some((f) => f.host === name || JSON.stringify(f).includes(name)));
    // Another kind, another party: nothing; New Identity: nothing any more.
    for (const more of [{ about: 'copy' }, { first_party: 'other.test' }]) {
      const { final } = await host.request({ kind: 'report.build', ...site, about: 'certificate', ...more });
      assert.equal(final.code, 1817);
    }
    await host.request({ kind: 'session.wipe' });
    assert.equal((await host.request({ kind: 'report.build', ...site, about: 'certificate' })).final.code, 1817);
    assert.equal(await host.close(), 0);
  }, { timeout: 300000 });
}
