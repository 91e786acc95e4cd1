// Certificates and OCSP responses written by hand in DER, so that a test can make exactly the certificate it needs: a
// look-alike with the same names, dates and serial, several with one key, one that demands a staple. Nothing is stored.

import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

const OIDS = {
  ecdsaSha256: '1.2.840.10045.4.3.2', cn: '2.5.4.3', o: '2.5.4.10', basic: '2.5.29.19', usage: '2.5.29.15', ext: '2.5.29.37',
  san: '2.5.29.17', ski: '2.5.29.14', aki: '2.5.29.35', serverAuth: '1.3.6.1.5.5.7.3.1', tlsFeature: '1.3.6.1.5.5.7.1.24',
  sha1: '1.3.14.3.2.26', ocspBasic: '1.3.6.1.5.5.7.48.1.1',
};

function tlv(tag, ...parts) {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const size = [];
  for (let n = body.length; n; n >>>= 8) size.unshift(n & 255);
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length, ...size]), body]);
}

const seq = (...p) => tlv(0x30, ...p), set = (...p) => tlv(0x31, ...p), octets = (...p) => tlv(0x04, ...p);
const bits = (b, unused = 0) => tlv(0x03, Buffer.from([unused]), b), yes = tlv(0x01, Buffer.from([255]));
const utf8 = (s) => tlv(0x0c, Buffer.from(s)), whole = (n) => tlv(0x02, Buffer.from([n])), enumerated = (n) => tlv(0x0a, Buffer.from([n]));

function int(bytes) {
  let at = 0;
  while (at < bytes.length - 1 && !bytes[at]) at++;
  const b = bytes.subarray(at);
  return tlv(0x02, b[0] & 0x80 ? Buffer.concat([Buffer.from([0]), b]) : b);
}

function oid(dotted) {
  const n = dotted.split('.').map(Number);
  const out = [n[0] * 40 + n[1]];
  for (let v of n.slice(2)) {
    const part = [v & 127];
    while ((v = Math.floor(v / 128))) part.unshift(128 | (v & 127));
    out.push(...part);
  }
  return tlv(0x06, Buffer.from(out));
}

function time(date) {
  const t = date.toISOString().replace(/[-:T]/g, '').slice(0, 14) + 'Z';
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(t.slice(2))) : tlv(0x18, Buffer.from(t));
}
const generalized = (date) => tlv(0x18, Buffer.from(date.toISOString().replace(/[-:T]/g, '').slice(0, 14) + 'Z'));

const rdn = (type, text) => set(seq(oid(type), utf8(text)));
const dn = ({ cn, o }) => seq(...(o ? [rdn(OIDS.o, o)] : []), ...(cn ? [rdn(OIDS.cn, cn)] : []));
const ALGORITHM = seq(oid(OIDS.ecdsaSha256));

export function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { spki: publicKey.export({ type: 'spki', format: 'der' }), privateKey, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

// The key's bits of a P-256 SubjectPublicKeyInfo (a fixed header of 26 bytes).
const keyId = (key) => createHash('sha1').update(key.spki.subarray(26)).digest();
const signed = (tbs, key) => seq(tbs, ALGORITHM, bits(createSign('sha256').update(tbs).sign(key.privateKey)));

function sanOf(names) {
  return seq(...names.map((n) => (/^[\d.]+$/.test(n) ? tlv(0x87, Buffer.from(n.split('.').map(Number))) : tlv(0x82, Buffer.from(n)))));
}

// → {der, pem, key, subject, …}. issuer: such an object, or nothing for a self-signed certificate.
export function makeCert({ subject, names = [], issuer = null, key = newKey(), serial = randomBytes(16), notBefore, notAfter, ca = false, mustStaple = false }) {
  serial = Buffer.from(serial);
  serial[0] &= 0x7f;
  serial[0] |= 1;
  const from = notBefore ?? new Date(Date.now() - 30 * 86400000), to = notAfter ?? new Date(Date.now() + 60 * 86400000);
  const extension = (id, critical, body) => seq(oid(id), ...(critical ? [yes] : []), octets(body));
  const extensions = [
    extension(OIDS.basic, true, ca ? seq(yes) : seq()),
    extension(OIDS.usage, true, ca ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)),
    extension(OIDS.ski, false, octets(keyId(key))),
    extension(OIDS.aki, false, seq(tlv(0x80, keyId(issuer?.key ?? key)))),
  ];
  if (!ca) extensions.push(extension(OIDS.ext, false, seq(oid(OIDS.serverAuth))));
  if (names.length) extensions.push(extension(OIDS.san, false, sanOf(names)));
  if (mustStaple) extensions.push(extension(OIDS.tlsFeature, false, seq(whole(5))));
  const tbs = seq(tlv(0xa0, whole(2)), int(serial), ALGORITHM, dn(issuer?.subject ?? subject), seq(time(from), time(to)), dn(subject), key.spki,
    tlv(0xa3, seq(...extensions)));
  const der = signed(tbs, issuer?.key ?? key);
  return {
    der, key, subject, names, serial, notBefore: from, notAfter: to, issuer,
    pem: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    sha256: createHash('sha256').update(der).digest('hex'), spkiSha256: createHash('sha256').update(key.spki).digest('hex'),
  };
}

// A "good" OCSP response for `cert`, signed by its issuer itself.
export function makeStaple(cert, { good = true } = {}) {
  const { issuer } = cert, now = new Date(Math.floor(Date.now() / 1000) * 1000 - 3600000);
  const nameHash = createHash('sha1').update(dn(issuer.subject)).digest();
  const id = seq(seq(oid(OIDS.sha1), tlv(0x05)), octets(nameHash), octets(keyId(issuer.key)), int(cert.serial));
  const status = good ? tlv(0x80) : tlv(0xa1, generalized(now));
  const single = seq(id, status, generalized(now), tlv(0xa0, generalized(new Date(now.getTime() + 5 * 86400000))));
  const data = seq(tlv(0xa2, octets(keyId(issuer.key))), generalized(now), seq(single));
  const basic = signed(data, issuer.key);
  return seq(enumerated(0), tlv(0xa0, seq(oid(OIDS.ocspBasic), octets(basic))));
}
