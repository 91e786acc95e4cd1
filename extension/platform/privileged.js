// The one seam between the two editions. What the privileged part knows exactly (the certificate of a failed
// handshake, the first party, the SOCKS credentials) and can do (store an exception for one certificate, hide the
// native bypass) is asked here; in the standard edition the same calls answer null or false and the callers take
// the longer way. extension/privileged/API.md states the contract of browser.secondexit.

const none = {
  edition: 'standard',
  exact: false,
  async getFailure() { return null; },
  async getRequest() { return null; },
  async addException() { return { added: false, why: 'failed' }; },
  async hasOtherException() { return true; },
  async clearExceptions() { return 0; },
  async forget() {},
  async hideNativeBypass() { return false; },
  async newCircuit() { return false; },
  async setAutocopy() { return false; },
  async blankPrimary() { return false; },
  async heldDownloads() { return []; },
  async settleDownload() { return false; },
  async refuseDownloads() {},
  onHeldDownload() {},
};

// A call that fails is a call that knows nothing: the callers then treat the certificate as unknown.
const quiet = (promise, otherwise) => Promise.resolve(promise).catch(() => otherwise);

const exact = (api, downloads) => ({
  edition: 'privileged',
  exact: true,
  /** @returns {Promise<Failure|null>} the failed handshake of the tab's last load of url. */
  getFailure: (tabId, url) => quiet(api.getFailure(tabId, url), null),
  /** @returns {Promise<{origin: Origin, proxy: Proxy}|null>} of a live webRequest request. */
  getRequest: (requestId) => quiet(api.getRequest(requestId), null),
  /** Temporary exception for exactly that leaf. @returns {Promise<{added: boolean, why: string}>} */
  addException: (host, port, attributes, sha256) =>
    quiet(api.addException(host, port, attributes, sha256), { added: false, why: 'failed' }),
  /** Whether an exception that isn't ours is stored for the host: its requests may reach what nobody verified. @returns {Promise<boolean>} */
  hasOtherException: (host, port) => quiet(api.hasOtherException(host, port), true),
  /** Removes every exception stored by addException. @returns {Promise<number>} */
  clearExceptions: () => quiet(api.clearExceptions(), 0),
  /** Drops every remembered failure. */
  forget: () => quiet(api.forget(), undefined),
  /** @returns {Promise<boolean>} whether the browser's own bypass is now hidden. */
  hideNativeBypass: (hide) => quiet(api.hideNativeBypass(hide), false),
  /** @returns {Promise<boolean>} whether the browser has and took its own way to a new circuit. */
  newCircuit: (firstParty, container) => quiet(api.newCircuit(firstParty, container), false),
  /** Whether selecting copies (PRIMARY) in documents made from now on. @returns {Promise<boolean>} whether that was done. */
  setAutocopy: (on) => quiet(api.setAutocopy(on), false),
  /** Empties the selection clipboard. @returns {Promise<boolean>} whether that was done. */
  blankPrimary: () => quiet(api.blankPrimary(), false),
  /** @returns {Promise<Held[]>} downloads that the browser holds. */
  heldDownloads: () => quiet(downloads?.held(), []),
  /** Ends one: it gets its name, or is blocked and removed. @returns {Promise<boolean>} whether it was still held. */
  settleDownload: (id, isGood) => quiet(downloads?.settle(id, isGood), false),
  /** Blocks everything that is held. */
  refuseDownloads: () => quiet(downloads?.refuseAll(), undefined),
  /** growing(Held), held(Held), released(id). */
  onHeldDownload({ growing, held, released }) {
    downloads?.onGrowing.addListener(growing);
    downloads?.onHeld.addListener(held);
    downloads?.onReleased.addListener(released);
  },
});

/** The privileged interface of this edition; `api` is browser.secondexit or undefined, `downloads` browser.secondexitDownloads. */
export function privilegedFrom(api, downloads) {
  return api ? exact(api, downloads) : none;
}

export const privileged = privilegedFrom(globalThis.browser?.secondexit, globalThis.browser?.secondexitDownloads);
