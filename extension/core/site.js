// What everything is keyed by: one host and port as seen from one first party in one private-browsing context and
// container (shared/protocol.md calls the same five fields a site). Pure.

const DEFAULT_PORTS = { 'https:': 443, 'wss:': 443 };

/** {host, port} of an https or wss URL: host in lower-case ASCII without a final dot, IPv6 without brackets; else null. */
export function target(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return null;
  }
  if (!(parsed.protocol in DEFAULT_PORTS)) return null;
  const host = bareHost(parsed.hostname);
  if (!host || host.length > 253) return null;
  return { host, port: parsed.port ? Number(parsed.port) : DEFAULT_PORTS[parsed.protocol] };
}

/** Host name as the host program spells it. */
export function bareHost(name) {
  const bare = name.startsWith('[') ? name.slice(1, -1) : name;
  return bare.toLowerCase().replace(/\.$/, '');
}

/** Host of any URL, or "". */
export function hostOf(url) {
  try {
    return bareHost(new URL(url).hostname);
  } catch {
    return '';
  }
}

/** One string for one site; equal strings are equal sites. */
export function siteKey(site) {
  return JSON.stringify([site.firstParty, site.private, site.container, site.host, site.port]);
}

/** Key of one host in one context whatever the first party: a native exception may reach across first parties. */
export function hostKey({ private: isPrivate, container, host, port }) {
  return JSON.stringify([isPrivate, container, host, port]);
}

/** Container number of a cookieStoreId ("firefox-container-3"), 0 for the default and the private store. */
export function containerOf(cookieStoreId) {
  const found = /^firefox-container-(\d{1,9})$/.exec(cookieStoreId ?? '');
  return found ? Number(found[1]) : 0;
}

/** The first party that Tor Browser wrote into the SOCKS username ("site.test:0"), or "". */
export function firstPartyOfUsername(username) {
  const found = /^(.{1,253}):\d{1,9}$/.exec(username ?? '');
  return found && found[1] !== '--unknown--' ? bareHost(found[1]) : '';
}

/**
 * First party of a request whose top document is at topHost. What Tor Browser wrote into the credentials wins where
 * it fits that host; then the registrable domain (null where the browser can't tell); then the host itself, which is
 * narrower and therefore never unsafe.
 */
export function firstPartyOf({ topHost, username, registrable }) {
  const told = firstPartyOfUsername(username);
  if (told && (!topHost || topHost === told || topHost.endsWith(`.${told}`))) return told;
  return registrable || topHost;
}

/** Host of the top document that a webRequest belongs to. */
export function topHostOf(details) {
  if (details.type === 'main_frame') return hostOf(details.url);
  const ancestors = details.frameAncestors ?? [];
  const top = ancestors.length ? ancestors[ancestors.length - 1].url : details.documentUrl;
  return hostOf(top ?? details.originUrl ?? '') || hostOf(details.url);
}

// The /16 of an IPv4 address, the /32 of an IPv6 address: relays that share one are taken for one operator's.
function network(address) {
  if (address.includes('.')) return address.split('.').slice(0, 2).join('.');
  const [head] = address.split('::');
  const groups = head.split(':').map((group) => parseInt(group || '0', 16));
  return `${groups[0] ?? 0}:${groups[1] ?? 0}`;
}

/** Whether two relays may be one operator's (relay, family or network equal). Unknown relays may be. */
export function mayBeSameOperator(a, b) {
  if (!a || !b) return true;
  if (a.fingerprint === b.fingerprint) return true;
  if (a.family && a.family === b.family) return true;
  return Boolean(a.address && b.address) && network(a.address) === network(b.address);
}

const ALL_PORTS = { 'http:': 80, 'https:': 443 };

/** {host, port} of an http or https URL, else null. */
export function siteOfUrl(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return null;
  }
  const host = bareHost(parsed.hostname);
  if (!(parsed.protocol in ALL_PORTS) || !host || host.length > 253) return null;
  return { host, port: parsed.port ? Number(parsed.port) : ALL_PORTS[parsed.protocol] };
}
