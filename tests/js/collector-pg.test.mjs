// The collector over PostgreSQL: the store's own tests, the daemon, a server that goes and comes back.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Postgres } from '../collector/pg.mjs';
import { BUILD, Collector, run } from '../collector/collector.mjs';

let pg;
before(async () => { pg = await Postgres.start(); }, { timeout: 120000 });
after(() => pg?.stop());

test('the store\'s own tests, over PostgreSQL', async () => {
  execFileSync('make', [`B=${BUILD}`, path.join(BUILD, 'unit/test_collector_store')], { stdio: 'ignore' });
  const r = await run(path.join(BUILD, 'unit/test_collector_store'), [], { env: { SECONDEXIT_TEST_PG: pg.database('unit') } });
  assert.equal(r.status, 0, r.err);
  // Each test twice: over SQLite, then over PostgreSQL.
  const passed = (r.err + r.out).match(/\[ +OK \] \w+/g);
  assert.equal(passed.length, 2 * new Set(passed).size);
}, { timeout: 300000 });

test('reports come in; the server stops and comes back; what was acknowledged is there', async () => {
  const collector = new Collector({ store: pg.database('daemon') });
  try {
    await collector.start('--onion', 'none', '--rate', '0', '--relay-rate', '0');
    assert.equal((await collector.send(200, { seed: 1 })).stored, 200);
    assert.equal((await collector.send(200, { seed: 1 })).known, 200);
    await pg.down('SIGQUIT');
    const down = await collector.send(20, { seed: 2 });
    assert.deepEqual([down.stored, down.refused], [0, 20]);
    await pg.up();
    assert.equal((await collector.send(20, { seed: 2 })).stored, 20);
    const there = await collector.digests();
    assert.equal(there.length, 220);
    assert.equal(new Set(there).size, 220);
    assert.equal((await collector.get('/')).status, 200);
  } finally { await collector.stop(); }
}, { timeout: 120000 });

test('two collectors share one queue: nothing is stored twice', async () => {
  const store = pg.database('shared');
  const a = new Collector({ store }), b = new Collector({ store });
  try {
    await Promise.all([a.start('--onion', 'none', '--rate', '0', '--relay-rate', '0'), b.start('--onion', 'none', '--rate', '0', '--relay-rate', '0')]);
    const sent = await Promise.all([a.send(300, { seed: 5 }), b.send(300, { seed: 5 })]);
    const stored = sent[0].stored + sent[1].stored, refused = sent[0].refused + sent[1].refused;
    assert.ok(stored >= 300 - refused && stored <= 300, JSON.stringify(sent));
    const there = await a.digests();
    assert.equal(new Set(there).size, there.length);
    assert.equal(there.length, stored);
    assert.equal(Number(pg.sql('select count(*) from report', 'shared')), stored);
    assert.equal(Number(pg.sql('select sum(reports) from finding', 'shared')), stored);
  } finally { await a.stop(); await b.stop(); }
}, { timeout: 120000 });
