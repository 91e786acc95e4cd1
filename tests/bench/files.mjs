// `make bench`, files: how fast Authenticode's digest is against osslsigncode on the same file, and what share of a file its committing part is.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { apk, appx, classify, has, msi, pe, rpm } from '../files/signed.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAM = path.resolve(ROOT, process.env.SECONDEXIT ?? 'build/secondexit');
const MIB = 2 ** 20;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-bench-'));

function seconds(program, args) {
  const began = process.hrtime.bigint(), r = spawnSync(program, args, { encoding: 'utf8' });
  return { s: Number(process.hrtime.bigint() - began) / 1e9, status: r.status };
}
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

try {
  if (has('osslsigncode')) {
    const size = 256, file = pe(dir, 'large.exe', size * MIB), own = [], theirs = [], plain = [];
    for (let i = 0; i < 3; i++) {
      own.push(seconds(PROGRAM, ['classify', '--json', file]).s);
      theirs.push(seconds('osslsigncode', ['verify', '-CAfile', `${dir}/cert.pem`, '-ignore-timestamp', '-in', file]).s);
      plain.push(seconds('openssl', ['dgst', '-sha256', file]).s);
    }
    const speed = (list) => `${Math.round(size / median(list))} MB/s`;
    console.log(`files    authenticode, ${size} MiB: secondexit classify ${speed(own)}, osslsigncode verify ${speed(theirs)}, openssl dgst ${speed(plain)}`);
    fs.rmSync(file);
  }
  const made = [[has('osslsigncode'), 'pe', () => pe(dir, 'a.exe', 64 * MIB)], [has('rpmbuild'), 'rpm', () => rpm(dir, 'a.rpm', 64 * MIB)],
    [has('apksigner'), 'apk', () => apk(dir, 'a.apk', 64 * MIB)], [true, 'appx, block map', () => appx(dir, 'a.msix', 64 * MIB, false)],
    [has('wixl') && has('osslsigncode'), 'msi', () => msi(dir, 'a.msi', 64 * MIB)]];
  for (const [can, format, make] of made) {
    if (!can) { console.log(`files    ${format}: the tool to sign one is not there`); continue; }
    const c = classify(PROGRAM, [make()])[0].commitment;
    console.log(`files    ${format}, ${(c.size / MIB).toFixed(1)} MiB: ${c.status}, ${c.part} bytes in ${c.ranges.length} ranges commit to it, ${(100 * c.part / c.size).toFixed(4)}%`);
    if (c.status !== 'fits' || c.part >= c.size / 100) process.exitCode = 1;
  }
  const real = path.join(ROOT, 'build/realfiles');
  if (fs.existsSync(`${real}/done`))
    for (const f of fs.readdirSync(real).filter((x) => /\.signed$|^vmlinuz/.test(x))) {
      const c = classify(PROGRAM, [path.join(real, f)])[0].commitment;
      console.log(`files    ${f}, ${(c.size / MIB).toFixed(1)} MiB: ${c.status}, ${c.part} bytes, ${(100 * c.part / c.size).toFixed(2)}%`);
    }
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
