// Copied addresses on insecure pages, in a real browser: what reaches the clipboard, by every way that people and pages have.
// Hostile pages first; each case reads the real clipboard afterwards.

import test from 'node:test';
import assert from 'node:assert/strict';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { CopyWindow, clipboardOf, copyWindow, fillClipboard, press, select, textOn } from './clipboard.mjs';
import { ADDRESS, HTTP, OTHER, PREFS, hostilePage, pageOf } from './copypages.mjs';

const QUIET_MS = 350;                 // longer than any copy that is let through takes
const BEFORE = 'what was there before';

withEditions((edition, its) => {
  let tab = null, name = '';

  /** The page with everything on it, in a tab of its own, and a clipboard that is known. */
  async function open(body = hostilePage(), { path = '/', pages = {}, url } = {}) {
    const { firefox, origin } = its();
    name = freshName('copy');
    origin.site(name, { pages: { [path]: () => ['text/html; charset=utf-8', pageOf(body)], ...pages } });
    tab = await firefox.open(url ?? `http://${name}:${HTTP}${path}`);
    await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: 'the page' });
    await fillClipboard(firefox, BEFORE);
    await fillClipboard(firefox, BEFORE, 'selection');
    return tab;
  }

  /** Our window says why, and the clipboard is as it was. */
  async function held({ how = 'copy', coin = 'Bitcoin', problem = '' } = {}) {
    const { firefox } = its();
    const window = await CopyWindow.wait(firefox);
    const { how: shownHow, coin: shownCoin, problem: shownProblem, text } = window.last;
    assert.deepEqual([shownHow, shownCoin, shownProblem], [how, coin, problem], text);
    assert.equal(await textOn(firefox), BEFORE, 'something reached the clipboard');
    if (coin) assert.ok(text.includes('1A1zP1 … DivfNa') || text.includes('1BvBMS … aNVN2'), text);
    await window.close();
    await until(async () => !(await copyWindow(firefox)), { what: 'our window gone' });
    await tab.front();
    return window.last;
  }

  async function quiet() {
    const { firefox } = its();
    await sleep(QUIET_MS);
    const window = await copyWindow(firefox);
    assert.equal(window && (await window.state()).text, null, 'a window opened');
  }

  /** Loads a page of ours' making into the script that a click on #go runs. */
  const onGo = (run, ...args) => tab.eval((source, given) => {
    // eslint-disable-next-line no-eval
    document.getElementById('go').onclick = () => { window.answer = (0, window.eval)(source)(...given); };
  }, `(${run})`, args);
  const go = () => tab.click('#go');

  test('an address is not copied: from a paragraph, a field, a text area, split by spaces, by shortcut', async () => {
    await open();
    for (const id of ['#address', '#area', '#field', '#grouped', '#zero', '#inlines']) {
      await select(tab, id);
      await press(tab, 'c');
      await held();
    }
  });

  test('a token of 64 digits alone: held where the page says beside it that it is an address; a checksum is copied', async () => {
    const { firefox } = its();
    await open();
    await select(tab, '#near');
    await press(tab, 'c');
    const window = await CopyWindow.wait(firefox);
    assert.deepEqual([window.last.coin, window.last.problem], ['NEAR', ''], window.last.text);
    assert.match(window.last.text, /4f1bc2 … d7e8|4f1bc2 … b5c6d7e8|4f1bc2 … c6d7e8/);
    assert.equal(await textOn(firefox), BEFORE);
    await window.close();
    await until(async () => !(await copyWindow(firefox)), { what: 'our window gone' });
    await tab.front();
    await select(tab, '#digest');
    await press(tab, 'c');
    await until(async () => (await textOn(firefox)).startsWith('9c56cc51'), { what: 'the checksum' });
    await quiet();
  });

  test('ordinary text stays native, formats and all; no window', async () => {
    const { firefox } = its();
    await open();
    await select(tab, '#prose');
    await press(tab, 'c');
    await until(async () => (await textOn(firefox)) !== BEFORE, { what: 'the copy' });
    const { 'text/plain': text, 'text/html': html } = await clipboardOf(firefox);
    assert.equal(text, 'Ordinary rich prose with a link, written in 2019.');
    assert.match(html, /Ordinary <b>rich<\/b> prose with <a href="http:\/\/[^"]+\/x">a link<\/a>/);
    await quiet();
  });

  test('long runs that are no address: held for a moment, then written, with every flavour', async () => {
    const { firefox } = its();
    await open();
    await select(tab, '#token');
    await press(tab, 'c');
    await until(async () => (await textOn(firefox)) !== BEFORE, { what: 'the copy' });
    const { 'text/plain': text, 'text/html': html } = await clipboardOf(firefox);
    assert.match(text, /^Your ticket is 9f3c8a52b1d04e67/);
    assert.match(html, /<b>ticket<\/b>/);
    await quiet();
  });

  test('cut: the address stays in its field; what is harmless is cut', async () => {
    const { firefox } = its();
    await open();
    await select(tab, '#area');
    await press(tab, 'x');
    await held({ how: 'cut' });
    assert.equal(await tab.eval(() => document.getElementById('area').value), ADDRESS);
    await select(tab, '#harmless');
    await press(tab, 'x');
    await until(async () => (await textOn(firefox)) !== BEFORE, { what: 'the cut' });
    await until(() => tab.eval(() => document.getElementById('harmless').value === ''), { what: 'the text gone' });
    await quiet();
  });

  test('a page that copies by script, swaps the text, moves the selection, hides it in another format', async () => {
    await open();
    await onGo((address) => {
      const area = document.body.appendChild(document.createElement('textarea'));
      area.value = address;
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      return done;
    }, ADDRESS);
    await go();
    await held();

    const hostile = {
      'swaps the text': (e, address) => { e.preventDefault(); e.clipboardData.setData('text/plain', address); },
      'puts it into the markup alone': (e, address) => { e.preventDefault(); e.clipboardData.setData('text/plain', 'hello'); e.clipboardData.setData('text/html', `<b>${address}</b>`); },
      'puts it into the markup, cut by tags': (e, address) => { e.preventDefault(); e.clipboardData.setData('text/plain', 'hello'); e.clipboardData.setData('text/html', address.replace(/.{5}/g, '$&<b></b>')); },
      'puts it into the markup, in numbers': (e, address) => { e.preventDefault(); e.clipboardData.setData('text/plain', 'hello'); e.clipboardData.setData('text/html', [...address].map((c) => `&#${c.charCodeAt(0)};`).join('')); },
      'puts it into an attribute': (e, address) => { e.preventDefault(); e.clipboardData.setData('text/html', `<a href="bitcoin:${address}">hello</a>`); e.clipboardData.setData('text/plain', 'hello'); },
      'puts it into a format of its own': (e, address) => { e.preventDefault(); e.clipboardData.setData('text/plain', 'hello'); e.clipboardData.setData('application/x-wallet', address); },
      'moves the selection': () => { getSelection().selectAllChildren(document.getElementById('address')); },
      'fills the selected text': (e, address) => { document.getElementById('prose').firstChild.data = address; },
      'stops the event': (e, address) => { e.stopImmediatePropagation(); e.preventDefault(); e.clipboardData.setData('text/plain', address); },
    };
    for (const [what, handler] of Object.entries(hostile)) {
      await tab.eval((source, address) => {
        window.forget?.();
        const run = (0, window.eval)(source);
        const listener = (e) => run(e, address);
        for (const target of [window, document]) target.addEventListener('copy', listener, true);
        window.forget = () => { for (const target of [window, document]) target.removeEventListener('copy', listener, true); };
      }, `(${handler})`, ADDRESS);
      await select(tab, '#prose');
      await press(tab, 'c');
      await held().catch((e) => { throw new Error(`a page that ${what}: ${e.message}`, { cause: e }); });
    }
  });

  // A headless Firefox keeps no format but text and markup: that others are written as well is to be seen under node (ext-clip).
  test('a page with a harmless handler of its own: what it set is written, at once', async () => {
    const { firefox } = its();
    await open();
    await tab.eval(() => document.addEventListener('copy', (e) => {
      e.preventDefault();
      e.clipboardData.setData('text/plain', 'from the page');
      e.clipboardData.setData('application/x-own', 'its own');
    }));
    await select(tab, '#prose');
    await press(tab, 'c');
    await until(async () => (await textOn(firefox)) === 'from the page', { what: 'the copy' });
    await quiet();
  });

  test('shadow trees, open and closed; text that can’t be selected; everything selected', async () => {
    await open();
    await tab.eval(() => {
      const range = document.createRange();
      range.selectNodeContents(document.getElementById('open').shadowRoot.querySelector('p'));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    });
    await press(tab, 'c');
    await held();
    await tab.eval(() => { window.closedRoot.querySelector('textarea').focus(); window.closedRoot.querySelector('textarea').select(); });
    await press(tab, 'c');
    await held();
    await onGo(() => {
      const area = document.body.appendChild(document.createElement('textarea'));
      area.value = document.getElementById('unselectable').textContent;
      area.select();
      return document.execCommand('copy');
    });
    await go();
    await held();
  });

  test('frames that the page makes: fresh, in a closed shadow tree, srcdoc, data:, blob:', async () => {
    const { firefox } = its();
    await open();
    // At the click itself such a frame has no right to copy.
    await onGo((address) => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      const area = frame.contentDocument.body.appendChild(frame.contentDocument.createElement('textarea'));
      area.value = address;
      area.select();
      return frame.contentDocument.execCommand('copy');
    }, ADDRESS);
    await go();
    await sleep(QUIET_MS);
    assert.equal(await textOn(firefox), BEFORE);
    for (const isHidden of [false, true]) {
      await tab.eval((hidden) => {
        const place = hidden ? document.body.appendChild(document.createElement('div')).attachShadow({ mode: 'closed' }) : document.body;
        const frame = place.appendChild(document.createElement('iframe'));
        window.freshFrame = frame;
      }, isHidden);
      // Older browsers put another blank document into it a moment later.
      await sleep(100);
      await tab.eval(() => {
        window.freshDocument = window.freshFrame.contentDocument;
        window.freshArea = window.freshDocument.body.appendChild(window.freshDocument.createElement('textarea'));
      });
      await onGo((address) => {
        window.freshArea.value = address;
        window.freshArea.select();
        return window.freshDocument.execCommand('copy');
      }, ADDRESS);
      await go();
      await held();
      await tab.eval(() => { window.freshArea.blur(); window.focus(); });
    }
    for (const src of ['srcdoc', 'data', 'blob']) {
      await tab.eval((kind, address) => {
        const html = `<body><textarea id=a>${address}</textarea><script>onmessage = () => { a.select(); document.execCommand('copy'); }<\/script>`;
        const frame = document.createElement('iframe');
        if (kind === 'srcdoc') frame.srcdoc = html;
        if (kind === 'data') frame.src = `data:text/html,${encodeURIComponent(html)}`;
        if (kind === 'blob') frame.src = URL.createObjectURL(new Blob([html], { type: 'text/html' }));
        frame.id = kind;
        document.body.prepend(frame);
        return new Promise((resolve) => { frame.onload = () => resolve(1); });
      }, src, ADDRESS);
      await sleep(100);
      await tab.click(`#${src}`);
      await press(tab, 'a');
      await press(tab, 'c');
      await held().catch((e) => { throw new Error(`${src}: ${e.message}`, { cause: e }); });
      await tab.eval((id) => document.getElementById(id).remove(), src);
    }
  });

  test('a drag of the address does not begin; nor one that the page fills', async () => {
    const { firefox } = its();
    await open();
    const drag = async (id) => {
      const at = await tab.eval((s) => {
        document.querySelector(s).scrollIntoView({ block: 'center' });
        const r = document.querySelector(s).getBoundingClientRect();
        return { x: Math.round(r.x + 20), y: Math.round(r.y + r.height / 2) };
      }, id);
      await firefox.send('input.performActions', { context: tab.id, actions: [{ type: 'pointer', id: 'mouse', actions: [
        { type: 'pointerMove', ...at }, { type: 'pointerDown', button: 0 }, { type: 'pointerMove', x: at.x + 15, y: at.y + 4, duration: 40 },
        { type: 'pointerMove', x: at.x + 60, y: at.y + 60, duration: 80 }, { type: 'pointerUp', button: 0 }] }] });
    };
    await select(tab, '#address');
    await drag('#address');
    await held({ how: 'drag' });
    await tab.eval((address) => document.addEventListener('dragstart', (e) => { e.dataTransfer.setData('text/plain', address); }), ADDRESS);
    await drag('#draggable');
    await held({ how: 'drag' });
  });

  test('payment links: a click, a click by script, the menu', async () => {
    const { firefox } = its();
    await open();
    await tab.click('#pay');
    await held({ how: 'link' });
    await onGo(() => document.getElementById('pay').click());
    await go();
    await held({ how: 'link' });
    const at = await tab.eval(() => {
      const r = document.getElementById('pay').getBoundingClientRect();
      return { x: Math.round(r.x + r.width / 2), y: Math.round(r.y + r.height / 2) };
    });
    await firefox.send('input.performActions', { context: tab.id, actions: [{ type: 'pointer', id: 'mouse', actions: [
      { type: 'pointerMove', ...at }, { type: 'pointerDown', button: 2 }, { type: 'pointerUp', button: 2 }] }] });
    await held({ how: 'menu' });
    assert.match(await tab.eval(() => document.getElementById('pay').href), /^bitcoin:/, 'the link is whole again');
  });

  test('selecting is copying on this system: an address does not stay there', async () => {
    const { firefox } = its();
    await open();
    await tab.click('#area');
    await press(tab, 'a');
    await until(async () => !(await textOn(firefox, 'selection')).includes(ADDRESS.slice(0, 10)), { what: 'no address in the selection' });
    await sleep(QUIET_MS);
    assert.ok(!(await textOn(firefox, 'selection')).includes(ADDRESS.slice(0, 10)));
    assert.equal(await textOn(firefox), BEFORE);
  });

  test('an insecure PDF is offered as a download; JSON is shown as text, guarded', async () => {
    const { firefox } = its();
    await open(hostilePage(), { pages: {
      '/a.pdf': () => ['application/pdf', Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n')],
      '/a.json': () => ['application/json', JSON.stringify({ address: ADDRESS })],
    } });
    await firefox.chrome(() => Services.prefs.setBoolPref('browser.download.useDownloadDir', true));
    const pdf = await firefox.open(`http://${name}:${HTTP}/a.pdf`);
    await sleep(1200);
    assert.notEqual(await pdf.now(() => document.contentType).catch(() => ''), 'application/pdf');
    assert.equal(await pdf.now(() => Boolean(document.getElementById('viewerContainer'))).catch(() => false), false, 'the viewer shows it');
    await pdf.close();
    await fillClipboard(firefox, BEFORE);
    const json = await firefox.open(`http://${name}:${HTTP}/a.json`);
    await json.wait(() => document.body?.innerText.includes('address'), { what: 'the text' });
    tab = json;
    await json.front();
    await json.click('pre');
    await press(json, 'a');
    await press(json, 'c');
    await held();
  });

  test('secure pages are left alone: valid https', async () => {
    const { firefox, origin } = its();
    name = freshName('secure');
    origin.site(name, { first: 'valid', others: 'valid', pages: { '/': () => ['text/html; charset=utf-8', pageOf(hostilePage())] } });
    tab = await firefox.open(`https://${name}:18443/`);
    await tab.wait(() => Boolean(document.getElementById('end')), { what: 'the page' });
    await sleep(200);
    await fillClipboard(firefox, BEFORE);
    for (const id of ['#address', '#area']) {
      await fillClipboard(firefox, BEFORE);
      await select(tab, id);
      await press(tab, 'c');
      await until(async () => (await textOn(firefox)).includes(ADDRESS), { what: 'a native copy' });
    }
    await quiet();
    await fillClipboard(firefox, BEFORE);
    await onGo((address) => navigator.clipboard.writeText(address), OTHER);
    await go();
    await until(async () => (await textOn(firefox)) === OTHER, { what: 'the page’s own copy' });
    await quiet();
  });
}, { firefox: { prefs: PREFS } });
