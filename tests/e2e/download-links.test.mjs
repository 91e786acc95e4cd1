// Every way in which a page makes the browser save something: links, the download attribute, a page's own data, forms, and the
// browser's own "Save … As", pressed in its menus. Secure and insecure pages, both editions.

import test from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { freshName, sleep, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, allowBlocked, clearBrowsersOwn, downloadFolder, filesUnder, setOptions } from './downloadpage.mjs';
import { pickFile, pressMenu, savePage } from './saving.mjs';
import { exe } from '../origin/files.mjs';

const HTTP = 18080;
const TLS = 18443;
const PDF = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n');
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

withEditions((edition, its) => {
  const isExact = edition === 'privileged';

  /** A site whose page has these elements; opened. files: as of tests/origin. */
  async function pageOf(body, { isSecure = false, files = {} } = {}) {
    const { firefox, origin } = its();
    const name = freshName(isSecure ? 'safe' : 'plain');
    origin.site(name, { first: 'valid', others: 'valid', files, pages: { '/': () => ['text/html; charset=utf-8', `<!doctype html><meta charset="utf-8"><title>links</title>${body}<p id="end">`] } });
    await clearBrowsersOwn(firefox);
    const page = new DownloadPage(firefox);
    await page.forget();
    const folder = await downloadFolder(firefox);
    const tab = await firefox.open(isSecure ? `https://${name}:${TLS}/` : `http://${name}:${HTTP}/`);
    await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: 'the page with the links' });
    await tab.front();
    await sleep(300);
    return { name, tab, page, folder };
  }

  /** A site with one file. */
  function siteOf(where, file) {
    const name = freshName('dl');
    const spec = { body: exe(), ...file };
    its().origin.site(name, { first: 'valid', others: 'valid', files: { [where]: spec } });
    return { spec, url: `http://${name}:${HTTP}${where}`, secureUrl: `https://${name}:${TLS}${where}` };
  }

  const finished = async (folder) => Object.entries(await filesUnder(folder)).filter(([name, bytes]) => !name.endsWith('.part') && bytes?.length);
  const link = (id, href, more = '', text = id) => `<p><a id="${id}" href="${href}" ${more}>${text}</a></p>`;

  /** Presses, waits for what our page says of that file (null: it must say nothing, and the file is there), and looks at the disk. */
  async function outcome({ page, folder }, press, name, expected, body) {
    await press();
    if (expected === null || expected.phase === 'noticed') await until(async () => (await finished(folder)).some(([, bytes]) => bytes.equals(body)), { limit: 20000, what: `${name}: the file` });
    if (expected === null) {
      await sleep(300);
      assert.deepEqual((await page.entries()).filter((e) => !page.known.has(e.id) && e.name === name), [], `${name}: our page says something`);
      return null;
    }
    const entry = await page.wait(name, (e) => e.phase === expected.phase, { limit: 20000 });
    for (const [key, value] of Object.entries(expected)) assert.equal(entry[key], value, `${name}: ${key} (${entry.text})`);
    if (expected.phase === 'prevented') {
      await until(async () => (await finished(folder)).every(([, bytes]) => !bytes.equals(body)), { what: `${name}: nothing of it on the disk` });
      await sleep(300);
      assert.ok((await finished(folder)).every(([, bytes]) => !bytes.equals(body)), `${name}: it came back`);
    }
    return entry;
  }

  test('links on an insecure page: programs prevented, documents with a notice, pictures as ever', { timeout: 120000 }, async () => {
    const files = {
      '/setup.exe': { body: exe(5001) }, '/doc.pdf': { body: PDF, type: 'application/pdf' }, '/pic.png': { body: PNG, type: 'image/png' },
      '/words': { body: exe(5002), type: 'text/plain' }, '/page': { body: Buffer.from('<title>a page</title><p>words'), type: 'text/html' },
    };
    const it = await pageOf(link('exe', '/setup.exe') + link('pdf', '/doc.pdf') + link('png', '/pic.png', 'download') + link('named', '/words', 'download="tool.exe"') + link('html', '/page', 'download="page.html"'), { files });
    const click = (id) => () => it.tab.click(`#${id}`);
    await outcome(it, click('exe'), 'setup.exe', { phase: 'prevented', why: 'link', link: 'insecure', class: 'executable' }, files['/setup.exe'].body);
    await outcome(it, click('pdf'), 'doc.pdf', { phase: 'noticed', link: 'insecure', class: 'other' }, PDF);
    await outcome(it, click('png'), 'pic.png', null, PNG);
    await outcome(it, click('named'), 'tool.exe', { phase: 'prevented', why: 'link', class: 'executable' }, files['/words'].body);
    await outcome(it, click('html'), 'page.html', null, files['/page'].body);
  });

  test('a page’s own data, of an insecure page: programs prevented, documents with a notice, pictures as ever; whatever they are called', { timeout: 120000 }, async () => {
    const programs = [exe(5003), exe(5004), exe(5005)];
    const base64 = (bytes) => bytes.toString('base64');
    const made = (id, bytes, type, name) => `<p><a id="${id}" download="${name}">${id}</a><script>
      document.getElementById('${id}').href = URL.createObjectURL(new Blob([Uint8Array.from(atob('${base64(bytes)}'), (c) => c.charCodeAt(0))], { type: '${type}' }));</script>`;
    const data = (id, bytes, type, name) => link(id, `data:${type};base64,${base64(bytes)}`, `download="${name}"`);
    const it = await pageOf(made('b-exe', programs[0], 'application/octet-stream', 'made.exe') + made('b-pdf', PDF, 'application/pdf', 'made.pdf') + made('b-png', PNG, 'image/png', 'made.png') +
      made('b-hidden', programs[1], 'image/png', 'photo.png') + data('d-exe', programs[2], 'application/octet-stream', 'data.exe') + data('d-pdf', PDF, 'application/pdf', 'data.pdf') + data('d-png', PNG, 'image/png', 'data.png'));
    const click = (id) => () => it.tab.click(`#${id}`);
    await outcome(it, click('b-exe'), 'made.exe', { phase: 'prevented', why: 'sourceless' }, programs[0]);
    await outcome(it, click('b-pdf'), 'made.pdf', { phase: 'noticed' }, PDF);
    await outcome(it, click('b-png'), 'made.png', null, PNG);
    await outcome(it, click('b-hidden'), 'photo.png', { phase: 'prevented', why: isExact ? 'sourceless' : 'content' }, programs[1]);
    await outcome(it, click('d-exe'), 'data.exe', { phase: 'prevented', why: 'sourceless' }, programs[2]);
    await downloadFolder(its().firefox);
    await outcome(it, click('d-pdf'), 'data.pdf', { phase: 'noticed' }, PDF);
    await outcome(it, click('d-png'), 'data.png', null, PNG);
  });

  test('a page’s own data, of a secure page: left alone', { timeout: 120000 }, async () => {
    const body = exe(5006);
    const it = await pageOf(`<p><a id="made" download="made.exe">made</a><script>
      document.getElementById('made').href = URL.createObjectURL(new Blob([Uint8Array.from(atob('${body.toString('base64')}'), (c) => c.charCodeAt(0))]));</script>`, { isSecure: true });
    await outcome(it, () => it.tab.click('#made'), 'made.exe', null, body);
  });

  test('a document that the browser’s own viewer shows, saved there: of a secure site, left alone', { timeout: 120000 }, async () => {
    const { firefox, origin } = its();
    const name = freshName('safe');
    origin.site(name, { first: 'valid', others: 'valid', files: { '/shown.pdf': { body: PDF, type: 'application/pdf' } } });
    const it = await pageOf(link('pdf', `https://${name}:${TLS}/shown.pdf`), { isSecure: true });
    const restore = await pickFile(firefox, path.join(it.folder, 'shown.pdf'));
    try {
      await it.tab.click('#pdf');
      await it.tab.wait(() => Boolean(document.querySelector('#downloadButton, #download')), { limit: 20000, what: 'the viewer' });
      await sleep(1000);
      await outcome(it, () => it.tab.click('#downloadButton, #download'), 'shown.pdf', null, PDF);
    } finally {
      await restore();
    }
  });

  test('"Save Link As" in the context menu: on an insecure page a program is prevented, on a secure one verified; its first address is the link’s', { timeout: 180000 }, async () => {
    const { firefox } = its();
    const bad = siteOf('/setup.exe');
    const insecure = await pageOf(link('a', bad.url));
    const restore = await pickFile(firefox, path.join(insecure.folder, 'picked.exe'));
    try {
      await outcome(insecure, () => pressMenu(firefox, insecure.tab, '#a', 'context-savelink'), 'picked.exe', { phase: 'prevented' }, bad.spec.body);
      assert.deepEqual(await finished(insecure.folder), []);
      const save = async ({ url, spec }, verdict) => {
        const it = await pageOf(link('a', url), { isSecure: true });
        await pressMenu(firefox, it.tab, '#a', 'context-savelink');
        await allowBlocked(firefox, it.page);
        // Called as the picker says, or as the site does where the host fetches it.
        const { name } = await until(async () => (await it.page.entries()).find((e) => !it.page.known.has(e.id)), { what: 'our page to say something' });
        const entry = await it.page.done(name);
        assert.deepEqual([entry.link, entry.verdict], ['secure', verdict], entry.text);
        if (verdict === 'match') await until(async () => (await finished(it.folder)).some(([, bytes]) => bytes.equals(spec.body)), { what: 'the file as the site has it' });
        else await until(async () => (await finished(it.folder)).length === 0, { what: 'nothing on the disk' });
      };
      // The browser asks for the name first, and then for what it keeps. The standard edition cancels that: what an exit did to the browser's own
      // copy nobody gets.
      if (isExact) await save(siteOf('/lie.exe', { first: 'patch', skipped: 1 }), 'mismatch');
      else await save(siteOf('/lie.exe', { first: 'patch' }), 'match');
      await save(siteOf('/good.exe'), 'match');
    } finally {
      await restore();
    }
  });

  test('an encrypted link that leads to an unencrypted file: verified from the link on, clicked or saved', { timeout: 180000 }, async () => {
    const { firefox } = its();
    // Where the headers are late, the browser saves a link "the old fashioned way": by a second request, told under the link's own address.
    for (const how of ['click', 'save', 'save late']) {
      const file = siteOf('/setup.exe');
      const get = siteOf('/get', { first: 'redirect', others: 'redirect', target: file.url });
      const it = await pageOf(link('a', get.secureUrl), { isSecure: true });
      const restore = how === 'click' ? () => {} : await pickFile(firefox, path.join(it.folder, 'setup.exe'));
      await firefox.chrome((ms) => Services.prefs.setIntPref('browser.download.saveLinkAsFilenameTimeout', ms), how === 'save late' ? 1 : 60000);
      try {
        if (how === 'click') await it.tab.click('#a');
        else await pressMenu(firefox, it.tab, '#a', 'context-savelink');
        await allowBlocked(firefox, it.page);
        const entry = await it.page.done('setup.exe');
        if (isExact && how === 'save late') {
          // That way the browser writes the file under its final name at once: it can't be held.
          assert.deepEqual([entry.phase, entry.why], ['prevented', 'bare'], entry.text);
          await until(async () => (await finished(it.folder)).length === 0, { what: 'nothing on the disk' });
          continue;
        }
        assert.deepEqual([entry.verdict, entry.link], ['match', 'secure'], `${how}: ${entry.text}`);
        // The others asked where the link leads, and were led there.
        assert.ok(get.spec.served.filter((s) => s.role > 0).length > 0, `${how}: nobody else asked for the link's own address`);
        await until(async () => (await finished(it.folder)).some(([, bytes]) => bytes.equals(file.spec.body)), { what: `${how}: the file` });
      } finally {
        await restore();
      }
    }
  });

  test('"Save Page As" of an insecure page: a page is saved; called a program, it is not', { timeout: 120000 }, async () => {
    const { firefox } = its();
    const it = await pageOf('<p id="words">words of the page</p>');
    const has = async (name) => (await filesUnder(it.folder))[name]?.includes('words of the page');
    for (const [name, isSaved] of [['saved.html', true], ['saved.exe', false]]) {
      const restore = await pickFile(firefox, path.join(it.folder, name));
      try {
        await it.tab.front();
        await savePage(firefox);
        if (isSaved) await until(() => has(name), { what: name });
        else {
          const entry = await it.page.wait(name, (e) => e.phase === 'prevented');
          assert.equal(entry.class, 'executable');
          await until(async () => !(await filesUnder(it.folder))[name]?.length, { what: 'nothing under that name' });
        }
      } finally {
        await restore();
      }
    }
  });

  test('a form: the standard edition says why it can’t compare, the privileged one compares what others get', { timeout: 180000 }, async () => {
    const { firefox } = its();
    await firefox.chrome(() => Services.prefs.setBoolPref('security.warn_submit_secure_to_insecure', false));
    const file = siteOf('/setup.exe');
    const it = await pageOf(`<form method="post" action="${file.url}"><input name="a" value="b"><button id="send">send</button></form>`, { isSecure: true });
    await it.tab.click('#send');
    await allowBlocked(firefox, it.page);
    const entry = await it.page.done('setup.exe');
    if (isExact) assert.ok(entry.verdict === 'match' || entry.reason === 'post_request', entry.text);
    else assert.deepEqual([entry.verdict, entry.reason], ['undecided', 'post_request'], entry.text);
    if (entry.verdict !== 'match') assert.deepEqual(await finished(it.folder), []);
  });

  test('programs prevented, documents verified: what only its content shows to be a program never gets its name', { timeout: 120000 }, async () => {
    const { firefox, origin } = its();
    const name = freshName('dl');
    const files = { '/hidden.pdf': { body: exe(), type: 'application/pdf' }, '/true.pdf': { body: PDF, type: 'application/pdf' } };
    origin.site(name, { files });
    const it = await pageOf('<p>words', { isSecure: true });
    await setOptions(firefox, { executable_secure: 'prevent' });
    try {
      const open = (where) => () => firefox.open(`http://${name}:${HTTP}${where}`);
      await outcome(it, open('/hidden.pdf'), 'hidden.pdf', { phase: 'prevented', why: isExact ? 'option' : 'content', class: 'executable' }, files['/hidden.pdf'].body);
      assert.deepEqual(await filesUnder(it.folder), {});
      await outcome(it, open('/true.pdf'), 'true.pdf', { phase: 'done', verdict: 'match', class: 'other' }, PDF);
      await until(async () => (await finished(it.folder)).some(([, bytes]) => bytes.equals(PDF)), { what: 'the document' });
    } finally {
      await setOptions(firefox, {});
    }
  });

  test('without the host nothing can be classified: what an insecure page links is prevented, and why is said; text is shown', { timeout: 120000 }, async () => {
    const { firefox, host } = its();
    const files = { '/doc.pdf': { body: PDF, type: 'application/pdf' }, '/words.txt': { body: Buffer.from('some words'), type: 'text/plain' } };
    const it = await pageOf(link('pdf', '/doc.pdf') + link('txt', '/words.txt'), { files });
    await host.remove();
    try {
      await host.kill(firefox.pid);
      await outcome(it, () => it.tab.click('#pdf'), 'doc.pdf', { phase: 'prevented', why: 'unclassified' }, PDF);
      await it.tab.front();
      await it.tab.click('#txt');
      await it.tab.wait(() => document.body?.innerText.includes('some words'), { what: 'the text' });
    } finally {
      await host.install();
    }
  });
}, { net: { clientOptions: ['ConfluxEnabled 0'] }, firefox: { prefs: PLAIN } });
