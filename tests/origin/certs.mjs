// The certificates of one test run: a test CA with an intermediate, and for each site every kind a role may show. The same
// kind for the same site is the same certificate, however often and through whichever exit it is asked for.

import { makeCert, makeStaple, newKey } from './x509.mjs';

const DAY = 86400000;
const ago = (days) => new Date(Math.floor(Date.now() / 1000) * 1000 - days * DAY);

// kind → (authority, site, {exit}) → {cert, chain, staple}. Site's own unless the text says "interceptor's".
const KINDS = {
  'valid': (a, s) => a.issued(s),
  'valid-renewed': (a, s) => a.issued(s),                                  // another valid certificate, another key
  'stapled': (a, s) => withStaple(a.issued(s)),
  'must-staple': (a, s) => a.issued(s, { mustStaple: true }),              // and no staple comes
  'must-staple-stapled': (a, s) => withStaple(a.issued(s, { mustStaple: true })),
  'wrong-name': (a, s) => a.issued(s, { names: [`other.${s.name}`], subject: { cn: `other.${s.name}` } }),
  'missing-intermediate': (a, s) => ({ ...a.issued(s), chain: [] }),
  'expired': (a, s) => a.issued(s, { notBefore: ago(100), notAfter: ago(3) }),
  'not-yet-valid': (a, s) => a.issued(s, { notBefore: ago(-3), notAfter: ago(-90) }),
  'self-signed': (a, s) => own(s),
  'expired-self-signed': (a, s) => own(s, { notBefore: ago(100), notAfter: ago(3) }),
  'same-key': (a, s) => own(s, { key: s.sharedKey ??= newKey() }),         // one per exit, all with one key
  'many-keys': (a, s) => own(s),                                           // one per exit, each with its own key
  // What an interceptor shows:
  'forged': (a, s) => own(s, { subject: { cn: s.name, o: 'Interceptor' } }),
  'forged-again': (a, s) => own(s, { subject: { cn: s.name, o: 'Interceptor' } }),
  'forged-ca': (a, s) => a.rogue(s),
  'lookalike': (a, s) => likeness(a.get('self-signed', s).cert),
  'lookalike-valid': (a, s) => likeness(a.get('valid', s).cert, { subject: 'issuer' }),
  'forged-many': (a, s) => own(s, { subject: { cn: s.name, o: 'Interceptor' } }),  // one per exit
};

const PER_EXIT = new Set(['same-key', 'many-keys', 'forged-many']);
export const CERT_KINDS = Object.keys(KINDS);

function own(site, more = {}) {
  const cert = makeCert({ subject: { cn: site.name }, names: site.names ?? [site.name], notBefore: ago(30), notAfter: ago(-60), ...more });
  return { cert, chain: [] };
}

function withStaple(made) { return { ...made, staple: makeStaple(made.cert) }; }

// Same names, dates and serial, another key; with `subject: 'issuer'` it claims the same issuer too, which did not sign.
function likeness(cert, { subject } = {}) {
  const issuer = subject === 'issuer' ? { subject: cert.issuer.subject, key: newKey() } : null;
  const { notBefore, notAfter, serial, names } = cert;
  return { cert: makeCert({ subject: cert.subject, names, serial, notBefore, notAfter, issuer }), chain: [] };
}

export class Authority {
  #made = new Map();

  constructor() {
    const far = { notBefore: ago(365), notAfter: ago(-3650), ca: true };
    this.root = makeCert({ subject: { cn: 'SecondExit test root', o: 'Tests only' }, ...far });
    this.intermediate = makeCert({ subject: { cn: 'SecondExit test intermediate', o: 'Tests only' }, issuer: this.root, ...far });
    this.rogueRoot = makeCert({ subject: { cn: 'Helpful Proxy CA', o: 'Interceptor' }, ...far });
  }

  issued(site, more = {}) {
    const names = site.names ?? [site.name];
    return { cert: makeCert({ subject: { cn: site.name }, names, issuer: this.intermediate, notBefore: ago(30), notAfter: ago(-60), ...more }), chain: [this.intermediate] };
  }

  rogue(site) {
    return { cert: makeCert({ subject: { cn: site.name }, names: [site.name], issuer: this.rogueRoot, notBefore: ago(30), notAfter: ago(-60) }), chain: [this.rogueRoot] };
  }

  // → {cert, chain, staple?}
  get(kind, site, exit = '') {
    if (!KINDS[kind]) throw new RangeError(`no such kind of certificate: ${kind}`);
    const key = [kind, site.name, PER_EXIT.has(kind) ? exit : ''].join(' ');
    if (!this.#made.has(key)) this.#made.set(key, KINDS[kind](this, site));
    return this.#made.get(key);
  }
}
