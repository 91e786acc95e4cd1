// The same examples that the host's tests read, against protocol.schema.json; and the schema itself: no field of any
// example may be missing, unknown or of another type without the schema's noticing.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import { readMessage, FINAL } from '../../extension/core/messages.js';

const shared = new URL('../../shared/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, shared), 'utf8'));
const schema = read('protocol.schema.json');
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: false });
ajv.addSchema(schema);
const is = {
  host: ajv.compile({ $ref: `${schema.$id}#/$defs/request` }),
  browser: ajv.compile({ $ref: `${schema.$id}#/$defs/reply` }),
};
const files = readdirSync(new URL('examples/', shared)).filter((name) => name.endsWith('.json')).sort();
const examples = files.map((name) => ({ name, ...read(`examples/${name}`) }));
const each = function* (which) {
  for (const file of examples) {
    for (const example of file[which]) {
      yield { where: `${file.name}: ${example.about}`, to: file.to, ...example, message: example.message ?? null };
    }
  }
};

/** Every path to a value inside a message: [['id'], ['first', 0, 'exit'], …]. */
const paths = (value, at = []) => {
  const below = typeof value === 'object' && value !== null
    ? Object.keys(value).flatMap((key) => paths(value[key], [...at, key])) : [];
  return at.length ? [at, ...below] : below;
};
const change = (message, path, edit) => {
  const copy = structuredClone(message);
  const parent = path.slice(0, -1).reduce((value, key) => value[key], copy);
  edit(parent, path.at(-1));
  return copy;
};

test('there is an example of every message, both ways', () => {
  const kinds = new Set(examples.map(({ name }) => name));
  const expected = Object.keys(FINAL).map((kind) => `${kind}.json`)
    .concat(Object.values(FINAL).map((kind) => `reply.${kind}.json`))
    .concat(['reply.error.json', 'reply.cert.progress.json', 'reply.clip.progress.json', 'reply.download.progress.json', 'event.tor.json', 'event.newnym.json', 'door.json']);
  for (const name of expected) assert.ok(kinds.has(name), name);
});

test('good examples are valid, and valid in one direction alone', () => {
  let n = 0;
  for (const { where, to, message } of each('good')) {
    if (message === null) continue;
    assert.ok(is[to](message), `${where}: ${ajv.errorsText(is[to].errors)}`);
    assert.ok(!is[to === 'host' ? 'browser' : 'host'](message), where);
    n++;
  }
  assert.ok(n >= 30, `${n}`);
});

test('bad examples are invalid', () => {
  let n = 0;
  for (const { where, to, message } of each('bad')) {
    if (message === null) continue;        // "raw": text that is no JSON, the host's matter
    assert.ok(!is[to](message), where);
    n++;
  }
  assert.ok(n >= 140, `${n}`);
});

test('raw examples that any reader of JSON must refuse are refused by this one', () => {
  const lax = [];
  for (const file of examples) {
    for (const { raw, about } of file.bad) {
      if (raw === undefined) continue;
      try {
        JSON.parse(raw);
        lax.push(about);
      } catch {
        // as it should be
      }
    }
  }
  // JavaScript takes these; the host does not.
  assert.deepEqual(lax.sort(), ['a duplicate key', 'a duplicate key, escaped', 'a list', 'a lone surrogate',
    'a number beyond 64 bits', 'an escaped NUL', 'id as a fraction', 'nine deep', 'null']);
});

const OPTIONAL = new Set(['browser', 'socks_username', 'socks_password', 'offered', 'field']);
const NULLABLE = new Set(['id', 'error', 'exit', 'agrees', 'certificate', 'still_same', 'found', 'address', 'url', 'saw', 'plain',
  'referer', 'length', 'etag', 'last_modified', 'dir', 'path', 'size', 'method', 'total', 'same_entity', 'sha256', 'missed', 'class', 'local', 'download']);

test('no field may be missing', () => {
  for (const { where, to, message } of each('good')) {
    if (message === null) continue;
    for (const path of paths(message)) {
      if (typeof path.at(-1) !== 'string' || /^\d+$/.test(path.at(-1))) continue;
      const cut = change(message, path, (parent, key) => delete parent[key]);
      // Half of the credentials is invalid as well; a chain or an error's field may be left out.
      const may = OPTIONAL.has(path.at(-1)) && !path.at(-1).startsWith('socks_');
      assert.equal(is[to](cut), may, `${where}: without ${path.join('.')}`);
    }
  }
});

test('no field may be of another type', () => {
  const others = [null, true, 'other \u0001', -1.5, [[[]]], { other: 1 }];
  for (const { where, to, message } of each('good')) {
    if (message === null) continue;
    for (const path of paths(message)) {
      for (const other of others) {
        const was = path.reduce((value, key) => value[key], message);
        const changed = change(message, path, (parent, key) => { parent[key] = other; });
        const valid = is[to](changed);
        // What may stay valid: another value of the same type, null where it is foreseen, and no other.
        const key = path.at(-1);
        const isFree = other === null || was === null
          ? NULLABLE.has(key) && (other === null || (key === 'still_same' && typeof other === 'boolean'))
          : typeof other === typeof was && Array.isArray(other) === Array.isArray(was);
        assert.ok(!valid || isFree, `${where}: ${path.join('.')} = ${JSON.stringify(other)}`);
      }
    }
  }
});

test('no unknown field, however deep', () => {
  for (const { where, to, message } of each('good')) {
    if (message === null) continue;
    const objects = [[], ...paths(message)].filter((path) => {
      const value = path.reduce((v, key) => v[key], message);
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    });
    for (const path of objects) {
      const copy = structuredClone(message);
      path.reduce((v, key) => v[key], copy).unknown = 1;
      assert.ok(!is[to](copy), `${where}: unknown field in ${path.join('.') || 'the message'}`);
    }
  }
});

test('a verdict bears itself out', () => {
  const results = examples.find(({ name }) => name === 'reply.cert.result.json').good.map(({ message }) => message);
  const match = results.find(({ verdict }) => verdict === 'match');
  const mismatch = results.find(({ verdict }) => verdict === 'mismatch');
  const wrong = [
    { ...match, fingerprints: [] }, { ...match, others: [] }, { ...match, roots: 'none' },
    { ...match, reason: 'deadline' }, { ...match, error: mismatch.others[1].error },
    { ...mismatch, fingerprints: match.fingerprints }, { ...mismatch, reason: 'same_certificate' },
    { ...match, verdict: 'safe' }, { ...match, first: [{ ...match.first[0], certificate: null }] },
    { ...match, first: [{ ...match.first[0], status: 'failed' }] },
  ];
  for (const [i, message] of wrong.entries()) assert.ok(!is.browser(message), `${i}`);
});

test('the extension reads every reply, and makes nothing of a wrong one', () => {
  for (const { where, to, message } of each('good')) {
    if (to !== 'browser') continue;
    const got = readMessage(message);
    assert.equal(got.kind, message.kind, where);
    if (message.kind === 'event') continue;
    for (const [key, value] of Object.entries(got.body)) {
      if (typeof value !== 'object') assert.deepEqual(value, message[key] ?? '', `${where}: ${key}`);
    }
  }
});
