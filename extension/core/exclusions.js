// Sites that the user wants left alone: copies on their pages are not held, and their certificates are exempt. A name stands for itself and
// for everything below it. Pure; feature/exclusions.js keeps the list.

import { bareHost } from './site.js';
import { EXCLUSIONS_MAX } from './limits.js';

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)+$/;

/** The host that a person means by "example.org", "https://www.example.org/path" or "*.example.org"; "" when it is none. */
export function hostMeant(text) {
  if (typeof text !== 'string' || text.length > 2000) return '';
  const said = text.trim().replace(/^\*\./, '');
  let parsed;
  try {
    parsed = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(said) ? said : `http://${/^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*$/i.test(said) ? `[${said}]` : said}`);
  } catch {
    return '';
  }
  if (!/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) return '';
  const host = bareHost(parsed.hostname);
  return host.includes(':') || NAME.test(host) ? host : '';
}

const isAddress = (host) => host.includes(':') || /^[0-9.]+$/.test(host);

/** Whether one of these hosts is this one, or a name above it. */
export function isCovered(hosts, host) {
  return Boolean(host) && hosts.some((listed) => host === listed || !isAddress(listed) && host.endsWith(`.${listed}`));
}

/**
 * The list with what was said added: {hosts, why}. why: "" done, "bad" no host, "many" a name under which everybody has sites
 * (isSuffix says so), "known" covered already, "full".
 */
export function withHost(hosts, text, isSuffix) {
  const host = hostMeant(text);
  if (!host) return { hosts, why: 'bad' };
  if (isSuffix(host)) return { hosts, why: 'many' };
  if (isCovered(hosts, host)) return { hosts, why: 'known' };
  const others = hosts.filter((listed) => !isCovered([host], listed));
  return others.length >= EXCLUSIONS_MAX ? { hosts, why: 'full' } : { hosts: [...others, host].sort(), why: '' };
}

/** What was kept, as far as it is sound. */
export function soundHosts(kept) {
  return Array.isArray(kept) ? [...new Set(kept.filter((host) => host && hostMeant(host) === host))].slice(0, EXCLUSIONS_MAX) : [];
}
