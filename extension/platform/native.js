// The host program over native messaging. All there is to know of the connection is in core/hostlink.js; here the
// browser is added.

import { HostLink } from '../core/hostlink.js';

const NAME = 'org.secondexit.host';

/** One link for the session. edition: "standard" or "privileged". */
export function nativeHost(edition) {
  return new HostLink({
    connect: () => browser.runtime.connectNative(NAME),
    hello: { version: browser.runtime.getManifest().version, edition },
    clock: { now: () => Date.now(), setTimeout: (run, ms) => setTimeout(run, ms), clearTimeout: (timer) => clearTimeout(timer) },
  });
}
