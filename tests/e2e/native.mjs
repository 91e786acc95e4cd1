// The host as the browser finds it: a native-messaging manifest in a HOME of our own, whose path is a wrapper that adds
// the options of the test network. A test can take it away, break it, and put it back.

import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from './wait.mjs';

export const HOST_NAME = 'org.secondexit.host';

export class NativeHost {
  /** `home`: the browser's HOME; `build`: folder of the host's executables; `options`: what the wrapper adds. */
  constructor({ home, build, options, extensionId }) {
    Object.assign(this, { home, build, options, extensionId });
    this.manifest = path.join(home, '.mozilla', 'native-messaging-hosts', `${HOST_NAME}.json`);
    this.wrapper = path.join(home, 'secondexit-wrapper');
  }

  async install() {
    await mkdir(path.dirname(this.manifest), { recursive: true });
    await this.point(path.join(this.build, 'secondexit'), this.options);
    await writeFile(this.manifest, JSON.stringify({
      name: HOST_NAME, description: 'SecondExit', path: this.wrapper, type: 'stdio', allowed_extensions: [this.extensionId],
    }));
  }

  /** From now on the browser starts this program with these options. */
  async point(program, options = this.options) {
    const words = [program, ...options].map((w) => `'${w.replaceAll("'", "'\\''")}'`);
    // What the desktop is asked to open is written down.
    const bin = path.join(this.home, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(path.join(bin, 'xdg-open'), `#!/bin/sh\necho "$1" >>'${path.join(this.home, 'shown')}'\n`, { mode: 0o755 });
    await writeFile(this.wrapper, `#!/bin/sh\nPATH='${bin}':$PATH exec ${words.join(' ')} "$@"\n`);
    await chmod(this.wrapper, 0o755);
  }

  async remove() { await rm(this.manifest, { force: true }); }

  /** Process ids of the host's processes under `browserPid`: main, net, parse. */
  async pids(browserPid) {
    const all = await processes();
    const under = (p) => p.pid === browserPid || (p.parent > 1 && all.has(p.parent) && under(all.get(p.parent)));
    return [...all.values()].filter((p) => /^secondexit/.test(p.name) && under(p)).sort((a, b) => a.pid - b.pid);
  }

  async mainPid(browserPid) {
    const found = await this.pids(browserPid);
    return found.find((p) => p.name === 'secondexit')?.pid ?? null;
  }

  /** Kills the host's main process at once. */
  async kill(browserPid) {
    const pid = await this.mainPid(browserPid);
    if (pid) process.kill(pid, 'SIGKILL');
    await until(async () => (await this.pids(browserPid)).every((p) => p.pid !== pid), { what: 'the host gone' });
    return pid;
  }

  /** Sum of Private_Dirty over all processes of the host, in KiB. */
  async privateDirty(browserPid) {
    let sum = 0;
    for (const { pid } of await this.pids(browserPid)) {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
      sum += Number(/^Private_Dirty:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    }
    return sum;
  }
}

async function processes() {
  const found = new Map();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    const m = /^(\d+) \((.*)\) \S (\d+)/s.exec(stat);
    if (m) found.set(Number(m[1]), { pid: Number(m[1]), name: m[2], parent: Number(m[3]) });
  }
  return found;
}
