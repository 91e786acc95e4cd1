// What a bed is made of: which relays, at which addresses, with which families, policies and countries.
// Pure: bake.mjs writes torrc files from a plan, net.mjs starts them. Every relay of bed n is 127.X.n.1 with an X of its
// own, so no two share a /16 and several beds live on one machine.

import { createHash } from 'node:crypto';
import path from 'node:path';

export const OR_PORT = 15001;
export const DIR_PORT = 15030;
export const DNS_PORT = 15353;
// Port that only the MyFamily pair (exits 0 and 1) lets through: "its whole family is all that is left".
export const FAMILY_ONLY_PORT = 19443;
export const BEDS_MAX = 200;
export const EXITS_MAX = 60;

const FIRST_OCTET = { auth: 16, middle: 24, exit: 32, origin: 128 };

const DEFAULT_COUNTRIES = ['DE', 'DE', 'FR', 'US', 'JP', 'NL', 'BR', 'SE'];

// families: 'declared' (MyFamily both ways), 'ids' (FamilyId), 'one-sided' (MyFamily one way: no family at all).
const DEFAULT_FAMILIES = [
  { kind: 'declared', exits: [0, 1] },
  { kind: 'ids', exits: [2, 3] },
  { kind: 'one-sided', exits: [4, 5] },
];

export function makePlan(n, { authorities = 3, middles = 2, exits = 8, families = DEFAULT_FAMILIES, familyOnlyPort = true } = {}) {
  if (exits > EXITS_MAX || middles > 8 || authorities > 8)
    throw new RangeError('a bed has at most 8 authorities, 8 middles, 60 exits');
  const relay = (role, i, prefix) => ({ role, index: i, nickname: `${prefix}${i}`, address: `127.${FIRST_OCTET[role] + i}.${n}.1` });
  const relays = [];
  for (let i = 0; i < authorities; i++) relays.push(relay('auth', i, 'auth'));
  for (let i = 0; i < middles; i++) relays.push(relay('middle', i, 'middle'));
  for (let i = 0; i < exits; i++) {
    const e = relay('exit', i, 'exit');
    e.originAddress = `127.${FIRST_OCTET.origin + i}.${n}.1`;
    e.familyPort = familyOnlyPort && i < 2;
    relays.push(e);
  }
  const used = families.filter((f) => f.exits.every((i) => i < exits));
  return { n, relays, families: used, familyOnlyPort };
}

// Changes whenever a bake made from the plan would differ; `sources` is the text of what writes the torrc files.
export function planHash(plan, torVersion, sources) {
  return createHash('sha256').update(JSON.stringify([torVersion, sources, plan])).digest('hex').slice(0, 16);
}

export function exitsOf(plan) {
  return plan.relays.filter((r) => r.role === 'exit');
}

// A geoip file as tor reads it: "low,high,CC" over whole numbers. The country of exit i is countries[i].
export function geoipText(plan, countries = DEFAULT_COUNTRIES) {
  const lines = [];
  for (const r of plan.relays) {
    const country = r.role === 'exit' ? countries[r.index % countries.length] : 'CH';
    const [a, b] = r.address.split('.').map(Number);
    const low = (a << 24 | b << 16) >>> 0;
    lines.push([low, `${low},${low + 0xffff},${country}`]);
  }
  return lines.sort((x, y) => x[0] - y[0]).map((l) => l[1]).join('\n') + '\n';
}

// Consensus weights, near each other but not equal: no exit has over a fifth of any ten.
export function bandwidthText(plan, seconds) {
  return [String(seconds), ...plan.relays.map((r) => `node_id=$${r.fingerprint} bw=${1000 + (r.index % 5) * 100}`)].join('\n') + '\n';
}

export function countryOf(relay, countries = DEFAULT_COUNTRIES) {
  return relay.role === 'exit' ? countries[relay.index % countries.length] : 'CH';
}

function common(dir, relay) {
  return [
    // Debian's geoip files are large: fourteen processes reading them cost seconds. The client gets a small one.
    'GeoIPv6File /dev/null', ...(relay.role ? ['GeoIPFile /dev/null'] : []),
    `DataDirectory ${dir}`, `Nickname ${relay.nickname}`, 'TestingTorNetwork 1', 'EnforceDistinctSubnets 1', 'ShutdownWaitLength 0',
    'AvoidDiskWrites 1', 'DisableDebuggerAttachment 0', `Log notice file ${dir}/log`, 'SafeLogging 0', 'ProtocolWarnings 1', 'NumCPUs 1',
  ];
}

// families: from bake.mjs, {memberOf(i) → fingerprints to declare, idOf(i) → family id or null}.
export function relayTorrc(plan, relay, { dir, dirAuthorities, declare = [], familyId = null, voting = null, resolvConf = null }) {
  const lines = [
    ...common(dir, relay), ...dirAuthorities,
    'SocksPort 0', 'AssumeReachable 1', 'AddressDisableIPv6 1', `Address ${relay.address}`, `ORPort ${relay.address}:${OR_PORT}`,
    `OutboundBindAddressOR ${relay.address}`, 'RefuseUnknownExits 0', 'ExtraInfoStatistics 0', 'ContactInfo none@example.test',
    'MaxMemInQueues 256 MB', `ControlSocket ${dir}/control`, 'RelayBandwidthRate 100 MB', 'RelayBandwidthBurst 100 MB', 'DoSCircuitCreationEnabled 0', 'DoSConnectionEnabled 0',
    // A target outside of 127.0.0.0/8 can't be reached from a loopback source: nothing leaves the machine.
    `OutboundBindAddressExit ${relay.address}`,
  ];
  if (relay.role === 'exit') lines.push(...exitLines(plan, relay, resolvConf), 'DirCache 0');
  else lines.push('ExitRelay 0', 'ExitPolicy reject *:*');
  if (declare.length) lines.push(`MyFamily ${declare.map((fp) => '$' + fp).join(',')}`);
  if (familyId) lines.push(`FamilyId ${familyId}`, `FamilyKeyDirectory ${dir}/keys`);
  if (voting && relay.role === 'auth') lines.push(...voting);
  return lines.join('\n') + '\n';
}

function exitLines(plan, relay, resolvConf) {
  const low = 18000;
  const family = FAMILY_ONLY_PORT;
  const refuse = plan.familyOnlyPort && !relay.familyPort ? [`ExitPolicy reject *:${family}`] : [];
  return [
    'ExitRelay 1', 'IPv6Exit 0', 'ExitPolicyRejectPrivate 0', 'ExitPolicyRejectLocalInterfaces 0', ...refuse,
    // Explicit ports too: without them the microdescriptor's summary may say "reject".
    'ExitPolicy accept 127.0.0.0/8:*', 'ExitPolicy accept *:80', 'ExitPolicy accept *:443', `ExitPolicy accept *:8000-8999`,
    `ExitPolicy accept *:${low}-20999`, 'ExitPolicy reject *:*',
    'ServerDNSDetectHijacking 0', 'ServerDNSTestAddresses', 'ServerDNSAllowBrokenConfig 1', 'ServerDNSAllowNonRFC953Hostnames 1',
    'ServerDNSSearchDomains 0', 'ServerDNSRandomizeCase 0', ...(resolvConf ? [`ServerDNSResolvConfFile ${resolvConf}`] : []),
  ];
}

// Offset (TestingV3AuthVotingStartOffset) that puts the next vote's valid-after at `second` of the epoch.
export const VOTING_INTERVAL = 1800;
export const votingOffset = (second) => (second % 86400) % VOTING_INTERVAL;

// Lines that make an authority vote once, for a consensus that is fresh for a day. The vote is far off until `bake` moves it.
export function votingLines(plan, bandwidths, offset) {
  const list = (role) => plan.relays.filter((r) => r.role === role).map((r) => '$' + r.fingerprint).join(',');
  return [
    'AuthoritativeDirectory 1', 'V3AuthoritativeDirectory 1', 'V3AuthVotingInterval 1 day', 'V3AuthVoteDelay 2', 'V3AuthDistDelay 2',
    'V3AuthNIntervalsValid 3', `TestingV3AuthInitialVotingInterval ${VOTING_INTERVAL}`, 'TestingV3AuthInitialVoteDelay 2',
    'TestingV3AuthInitialDistDelay 2', `TestingV3AuthVotingStartOffset ${offset}`,
    'TestingMinExitFlagThreshold 0', 'TestingMinFastFlagThreshold 0', `TestingDirAuthVoteExit ${list('exit')}`,
    'TestingDirAuthVoteExitIsStrict 1', // Exits run without a directory cache: they can't hold onion services' descriptors.
    `TestingDirAuthVoteHSDir ${list('auth')},${list('middle')}`, `V3BandwidthsFile ${bandwidths}`,
    'TestingDirAuthVoteHSDirIsStrict 1', `TestingDirAuthVoteGuard ${list('auth')}`,
    'TestingDirAuthVoteGuardIsStrict 1', 'AuthDirTestReachability 0', 'AuthDirMaxServersPerAddr 0',
    'ConsensusParams cbtinitialtimeout=10000 use-family-lists=1 use-family-ids=1',
  ];
}

export function clientTorrc(dir, { dirAuthorities, socks, control, socksSocket, controlSocket, geoip, extra = [] }) {
  return [
    ...common(dir, { nickname: 'client' }), ...dirAuthorities, 'ClientOnly 1',
    `SocksPort ${socks}`, `SocksPort unix:${socksSocket}`, `ControlPort ${control}`, `ControlSocket ${controlSocket}`,
    'CookieAuthentication 1', 'UseMicrodescriptors 1', `GeoIPFile ${geoip ?? path.join(dir, 'none')}`, ...extra,
  ].join('\n') + '\n';
}
