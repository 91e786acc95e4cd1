// Plays what Tor Browser does before a certificate error: a SOCKS connection with the first party's credentials, a TLS
// handshake, the certificate looked at and refused. For tests of the host that need no browser.

import tls from 'node:tls';
import { randomBytes } from 'node:crypto';
import { socksConnect } from './socks.mjs';

// What NSS would say, by what OpenSSL says.
const NSS_ERROR = {
  DEPTH_ZERO_SELF_SIGNED_CERT: -16370, SELF_SIGNED_CERT_IN_CHAIN: -8179, UNABLE_TO_VERIFY_LEAF_SIGNATURE: -8179,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: -8179, ERR_TLS_CERT_ALTNAME_INVALID: -12276, CERT_HAS_EXPIRED: -8181, CERT_NOT_YET_VALID: -16379,
};

export class Browser {
  #passwords = new Map();

  constructor(client, { ca } = {}) { this.client = client; this.ca = ca; }

  // Tor Browser: "<first party>:<container>" and 64 hex digits that stay until "New circuit for this site".
  credentials(firstParty, container = 0) {
    const username = `${firstParty}:${container}`;
    if (!this.#passwords.has(username)) this.#passwords.set(username, randomBytes(32).toString('hex'));
    return { username, password: this.#passwords.get(username) };
  }

  newCircuit(firstParty, container = 0) { this.#passwords.delete(`${firstParty}:${container}`); }

  open(host, port, firstParty = host) {
    return socksConnect(this.client.socks, { host, port, ...this.credentials(firstParty) });
  }

  // → {error: NSS number or 0, chain: [DER…], socket: the open connection or null}. Throws when no handshake came about.
  async visit(host, port, { firstParty = host, keep = false } = {}) {
    const raw = await this.open(host, port, firstParty);
    const s = tls.connect({ socket: raw, servername: host, ca: this.ca, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    const timer = setTimeout(() => s.destroy(new Error('no handshake in time')), 20000);
    try {
      await new Promise((resolve, reject) => { s.once('secureConnect', resolve); s.once('error', reject); s.once('close', () => reject(new Error('closed'))); });
    } finally { clearTimeout(timer); }
    const chain = [];
    for (let c = s.getPeerCertificate(true); c?.raw && !chain.some((d) => d.equals(c.raw)); c = c.issuerCertificate) chain.push(c.raw);
    const error = s.authorized ? 0 : NSS_ERROR[s.authorizationError?.code ?? s.authorizationError] ?? -8179;
    s.on('error', () => {});
    if (!keep) s.destroy();
    return { error, chain, socket: keep ? s : null };
  }
}
