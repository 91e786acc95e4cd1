/* The privileged part: browser.secondexit, run in the browser's own process. Only extension/platform/privileged.js
 * calls it. It notes the failed handshakes of top-level loads, stores exceptions for exactly one certificate, hides
 * the bypass of the browser's own error page where that would be a way past a check, and stops selecting from being copying. API.md is the contract. */
/* globals ExtensionAPI, ExtensionCommon, ChromeUtils, Services, Cc, Ci, Cr, Cu */
'use strict';

var secondexit = (() => {
  const BYPASS_PREF = 'security.certerror.hideAddException';
  const FAILURES_MAX = 500;
  const FAILURES_CHARS_MAX = 16 << 20;    // base64 of all chains held: what a page's tabs can make us keep
  const CHAIN_MAX = 10;
  const CHAIN_CHARS_MAX = 256 << 10;      // base64 of 192 KiB, TLS's own order of magnitude for a chain
  const FRESH_MS = 60000;
  const NOTE_WAIT_MS = 250;               // webNavigation can tell of the error before the channel has stopped
  // From a failed load until its error page has read the pref: some 100 ms; both sides of a loaded machine.
  const PAGE_WINDOW_MS = 5000;

  // Milliseconds that no change of the clock turns back; ESR 140 has them elsewhere.
  const now = () => (ChromeUtils.now ? ChromeUtils.now() : Cu.now());
  const { setTimeout, clearTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
  // Not among an API script's globals; the browser's own modules have it.
  const { ChannelWrapper } = Cu.getGlobalForObject(ExtensionCommon);

  // Class 2 of shared/cert-errors.json as far as the browser offers a bypass: chain and name were verified, the dates are wrong.
  const HARMLESS = new Set(['SEC_ERROR_EXPIRED_CERTIFICATE', 'MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE']);

  const lazy = {};
  const service = (name, contract, face) => ChromeUtils.defineLazyGetter(lazy, name, () => Cc[contract].getService(Ci[face]));
  service('overrides', '@mozilla.org/security/certoverride;1', 'nsICertOverrideService');
  service('hsts', '@mozilla.org/ssservice;1', 'nsISiteSecurityService');
  service('pins', '@mozilla.org/security/publickeypinningservice;1', 'nsIPublicKeyPinningService');
  service('nssErrors', '@mozilla.org/nss_errors_service;1', 'nsINSSErrorsService');

  const hex = (fingerprint) => fingerprint.replaceAll(':', '').toLowerCase();
  const toSuffix = (attributes) => ChromeUtils.originAttributesToSuffix(attributes);
  const hostOf = (uri) => uri.asciiHost.toLowerCase();
  const portOf = (uri) => (uri.port === -1 ? 443 : uri.port);

  function baseDomain(uri) {
    try {
      return Services.eTLD.getBaseDomain(uri);
    } catch {
      return hostOf(uri);                 // an address, or a name without a known suffix
    }
  }

  /* "(https,site.test)", "(https,site.test,8443)", "(https,site.test,f)" */
  function partitionDomain(key) {
    return key ? key.replace(/^\(|\)$/g, '').split(',')[1] ?? '' : '';
  }

  function describeOrigin(channel) {
    const attributes = channel.loadInfo.originAttributes;
    const top = channel.loadInfo.isTopLevelLoad ? channel.URI : channel.loadInfo.browsingContext?.top.currentURI;
    return {
      firstParty: attributes.firstPartyDomain || partitionDomain(attributes.partitionKey) || baseDomain(top ?? channel.URI),
      private: attributes.privateBrowsingId ? 1 : 0,
      container: attributes.userContextId,
      attributes: toSuffix(attributes),
    };
  }

  function describeProxy(channel) {
    const info = channel instanceof Ci.nsIProxiedChannel ? channel.proxyInfo : null;
    if (!info || info.type === 'direct') return { kind: 'direct', username: '', password: '' };
    if (!info.type.startsWith('socks')) return { kind: 'other', username: '', password: '' };
    return { kind: 'socks', username: info.username, password: info.password };
  }

  const isCertificateError = (status) => {
    try {
      return lazy.nssErrors.getErrorClass(status) === Ci.nsINSSErrorsService.ERROR_CLASS_BAD_CERT;
    } catch {
      return false;                       // not an error of NSS at all
    }
  };

  function categoryOf(info) {
    const face = Ci.nsITransportSecurityInfo;
    switch (info.overridableErrorCategory) {
      case face.ERROR_TRUST: return 'trust';
      case face.ERROR_DOMAIN: return 'domain';
      case face.ERROR_TIME: return 'time';
      default: return 'none';
    }
  }

  /* Neither can be overridden (RFC 6797 section 12.1). HSTS is kept per partition: a host is under HSTS for us when it is in
   * any of those that this load could have used. */
  function isPinnedToTls(uri, attributes) {
    const plain = { ...attributes, partitionKey: '' };
    const own = { ...attributes, partitionKey: `(https,${baseDomain(uri)})` };
    return [attributes, plain, own].some((a) => lazy.hsts.isSecureURI(uri, a)) || lazy.pins.hostHasPins(uri);
  }

  function chainOf(info) {
    // ESR 140 calls it failedCertChain.
    const certificates = info.handshakeCertificates?.length ? info.handshakeCertificates : info.failedCertChain ?? [];
    const chain = [];
    let chars = 0;
    for (const c of certificates.slice(0, CHAIN_MAX)) {
      const der = c.getBase64DERString();
      chars += der.length;
      if (chars > CHAIN_CHARS_MAX) break;
      chain.push(der);
    }
    return { chain, chars, leaf: certificates[0] ?? null };
  }

  /* The browser's page reads the pref once, when it is made. It is false only while a page of a harmless error is being made
   * and no suspicious one is; where both are, the pref stays true and the harmless failure says so (bypassHidden), so that
   * the extension shows a page of its own with the same choice. On the default branch: never written to disk. */
  class Bypass {
    #suspicious = -Infinity;              // when the last suspicious failure was
    #harmless = [];                       // failures whose page may not have read the pref yet
    #timer = null;

    start() {
      this.isTheirs = Services.prefs.getBoolPref(BYPASS_PREF, false);    // a policy or the user hid it: nobody may go on
      this.isOn = true;
      this.#set(true);
    }

    stop() {
      this.isOn = false;
      clearTimeout(this.#timer);
      this.#set(false);
    }

    #set(hidden) {
      Services.prefs.getDefaultBranch('').setBoolPref(BYPASS_PREF, hidden || this.isTheirs);
    }

    get isHidden() { return Services.prefs.getBoolPref(BYPASS_PREF, false); }

    onFailure(failure, now) {
      if (!this.isOn) return;
      this.#harmless = this.#harmless.filter((f) => now - f.at < PAGE_WINDOW_MS);
      if (failure.category !== 'time' || !HARMLESS.has(failure.errorName)) {
        this.#suspicious = now;
        this.#set(true);
        for (const f of this.#harmless.splice(0)) f.bypassHidden = true;
        failure.bypassHidden = true;
        return;
      }
      failure.bypassHidden = now - this.#suspicious < PAGE_WINDOW_MS || this.isTheirs;
      if (failure.bypassHidden) return;
      this.#harmless.push(failure);
      this.#set(false);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => { this.#harmless = []; this.#set(true); }, PAGE_WINDOW_MS);
    }
  }

  /* Failed handshakes of top-level loads, the oldest first. */
  class Failures {
    #list = [];
    #chars = 0;
    #waiting = new Set();

    add(failure) {
      this.#list.push(failure);
      this.#chars += failure.chars;
      while (this.#list.length > FAILURES_MAX || this.#chars > FAILURES_CHARS_MAX) this.#chars -= this.#list.shift().chars;
      for (const wake of this.#waiting) wake();
    }

    find(test) { return this.#list.findLast(test) ?? null; }

    async await(test, ms) {
      const found = this.find(test);
      if (found) return found;
      await new Promise((resolve) => {
        const done = () => { this.#waiting.delete(wake); clearTimeout(timer); resolve(); };
        const wake = () => { if (this.find(test)) done(); };
        const timer = setTimeout(done, ms);
        this.#waiting.add(wake);
      });
      return this.find(test);
    }

    clear() { this.#list = []; this.#chars = 0; }
  }

  const toPublic = (f) => ({
    host: f.host, port: f.port, error: f.error, errorName: f.errorName, category: f.category, overridable: f.overridable,
    hsts: f.hsts, bypassHidden: f.bypassHidden, chain: f.chain, sha256: f.sha256, origin: f.origin, proxy: f.proxy, time: f.time,
  });

  /* Tor Browser's own way. Its public function takes a browser, reads the first party from it, and reloads it: ours shows
   * an extension page, so a stand-in carries the first party and declines the reload (the extension reloads the site itself). */
  function newTorBrowserCircuit(firstParty, container) {
    const { TorDomainIsolator } = ChromeUtils.importESModule('resource://gre/modules/TorDomainIsolator.sys.mjs');
    if (typeof TorDomainIsolator.newCircuitForDomain === 'function') {
      TorDomainIsolator.newCircuitForDomain(firstParty);
      return true;
    }
    const uri = Services.io.newURI(`https://${firstParty.includes(':') ? `[${firstParty}]` : firstParty}/`);
    const attributes = { firstPartyDomain: firstParty, userContextId: container, privateBrowsingId: 1 };
    const contentPrincipal = Services.scriptSecurityManager.createContentPrincipal(uri, attributes);
    const standIn = { contentPrincipal, currentURI: uri, browserId: 0, reloadWithFlags() {} };
    standIn.selectedBrowser = standIn;
    TorDomainIsolator.newCircuitForBrowser(standIn);
    return true;
  }

  const AUTOCOPY_PREF = 'clipboard.autocopy';

  /* Whether selecting copies (PRIMARY). On the default branch: never written to disk, nothing left behind by a crash; one who
   * set the pref by hand keeps what was set. */
  class Autocopy {
    #theirs = null;

    set(on) {
      const branch = Services.prefs.getDefaultBranch('');
      this.#theirs ??= branch.getBoolPref(AUTOCOPY_PREF, false);
      branch.setBoolPref(AUTOCOPY_PREF, on && this.#theirs);
      return Services.prefs.getBoolPref(AUTOCOPY_PREF, false) === (on && this.#theirs);
    }

    restore() {
      if (this.#theirs !== null) Services.prefs.getDefaultBranch('').setBoolPref(AUTOCOPY_PREF, this.#theirs);
      this.#theirs = null;
    }
  }

  function blankPrimary() {
    const { clipboard } = Services;
    if (!clipboard.isClipboardTypeSupported(clipboard.kSelectionClipboard)) return false;
    clipboard.emptyClipboard(clipboard.kSelectionClipboard);
    return true;
  }

  return class extends ExtensionAPI {
    autocopy = new Autocopy();
    failures = new Failures();
    bypass = new Bypass();
    exceptions = [];

    /* Runs with the extension, before any page of it: the first failure must find us listening. */
    onStartup() {
      this.bypass.start();
      Services.obs.addObserver(this, 'http-on-before-stop-request');
    }

    onShutdown() {
      try {
        Services.obs.removeObserver(this, 'http-on-before-stop-request');
      } catch {
        // never started
      }
      this.autocopy.restore();
      this.clearExceptions();
      this.failures.clear();
      this.bypass.stop();
    }

    /* Before the load's own listeners hear of the end, so before an error page can be made. */
    observe(channel) {
      try {
        channel.QueryInterface(Ci.nsIHttpChannel);
        if (channel.status !== Cr.NS_OK && channel.loadInfo.isTopLevelLoad && isCertificateError(channel.status)) this.note(channel);
      } catch {
        // A failure that can't be read is not known to the extension, which then does without; but it may be a suspicious one.
        this.bypass.onFailure({ category: 'none' }, now());
      }
    }

    note(channel) {
      const { loadInfo, securityInfo: info } = channel;
      const { chain, chars, leaf } = chainOf(info);
      const category = categoryOf(info);
      const hsts = isPinnedToTls(channel.URI, loadInfo.originAttributes);
      const failure = {
        host: hostOf(channel.URI), port: portOf(channel.URI), error: info.errorCode, errorName: info.errorCodeString,
        category, overridable: category !== 'none' && !this.bypass.isTheirs, hsts, chain, chars,
        sha256: leaf ? hex(leaf.sha256Fingerprint) : '', origin: describeOrigin(channel), proxy: describeProxy(channel), time: Date.now(),
        at: now(), leaf, browserId: (loadInfo.targetBrowsingContext ?? loadInfo.browsingContext)?.browserId,
        originAttributes: loadInfo.originAttributes, bypassHidden: true,
      };
      this.bypass.onFailure(failure, failure.at);
      this.failures.add(failure);
    }

    async getFailure(tabId, url) {
      const uri = Services.io.newURI(url);
      const browserId = this.extension.tabManager.get(tabId).browser.browserId;
      const test = (f) => f.browserId === browserId && f.host === hostOf(uri) && f.port === portOf(uri)
        && now() - f.at < FRESH_MS;
      const found = await this.failures.await(test, NOTE_WAIT_MS);
      return found && toPublic(found);
    }

    addException(host, port, attributes, sha256) {
      const failure = this.failures.find((f) => f.host === host && f.port === port && f.sha256 === sha256
        && f.origin.attributes === attributes);
      if (!failure?.leaf) return { added: false, why: 'unknown_certificate' };
      if (!failure.overridable) return { added: false, why: 'not_overridable' };
      const uri = Services.io.newURI(`https://${host.includes(':') ? `[${host}]` : host}:${port}/`);
      if (isPinnedToTls(uri, failure.originAttributes)) return { added: false, why: 'hsts' };
      lazy.overrides.rememberValidityOverride(host, port, failure.originAttributes, failure.leaf, true);
      this.exceptions.push({ host, port, attributes, sha256, originAttributes: failure.originAttributes });
      return { added: true, why: '' };
    }

    clearExceptions() {
      const gone = this.exceptions.splice(0);
      for (const e of gone) lazy.overrides.clearValidityOverride(e.host, e.port, e.originAttributes);
      // A connection that was let through must not serve another request.
      if (gone.length) Services.obs.notifyObservers(null, 'net:prune-all-connections');
      return gone.length;
    }

    /* Is there an exception for host and port, of whatever origin, that we did not store: the user's, or an earlier session's? */
    hasOtherException(host, port) {
      const isOurs = (o) => this.exceptions.some((e) => e.sha256 === hex(o.fingerprint) && e.attributes === toSuffix(o.originAttributes)
        && e.host === host && e.port === port);
      return lazy.overrides.getOverrides().some((o) => o.asciiHost.toLowerCase() === host && o.port === port && !isOurs(o));
    }

    getRequest(requestId, context) {
      const wrapper = ChannelWrapper.getRegisteredChannel(requestId, this.extension.policy, context.xulBrowser.frameLoader.remoteTab);
      const channel = wrapper?.channel;
      return channel ? { origin: describeOrigin(channel), proxy: describeProxy(channel) } : null;
    }

    getAPI(context) {
      // What a page, an exit or a user can cause ends as "not known", never as an exception in the extension.
      const quiet = (otherwise, run) => async (...args) => {
        try {
          return await run(...args);
        } catch {
          return otherwise;
        }
      };
      return {
        secondexit: {
          getFailure: quiet(null, (tabId, url) => this.getFailure(tabId, url)),
          getRequest: quiet(null, (requestId) => this.getRequest(requestId, context)),
          addException: quiet({ added: false, why: 'failed' }, (...args) => this.addException(...args)),
          hasOtherException: quiet(true, (...args) => this.hasOtherException(...args)),
          clearExceptions: quiet(0, () => this.clearExceptions()),
          forget: quiet(null, () => { this.failures.clear(); return null; }),
          hideNativeBypass: quiet(false, (hide) => {
            if (hide !== this.bypass.isOn) hide ? this.bypass.start() : this.bypass.stop();
            return this.bypass.isHidden;
          }),
          newCircuit: quiet(false, newTorBrowserCircuit),
          setAutocopy: quiet(false, (on) => this.autocopy.set(on)),
          blankPrimary: quiet(false, blankPrimary),
        },
      };
    }
  };
})();
