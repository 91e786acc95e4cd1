// Which failed navigations mean "no TLS connection came about", where a plain page would be found encrypted, and what may be asked of it. Pure.

import { bareHost } from './site.js';
import { CLIP_URL_MAX } from './limits.js';

const NETWORK_MODULE = 0x804B0000;
const TLS_MODULE = 0x805A0000;

// What an exit can bring about by refusing, resetting, answering nonsense or keeping silent (nsError.h of the browser).
const NETWORK = new Map([
  [13, 'NS_ERROR_CONNECTION_REFUSED'],
  [14, 'NS_ERROR_NET_TIMEOUT'],
  [20, 'NS_ERROR_NET_RESET'],
  [30, 'NS_ERROR_UNKNOWN_HOST'],
  [35, 'NS_ERROR_NET_ERROR_RESPONSE'],
  [42, 'NS_ERROR_UNKNOWN_PROXY_HOST'],
  [71, 'NS_ERROR_NET_INTERRUPT'],
  [72, 'NS_ERROR_PROXY_CONNECTION_REFUSED'],
  [76, 'NS_ERROR_NET_PARTIAL_TRANSFER'],
  [82, 'NS_ERROR_NET_INADEQUATE_SECURITY'],
  [83, 'NS_ERROR_NET_HTTP2_SENT_GOAWAY'],
  [85, 'NS_ERROR_NET_TIMEOUT_EXTERNAL'],
]);
const REDIRECT_LOOP = 31;

/**
 * What a webNavigation error text ("Error code N") says of TLS: {failure: 'none' | 'loop', name}, or null when it says
 * nothing of it. Errors of certificates are told apart by their table (core/errors.js) before.
 */
export function tlsFailure(text) {
  const found = /^Error code (\d{1,10})$/.exec(String(text));
  if (!found) return null;
  const code = Number(found[1]);
  const inNetwork = code - NETWORK_MODULE;
  if (inNetwork === REDIRECT_LOOP) return { failure: 'loop', name: 'NS_ERROR_REDIRECT_LOOP' };
  if (NETWORK.has(inNetwork)) return { failure: 'none', name: NETWORK.get(inNetwork) };
  const inTls = code - TLS_MODULE;
  return inTls > 0 && inTls <= 0xFFFF ? { failure: 'none', name: `-${inTls}` } : null;
}

/** A plain address as the browser would ask for it encrypted. */
export const encryptedUrl = (url) => url.replace(/^http:/, 'https:').replace(/^(https:\/\/[^/?#]*):80(?=[/?#]|$)/, '$1');

/**
 * What is asked about a tab's plain page ("Is this page really only http?"): {url, port, encrypted, where}, or null where the question
 * has no meaning. url: as other exits are asked for it, without query and fragment (what stands there may be the user's own; where a site
 * leads its visitors to HTTPS it does so whatever stands there); port: of its connection; encrypted: where it would be found; where: host and
 * port there.
 */
export function plainPage(url) {
  if (!/^http:\/\//.test(url ?? '')) return null;
  const parsed = new URL(url);
  const host = bareHost(parsed.hostname);
  if (!host || host.length > 253 || /\.onion$/.test(host)) return null;
  const port = parsed.port ? Number(parsed.port) : 80;
  const asked = `http://${parsed.host}${parsed.pathname}`;
  if (asked.length > CLIP_URL_MAX) return null;
  return { url: asked, port, encrypted: encryptedUrl(`http://${parsed.host}${parsed.pathname}${parsed.search}`), where: { host, port: encryptedPort(port) } };
}

/** The port where the browser looks for the encrypted page of a plain one (HTTPS-Only keeps odd ports). */
export const encryptedPort = (port) => (port === 80 ? 443 : port);
