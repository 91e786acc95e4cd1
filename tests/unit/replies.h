/* The structs behind every reply of shared/examples/reply.*.json and event.*.json, and the files made of them. */
#ifndef TESTS_REPLIES_H
#define TESTS_REPLIES_H

#include "engine/relays.h"
#include "message/encode.h"
#include <sodium.h>

static const struct site_key reply_key = {
	.first_party = "site.test", .private_id = 1, .container = 0, .host = "site.test", .port = 443
};

/* Relay number i: every relay is another one. */
static inline struct relay_info reply_relay(unsigned i, const char *country)
{
	struct relay_info r = { .weight = 1000 * i + 17, .flags = RELAY_EXIT | RELAY_FAST | RELAY_RUNNING | RELAY_VALID };

	for (size_t k = 0; k < FP_LEN; k++)
		r.fp[k] = (uint8_t)(i * 16 + k);
	snprintf(r.nickname, sizeof r.nickname, "relay%u", i);
	snprintf(r.address, sizeof r.address, i % 2 ? "192.0.2.%u" : "2001:db8::%u", i);
	snprintf(r.country, sizeof r.country, "%s", country);
	if (i % 3 == 0) {
		snprintf(r.family, sizeof r.family, "family %u", i);
		r.flags |= RELAY_GUARD | RELAY_STABLE | RELAY_HSDIR | RELAY_V2DIR;
	}
	return r;
}

static inline struct net_path reply_path(unsigned exit, const char *country)
{
	return (struct net_path){ .circuit = exit, .n = 3,
	                          .hop = { reply_relay(1, "SE"), reply_relay(3, "??"), reply_relay(exit, country) } };
}

static inline struct cert_answer reply_answer(unsigned slot, enum cert_source source, uint8_t leaf)
{
	struct cert_answer a = {
		.slot = slot, .source = source, .has_exit = true, .exit = reply_relay(20 + slot, "DE"),
		.path = reply_path(20 + slot, "DE"), .has_cert = true, .agrees = CERT_AGREES_CERT, .counts = true,
		.is_signed = true, .why = "self-signed certificate", .tls_version = 0x0304, .elapsed_ms = 310 + slot,
		.words = { .subject = "CN=site.test", .issuer = "CN=site.test", .names = "site.test, *.site.test",
		           .serial = "01:ab", .key = "EC P-256", .signature = "ecdsa-with-SHA256",
		           .not_before = 1735689600, .not_after = 1767225600, .is_self_signed = 1 },
	};
	memset(a.leaf, leaf, sizeof a.leaf);
	memset(a.spki, leaf ^ 0xff, sizeof a.spki);
	return a;
}

static inline const struct cert_result *reply_match(void)
{
	static struct cert_answer first[1], others[3];
	static struct net_path paths[1];
	static struct cert_result r;

	first[0] = reply_answer(0, CERT_SOURCE_BROWSER, 0xaa);
	first[0].elapsed_ms = 0;
	first[0].tls_version = 0;
	paths[0] = first[0].path;
	for (unsigned i = 0; i < 3; i++)
		others[i] = reply_answer(i + 1, CERT_SOURCE_PROBE, 0xaa);
	others[2].agrees = CERT_AGREES_KEY;
	others[2].tls_version = 0x0303;
	r = (struct cert_result){
		.key = &reply_key, .verdict = VERDICT_MATCH, .reason = REASON_SAME_KEY, .k = 3, .asked = 3, .answered = 3,
		.elapsed_ms = 912, .n_fingerprints = 1, .n_first = 1, .n_others = 3, .first = first, .others = others,
		.n_paths = 1, .paths = paths, .n_chance = 3, .chance = { 0.25, 0.0625, 0.015625 }, .roots = ROOTS_BROWSER,
	};
	memset(r.fingerprints[0], 0xaa, 32);
	return &r;
}

static inline const struct cert_result *reply_mismatch(void)
{
	static struct cert_result r;
	static struct cert_answer others[3];

	r = *reply_match();
	for (unsigned i = 0; i < 3; i++) {
		others[i] = reply_answer(i + 1, CERT_SOURCE_PROBE, 0xbb);
		others[i].agrees = CERT_AGREES_NOT;
	}
	others[0].is_valid = true;
	others[0].why[0] = '\0';
	others[0].words.is_self_signed = 0;
	snprintf(others[0].words.issuer, sizeof others[0].words.issuer, "CN=Test CA");
	/* The second gave no answer; the third is kin of today's first exit. */
	others[1] = (struct cert_answer){ .slot = 2, .source = CERT_SOURCE_PROBE, .has_exit = true, .counts = true,
	                                  .exit = reply_relay(30, "FR"), .error = ERR_TLS_PROTOCOL, .elapsed_ms = 80 };
	others[2].counts = false;
	r.others = others;
	r.verdict = VERDICT_MISMATCH;
	r.reason = REASON_OTHERS_VALID;
	r.answered = 2;
	r.n_fingerprints = 0;
	r.still_same = STILL_SAME_NO;
	return &r;
}

/* Whether HTTPS is withheld: one exit gets it, one sees none, one gave no answer. */
static inline const struct cert_result *reply_withheld(void)
{
	static struct cert_result r;
	static struct cert_answer first[1], others[3];

	first[0] = (struct cert_answer){ .source = CERT_SOURCE_PROBE, .has_exit = true, .exit = reply_relay(20, "DE"),
	                                 .path = reply_path(20, "DE"), .is_none = true, .counts = true, .error = ERR_SOCKS_CONN };
	others[0] = reply_answer(1, CERT_SOURCE_PROBE, 0xbb);
	others[0].is_valid = true;
	others[0].why[0] = '\0';
	others[0].agrees = CERT_AGREES_UNKNOWN;
	others[1] = first[0];
	others[1].slot = 2;
	others[1].exit = reply_relay(22, "FR");
	others[2] = (struct cert_answer){ .slot = 3, .source = CERT_SOURCE_PROBE, .has_exit = true, .counts = true,
	                                  .exit = reply_relay(30, "FR"), .error = ERR_CIRCUIT, .elapsed_ms = 80 };
	r = *reply_match();
	r.question = QUESTION_HTTPS;
	r.first = first;
	r.others = others;
	r.answered = 2;
	r.n_fingerprints = 0;
	r.verdict = VERDICT_MISMATCH;
	r.reason = REASON_HTTPS_WITHHELD;
	return &r;
}

static inline const struct cert_result *reply_no_https(void)
{
	static struct cert_result r;
	static struct cert_answer others[3];

	for (unsigned i = 0; i < 3; i++) {
		others[i] = reply_withheld()->others[1];
		others[i].slot = i + 1;
		others[i].exit = reply_relay(21 + i, "FR");
	}
	r = *reply_withheld();
	r.others = others;
	r.answered = 3;
	r.verdict = VERDICT_MATCH;
	r.reason = REASON_NO_HTTPS;
	return &r;
}

/* Of a plain page: what its address gave at each. */
static inline const struct cert_result *reply_plain(void)
{
	static struct cert_result r;
	static struct cert_answer first[1], others[3];
	static const enum https_way ways[] = { HTTPS_WAY_ENCRYPTED, HTTPS_WAY_NOTHING, HTTPS_WAY_ELSEWHERE };

	first[0] = reply_withheld()->first[0];
	first[0].has_way = true;
	for (unsigned i = 0; i < 3; i++) {
		others[i] = reply_withheld()->others[0];
		others[i].slot = i + 1;
		others[i].exit = reply_relay(21 + i, "FR");
		others[i].has_way = true;
		others[i].way = ways[i];
	}
	r = *reply_withheld();
	r.first = first;
	r.others = others;
	r.answered = 3;
	r.verdict = VERDICT_UNDECIDED;
	r.reason = REASON_DISSENT;
	return &r;
}

static inline const struct cert_result *reply_undecided(void)
{
	static struct cert_result r;
	static struct cert_answer first[1];

	first[0] = (struct cert_answer){ .source = CERT_SOURCE_PROBE, .error = ERR_TOR_LOST };
	r = (struct cert_result){ .key = &reply_key, .verdict = VERDICT_UNDECIDED, .reason = REASON_TOR, .error = ERR_TOR_LOST,
	                          .k = 3, .elapsed_ms = 25000, .retry_useful = true, .same_country_possible = true,
	                          .weaker = true, .still_same = STILL_SAME_YES, .n_first = 1, .first = first };
	return &r;
}

static inline const struct cert_result *reply_exempt(void)
{
	static struct cert_result r;

	r = (struct cert_result){ .key = &reply_key, .verdict = VERDICT_EXEMPT, .reason = REASON_ONION, .k = 3,
	                          .roots = ROOTS_SYSTEM };
	return &r;
}

static inline const struct cert_result *reply_cancelled(void)
{
	static struct cert_result r;

	r = (struct cert_result){ .key = &reply_key, .verdict = VERDICT_UNDECIDED, .reason = REASON_CANCELLED, .k = 3,
	                          .error = ERR_CANCELLED, .retry_useful = true };
	return &r;
}

static inline void fill(char *text, size_t room)
{
	memset(text, '"', room - 1);   /* each takes two bytes in JSON */
	text[room - 1] = '\0';
}

static inline const struct cert_result *reply_largest(void)
{
	static struct cert_answer answers[CERT_OTHERS_MAX];
	static struct net_path paths[CANDIDATES_MAX];
	static struct cert_result r;
	struct relay_info relay = reply_relay(3, "DE");
	struct cert_answer a = reply_answer(15, CERT_SOURCE_PROBE, 0xee);

	relay.flags = 0xffff;
	relay.weight = UINT32_MAX;
	fill(relay.nickname, sizeof relay.nickname);
	fill(relay.address, sizeof relay.address);
	fill(relay.family, sizeof relay.family);
	a.path.n = HOPS_MAX;
	for (unsigned i = 0; i < HOPS_MAX; i++)
		a.path.hop[i] = relay;
	a.exit = relay;
	fill(a.why, sizeof a.why);
	fill(a.words.subject, sizeof a.words.subject);
	fill(a.words.issuer, sizeof a.words.issuer);
	fill(a.words.names, sizeof a.words.names);
	fill(a.words.serial, sizeof a.words.serial);
	fill(a.words.key, sizeof a.words.key);
	fill(a.words.signature, sizeof a.words.signature);
	a.words.not_before = a.words.not_after = INT64_MAX;
	for (unsigned i = 0; i < CERT_OTHERS_MAX; i++)
		answers[i] = a;
	for (unsigned i = 0; i < CANDIDATES_MAX; i++)
		paths[i] = a.path;
	r = *reply_match();
	r.n_fingerprints = CERT_FINGERPRINTS_MAX;
	r.first = r.others = answers;
	r.n_first = CERT_FIRST_ANSWERS_MAX;
	r.n_others = CERT_OTHERS_MAX;
	r.paths = paths;
	r.n_paths = CANDIDATES_MAX;
	r.n_chance = K_MAX;
	return &r;
}

static inline const struct cert_progress *reply_progress(void)
{
	static struct relay_info exit;
	static struct cert_progress p;

	exit = reply_relay(21, "NL");
	p = (struct cert_progress){ .slot = 1, .step = CERT_STEP_HANDSHAKING, .exit = &exit, .elapsed_ms = 120 };
	return &p;
}

static inline const struct cert_status *reply_status(bool is_up)
{
	static struct cert_status s;

	s = (struct cert_status){
		.net = { .tor_version = "0.4.9.11", .control = "127.0.0.1:9151", .socks = "127.0.0.1:9150", .auth = "SAFECOOKIE",
		         .relays = 9500, .exits = 2100, .has_geoip = 1, .has_mapaddress = 1, .has_streams = 1,
		         .state = { .is_up = 1 } },
		.roots = { .source = ROOTS_BROWSER, .n = 140 }, .running = 1, .waiting = 2, .hosts = 3,
	};
	if (!is_up)
		s = (struct cert_status){ .net = { .state = { 0, ERR_TOR_AUTH } }, .roots = { .source = ROOTS_NONE } };
	return &s;
}

#define TEXT(s) { (s), sizeof (s) - 1 }
#define REPLY_ADDRESS "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
#define REPLY_OTHER "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"

static inline const struct parse_scan_r *reply_hits(void)
{
	static struct parse_scan_r r;

	r = (struct parse_scan_r){ .has_more = 1, .n = 2, .hit = {
		{ .coin = TEXT("Bitcoin"), .ticker = TEXT("BTC"), .form = TEXT("P2PKH"), .network = TEXT("main"),
		  .address = TEXT(REPLY_ADDRESS), .offset = 4, .length = 34, .checksum_bits = 32 },
		{ .flavour = 1, .coin = TEXT("Solana"), .ticker = TEXT("SOL"), .form = TEXT("account"), .network = TEXT("main"),
		  .address = TEXT("So11111111111111111111111111111111111111112"), .offset = 70, .length = 46, .is_normalised = 1 },
	} };
	return &r;
}

static inline const struct clip_result *reply_compared(enum verdict verdict)
{
	static struct clip_answer others[3];
	static struct relay_info first[1];
	static struct clip_result r;

	first[0] = reply_relay(21, "NL");
	for (unsigned i = 0; i < 3; i++)
		others[i] = (struct clip_answer){
			.slot = i + 1, .has_exit = true, .has_page = true, .exit = reply_relay(30 + i, "DE"),
			.found = verdict == VERDICT_MATCH ? PLACE_SAME : PLACE_OTHER, .is_family_equal = verdict == VERDICT_MATCH, .is_alone = verdict == VERDICT_MATCH,
			.address = verdict == VERDICT_MATCH ? REPLY_ADDRESS : REPLY_OTHER, .url = "http://site.test:8080/donate/",
			.http_status = 200, .elapsed_ms = 640 + i,
		};
	r = (struct clip_result){
		.key = &reply_key, .address = REPLY_ADDRESS, .ticker = "BTC", .verdict = verdict, .k = 3, .asked = 3, .answered = 3,
		.reason = verdict == VERDICT_MATCH ? REASON_SAME_ADDRESS : REASON_OTHERS_AGREE, .elapsed_ms = 900, .n_first = 1,
		.first = first, .n_others = 3, .others = others, .n_chance = 3, .chance = { 0.25, 0.0625, 0.015625 },
	};
	if (verdict == VERDICT_UNDECIDED) {
		others[0].found = PLACE_ABSENT;
		others[0].address = NULL;
		others[1] = (struct clip_answer){ .slot = 2, .error = ERR_TIMEOUT, .elapsed_ms = 12000 };
		others[2] = (struct clip_answer){ .slot = 3, .has_exit = true, .exit = reply_relay(32, "??"), .http_status = 503,
		                                  .error = ERR_HTTP_STATUS, .elapsed_ms = 12000 };
		r.reason = REASON_TOO_FEW;
		r.error = ERR_TIMEOUT;
		r.retry_useful = true;
		r.answered = 1;
	}
	return &r;
}

/* A download: 0 match by all bytes, 1 mismatch, 2 undecided and held, 3 a browser's, by ranges. */
static inline const struct download_result *reply_download(unsigned which)
{
	static struct download_answer others[3];
	static struct relay_info first[1];
	static const struct dl_range ranges[2] = { { 4096, 1 }, { 65536, 8192 } };
	static struct download_result r;
	bool differs = which == 1;

	first[0] = reply_relay(21, "NL");
	for (unsigned i = 0; i < 3; i++) {
		others[i] = (struct download_answer){
			.slot = i + 1, .has_exit = true, .has_answer = true, .exit = reply_relay(30 + i, "DE"), .http_status = 200,
			.url = "http://site.test:8080/files/setup.exe", .length = 1048576, .same_entity = 1, .agrees = !differs || i == 0,
			.has_sha256 = which < 2, .bytes = 1048576, .elapsed_ms = 2640 + i,
		};
		memset(others[i].sha256, differs && i > 0 ? 0xbb : 0xaa, 32);
	}
	r = (struct download_result){
		.key = &reply_key, .url = "http://site.test:8080/get", .verdict = differs ? VERDICT_MISMATCH : VERDICT_MATCH,
		.reason = differs ? REASON_OTHER_FILE : which == 3 ? REASON_SAME_RANGES : REASON_SAME_FILE, .link_secure = true,
		.method = which == 3 ? DL_METHOD_RANGES : DL_METHOD_WHOLE, .compared = 1048576, .fetched = 2097152,
		.class_ = DL_CLASS_EXECUTABLE, .format = "pe", .has_local = true, .has_sha256 = which != 3, .size = 1048576,
		.k = which == 3 ? 3 : 1, .asked = 2, .answered = 2, .n_first = 1, .first = first, .n_others = 2, .others = others,
		.n_chance = 1, .chance = { 0.25 }, .state = DL_STATE_FINISHED, .download = 3, .path = "/home/user/Downloads/setup.exe",
		.elapsed_ms = 3100,
	};
	memset(r.sha256, 0xaa, 32);
	if (differs) {
		r.n_others = 3;
		r.range = ranges;
		r.n_ranges = 2;
		r.has_more_ranges = true;
		r.state = DL_STATE_NONE;
		r.path = NULL;
		r.can_keep = true;
	} else if (which == 2) {
		others[1] = (struct download_answer){ .slot = 2, .has_exit = true, .exit = reply_relay(31, "??"), .http_status = 403,
		                                      .error = ERR_HTTP_STATUS, .length = -1, .same_entity = -1, .agrees = -1 };
		r.verdict = VERDICT_UNDECIDED;
		r.reason = REASON_REFUSED;
		r.error = ERR_HTTP_STATUS;
		r.method = DL_METHOD_NONE;
		r.state = DL_STATE_HELD;
		r.path = "/home/user/Downloads/setup.exe.part";
		r.class_ = DL_CLASS_UNKNOWN;
		r.format = "";
		r.answered = 1;
		r.retry_useful = r.whole_possible = true;
	} else if (which == 3) {
		r.has_missed = true;
		r.missed_block = 0.75;
		r.missed_64k = 0.25;
		r.missed_percent = 0.0625;
		r.state = DL_STATE_BROWSER;
		r.download = 0;
		r.path = NULL;
		r.n_others = 3;
		r.n_chance = 3;
		r.chance[1] = 0.0625;
		r.chance[2] = 0.015625;
		r.asked = r.answered = 3;
	}
	return &r;
}

enum {
	R_HELLO, R_OK, R_ERROR_FIELD, R_ERROR_ID, R_PROGRESS, R_PROGRESS_NONE, R_MATCH, R_MISMATCH, R_UNDECIDED, R_EXEMPT,
	R_CANCELLED, R_CIRCUIT, R_CIRCUIT_DRY, R_STATUS, R_STATUS_DOWN, R_TOR_UP, R_TOR_DOWN, R_NEWNYM,
	R_CLIP_NONE, R_CLIP_HITS, R_CLIP_PROGRESS, R_CLIP_MATCH, R_CLIP_MISMATCH, R_CLIP_UNDECIDED,
	R_HTTPS_PROGRESS, R_HTTPS_WITHHELD, R_HTTPS_NONE, R_HTTPS_PLAIN,
	R_DL_PROGRESS, R_DL_CHOOSING, R_DL_MATCH, R_DL_MISMATCH, R_DL_UNDECIDED, R_DL_RANGES, R_DL_KEPT, R_CLASSIFIED,
	R_REPORT_BUILT, R_REPORT_SENDING, R_REPORT_WAITING, R_REPORT_STORED, R_REPORT_KNOWN, REPLY_ENCODERS
};

static inline json_t *reply_encode(unsigned which)
{
	static char report_text[] = "{\n  \"secondexit_report\": 1\n}\n";
	static const struct buf report = { .bytes = (uint8_t *)report_text, .len = sizeof report_text - 1 };
	static const struct cert_progress none = { .slot = 2, .step = CERT_STEP_CHOOSING };
	static const struct cert_progress asking = { .question = QUESTION_HTTPS, .slot = 2, .step = CERT_STEP_FAILED };
	static const struct circuit_result circuit = { .circuits = 1, .streams = 2 };
	static const struct circuit_result dry = { .circuits = 1, .streams = 5, .still_same = STILL_SAME_YES };

	static const struct parse_scan_r no_hits;
	static const struct clip_progress fetching = { .slot = 2, .step = CLIP_STEP_FETCHING, .elapsed_ms = 700 };

	static const struct download_progress loading = { .slot = 1, .step = DL_STEP_FETCHING, .method = DL_METHOD_WHOLE, .bytes = 65536,
	                                                  .total = 1048576, .elapsed_ms = 900 };
	static const struct download_progress no_exit = { .slot = 2, .step = DL_STEP_FAILED, .total = -1 };
	static const struct download_classified classified = { DL_CLASS_EXECUTABLE, "pe", "content" };

	switch (which) {
	case R_HELLO: return encode_hello(1);
	case R_OK: return encode_ok(3);
	case R_ERROR_FIELD: return encode_error(7, ERR_MSG_FIELD, "port");
	case R_ERROR_ID: return encode_error(0, ERR_MSG_JSON, NULL);
	case R_PROGRESS: return encode_progress(2, reply_progress());
	case R_PROGRESS_NONE: return encode_progress(2, &none);
	case R_MATCH: return encode_result(2, reply_match());
	case R_MISMATCH: return encode_result(2, reply_mismatch());
	case R_UNDECIDED: return encode_result(2, reply_undecided());
	case R_EXEMPT: return encode_result(2, reply_exempt());
	case R_CANCELLED: return encode_result(2, reply_cancelled());
	case R_CIRCUIT: return encode_circuit(4, &circuit);
	case R_CIRCUIT_DRY: return encode_circuit(4, &dry);
	case R_STATUS: return encode_status(6, reply_status(true));
	case R_STATUS_DOWN: return encode_status(6, reply_status(false));
	case R_TOR_UP: return encode_event_tor(true, OK);
	case R_TOR_DOWN: return encode_event_tor(false, ERR_TOR_ABSENT);
	case R_NEWNYM: return encode_event_newnym();
	case R_CLIP_NONE: return encode_clip_checked(9, OK, &no_hits);
	case R_CLIP_HITS: return encode_clip_checked(9, OK, reply_hits());
	case R_CLIP_PROGRESS: return encode_clip_progress(10, &fetching);
	case R_CLIP_MATCH: return encode_clip_compared(10, reply_compared(VERDICT_MATCH));
	case R_CLIP_MISMATCH: return encode_clip_compared(10, reply_compared(VERDICT_MISMATCH));
	case R_CLIP_UNDECIDED: return encode_clip_compared(10, reply_compared(VERDICT_UNDECIDED));
	case R_HTTPS_PROGRESS: return encode_progress(2, &asking);
	case R_HTTPS_WITHHELD: return encode_result(2, reply_withheld());
	case R_HTTPS_NONE: return encode_result(2, reply_no_https());
	case R_HTTPS_PLAIN: return encode_result(2, reply_plain());
	case R_DL_PROGRESS: return encode_download_progress(11, &loading);
	case R_DL_CHOOSING: return encode_download_progress(11, &no_exit);
	case R_DL_MATCH: case R_DL_MISMATCH: case R_DL_UNDECIDED: case R_DL_RANGES:
		return encode_download_result(11, reply_download(which - R_DL_MATCH));
	case R_DL_KEPT: return encode_download_kept(12, "/home/user/Downloads/setup.exe.evidence");
	case R_CLASSIFIED: return encode_classified(12, OK, &classified);
	case R_REPORT_BUILT: return encode_report_built(13, &report);
	case R_REPORT_SENDING: return encode_report_progress(14, &(struct report_progress){ 1, false, OK, 0 });
	case R_REPORT_WAITING: return encode_report_progress(14, &(struct report_progress){ 1, true, ERR_ONION_TIMEOUT, 14003 });
	case R_REPORT_STORED: return encode_report_sent(14, &(struct report_sent){ REPORT_STORED, 2 });
	case R_REPORT_KNOWN: return encode_report_sent(14, &(struct report_sent){ REPORT_KNOWN, 1 });
	default: return NULL;
	}
}

static const struct { const char *name, *about; struct { int which; const char *about; } good[6]; } reply_files[] = {
	{ "reply.hello", "The host's greeting.", { { R_HELLO, "hello" } } },
	{ "reply.ok", "The end of a request that has nothing to tell.", { { R_OK, "ok" } } },
	{ "reply.error", "The end of a request that failed.",
	  { { R_ERROR_FIELD, "a wrong field" }, { R_ERROR_ID, "a message that could not be read" } } },
	{ "reply.cert.progress", "Where one exit stands.",
	  { { R_PROGRESS, "an exit at work" }, { R_PROGRESS_NONE, "no exit chosen yet" } } },
	{ "reply.cert.result", "The end of a check.",
	  { { R_MATCH, "match, one answer by public key" }, { R_MISMATCH, "mismatch: another exit saw a valid chain" },
	    { R_UNDECIDED, "undecided: tor was lost" }, { R_EXEMPT, "exempt: onion service" },
	    { R_CANCELLED, "cancelled" } } },
	{ "reply.https.progress", "Where one exit stands.", { { R_HTTPS_PROGRESS, "an exit at work" } } },
	{ "reply.https.result", "The end of https.check.",
	  { { R_HTTPS_WITHHELD, "mismatch: another exit gets HTTPS" }, { R_HTTPS_NONE, "match: there is none" },
	    { R_HTTPS_PLAIN, "undecided: of a plain page; exits are led to different places" } } },
	{ "reply.circuit.result", "The end of circuit.new.",
	  { { R_CIRCUIT, "closed" }, { R_CIRCUIT_DRY, "counted; the exit is still the old one's kin" } } },
	{ "reply.status", "What the host found.", { { R_STATUS, "all well" }, { R_STATUS_DOWN, "tor refuses us" } } },
	{ "reply.clip.result", "The end of clip.check.",
	  { { R_CLIP_NONE, "no address" }, { R_CLIP_HITS, "two, and more" } } },
	{ "reply.clip.progress", "Where one exit stands.", { { R_CLIP_PROGRESS, "a page on its way" } } },
	{ "reply.clip.compared", "The end of clip.compare.",
	  { { R_CLIP_MATCH, "match" }, { R_CLIP_MISMATCH, "mismatch: all others show one other address there" },
	    { R_CLIP_UNDECIDED, "undecided: too few pages" } } },
	{ "reply.download.progress", "Where one exit stands.",
	  { { R_DL_PROGRESS, "a file on its way" }, { R_DL_CHOOSING, "nothing known yet" } } },
	{ "reply.download.result", "The end of download.fetch, download.verify, download.retry.",
	  { { R_DL_MATCH, "match: every byte" }, { R_DL_MISMATCH, "mismatch: two others have another file" },
	    { R_DL_UNDECIDED, "undecided: refused, and held" }, { R_DL_RANGES, "match by ranges: the browser's file" } } },
	{ "reply.download.kept", "Where the evidence lies.", { { R_DL_KEPT, "kept" } } },
	{ "reply.classified", "The end of classify.", { { R_CLASSIFIED, "a program" } } },
	{ "reply.report.built", "The text of a report.", { { R_REPORT_BUILT, "a report" } } },
	{ "reply.report.progress", "How sending goes.", { { R_REPORT_SENDING, "the first try" }, { R_REPORT_WAITING, "it failed" } } },
	{ "reply.report.sent", "The collector has it.", { { R_REPORT_STORED, "stored" }, { R_REPORT_KNOWN, "known already" } } },
	{ "event.tor", "tor came or went.", { { R_TOR_UP, "came" }, { R_TOR_DOWN, "went" } } },
	{ "event.newnym", "New Identity: everything is forgotten.", { { R_NEWNYM, "newnym" } } },
};
#define REPLY_FILES (sizeof reply_files / sizeof *reply_files)

static inline const char *reply_name(size_t i)
{
	return reply_files[i].name;
}

static inline json_t *reply_file(size_t i)
{
	json_t *good = json_array();

	for (size_t k = 0; k < 6 && reply_files[i].good[k].about != NULL; k++)
		json_array_append_new(good, json_pack("{s:s,s:o}", "about", reply_files[i].good[k].about,
		                                      "message", reply_encode((unsigned)reply_files[i].good[k].which)));
	return json_pack("{s:s,s:s,s:o,s:[]}", "about", reply_files[i].about, "to", "browser", "good", good, "bad");
}

/* Writes base64 with a NUL; returns to. */
static inline const char *encode_base64(char *to, const uint8_t *bytes, size_t n)
{
	return sodium_bin2base64(to, sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL), bytes, n,
	                         sodium_base64_VARIANT_ORIGINAL);
}

#endif
