// A site that rotates its certificates, in a network where one country holds twelve independent exits: the weaker
// same-country try is offered there, and only there.

import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { HostBed } from '../net/hostbed.mjs';

let bed;
before(async () => {
  bed = await HostBed.start({ exits: 15, families: [{ kind: 'declared', exits: [0, 1] }], countries: [...Array(12).fill('DE'), 'FR', 'FR', 'FR'] });
}, { timeout: 240000 });
after(() => bed?.stop());

const brief = (a) => [a.slot, a.exit?.nickname, a.exit?.country, a.status, a.agrees, a.error?.name].join(' ');
const show = (r) => JSON.stringify({ ...r, browser_paths: undefined, first: r.first?.map(brief), others: r.others?.map(brief) });

// Visits under new names until the browser comes through an exit of that country.
async function meetFrom(host, country, spec) {
  for (;;) {
    const name = bed.name('land');
    bed.origin.site(name, spec);
    const { visit } = { visit: await bed.browser.visit(name, 18443) };
    const exit = bed.net.exit(bed.origin.connections(name)[0].fingerprint);
    if (exit.country === country) return { name, visit, ...await bed.meet(host, name, { visit }) };
  }
}

test('offered where the country is large enough, and only its exits are asked then', { timeout: 120000 }, async () => {
  const host = await bed.host();
  const { name, visit, result: r } = await meetFrom(host, 'DE', { first: 'many-keys', others: 'many-keys' });
  assert.deepEqual([r.verdict, r.reason, r.same_country_possible], ['undecided', 'site_rotates', true], show(r));
  const before = bed.origin.connections(name).length;
  const { result: again } = await bed.meet(host, name, { visit, same_country: true, retry: true });
  assert.notEqual(again.verdict, 'match', 'many keys can\'t match, whatever the country');
  for (const c of bed.origin.connections(name).slice(before)) assert.equal(bed.net.exit(c.fingerprint).country, 'DE');
  await host.close();
});

test('not offered in a country with three exits', { timeout: 120000 }, async () => {
  const host = await bed.host();
  const { result: r } = await meetFrom(host, 'FR', { first: 'many-keys', others: 'many-keys' });
  assert.deepEqual([r.verdict, r.reason, r.same_country_possible], ['undecided', 'site_rotates', false], show(r));
  await host.close();
});

test('a site with one certificate a country: the same-country try matches and is labelled weaker', { timeout: 120000 }, async () => {
  const host = await bed.host();
  const spec = { first: 'self-signed', others: ({ exit }) => (bed.net.exit(exit.fingerprint).country === 'DE' ? 'self-signed' : 'many-keys') };
  const { name, visit } = await meetFrom(host, 'DE', spec);
  const { result: r } = await bed.meet(host, name, { visit, same_country: true, retry: true });
  assert.ok(['match', 'undecided'].includes(r.verdict), show(r));
  if (r.verdict === 'match' && r.others.every((a) => a.exit.country === 'DE')) assert.equal(r.weaker, true, show(r));
  await host.close();
});
