// What Tor Browser's domain isolator does: every connection goes to tor's SOCKS port with credentials of its first
// party, so that tor keeps sites apart. where.js (written when the tests pack this) says where the port is.
/* globals SOCKS */
'use strict';

const NOBODY = '--unknown--';
const passwords = new Map();

const randomHex = () => [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, '0')).join('');

// The tests' names have no public suffix but their last label.
function registrable(url) {
  const { protocol, hostname } = new URL(url);
  if (!/^(https?|wss?):$/.test(protocol)) return NOBODY;
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname)) return hostname.replace(/[[\]]/g, '');
  return hostname.split('.').slice(-2).join('.');
}

function firstParty({ type, url, documentUrl, frameAncestors }) {
  if (type === 'main_frame') return registrable(url);
  const top = frameAncestors?.at(-1)?.url ?? documentUrl;
  return top ? registrable(top) : NOBODY;
}

browser.proxy.onRequest.addListener((details) => {
  const domain = firstParty(details);
  if (!passwords.has(domain)) passwords.set(domain, randomHex());
  const container = /container-(\d+)/.exec(details.cookieStoreId)?.[1] ?? '0';
  return { type: 'socks', ...SOCKS, proxyDNS: true, username: `${domain}:${container}`, password: passwords.get(domain) };
}, { urls: ['<all_urls>'] });
