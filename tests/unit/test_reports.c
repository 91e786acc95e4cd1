// Reports from a session's mismatches: what is in them and what never is; sending, with a collector that is scripted: proofs, lies,
// refusals, waits.
// uses: host/feature/reports.c host/feature/reports_send.c host/feature/report_fill.c host/feature/chains.c host/report/*.c host/engine/target.c host/base/buf.c host/base/rd.c host/base/err.c host/base/verdict.c
// libs: -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/relays.h"
#include "feature/chains.h"
#include "feature/clip.h"
#include "feature/download.h"
#include "feature/reportops.h"
#include "feature/reports.h"

#include <sodium.h>
#include <stdio.h>

#define ONION "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"

/* ---- the world ---- */

static struct {
	uint64_t now, wake_at;
	/* asked for tor's version */
	netlink_status_cb *status;
	void *status_arg;
	enum err status_err;
	/* the fetch under way */
	const struct fetch_ops *ops;
	void *arg;
	char url[256];
	struct buf envelope;
	bool runs;
	unsigned fetches, cancels;
	enum err fetch_err;
	uint32_t random_below, random;
	/* told */
	struct buf text;
	unsigned builts, sents, progresses;
	enum err built_err, sent_err;
	struct report_sent sent;
	struct report_progress progress;
} w;

static struct reports *reports;
static uint8_t pub[32], sec[32];
static char key[65];
static const struct report_keys keys[1] = { { pub, sec } };

static enum err op_status(void *arg, netlink_status_cb *done, void *ctx, uint32_t *id)
{
	(void)arg;
	w.status = done;
	w.status_arg = ctx;
	*id = 77;
	return w.status_err;
}

static void op_cancel_net(void *arg, uint32_t id)
{
	(void)arg;
	assert_int_equal(id, 77);
	w.status = NULL;
}

static enum err op_fetch(void *arg, const struct fetch_get *g, const struct fetch_ops *ops, void *ctx, uint32_t *id)
{
	(void)arg;
	assert_false(w.runs);
	w.fetches++;
	if (w.fetch_err != OK)
		return w.fetch_err;
	assert_true(g->is_onion && g->exit == NULL && g->avoid == NULL && !g->is_decoded && !g->is_head && g->lines == NULL);
	snprintf(w.url, sizeof w.url, "%s", g->url);
	buf_free(&w.envelope);
	w.envelope = buf_new(REPORT_ENVELOPE_MAX);
	buf_put(&w.envelope, g->post.at, g->post.left);
	w.ops = ops;
	w.arg = ctx;
	w.runs = true;
	*id = w.fetches;
	return OK;
}

static void op_cancel_fetch(void *arg, uint32_t id)
{
	(void)arg;
	assert_true(w.runs && id == w.fetches);
	w.runs = false;
	w.cancels++;
}

static uint32_t op_random(void *arg, uint32_t below)
{
	(void)arg;
	w.random_below = below;
	return w.random % below;
}

static uint64_t op_now(void *arg) { (void)arg; return w.now; }
static uint64_t op_wall(void *arg) { (void)arg; return 1795834800 + 1799; }   /* 2026-11-28 03:29:59 UTC */
static void op_wake(void *arg, uint64_t at) { (void)arg; w.wake_at = at; }

static const struct report_ops ops = { NULL, NULL, op_status, op_cancel_net, op_fetch, op_cancel_fetch, op_random, op_now, op_wall, op_wake };

static void on_built(void *arg, uint32_t id, enum err err, const struct buf *text)
{
	(void)arg;
	(void)id;
	w.builts++;
	w.built_err = err;
	buf_free(&w.text);
	w.text = buf_new(REPORT_FILE_MAX + 1);
	if (text != NULL) {
		buf_put(&w.text, text->bytes, text->len);
		buf_u8(&w.text, 0);
	}
}

static void on_progress(void *arg, uint32_t id, const struct report_progress *p) { (void)arg; (void)id; w.progresses++; w.progress = *p; }

static void on_sent(void *arg, uint32_t id, enum err err, const struct report_sent *s)
{
	(void)arg;
	(void)id;
	w.sents++;
	w.sent_err = err;
	if (s != NULL)
		w.sent = *s;
}

static const struct report_sink sink = { NULL, on_built, on_progress, on_sent };

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	w.now = 1000;
	w.wake_at = UINT64_MAX;
	reports = reports_new(&ops, &sink);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reports_free(reports);
	buf_free(&w.envelope);
	buf_free(&w.text);
	return 0;
}

/* ---- results; everything that must not come out has a word of its own in it ---- */

static const struct site_key site = { .first_party = "secretparty.test", .private_id = 190001, .container = 190002, .host = "site.test", .port = 443 };

static struct relay_info relay(unsigned i, const char *name)
{
	struct relay_info r = { .weight = 190003, .flags = RELAY_EXIT | RELAY_RUNNING };
	memset(r.fp, (int)(0x10 + i), FP_LEN);
	snprintf(r.nickname, sizeof r.nickname, "%s%u", name, i);
	snprintf(r.address, sizeof r.address, "192.0.2.%u", i);
	strcpy(r.country, "DE");
	snprintf(r.family, sizeof r.family, "fam%u", i);
	return r;
}

static struct net_path path_to(unsigned i)
{
	return (struct net_path){ .circuit = 190004, .n = 3, .hop = { relay(200, "secretguard"), relay(201, "secretmid"), relay(i, "exit") } };
}

static struct cert_answer answer(unsigned slot, uint8_t leaf, bool valid)
{
	struct cert_answer a = { .slot = slot, .source = CERT_SOURCE_PROBE, .has_exit = true, .exit = relay(slot, "exit"), .path = path_to(slot),
		.has_cert = true, .is_valid = valid, .is_signed = true, .elapsed_ms = 190005, .agrees = slot ? CERT_AGREES_NOT : CERT_AGREES_UNKNOWN };
	memset(a.leaf, leaf, 32);
	if (!valid)
		strcpy(a.why, "self-signed \xc3\xa9");
	strcpy(a.words.subject, "CN=site.test");
	return a;
}

static struct cert_answer firsts[8], others[32];
static struct net_path paths[8];

static struct cert_result mismatch(void)
{
	firsts[0] = answer(0, 0xaa, false);
	firsts[0].source = CERT_SOURCE_BROWSER;
	for (unsigned i = 0; i < 3; i++)
		others[i] = answer(i + 1, 0xbb, true);
	others[3] = (struct cert_answer){ .slot = 4, .has_exit = true, .exit = relay(4, "exit"), .path = path_to(4), .error = ERR_TIMEOUT };
	others[4] = (struct cert_answer){ .slot = 5, .error = ERR_EXIT_NONE };   /* no exit: nothing to name */
	paths[0] = path_to(0);
	return (struct cert_result){ .key = &site, .verdict = VERDICT_MISMATCH, .reason = REASON_OTHERS_VALID, .k = 3, .asked = 4, .answered = 3,
		.n_first = 1, .n_others = 5, .first = firsts, .others = others, .n_paths = 1, .paths = paths, .roots = ROOTS_BROWSER };
}

static struct chains *chains_with(uint32_t len)
{
	struct chains *c = chains_new();
	static uint8_t der[CERT_MAX];
	memset(der, 0x30, sizeof der);
	const struct net_cert chain[3] = { { len, der }, { len, der }, { len / 2 + 1, der } };
	uint8_t leaf[32];
	memset(leaf, 0xaa, 32);
	chains_keep(c, leaf, chain, 1);
	memset(leaf, 0xbb, 32);
	chains_keep(c, leaf, chain, 3);
	return c;
}

static struct report *built(enum report_kind about)
{
	struct report_build_request m = { .key = site, .about = about, .browser = "Firefox 140.0" };
	struct report *r = NULL;
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_PRIVILEGED), OK);
	const struct net_status s = { .tor_version = "0.4.9.11", .control = "127.0.0.1:190006", .socks = "127.0.0.1:190007" };
	const unsigned before = w.builts;
	w.status(w.status_arg, OK, &s);
	assert_int_equal(w.builts, before + 1);
	assert_int_equal(w.built_err, OK);
	assert_int_equal(report_decode(rd_of(w.text.bytes, w.text.len - 1), false, &r, NULL), OK);
	return r;
}

/* No word of ours that names the user, and no hop but exits. */
static void nothing_of_the_user(void)
{
	char guard[2 * FP_LEN + 1], mid[2 * FP_LEN + 1];
	struct relay_info g = relay(200, ""), m = relay(201, "");
	for (size_t i = 0; i < FP_LEN; i++) {
		snprintf(guard + 2 * i, 3, "%02X", g.fp[i]);
		snprintf(mid + 2 * i, 3, "%02X", m.fp[i]);
	}
	const char *const never[] = { "secret", "1900", guard, mid, "192.0.2.200", "192.0.2.201", "first_party", "container", "elapsed", "03:29" };
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		assert_null(strstr((const char *)w.text.bytes, never[i]));
}

static void a_certificate(void **state)
{
	(void)state;
	struct chains *c = chains_with(1000);
	struct cert_result res = mismatch();
	reports_note_cert(reports, &res, c);
	chains_free(c);   /* it is text by now */
	struct report *r = built(REPORT_CERTIFICATE);
	assert_string_equal(r->host, "site.test");
	assert_int_equal(r->port, 443);
	assert_string_equal(r->path, "");
	assert_int_equal(r->hour, 1795834800 / 3600);
	assert_int_equal(r->reason, REASON_OTHERS_VALID);
	assert_true(r->k == 3 && r->asked == 4 && r->answered == 3 && r->roots == REPORT_ROOTS_BROWSER);
	assert_int_equal(r->n_first, 1);
	assert_int_equal(r->n_others, 4);
	assert_string_equal(r->first[0].exit.nickname, "exit0");
	assert_int_equal(r->first[0].source, REPORT_SOURCE_BROWSER);
	assert_int_equal(r->first[0].is_valid, REPORT_NO);
	assert_string_equal(r->first[0].why, "self-signed ??");
	assert_int_equal(r->first[0].n_chain, 1);
	assert_int_equal(r->others[0].n_chain, 3);
	assert_int_equal(r->others[0].agrees, REPORT_AGREES_NOT);
	assert_int_equal(r->others[3].status, REPORT_SAW_FAILED);
	assert_int_equal(r->others[3].error, ERR_TIMEOUT);
	assert_string_equal(r->reproduce, "secondexit cert site.test:443 --first-exit 1010101010101010101010101010101010101010");
	assert_string_equal(r->tor, "0.4.9.11");
	assert_string_equal(r->browser, "Firefox 140.0");
	assert_int_equal(r->edition, REPORT_EDITION_PRIVILEGED);
	report_free(r);
	nothing_of_the_user();
}

/* The browser's chain, through one of several circuits: each candidate is named, with what it may have shown. */
static void candidates(void **state)
{
	(void)state;
	struct chains *c = chains_with(100);
	struct cert_result res = mismatch();
	firsts[0].has_exit = false;
	paths[1] = path_to(7);
	res.n_paths = 2;
	reports_note_cert(reports, &res, c);
	struct report *r = built(REPORT_CERTIFICATE);
	assert_int_equal(r->n_first, 2);
	assert_string_equal(r->first[0].exit.nickname, "exit0");
	assert_string_equal(r->first[1].exit.nickname, "exit7");
	assert_int_equal(r->first[1].n_chain, 1);
	report_free(r);
	nothing_of_the_user();
	/* Nobody to accuse: no report in its place. */
	reports_wipe(reports);
	res.n_paths = 0;
	reports_note_cert(reports, &res, c);
	struct report_build_request m = { .key = site, .about = REPORT_CERTIFICATE };
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_REPORT_NONE);
	chains_free(c);
}

static void other_kinds(void **state)
{
	(void)state;
	struct chains *c = chains_with(100);
	struct cert_result res = mismatch();
	res.question = QUESTION_HTTPS;
	res.reason = REASON_HTTPS_WITHHELD;
	firsts[0] = (struct cert_answer){ .source = CERT_SOURCE_PROBE, .has_exit = true, .exit = relay(0, "exit"), .path = path_to(0), .is_none = true, .error = ERR_SOCKS_CONN };
	reports_note_cert(reports, &res, c);
	struct report *r = built(REPORT_HTTPS);
	assert_int_equal(r->first[0].status, REPORT_SAW_NO_TLS);
	assert_int_equal(r->first[0].error, ERR_SOCKS_CONN);
	assert_string_equal(r->reproduce, "secondexit https site.test:443 --first-exit 1010101010101010101010101010101010101010");
	report_free(r);
	nothing_of_the_user();

	const struct relay_info candidates2[2] = { relay(0, "exit"), relay(9, "exit") };
	struct clip_answer pages[3] = {
		{ .slot = 1, .has_exit = true, .has_page = true, .exit = relay(1, "exit"), .found = PLACE_OTHER, .address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		  .url = "http://site.test/secretpath", .http_status = 200, .elapsed_ms = 190005 },
		{ .slot = 2, .has_exit = true, .has_page = true, .exit = relay(2, "exit"), .url = "http://site.test/secretpath", .http_status = 999 },
		{ .slot = 3, .has_exit = true, .exit = relay(3, "exit"), .error = ERR_CLOSED },
	};
	const struct clip_result copy = { .key = &site, .address = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", .ticker = "BTC", .verdict = VERDICT_MISMATCH,
		.reason = REASON_OTHERS_AGREE, .k = 3, .asked = 3, .answered = 2, .n_first = 2, .n_others = 3, .first = candidates2, .others = pages };
	reports_note_clip(reports, &copy);
	r = built(REPORT_COPY);
	assert_int_equal(r->n_first, 2);
	assert_string_equal(r->first[1].address, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT");
	assert_string_equal(r->others[0].address, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
	assert_int_equal(r->others[1].status, REPORT_SAW_ABSENT);
	assert_int_equal(r->others[1].http_status, 0);
	assert_int_equal(r->others[2].error, ERR_CLOSED);
	report_free(r);
	nothing_of_the_user();

	const struct download_answer files[2] = {
		{ .slot = 1, .has_exit = true, .has_answer = true, .exit = relay(1, "exit"), .http_status = 206, .url = "http://site.test/secretpath", .length = 100,
		  .has_sha256 = true, .sha256 = { 9 } },
		{ .slot = 2, .has_exit = true, .has_answer = true, .exit = relay(2, "exit"), .length = -1 },
	};
	const struct dl_range ranges[4] = { { 0, 1 }, { 50, 10 }, { 55, 1 }, { 99, 2 } };   /* one overlaps, one goes beyond the end */
	const struct download_result file = { .key = &site, .url = "http://site.test/secretpath", .path = "/home/secretuser/x", .verdict = VERDICT_MISMATCH,
		.reason = REASON_OTHERS_AGREE, .k = 1, .asked = 2, .answered = 2, .has_local = true, .size = 100, .has_sha256 = true, .sha256 = { 8 },
		.n_first = 1, .first = candidates2, .n_others = 2, .others = files, .n_ranges = 4, .range = ranges };
	reports_note_download(reports, &file);
	r = built(REPORT_DOWNLOAD);
	assert_true(r->first[0].has_length && r->first[0].length == 100 && r->first[0].sha256[0] == 8);
	assert_int_equal(r->first[0].n_ranges, 3);
	assert_true(r->first[0].ranges[2].offset == 99 && r->first[0].ranges[2].length == 1 && r->first[0].ranges[2].bytes.len == 0);
	assert_true(r->others[0].has_sha256 && r->others[0].http_status == 206 && !r->others[1].has_length && !r->others[1].has_sha256);
	assert_string_equal(r->reproduce, "secondexit download http://site.test:443/ --first-exit 1010101010101010101010101010101010101010");
	report_free(r);
	nothing_of_the_user();

	/* The host's own copy: its exit is accused, the browser's is not. And what stands where they differ: all of it, a part, nothing. */
	const struct download_answer copies[3] = {
		{ .slot = 7, .has_exit = true, .is_copy = true, .exit = relay(4, "exit"), .error = ERR_CLOSED, .length = -1 },
		{ .slot = 8, .has_exit = true, .has_answer = true, .is_copy = true, .exit = relay(5, "exit"), .length = 100 },
		{ .slot = 9, .has_exit = true, .has_answer = true, .exit = relay(6, "exit"), .length = 53, .has_sha256 = true, .sha256 = { 9 } },
	};
	static const uint8_t here[] = "abcdefgh", there[] = "ABCDEFGH";
	const struct dl_shown ours[4] = { { here, 1 }, { here, 4 }, { here, 1 }, { here, 2 } }, theirs[4] = { { there, 1 }, { there, 8 }, { there, 1 }, { there, 0 } };
	struct download_result own = file;
	own.n_others = 3;
	own.others = copies;
	own.ours = ours;
	own.theirs = theirs;
	own.theirs_slot = 9;
	reports_note_download(reports, &own);
	r = built(REPORT_DOWNLOAD);
	assert_int_equal(r->n_first, 1);
	assert_memory_equal(r->first[0].exit.fp, copies[1].exit.fp, FP_LEN);
	assert_int_equal(r->n_others, 2);
	assert_int_equal(r->others[0].status, REPORT_SAW_FILE);
	assert_int_equal(r->others[1].status, REPORT_SAW_FAILED);
	const struct report_range *got = r->first[0].ranges;
	assert_int_equal(r->first[0].n_ranges, 4);
	assert_true(got[0].offset == 0 && got[0].length == 1 && got[0].bytes.len == 1 && got[0].bytes.at[0] == 'a');
	assert_true(got[1].offset == 50 && got[1].length == 4 && got[1].bytes.len == 4 && memcmp(got[1].bytes.at, "abcd", 4) == 0);
	assert_true(got[2].offset == 54 && got[2].length == 6 && got[2].bytes.len == 0);
	assert_true(got[3].offset == 99 && got[3].length == 1 && got[3].bytes.len == 1);
	got = r->others[0].ranges;
	assert_int_equal(r->others[0].n_ranges, 2);
	assert_true(got[1].offset == 50 && got[1].length == 3 && got[1].bytes.len == 3 && memcmp(got[1].bytes.at, "ABC", 3) == 0);
	report_free(r);
	nothing_of_the_user();
	/* Each is there still, by its kind. */
	report_free(built(REPORT_HTTPS));
	report_free(built(REPORT_COPY));
	chains_free(c);
}

static void only_mismatches(void **state)
{
	(void)state;
	struct chains *c = chains_with(100);
	struct cert_result res = mismatch();
	const struct report_build_request m = { .key = site, .about = REPORT_CERTIFICATE };
	static const enum verdict others_[] = { VERDICT_MATCH, VERDICT_UNDECIDED, VERDICT_EXEMPT };
	for (size_t i = 0; i < 3; i++) {
		res.verdict = others_[i];
		reports_note_cert(reports, &res, c);
		assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_REPORT_NONE);
	}
	assert_null(reports_last(reports));
	chains_free(c);
}

/* Another site, first party, container, port: another mismatch. The newest of one takes its place; the oldest of too many goes. */
static void kept_apart_and_bounded(void **state)
{
	(void)state;
	struct chains *c = chains_with(100);
	struct cert_result res = mismatch();
	struct site_key k = site;
	res.key = &k;
	for (unsigned i = 0; i < FINDINGS_MAX + 3; i++) {
		k.port = (uint16_t)(1000 + i);
		reports_note_cert(reports, &res, c);
		res.answered = 100 + i;
		reports_note_cert(reports, &res, c);
	}
	struct report_build_request m = { .key = site, .about = REPORT_CERTIFICATE };
	for (unsigned i = 0; i < FINDINGS_MAX + 3; i++) {
		m.key.port = (uint16_t)(1000 + i);
		enum err err = reports_build(reports, 5, &m, REPORT_EDITION_STANDARD);
		assert_int_equal(err, i < 3 ? ERR_REPORT_NONE : OK);
		if (err != OK)
			continue;
		w.status(w.status_arg, ERR_TOR_ABSENT, NULL);   /* tor can't say: left out */
		char want[32];
		snprintf(want, sizeof want, "\"answered\": %u", 100 + i);
		assert_non_null(strstr((const char *)w.text.bytes, want));
		assert_null(strstr((const char *)w.text.bytes, "\"tor\""));
	}
	struct site_key *const keys_[] = { &m.key };
	(void)keys_;
	strcpy(m.key.first_party, "other.test");
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_REPORT_NONE);
	strcpy(m.key.first_party, site.first_party);
	m.key.container++;
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_REPORT_NONE);
	m.key.container--;
	m.about = REPORT_HTTPS;
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_REPORT_NONE);
	m.about = REPORT_CERTIFICATE;
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), OK);
	/* An id that is in use; then New Identity: all ends, nothing is left. */
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_MSG_ID);
	const unsigned before = w.builts;
	reports_wipe(reports);
	assert_int_equal(w.builts, before + 1);
	assert_int_equal(w.built_err, ERR_CANCELLED);
	assert_null(w.status);
	assert_int_equal(reports_build(reports, 5, &m, REPORT_EDITION_STANDARD), ERR_REPORT_NONE);
	assert_null(reports_last(reports));
	chains_free(c);
}

/* The longest chains: cut until it fits an envelope, the first exit's last. */
static void too_long(void **state)
{
	(void)state;
	struct chains *c = chains_with(30000);
	struct cert_result res = mismatch();
	reports_note_cert(reports, &res, c);
	const struct buf *text = reports_last(reports);
	assert_non_null(text);
	assert_in_range(text->len, 1000, REPORT_TEXT_MAX);
	struct report *r = built(REPORT_CERTIFICATE);
	assert_int_equal(r->first[0].n_chain, 1);
	assert_int_equal(r->first[0].chain_left_out, 0);
	uint32_t left_out = 0;
	for (size_t i = 0; i < r->n_others; i++)
		left_out += r->others[i].chain_left_out;
	assert_true(left_out > 0);
	report_free(r);
	chains_free(c);
}

static void chains_are_bounded(void **state)
{
	(void)state;
	struct chains *c = chains_new();
	static uint8_t der[CERT_MAX];
	uint8_t leaf[32] = { 0 };
	const struct net_cert two[2] = { { CERT_MAX - 100, der }, { 200, der } };
	const struct chain *x;
	chains_keep(c, leaf, two, 2);
	x = chains_find(c, leaf);
	assert_true(x != NULL && x->n == 1 && x->left_out == 1);
	for (unsigned i = 1; i <= CHAINS_KEPT_MAX / CERT_MAX + 2; i++) {
		leaf[0] = (uint8_t)i;
		der[0] = (uint8_t)i;
		const struct net_cert one = { CERT_MAX, der };
		chains_keep(c, leaf, &one, 1);
		/* The first is used again and again: it stays. */
		leaf[0] = 0;
		chains_keep(c, leaf, two, 2);
	}
	assert_non_null(chains_find(c, leaf));
	leaf[0] = 1;
	assert_null(chains_find(c, leaf));
	leaf[0] = (uint8_t)(CHAINS_KEPT_MAX / CERT_MAX + 2);
	x = chains_find(c, leaf);
	assert_true(x != NULL && x->cert[0].der[0] == leaf[0]);
	chains_wipe(c);
	assert_null(chains_find(c, leaf));
	chains_free(c);
}

/* ---- sending ---- */

static const char least[] = "{\n \"secondexit_report\": 1, \"kind\": \"certificate\", \"host\": \"site.test\", \"port\": 443, \"time\": \"2026-11-28T00:00Z\","
	" \"verdict\": \"mismatch\", \"reason\": \"others_agree\", \"k\": 3, \"asked\": 3, \"answered\": 3, \"first\": [{\"exit\": {\"fingerprint\":"
	" \"0101010101010101010101010101010101010101\"}, \"status\": \"certificate\"}], \"others\": [], \"software\": {\"secondexit\": \"0.1.0\"}}";

static struct report_send_request request(void)
{
	struct report_send_request m = { .onion = ONION, .text = least, .len = sizeof least - 1 };
	memcpy(m.key, key, sizeof key);
	return m;
}

static void start(uint32_t id)
{
	struct report_send_request m = request();
	char wrong[REPORT_WRONG_MAX];
	assert_int_equal(reports_send(reports, id, &m, wrong), OK);
	memset(&m, 0, sizeof m);
	assert_true(w.wake_at <= w.now);
	reports_tick(reports);
}

/* The collector opens what was sent. */
static struct report_ticket opened(void)
{
	struct buf text BUF_AUTO = buf_new(REPORT_TEXT_MAX);
	struct report_ticket t;
	bool has;
	assert_true(w.runs);
	assert_string_equal(w.url, "http://" ONION "/report");
	assert_int_equal(report_open(rd_of(w.envelope.bytes, w.envelope.len), keys, 1, &text, &t, &has), OK);
	struct report *r = NULL;
	assert_int_equal(report_decode(rd_of(text.bytes, text.len), true, &r, NULL), OK);   /* canonical */
	assert_string_equal(r->host, "site.test");
	report_free(r);
	return t;
}

static void reply(const void *bytes, size_t n, enum err err)
{
	const struct fetch_end e = { .err = err };
	w.runs = false;
	for (size_t i = 0; i < n; i++)   /* byte by byte */
		w.ops->body(w.arg, rd_of((const uint8_t *)bytes + i, 1));
	w.ops->end(w.arg, &e);
}

static void reply_answer(const struct report_ticket *t, enum report_answer a, enum err why)
{
	uint8_t bytes[REPORT_ANSWER_LEN];
	report_answer_make(t, a, why, bytes);
	reply(bytes, sizeof bytes, OK);
}

static void stored(void **state)
{
	(void)state;
	static const enum report_answer good[] = { REPORT_STORED, REPORT_KNOWN };
	for (unsigned i = 0; i < 2; i++) {
		start(10 + i);
		assert_int_equal(w.progress.attempt, 1);
		const struct report_ticket t = opened();
		reply_answer(&t, good[i], OK);
		assert_int_equal(w.sents, i + 1);
		assert_int_equal(w.sent_err, OK);
		assert_int_equal(w.sent.answer, good[i]);
		assert_int_equal(w.sent.attempts, 1);
		assert_true(w.wake_at == UINT64_MAX);
	}
}

/* Waits within the bounds of shared/report.md, each a new envelope; after the fifth it gives up with what went wrong last. */
static void tries_again(void **state)
{
	(void)state;
	static const struct { uint64_t least, most; } bounds[] = { { 10000, 20000 }, { 30000, 60000 }, { 120000, 240000 }, { 300000, 600000 } };
	uint8_t before[64] = { 0 };
	for (int most = 0; most < 2; most++) {
		w.random = most ? UINT32_MAX : 0;
		start(20);
		for (unsigned i = 0; i < 5; i++) {
			(void)opened();
			assert_memory_not_equal(before, w.envelope.bytes + 16, sizeof before);
			memcpy(before, w.envelope.bytes + 16, sizeof before);
			reply(NULL, 0, ERR_ONION_TIMEOUT);
			if (i == 4)
				break;
			assert_true(w.progress.is_waiting && w.progress.error == ERR_ONION_TIMEOUT && w.progress.attempt == i + 1);
			assert_in_range(w.progress.wait_ms, bounds[i].least, bounds[i].most);
			assert_int_equal(w.random_below, bounds[i].most - bounds[i].least + 1);
			if (!most)
				assert_int_equal(w.progress.wait_ms, bounds[i].least);
			assert_true(w.wake_at == w.now + w.progress.wait_ms);
			w.now = w.wake_at - 1;
			reports_tick(reports);
			assert_false(w.runs);
			w.now++;
			reports_tick(reports);
		}
		assert_int_equal(w.sents, most + 1);
		assert_int_equal(w.sent_err, ERR_ONION_TIMEOUT);
	}
	/* And it succeeds at the second try. */
	start(21);
	w.fetch_err = ERR_ROLE_DIED;
	reply(NULL, 0, ERR_CLOSED);
	w.now = w.wake_at;
	reports_tick(reports);
	assert_true(w.progress.is_waiting && w.progress.error == ERR_ROLE_DIED);
	w.fetch_err = OK;
	w.now = w.wake_at;
	reports_tick(reports);
	const struct report_ticket t = opened();
	reply_answer(&t, REPORT_STORED, OK);
	assert_int_equal(w.sent_err, OK);
	assert_int_equal(w.sent.attempts, 3);
}

/* What only looks like an acknowledgement is none. */
static void liars(void **state)
{
	(void)state;
	start(30);
	struct report_ticket t = opened(), other = t;
	uint8_t bytes[REPORT_ANSWER_LEN + 8] = { 0 };

	other.secret[0] ^= 1;
	reply_answer(&other, REPORT_STORED, OK);
	assert_int_equal(w.sents, 0);
	assert_true(w.progress.is_waiting && w.progress.error == ERR_REPORT_ACK);
	/* That of the try before. */
	w.now = w.wake_at;
	reports_tick(reports);
	reply_answer(&t, REPORT_STORED, OK);
	assert_int_equal(w.sents, 0);
	/* A right one with a byte behind it. */
	w.now = w.wake_at;
	reports_tick(reports);
	t = opened();
	report_answer_make(&t, REPORT_STORED, OK, bytes);
	reply(bytes, REPORT_ANSWER_LEN + 1, ERR_HTTP_BODY);
	assert_int_equal(w.sents, 0);
	assert_int_equal(w.progress.error, ERR_HTTP_BODY);
	/* Nothing, well ended. */
	w.now = w.wake_at;
	reports_tick(reports);
	reply("404 page not found", 18, OK);
	assert_int_equal(w.progress.error, ERR_REPORT_ACK);
	/* The right one, from a server that then broke off. */
	w.now = w.wake_at;
	reports_tick(reports);
	t = opened();
	report_answer_make(&t, REPORT_STORED, OK, bytes);
	reply(bytes, REPORT_ANSWER_LEN, ERR_HTTP_SHORT);
	assert_int_equal(w.sents, 1);
	assert_int_equal(w.sent_err, OK);
	assert_int_equal(w.sent.attempts, 5);
}

static void refusals(void **state)
{
	(void)state;
	static const struct { enum err why; bool is_proved, is_final; } cases[] = {
		{ ERR_REPORT_FIELD, true, true }, { ERR_REPORT_FIELD, false, false }, { ERR_REPORT_TARGET, true, true },
		{ ERR_REPORT_TIME, true, true }, { ERR_REPORT_RELAY, true, true }, { ERR_TOO_BIG, true, true },
		{ ERR_REPORT_RATE, true, false }, { ERR_REPORT_RATE, false, false }, { ERR_REPORT_RELAY_RATE, true, false },
		{ ERR_REPORT_STORE, true, false }, { ERR_NOMEM, true, false },
		{ ERR_REPORT_KEY_ID, false, true }, { ERR_REPORT_SEAL, false, true }, { ERR_REPORT_ENVELOPE, false, true }, { ERR_REPORT_VERSION, false, true },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		const unsigned before = w.sents;
		start(40);
		const struct report_ticket t = opened();
		reply_answer(cases[i].is_proved ? &t : NULL, REPORT_REFUSED, cases[i].why);
		if (cases[i].is_final) {
			assert_int_equal(w.sents, before + 1);
			assert_int_equal(w.sent_err, cases[i].why);
		} else {
			assert_int_equal(w.sents, before);
			assert_true(w.progress.is_waiting && w.progress.error == cases[i].why);
			assert_true(reports_cancel(reports, 40));
			assert_int_equal(w.sent_err, ERR_CANCELLED);
		}
		assert_true(w.wake_at == UINT64_MAX);
	}
}

static void cancelled(void **state)
{
	(void)state;
	start(50);
	assert_true(reports_cancel(reports, 50));
	assert_int_equal(w.cancels, 1);
	assert_int_equal(w.sent_err, ERR_CANCELLED);
	assert_false(reports_cancel(reports, 50));
	/* New Identity in the middle. */
	start(51);
	reports_wipe(reports);
	assert_int_equal(w.cancels, 2);
	assert_int_equal(w.sents, 2);
	assert_true(w.wake_at == UINT64_MAX);
}

static void refused_at_once(void **state)
{
	(void)state;
	struct report_send_request m = request();
	char wrong[REPORT_WRONG_MAX];
	static const char *const onions[] = { "", "example.org", "abc.onion", "http://" ONION, ONION "/", ONION ":80", "x." ONION };
	for (size_t i = 0; i < sizeof onions / sizeof *onions; i++) {
		snprintf(m.onion, sizeof m.onion, "%s", onions[i]);
		assert_int_equal(reports_send(reports, 60, &m, wrong), ERR_REPORT_ONION);
	}
	m = request();
	m.key[0] = 'x';
	assert_int_equal(reports_send(reports, 60, &m, wrong), ERR_REPORT_KEY);
	m = request();
	memset(m.key, '0', 64);
	assert_int_equal(reports_send(reports, 60, &m, wrong), ERR_REPORT_KEY);
	m = request();
	for (size_t n = 0; n < m.len; n++) {
		m.len = n;
		const enum err err = reports_send(reports, 60, &m, wrong);
		assert_true(err == ERR_REPORT_JSON || err == ERR_REPORT_FIELD);
		m.len = sizeof least - 1;
	}
	/* Nothing was even begun. */
	assert_true(w.wake_at == UINT64_MAX);
	assert_int_equal(w.fetches, 0);
	for (uint32_t i = 0; i < REPORT_SENDS_MAX; i++)
		assert_int_equal(reports_send(reports, 61 + i, &m, wrong), OK);
	assert_int_equal(reports_send(reports, 61, &m, wrong), ERR_MSG_ID);
	assert_int_equal(reports_send(reports, 99, &m, wrong), ERR_MSG_BUSY);
}

#define REPORT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(a_certificate), REPORT_TEST(candidates), REPORT_TEST(other_kinds), REPORT_TEST(only_mismatches),
		REPORT_TEST(kept_apart_and_bounded), REPORT_TEST(too_long), REPORT_TEST(chains_are_bounded), REPORT_TEST(stored),
		REPORT_TEST(tries_again), REPORT_TEST(liars), REPORT_TEST(refusals), REPORT_TEST(cancelled), REPORT_TEST(refused_at_once),
	};
	if (sodium_init() < 0)
		return 1;
	crypto_box_keypair(pub, sec);
	sodium_bin2hex(key, sizeof key, pub, sizeof pub);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
