// Which pages are insecure, and what happens to a copy when nobody can look at it: certificates let pass, scripts that came insecurely,
// a host that is missing, killed, of another version, silent.

import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { OURS } from './firefox.mjs';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { CopyWindow, copyWindow, fillClipboard, press, select, textOn } from './clipboard.mjs';
import { ADDRESS, HTTP, PREFS, hostilePage, pageOf } from './copypages.mjs';

const BEFORE = 'what was there before';
const HERE = path.dirname(new URL(import.meta.url).pathname);

withEditions((edition, its) => {
  async function show(url) {
    const { firefox } = its();
    const tab = await firefox.open(url);
    await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: url });
    await sleep(150);
    await fillClipboard(firefox, BEFORE);
    return tab;
  }

  async function held(tab, { how = 'copy', problem = '' } = {}) {
    const { firefox } = its();
    const window = await CopyWindow.wait(firefox);
    assert.deepEqual([window.last.how, window.last.problem], [how, problem], window.last.text);
    assert.equal(await textOn(firefox), BEFORE, 'something reached the clipboard');
    await window.close();
    await until(async () => !(await copyWindow(firefox)), { what: 'our window gone' });
    await tab.front();
    return window.last;
  }

  const copy = async (tab, id = '#address') => {
    await select(tab, id);
    await press(tab, 'c');
  };

  async function plainPage(spec = {}) {
    const { origin } = its();
    const name = freshName('trust');
    origin.site(name, { pages: { '/': () => ['text/html; charset=utf-8', pageOf(hostilePage())] }, ...spec });
    return { name, tab: await show(`http://${name}:${HTTP}/`) };
  }

  /** An https page whose certificate a stored exception lets pass, though no match was found. */
  async function overriddenPage() {
    const { firefox, origin } = its();
    const name = freshName('expired');
    origin.site(name, { first: 'expired', others: 'expired', pages: { '/': () => ['text/html; charset=utf-8', pageOf(hostilePage())] } });
    await firefox.storeException({ host: name, port: 18443, pem: origin.certificate('expired', name).pem });
    return { name, tab: await show(`https://${name}:18443/`) };
  }

  test('https with a certificate that an exception let pass: copies, and the page’s own clipboard functions', async () => {
    const { firefox } = its();
    const { tab } = await overriddenPage();
    await copy(tab);
    await held(tab);
    const calls = {
      writeText: (address) => navigator.clipboard.writeText(address),
      'an object that turns into text': (address) => navigator.clipboard.writeText({ toString: () => address }),
      write: (address) => navigator.clipboard.write([new ClipboardItem({ 'text/plain': new Blob([address], { type: 'text/plain' }) })]),
      'write of a promise': (address) => navigator.clipboard.write([new ClipboardItem({ 'text/html': Promise.resolve(new Blob([`<a href="bitcoin:${address}">x</a>`], { type: 'text/html' })) })]),
      'the prototype’s function': (address) => Clipboard.prototype.writeText.call(navigator.clipboard, address),
      'a fresh frame’s function': (address) => window.stolen.call(window.stolenFrom, address),
      'a fresh frame’s, by number': (address) => window.stolenByNumber.call(window.stolenFrom, address),
      'a fresh frame’s, out of markup': (address) => window.stolenOfMarkup.call(window.stolenFrom, address),
    };
    await tab.eval(() => {
      const first = document.body.appendChild(document.createElement('iframe')).contentWindow;
      window.stolen = first.Clipboard.prototype.writeText;
      window.stolenFrom = first.navigator.clipboard;
      document.body.append(document.createElement('iframe'));
      window.stolenByNumber = window[window.length - 1].Clipboard.prototype.writeText;
      document.body.insertAdjacentHTML('beforeend', '<iframe></iframe>');
      window.stolenOfMarkup = window[window.length - 1].Clipboard.prototype.writeText;
    });
    for (const [what, call] of Object.entries(calls)) {
      await tab.eval((source, address) => {
        const run = (0, window.eval)(source);
        document.getElementById('go').onclick = () => { window.outcome = ''; run(address).then(() => { window.outcome = 'done'; }, (e) => { window.outcome = e.name; }); };
      }, `(${call})`, ADDRESS);
      await tab.click('#go');
      await held(tab, { how: 'script' }).catch((e) => { throw new Error(`${what}: ${e.message}`, { cause: e }); });
      assert.equal(await tab.eval(() => window.outcome), 'NotAllowedError', what);
    }
    await tab.eval(() => { document.getElementById('go').onclick = () => navigator.clipboard.writeText('harmless words').then(() => { window.outcome = 'harmless'; }); });
    await tab.click('#go');
    await until(async () => (await textOn(firefox)) === 'harmless words', { what: 'what is harmless' });
    assert.equal(await tab.eval(() => window.outcome), 'harmless');
  });

  test('without a click no window opens for a page’s clipboard functions', async () => {
    const { firefox } = its();
    const { tab } = await overriddenPage();
    const outcome = await tab.eval((address) => navigator.clipboard.writeText(address).then(() => 'done', (e) => e.name), ADDRESS);
    assert.equal(outcome, 'NotAllowedError');
    await sleep(300);
    assert.equal(await copyWindow(firefox), null);
    assert.equal(await textOn(firefox), BEFORE);
  });

  test('an https page that loads a script over http is insecure from then on; its images may come as they like', async () => {
    const { firefox, origin } = its();
    await firefox.chrome(() => {
      Services.prefs.setBoolPref('security.mixed_content.block_active_content', false);
      Services.prefs.setBoolPref('security.mixed_content.upgrade_display_content', false);
    });
    const [helper, name, images] = [freshName('script'), freshName('mixed'), freshName('images')];
    const add = (html) => () => ['text/html; charset=utf-8', pageOf(`${hostilePage()}${html}`)];
    origin.site(helper, { pages: { '/s.js': () => ['text/javascript', 'document.documentElement.dataset.script = "ran"'] } });
    origin.site(images, { pages: { '/': add(`<img src="http://${helper}:${HTTP}/img.png">`) } });
    origin.site(name, { pages: { '/': add('') } });
    const fine = await show(`https://${images}:18443/`);
    await copy(fine);
    await until(async () => (await textOn(firefox)).includes(ADDRESS), { what: 'a native copy beside an image' });
    const tab = await show(`https://${name}:18443/`);
    await copy(tab);
    await until(async () => (await textOn(firefox)).includes(ADDRESS), { what: 'a native copy before' });
    await fillClipboard(firefox, BEFORE);
    await tab.eval((src) => new Promise((resolve) => { Object.assign(document.head.appendChild(document.createElement('script')), { src, onload: resolve, onerror: resolve }); }),
      `http://${helper}:${HTTP}/s.js`);
    assert.equal(await tab.eval(() => document.documentElement.dataset.script), 'ran');
    await copy(tab);
    await held(tab);
    await tab.eval((address) => { document.getElementById('go').onclick = () => navigator.clipboard.writeText(address).catch(() => {}); }, ADDRESS);
    await tab.click('#go');
    await held(tab, { how: 'script' });
    await firefox.chrome(() => Services.prefs.clearUserPref('security.mixed_content.block_active_content'));
  });

  test('a blank window that an insecure page opened', async () => {
    const { firefox } = its();
    const { tab } = await plainPage();
    const before = new Set((await firefox.tabs()).map((t) => t.id));
    await tab.eval(() => { document.getElementById('go').onclick = () => { window.opened = window.open('about:blank'); }; });
    await tab.click('#go');
    const opened = await until(async () => (await firefox.tabs()).find((t) => !before.has(t.id)), { what: 'the blank window' });
    // Older browsers put another blank document into it a moment later.
    await sleep(400);
    await tab.eval((address) => { window.opened.document.body.appendChild(window.opened.document.createElement('p')).textContent = address; }, ADDRESS);
    await opened.wait(() => Boolean(document.querySelector('p')), { what: 'its text' });
    await opened.front();
    await select(opened, 'p');
    await press(opened, 'c');
    await held(opened);
  });

  test('a site that the user wants left alone: copies go through, its certificate is exempt; taken off the list, both are as before', async () => {
    const { firefox, visit, origin } = its();
    const { name, tab } = await plainPage();
    await copy(tab);
    await held(tab);
    const options = await firefox.open(`${OURS}ui/options.html`);
    await options.wait(() => Boolean(document.getElementById('exclusion')), { limit: 20000, what: 'the options' });
    const say = async (text) => {
      await options.eval((t) => { document.getElementById('exclusion').value = t; }, text);
      await options.click('#exclude');
    };
    await say('nonsense');
    await options.wait(() => document.getElementById('exclusion-why').textContent !== '', { what: 'the refusal' });
    assert.equal(await options.eval(() => document.querySelectorAll('#exclusions li').length), 0);
    await say(`http://${name}:${HTTP}/some/page`);
    await options.wait((host) => document.querySelector('#exclusions bdi')?.textContent === host, { limit: 20000, what: 'the list' }, name);
    // A click by a script is none.
    await options.eval(() => document.querySelector('#exclusions button').click());
    await tab.front();
    await tab.go(`http://${name}:${HTTP}/?again`);
    await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: 'the page again' });
    await sleep(150);
    await copy(tab);
    await until(async () => (await textOn(firefox)).includes(ADDRESS), { what: 'a native copy' });
    assert.equal(await copyWindow(firefox), null);
    // Its certificate: nobody is asked.
    const page = await visit({ first: 'self-signed', others: 'self-signed' }, { name });
    const state = await page.phase('done');
    assert.deepEqual([state.verdict, state.reason], ['exempt', 'user_exclusion'], state.text);
    assert.equal(origin.connections(name).filter((c) => c.role > 0 && c.handshake).length, 0);
    await options.front();
    await options.click('#exclusions button');
    await options.wait(() => !document.getElementById('exclusions'), { limit: 20000, what: 'an empty list' });
    await tab.front();
    await fillClipboard(firefox, BEFORE);
    await copy(tab);
    await held(tab);
  });

  test('host missing, of another version, silent, killed: what may hold an address stays held, and says why; prose goes through', async () => {
    const { firefox, host } = its();
    const { tab } = await plainPage();
    await copy(tab);
    await held(tab);
    await host.remove();
    await host.kill(firefox.pid);
    await sleep(200);
    await copy(tab);
    const missing = await held(tab, { problem: 'host_missing' });
    assert.match(missing.text, /clipboard still holds/);
    await select(tab, '#prose');
    await press(tab, 'c');
    await until(async () => (await textOn(firefox)).startsWith('Ordinary'), { what: 'prose' });
    await fillClipboard(firefox, BEFORE);
    for (const [options, problem] of [[['--protocol', '2'], 'host_version'], [['--silent'], 'host_hung']]) {
      await host.install();
      await host.point(process.execPath, [path.join(HERE, 'fake-host.mjs'), ...options]);
      await copy(tab);
      const { text } = await CopyWindow.wait(firefox, ['held'], { limit: 15000 }).then((w) => w.last);
      await held(tab, { problem });
      assert.ok(text.length > 0);
    }
    await host.install();
    await copy(tab);
    await held(tab);
    await host.kill(firefox.pid);
    await copy(tab);
    await held(tab);
  });
}, { firefox: { prefs: PREFS } });
