/* The privileged part for downloads: browser.secondexitDownloads, run in the browser's own process. Firefox asks its download integration, after the
 * last byte and before NAME.part becomes NAME, whether a reputation service wants the file blocked. Our answer is a promise that stays
 * pending until the extension has a verdict. It lives here, so that no process that is killed and no extension that is taken away can turn a held file
 * into a finished one: the end of the extension is the end of what it held. API.md is the contract. */
/* globals ExtensionAPI, ExtensionCommon, ChromeUtils, Services, Cc, Ci, IOUtils */
'use strict';

var secondexitDownloads = (() => {
  // A file without a .part has its name while we ask: so the question is short.
  const BARE_LIMIT_MS = 10000;
  // From our answer until Firefox has carried it out: a few turns of the loop.
  const REFUSING_MS = 5000;
  const URL_MAX = 16384;
  const REDIRECTS_MAX = 64;

  const { setTimeout, clearTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
  const { Integration } = ChromeUtils.importESModule('resource://gre/modules/Integration.sys.mjs');
  const { Downloads } = ChromeUtils.importESModule('resource://gre/modules/Downloads.sys.mjs');
  const verdicts = Ci.nsIApplicationReputationService;
  const lazy = {};
  ChromeUtils.defineLazyGetter(lazy, 'overrides', () => Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService));

  const refused = () => ({ shouldBlock: true, verdict: verdicts.VERDICT_POTENTIALLY_UNWANTED });

  function redirectsOf(download) {
    const found = [];
    try {
      const list = download.saver.getRedirects();
      for (let i = 0; list && i < Math.min(list.length, REDIRECTS_MAX); i++) {
        found.push(list.queryElementAt(i, Ci.nsIRedirectHistoryEntry).principal.URI.spec.slice(0, URL_MAX));
      }
    } catch {
      // A saver that doesn't know.
    }
    return found;
  }

  /* Whether an exception, whoever stored it, could have let that URL's connection pass. */
  function hasException(url) {
    try {
      const uri = Services.io.newURI(url);
      if (!uri.schemeIs('https')) return false;
      const port = uri.port === -1 ? 443 : uri.port;
      return lazy.overrides.getOverrides().some((o) => o.asciiHost.toLowerCase() === uri.asciiHost.toLowerCase() && o.port === port);
    } catch {
      return true;
    }
  }

  const referrerOf = (source) => {
    const principal = source.loadingPrincipal;
    return (source.referrerInfo?.originalReferrer?.spec ?? (principal?.isContentPrincipal ? principal.URI.spec : '')).slice(0, URL_MAX);
  };

  function removeNow(path) {
    try {
      const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile);
      file.initWithPath(path);
      if (file.exists()) file.remove(false);
    } catch {
      // Nothing there, or Firefox removes it itself.
    }
  }

  class Holds {
    #held = new Map();        // id → {download, settle, info}
    #growing = new Map();     // Download → id: bytes of it have come, and the extension was told
    // Download → {isAgain, isAllowed, chain, isTold}. Firefox asks again ("Try again", "Resume", after a restart) for the last URL of a chain, and that one an exit may
    // have chosen: then the first one is the one of before, or not known.
    #seen = new WeakMap();
    // Not the numbers of an earlier run: what the extension remembers of those is not about these.
    #next = 1 + Math.floor(Math.random() * 2 ** 30);
    #refusing = 0;
    isOver = false;
    onGrowing = () => {};
    onHeld = () => {};
    onReleased = () => {};

    /* What Firefox asks. Resolves when there is a verdict. */
    async ask(download, theirs) {
      if (theirs.shouldBlock) return theirs;
      if (this.isOver) return theirs;
      this.#seenOf(download).isHeld = true;
      const { target } = download;
      const chain = this.#chainOf(download);
      const part = target.partFilePath || '';
      // What lies there; the browser's own count may lag behind.
      const { size } = await IOUtils.stat(part || target.path);
      const isGood = await new Promise((resolve) => {
        const id = this.#growing.get(download) ?? this.#next++;
        this.#growing.delete(download);
        const info = { id, ...this.#infoOf(download, chain), size };
        let timer = null;
        const settle = (isRight) => {
          if (!this.#held.delete(id)) return false;
          clearTimeout(timer);
          resolve(isRight);
          return true;
        };
        this.#held.set(id, { download, settle, info });
        if (!part) timer = setTimeout(() => settle(false), BARE_LIMIT_MS);
        this.onHeld(info);
      });
      if (isGood && !download.canceled && !this.isOver) return theirs;
      // First the bytes, then the answer: Firefox's own "Allow" finds nothing to give a name to.
      this.#refusing++;
      setTimeout(() => this.#refusing--, REFUSING_MS);
      await IOUtils.remove(part || target.path, { ignoreAbsent: true }).catch(() => {});
      return refused();
    }

    #infoOf(download, { redirects, isFirstKnown }) {
      const { source, target } = download;
      const part = target.partFilePath || '';
      return {
        url: String(source.url).slice(0, URL_MAX), redirects, referrer: referrerOf(source), path: target.path, partPath: part || target.path, hasPart: Boolean(part), isFirstKnown,
        isAllowed: this.#seenOf(download).isAllowed, contentType: download.contentType ?? '', private: source.isPrivate ? 1 : 0, hasException: [source.url, ...redirects].some(hasException),
      };
    }

    /* The first bytes are there: it may be compared while the rest comes. Once for each; one that is asked for again waits for its end. */
    async #grows(download) {
      const seen = this.#seenOf(download);
      const part = download.target.partFilePath;
      if (this.isOver || seen.isTold || seen.isAgain || !part || download.stopped || !download.currentBytes) return;
      seen.isTold = true;
      if (!await IOUtils.exists(part).catch(() => false)) {
        seen.isTold = false;
        return;
      }
      // Meanwhile it may have ended, or be held.
      if (this.isOver || seen.isHeld || download.stopped) return;
      const id = this.#next++;
      this.#growing.set(download, id);
      this.onGrowing({ id, ...this.#infoOf(download, { redirects: redirectsOf(download), isFirstKnown: true }), size: null });
    }

    /* Whether Firefox may keep what it blocks: not what we refuse. */
    get isKeeping() { return this.#refusing === 0; }

    #seenOf(download) {
      if (!this.#seen.has(download)) this.#seen.set(download, { isAgain: false, isAllowed: false, chain: null, isTold: false, isHeld: false });
      return this.#seen.get(download);
    }

    /* isOld: it was there before us. */
    added(download, isOld) {
      const seen = this.#seenOf(download);
      seen.isAgain ||= isOld;
    }

    /* What came before its URL, the first one first. */
    #chainOf(download) {
      const redirects = redirectsOf(download);
      const seen = this.#seenOf(download);
      if (seen.chain) return { redirects: seen.chain, isFirstKnown: true };
      if (seen.isAgain) return { redirects, isFirstKnown: false };
      if (seen.isAllowed) return { redirects, isFirstKnown: true };
      seen.chain = redirects;
      return { redirects, isFirstKnown: true };
    }

    list() { return [...this.#held.values()].map(({ info }) => info); }

    settle(id, isGood) {
      const held = this.#held.get(id);
      const [growing] = [...this.#growing].find(([, its]) => its === id) ?? [];
      if (growing && !isGood) {
        growing.cancel().then(() => growing.removePartialData()).catch(() => {});
        return true;
      }
      // A target without a .part has its name already: what needs a check is refused there (the extension says so), what needs none is right.
      return held ? held.settle(isGood) : false;
    }

    /* The user cancelled it in the browser's own panel, or the browser did. */
    changed(download) {
      // Firefox's own block of an insecure download comes before all of it: its "Allow" asks again, and what was asked before the extension has seen.
      if (download.error?.reputationCheckVerdict === Downloads.Error?.BLOCK_VERDICT_INSECURE) this.#seenOf(download).isAllowed = true;
      else if (download.canceled || download.error) this.#seenOf(download).isAgain = true;
      this.#grows(download);
      if (this.#growing.has(download) && (download.canceled || download.error)) {
        const id = this.#growing.get(download);
        this.#growing.delete(download);
        this.onReleased(id);
      }
      if (!download.canceled) return;
      for (const [id, held] of this.#held) {
        if (held.download !== download) continue;
        removeNow(held.info.partPath);
        held.settle(false);
        this.onReleased(id);
      }
    }

    /* Nothing that is held gets its name any more. Nothing here waits: the process may end. */
    refuseAll() {
      for (const held of [...this.#held.values()]) {
        removeNow(held.info.partPath);
        held.settle(false);
      }
    }
  }

  return class extends ExtensionAPI {
    holds = new Holds();
    #listeners = { growing: new Set(), held: new Set(), released: new Set() };

    onStartup() {
      const { holds } = this;
      this.override = (base) => ({
        __proto__: base,
        async shouldBlockForReputationCheck(download) {
          try {
            return await holds.ask(download, await super.shouldBlockForReputationCheck(download));
          } catch {
            return refused();
          }
        },
        shouldKeepBlockedData() { return holds.isKeeping && super.shouldKeepBlockedData(); },
      });
      Integration.downloads.register(this.override);
      holds.onGrowing = (info) => this.#tell('growing', info);
      holds.onHeld = (info) => this.#tell('held', info);
      holds.onReleased = (id) => this.#tell('released', id);
      let isOld = true;
      this.view = { onDownloadAdded: (download) => holds.added(download, isOld), onDownloadChanged: (download) => holds.changed(download), onDownloadRemoved: (download) => holds.changed(download) };
      this.list = Downloads.getList(Downloads.ALL).then(async (list) => {
        // It is told of those that are there already while it is added.
        await list.addView(this.view);
        isOld = false;
        return list;
      });
      Services.obs.addObserver(this, 'quit-application');
    }

    /* The browser ends. */
    observe() {
      this.holds.isOver = true;
      this.holds.refuseAll();
    }

    onShutdown() {
      this.holds.isOver = true;
      this.holds.refuseAll();
      try {
        Services.obs.removeObserver(this, 'quit-application');
      } catch {
        // never started
      }
      // Firefox still has to hear from us that nothing of what was refused is kept.
      setTimeout(() => Integration.downloads.unregister(this.override), REFUSING_MS);
      this.list?.then((list) => list.removeView(this.view)).catch(() => {});
    }

    #tell(what, value) {
      for (const fire of this.#listeners[what]) fire.async(value);
      if (this.#listeners[what].size === 0) this.extension.wakeupBackground?.();
    }

    getAPI(context) {
      const event = (name, what) => new ExtensionCommon.EventManager({
        context,
        name,
        register: (fire) => {
          this.#listeners[what].add(fire);
          return () => this.#listeners[what].delete(fire);
        },
      }).api();
      return {
        secondexitDownloads: {
          onGrowing: event('secondexitDownloads.onGrowing', 'growing'),
          onHeld: event('secondexitDownloads.onHeld', 'held'),
          onReleased: event('secondexitDownloads.onReleased', 'released'),
          held: async () => this.holds.list(),
          settle: async (id, isGood) => this.holds.settle(id, isGood),
          refuseAll: async () => { this.holds.refuseAll(); },
        },
      };
    }
  };
})();
