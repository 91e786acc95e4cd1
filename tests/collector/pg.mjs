// A PostgreSQL server of the tests' own: a folder, a unix socket, an unprivileged user; no port. Debian's package keeps its programs out of PATH.

import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { start, end, until } from '../net/proc.mjs';

const LIB = '/usr/lib/postgresql';
export const pgBin = () => {
  const versions = existsSync(LIB) ? readdirSync(LIB).sort((a, b) => a - b) : [];
  return versions.length ? path.join(LIB, versions.at(-1), 'bin') : null;
};

// The server refuses root: as "nobody" then.
const user = () => (process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {});

export class Postgres {
  static async start() {
    const pg = new Postgres();
    const bin = pgBin();
    if (!bin) throw new Error('PostgreSQL is not installed (bootstrap does it)');
    pg.folder = mkdtempSync(path.join(os.tmpdir(), 'collector-pg-'));
    if (user().uid) chownSync(pg.folder, user().uid, user().gid);
    pg.data = path.join(pg.folder, 'data');
    const env = { PATH: process.env.PATH, HOME: pg.folder, LC_ALL: 'C' };
    execFileSync(path.join(bin, 'initdb'), ['-D', pg.data, '-U', 'collector', '-A', 'trust', '--encoding', 'UTF8', '--locale', 'C'],
      { ...user(), env, stdio: 'ignore', cwd: pg.folder });
    pg.bin = bin;
    await pg.up();
    return pg;
  }

  async up(more = []) {
    const drop = user().uid ? ['--reuid', String(user().uid), '--regid', String(user().gid), '--clear-groups', '--'] : [];
    const args = ['-D', this.data, '-k', this.folder, '-c', 'listen_addresses=', '-c', 'max_connections=20', '-c', 'shared_buffers=32MB', ...more];
    this.process = drop.length ? start('setpriv', [...drop, path.join(this.bin, 'postgres'), ...args], { cwd: this.folder })
      : start(path.join(this.bin, 'postgres'), args, { cwd: this.folder });
    await until(() => spawnSync(path.join(this.bin, 'psql'), ['-h', this.folder, '-U', 'collector', 'postgres', '-c', 'select 1'], { stdio: 'ignore' }).status === 0,
      { limit: 60000, what: 'PostgreSQL' });
  }

  // A database of this name, empty. → its connection string
  database(name) {
    this.sql(`DROP DATABASE IF EXISTS ${name}`);
    this.sql(`CREATE DATABASE ${name}`);
    return `postgresql:///${name}?host=${encodeURIComponent(this.folder)}&user=collector`;
  }

  sql(text, database = 'postgres') {
    return execFileSync(path.join(this.bin, 'psql'), ['-h', this.folder, '-U', 'collector', '-tA', database, '-c', text]).toString().trim();
  }

  // SIGQUIT is its own "at once, as in a crash"; SIGINT the fast end.
  down(signal = 'SIGINT') { return end(this.process, signal, 10000); }

  async stop() {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
