// What Firefox compiles of its own scripts at its first start, handed on to the next profile: a fresh one costs some seconds of processor, and each
// content process a part of one. Nothing of an extension's: what Firefox keeps of those (webext.sc.lz4) stays behind, and a script's
// name in the rest holds its profile's own folder. Firefox takes none of it where compatibility.ini names another build or another place.

import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

const FOLDER = 'startupCache', WHOSE = 'compatibility.ini';
const isOurs = (name) => /^(scriptCache|startupCache|urlCache)/.test(name);

async function copy(from, to) {
  const names = (await readdir(path.join(from, FOLDER))).filter(isOurs);
  if (!names.some((name) => name.startsWith('scriptCache-child'))) throw new Error('not whole');
  await mkdir(path.join(to, FOLDER), { recursive: true });
  for (const name of names) await copyFile(path.join(from, FOLDER, name), path.join(to, FOLDER, name));
  await copyFile(path.join(from, WHOSE), path.join(to, WHOSE));
}

/** Gives a new profile what an earlier one left in `kept`, if one did. */
export const lend = (kept, profile) => copy(kept, profile).catch(() => {});

/** Keeps what a profile whose browser has ended holds, unless there is some of that build. Whole, or not at all. */
export async function keep(kept, profile) {
  const build = (folder) => readFile(path.join(folder, WHOSE), 'utf8').catch(() => '');
  if (await build(kept) === await build(profile)) return;
  await mkdir(path.dirname(kept), { recursive: true });
  const part = await mkdtemp(`${kept}.`);
  try {
    await copy(profile, part);
    await rm(kept, { recursive: true, force: true });
    await rename(part, kept);
  } catch { await rm(part, { recursive: true, force: true }); }
}
