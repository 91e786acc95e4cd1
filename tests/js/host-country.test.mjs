// A site that rotates its certificates, in a network where one country holds eleven independent exits: the weaker
// same-country try is offered there, and only there.

import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { HostBed, PORT } from '../net/hostbed.mjs';

let bed;
before(async () => {
  bed = await HostBed.start({ exits: 18, families: [], countries: [...Array(11).fill('DE'), ...Array(3).fill('FR'), ...Array(4).fill('US')] });
}, { timeout: 600000 });
after(() => bed?.stop());

const brief = (a) => [a.slot, a.exit?.nickname, a.exit?.country, a.status, a.agrees, a.error?.name].join(' ');
const show = (r) => JSON.stringify({ ...r, browser_paths: undefined, first: r.first?.map(brief), others: r.others?.map(brief) });

// Visits under new names until the browser comes through an exit of that country.
async function meetFrom(host, country, spec) {
  for (;;) {
    const name = bed.name('land');
    bed.origin.site(name, spec);
    const visit = await bed.browser.visit(name, PORT);
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

test('a site with one certificate a country: the same-country try matches and is labelled weaker', { timeout: 180000 }, async () => {
  const host = await bed.host();
  const spec = { first: 'self-signed', others: ({ exit }) => (exit.country === 'DE' ? 'self-signed' : 'many-keys') };
  // Until all three corroborators stood in other countries, each with a certificate of its own.
  let met;
  do met = await meetFrom(host, 'DE', spec); while (met.result.reason !== 'site_rotates');
  const { name, visit, result: rotates } = met;
  assert.deepEqual([rotates.verdict, rotates.same_country_possible, rotates.weaker], ['undecided', true, false], show(rotates));
  const before = bed.origin.connections(name).length;
  const { result: r } = await bed.meet(host, name, { visit, same_country: true, retry: true });
  for (const c of bed.origin.connections(name).slice(before)) assert.equal(bed.net.exit(c.fingerprint).country, 'DE');
  assert.deepEqual([r.verdict, r.weaker], ['match', true], show(r));
  await host.close();
});
