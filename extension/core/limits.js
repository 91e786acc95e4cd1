// Every bound of the extension in one place, each with its reason.

export const PROTOCOL = 1;
// Automatic checks (DESIGN.md, "When a check starts"): a page must not make the browser draw circuits at will.
export const AUTO_CHECKS_MAX = 5;
export const AUTO_CHECKS_WINDOW_MS = 10 * 60 * 1000;
// A navigation waits at most this long for the host to see its stream; never longer.
export const WAKE_WAIT_MS = 300;
// An answer to hello that takes longer comes from a host that hangs.
export const HELLO_MS = 5000;
// What the host may take beyond its own deadline before it counts as hanging.
export const HOST_GRACE_MS = 5000;
// Deadline of a check when the host names none, and the range it may name.
export const DEADLINE_MS = 25000;
export const DEADLINE_RANGE_MS = [1000, 120000];
// Small requests: status, circuit.new, session.wipe.
export const REQUEST_MS = 10000;
// Between two attempts to reach a host that failed; a click doesn't wait.
export const BACKOFF_MS = [1000, 60000];
// A page that was closed may be a page that reloads: its check lives this long without a reader.
export const READER_GRACE_MS = 3000;
// A one-time permission (native page once, check on return) that is not used by then is void.
export const INTENT_MS = 60 * 1000;
// Attempts of "New circuit for this site" while the new exit may be the old one's operator.
export const RENEW_MAX = 3;
// Checks, pages and marks remembered; the oldest go first. A browser with more tabs than this has other troubles.
export const CHECKS_MAX = 500;
export const PAGES_MAX = 500;
export const MARKS_MAX = 5000;
// Bytes of a chain sent to the host, and certificates in it (host/base/limits.h: CHAIN_MAX, CHAIN_BYTES_MAX).
export const CHAIN_MAX = 10;
export const CHAIN_BYTES_MAX = 192 * 1024;
// Tabs, frames of one tab and addresses of one tab whose state is remembered; beyond, the oldest is not known, and that is insecure.
export const DOCUMENT_TABS_MAX = 500;
export const DOCUMENT_FRAMES_MAX = 500;
export const DOCUMENT_SEEN_MAX = 50;
// A scan takes milliseconds; a host that takes this long for one hangs.
export const CLIP_CHECK_MS = 5000;
// A comparison: address, text around it (code points), path, family (shared/protocol.md).
export const CLIP_FAMILY_MAX = 255;
export const CLIP_URL_MAX = 2048;
export const CLIP_HEADER_MAX = 512;
// Different addresses in one copy that are compared one after the other; more are not offered.
export const CLIP_COMPARE_MAX = 1;
// Tabs whose upgrade to HTTPS is under way; beyond, the browser's own page stays where it fails.
export const UPGRADES_MAX = 500;
// From a main frame's request until we ask whether its exit is why nothing comes. Less than the 30 s after which an idle background page is put away,
// its timers with it; more than an ordinary page takes.
export const SILENT_MS = 15000;
// The word that our window repeats.
export const WORD_MAX = 40;
// Requests whose chain of URLs is remembered while they run, and URLs of one (host/base/limits.h: DL_CHAIN_MAX).
export const CHAINS_MAX = 500;
export const CHAIN_HOPS_MAX = 21;
// ETag, Last-Modified, Content-Type of a download (host/base/limits.h: DL_HEADER_MAX).
export const DL_HEADER_MAX = 255;
// Downloads let through whose end is awaited, and downloads on our page; the oldest go first.
export const DL_RECORDS_MAX = 200;
export const DL_ENTRIES_MAX = 200;
// Naming a file's class takes milliseconds; one whose content has to be looked at may be a large archive.
export const CLASSIFY_NAME_MS = 3000;
export const CLASSIFY_FILE_MS = 60000;
// A whole file may come slowly: the host ends what stalls; a host that is silent for this long hangs.
export const DOWNLOAD_SILENCE_MS = 300000;
// While the browser still receives a file the host may have nothing to say: the other copy is there, or waits for the last byte.
export const DOWNLOAD_GROWING_MS = 86400000;
// Compared while they grow; the host works on four, and what is held must not wait for what grows slowly.
export const DL_GROWING_MAX = 3;
// Downloads that start by themselves; a page must not make the browser draw circuits, nor fill a disk, at will. Beyond: a click.
export const AUTO_DOWNLOADS_MAX = 10;
// Sites that the user wants left alone: a list that a person can read.
export const EXCLUSIONS_MAX = 100;
