// The conversation with the browser, against a certificate check that only notes what it is asked: every example of
// shared/examples, hello, ids, cancel, limits, events, and what comes out of the encoders.
// uses: host/message/message.c host/message/decode.c host/message/decode_download.c host/message/decode_report.c host/message/encode.c host/message/encode_download.c host/message/encode_report.c host/message/field.c host/base/dlverdict.c host/wire/json.c host/wire/jsonlong.c host/base/verdict.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// libs: -ljansson -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "message/encode.h"
#include "message/decode.h"
#include "message/message.h"
#include "wire/json.h"
#include <stdio.h>
#include "replies.h"

/* The certificate check that notes */

struct certcheck {
	struct cert_sink sink;
	char calls[4096];           /* "start:2 forget cancel:2 …" */
	struct cert_request check;
	struct circuit_request circuit;
	struct site_key forget;
	uint8_t leaf[8];
	enum err answer;            /* of start, new_circuit, status */
	uint32_t cancelled[REQUESTS_MAX], running[REQUESTS_MAX * 2];
};
static struct certcheck *fake;

static void note(const char *what, uint32_t id)
{
	size_t at = strlen(fake->calls);

	snprintf(fake->calls + at, sizeof fake->calls - at, id != 0 ? "%s:%u " : "%s ", what, id);
}

struct certcheck *certcheck_new(const struct check_ops *ops, const struct cert_sink *sink)
{
	(void)ops;
	fake = calloc(1, sizeof *fake);
	assert_non_null(fake);
	fake->sink = *sink;
	return fake;
}

void certcheck_free(struct certcheck *c)
{
	/* What runs is ended by results, as in the real one. */
	for (size_t i = 0; i < REQUESTS_MAX * 2; i++)
		if (c->running[i] != 0)
			certcheck_cancel(c, c->running[i]);
	free(c);
	fake = NULL;
}

static enum err fake_start(struct certcheck *c, const char *what, uint32_t id)
{
	note(what, id);
	for (size_t i = 0; c->answer == OK; i++)
		if (c->running[i] == 0) {
			c->running[i] = id;
			break;
		}
	return c->answer;
}

enum err certcheck_start(struct certcheck *c, uint32_t id, const struct cert_request *r)
{
	c->check = *r;
	if (r->n_offered > 0)
		memcpy(c->leaf, r->offered[0].der, r->offered[0].len < 8 ? r->offered[0].len : 8);
	return fake_start(c, "start", id);
}

enum err certcheck_new_circuit(struct certcheck *c, uint32_t id, const struct circuit_request *r)
{
	c->circuit = *r;
	return fake_start(c, "circuit", id);
}

enum err certcheck_status(struct certcheck *c, uint32_t id)
{
	return fake_start(c, "status", id);
}

static bool fake_end(struct certcheck *c, uint32_t id)
{
	for (size_t i = 0; i < REQUESTS_MAX * 2; i++)
		if (c->running[i] == id) {
			c->running[i] = 0;
			return true;
		}
	return false;
}

bool certcheck_cancel(struct certcheck *c, uint32_t id)
{
	note("cancel", id);
	if (!fake_end(c, id))
		return false;
	c->sink.result(c->sink.arg, id, reply_cancelled());
	return true;
}

void certcheck_forget(struct certcheck *c, const struct site_key *key)
{
	c->forget = *key;
	note("forget", 0);
}

void certcheck_wipe(struct certcheck *c)
{
	note("wipe", 0);
	for (size_t i = 0; i < REQUESTS_MAX * 2; i++)
		if (c->running[i] != 0)
			certcheck_cancel(c, c->running[i]);
}

const char *cert_step_name(enum cert_step s)
{
	static const char *const names[] = { "choosing", "building", "connecting", "handshaking", "done", "failed" };

	return names[s];
}

/* Copied addresses, likewise */

struct clip { struct clip_sink sink; struct clip_request check; struct clip_compare compare; char family[4096]; };
static struct clip *fake_clip;

struct clip *clip_new(const struct clip_ops *ops, const struct clip_sink *sink)
{
	(void)ops;
	fake_clip = calloc(1, sizeof *fake_clip);
	assert_non_null(fake_clip);
	fake_clip->sink = *sink;
	return fake_clip;
}

void clip_free(struct clip *c)
{
	free(c);
	fake_clip = NULL;
}

enum err clip_check(struct clip *c, uint32_t id, const struct clip_request *r)
{
	c->check = *r;
	return fake_start(fake, "clip", id);
}

enum err clip_compare(struct clip *c, uint32_t id, const struct clip_compare *r)
{
	c->compare = *r;
	snprintf(c->family, sizeof c->family, "%s", r->family);
	return fake_start(fake, "compare", id);
}

bool clip_cancel(struct clip *c, uint32_t id)
{
	(void)c;
	(void)id;
	return false;
}

void clip_wipe(struct clip *c)
{
	(void)c;
	note("clipwipe", 0);
}

const char *clip_step_name(enum clip_step s)
{
	static const char *const names[] = { "choosing", "building", "connecting", "handshaking", "fetching", "done", "failed" };

	return names[s];
}

/* Downloads, likewise */

struct downloads { struct download_sink sink; struct download_request start; char url[DL_CHAIN_MAX][64]; };
static struct downloads *fake_downloads;

struct downloads *downloads_new(const struct download_ops *ops, const struct download_sink *sink)
{
	(void)ops;
	fake_downloads = calloc(1, sizeof *fake_downloads);
	assert_non_null(fake_downloads);
	fake_downloads->sink = *sink;
	return fake_downloads;
}

void downloads_free(struct downloads *d)
{
	free(d);
	fake_downloads = NULL;
}

enum err download_start(struct downloads *d, uint32_t id, const struct download_request *r)
{
	d->start = *r;
	for (size_t i = 0; i < r->n_urls; i++)
		snprintf(d->url[i], sizeof d->url[i], "%s", r->url[i]);
	return fake_start(fake, r->is_fetch ? "fetch" : "verify", id);
}

void download_local(struct downloads *d, uint32_t target, uint64_t size)
{
	(void)d;
	assert_true(size <= (uint64_t)1 << 53);
	note("local", target);
}

enum err download_retry(struct downloads *d, uint32_t id, uint32_t download, bool whole)
{
	(void)d;
	note(whole ? "whole" : "retry", download);
	return fake_start(fake, "retry", id);
}

enum err download_discard(struct downloads *d, uint32_t download)
{
	(void)d;
	note("discard", download);
	return fake->answer;
}

enum err download_keep(struct downloads *d, uint32_t download, char *path, size_t cap)
{
	(void)d;
	note("keep", download);
	snprintf(path, cap, "/tmp/setup.exe.evidence");
	return fake->answer;
}

enum err download_show(struct downloads *d, uint32_t download)
{
	(void)d;
	note("show", download);
	return fake->answer;
}

enum err download_classify(struct downloads *d, uint32_t id, const struct download_classify *r)
{
	(void)d;
	(void)r;
	return fake_start(fake, "classify", id);
}

bool download_cancel(struct downloads *d, uint32_t id)
{
	(void)d;
	(void)id;
	return false;
}

void downloads_wipe(struct downloads *d)
{
	(void)d;
	note("downloadswipe", 0);
}

const char *download_step_name(enum dl_step s)
{
	return s == DL_STEP_FETCHING ? "fetching" : "failed";
}

const char *download_class_name(enum dl_class c)
{
	return c == DL_CLASS_EXECUTABLE ? "executable" : NULL;
}

const char *download_state_name(enum dl_state s)
{
	return s == DL_STATE_HELD ? "held" : s == DL_STATE_FINISHED ? "finished" : s == DL_STATE_BROWSER ? "browser" : "none";
}

/* Reports, likewise */

struct reports { struct report_sink sink; enum report_edition edition; struct report_build_request build; struct report_send_request send; size_t notes; };
static struct reports *fake_reports;

const struct chains *certcheck_chains(const struct certcheck *c)
{
	(void)c;
	return NULL;
}

struct reports *reports_new(const struct report_ops *ops, const struct report_sink *sink)
{
	(void)ops;
	fake_reports = calloc(1, sizeof *fake_reports);
	assert_non_null(fake_reports);
	fake_reports->sink = *sink;
	return fake_reports;
}

void reports_free(struct reports *r)
{
	free(r);
	fake_reports = NULL;
}

void reports_note_cert(struct reports *r, const struct cert_result *res, const struct chains *chains)
{
	(void)res;
	(void)chains;
	r->notes++;
}

void reports_note_clip(struct reports *r, const struct clip_result *res)
{
	(void)res;
	r->notes++;
}

void reports_note_download(struct reports *r, const struct download_result *res)
{
	(void)res;
	r->notes++;
}

enum err reports_build(struct reports *r, uint32_t id, const struct report_build_request *m, enum report_edition edition)
{
	r->build = *m;
	r->edition = edition;
	return fake_start(fake, "build", id);
}

enum err reports_send(struct reports *r, uint32_t id, const struct report_send_request *m, char *wrong)
{
	(void)wrong;
	r->send = *m;
	return fake_start(fake, "send", id);
}

bool reports_cancel(struct reports *r, uint32_t id)
{
	(void)r;
	(void)id;
	return false;
}

void reports_wipe(struct reports *r)
{
	(void)r;
	note("reportswipe", 0);
}

/* The browser's side */

struct said { json_t *list; };   /* every message since the last look */

static void said_cb(void *arg, uint32_t id, const json_t *message)
{
	struct said *s = arg;
	const json_t *its = json_object_get(message, "id");

	assert_true(id == 0 || json_integer_value(its) == id);
	assert_int_equal(json_array_append_new(s->list, json_deep_copy(message)), 0);
}

struct talk { struct messages *m; struct said said; };

static struct talk talk_new(struct said *said)
{
	said->list = json_array();
	return (struct talk){ .m = messages_new(NULL, NULL, NULL, NULL, said_cb, said), .said = *said };
}

static void talk_free(struct talk *t)
{
	messages_free(t->m);
	json_decref(t->said.list);
}

/* Says text, as wire/browser.c does. */
static void say_text(struct talk *t, const char *text, size_t n)
{
	json_t *root;
	enum err err = json_take(rd_of(text, n), &root);

	if (err != OK) {
		messages_refuse(t->m, err);
		return;
	}
	messages_take(t->m, root);
	json_decref(root);
}

static void say(struct talk *t, const char *text)
{
	say_text(t, text, strlen(text));
}

/* The one message said since; NULL for none. Fails for more. Borrowed until the next heard(). */
static const json_t *heard(struct talk *t)
{
	static json_t *last;

	json_decref(last);
	last = NULL;
	assert_in_range(json_array_size(t->said.list), 0, 1);
	if (json_array_size(t->said.list) == 0)
		return NULL;
	last = json_incref(json_array_get(t->said.list, 0));
	json_array_clear(t->said.list);
	return last;
}

static const char *text_of(const json_t *m, const char *key)
{
	const char *s = json_string_value(json_object_get(m, key));

	return s != NULL ? s : "";
}

static void expect_error(struct talk *t, json_int_t id, int code, const char *field)
{
	const json_t *m = heard(t);

	assert_non_null(m);
	assert_string_equal(text_of(m, "kind"), "error");
	assert_int_equal(json_integer_value(json_object_get(m, "code")), code);
	assert_string_equal(text_of(m, "name"), err_name((enum err)code));
	assert_string_equal(text_of(m, "text"), err_text((enum err)code));
	assert_string_equal(text_of(m, "field"), field != NULL ? field : "");
	if (id == 0)
		assert_true(json_is_null(json_object_get(m, "id")));
	else
		assert_int_equal(json_integer_value(json_object_get(m, "id")), id);
}

#define HELLO "{\"id\":1,\"kind\":\"hello\",\"protocol\":1,\"version\":\"0.1.0\",\"edition\":\"standard\"}"
#define SITE "\"first_party\":\"site.test\",\"private\":1,\"container\":0,\"host\":\"site.test\",\"port\":443"
#define CHECK(id) "{\"id\":" #id ",\"kind\":\"cert.check\"," SITE \
	",\"error\":-16370,\"clicked\":false,\"retry\":false,\"same_country\":false,\"proxy\":\"socks\"}"

static struct talk greeted(struct said *said)
{
	struct talk t = talk_new(said);

	say(&t, HELLO);
	const json_t *m = heard(&t);
	assert_string_equal(text_of(m, "kind"), "hello");
	assert_int_equal(json_integer_value(json_object_get(m, "protocol")), MESSAGE_PROTOCOL);
	return t;
}

/* The examples */

static json_t *example_file(const char *name)
{
	char path[256];
	json_error_t error;

	snprintf(path, sizeof path, "shared/examples/%s.json", name);
	json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (doc == NULL)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return doc;
}

static const char *const requests[] = {
	"hello", "cert.check", "cert.forget", "circuit.new", "session.wipe", "status", "cancel", "clip.check",
	"clip.compare", "door", "download.fetch", "download.verify", "download.local", "download.retry", "download.discard",
	"download.keep", "download.show", "classify", "report.build", "report.send"
};

/* One example in a fresh conversation; hello is said first, except for a hello. */
static void say_example(struct talk *t, const json_t *example, bool is_hello)
{
	if (!is_hello) {
		say(t, HELLO);
		assert_non_null(heard(t));
	}
	const json_t *raw = json_object_get(example, "raw");
	if (raw != NULL) {
		say_text(t, json_string_value(raw), json_string_length(raw));
		return;
	}
	struct buf text BUF_AUTO = buf_new(1 << 20);
	assert_int_equal(json_give(json_object_get(example, "message"), &text), OK);
	say_text(t, (const char *)text.bytes, text.len);
}

static void good_examples_are_taken(void **state)
{
	(void)state;
	unsigned n = 0;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		json_t *doc = example_file(requests[i]);
		size_t k;
		json_t *example;
		json_array_foreach(json_object_get(doc, "good"), k, example) {
			struct said said;
			struct talk t = talk_new(&said);
			say_example(&t, example, strcmp(requests[i], "hello") == 0);
			const json_t *m = heard(&t);
			if (m != NULL && strcmp(text_of(m, "kind"), "error") == 0)
				fail_msg("%s, %s: %s %s", requests[i], text_of(example, "about"), text_of(m, "name"), text_of(m, "field"));
			/* Answered at once or handed on: one of the two. */
			assert_true((m != NULL) != (strstr(fake->calls, ":") != NULL) || strstr(fake->calls, "cancel") != NULL ||
			            strncmp(requests[i], "download.", 9) == 0);
			talk_free(&t);
			n++;
		}
		json_decref(doc);
	}
	assert_in_range(n, 14, 1000);
}

static void bad_examples_give_their_error(void **state)
{
	(void)state;
	unsigned n = 0;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		json_t *doc = example_file(requests[i]);
		size_t k;
		json_t *example;
		json_array_foreach(json_object_get(doc, "bad"), k, example) {
			struct said said;
			struct talk t = talk_new(&said);
			say_example(&t, example, strcmp(requests[i], "hello") == 0);
			assert_string_equal(fake->calls, "");
			const json_t *m = heard(&t);
			json_int_t code = json_integer_value(json_object_get(example, "code"));
			if (m == NULL || json_integer_value(json_object_get(m, "code")) != code ||
			    strcmp(text_of(m, "field"), text_of(example, "field")) != 0)
				fail_msg("%s, %s: %s %s", requests[i], text_of(example, "about"), text_of(m, "name"), text_of(m, "field"));
			talk_free(&t);
			n++;
		}
		json_decref(doc);
	}
	assert_in_range(n, 150, 10000);
}

/* Each reply of the examples is what the encoders make of the structs in replies.h, and nothing else. With
 * WRITE_EXAMPLES=1 in the environment the files are written anew, for a person to read the difference. */
static void replies_are_the_examples(void **state)
{
	(void)state;
	bool writes = getenv("WRITE_EXAMPLES") != NULL;
	for (size_t i = 0; i < REPLY_FILES; i++) {
		json_t *made = reply_file(i);
		assert_non_null(made);
		if (writes) {
			char path[256];
			snprintf(path, sizeof path, "shared/examples/%s.json", reply_name(i));
			assert_int_equal(json_dump_file(made, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)), 0);
		}
		json_t *doc = example_file(reply_name(i));
		size_t k;
		json_t *example;
		json_t *good = json_object_get(doc, "good"), *now = json_object_get(made, "good");
		assert_int_equal(json_array_size(good), json_array_size(now));
		json_array_foreach(now, k, example)
			if (!json_equal(example, json_array_get(good, k)))
				fail_msg("%s, %s: the encoders say something else", reply_name(i), text_of(example, "about"));
		json_decref(doc);
		json_decref(made);
	}
}

/* Values arrive where they belong */

static void a_check_arrives_whole(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	say(&t, "{\"id\":77,\"kind\":\"cert.check\",\"first_party\":\"first.test\",\"private\":3,\"container\":4,"
	        "\"host\":\"site.test\",\"port\":8443,\"error\":-16370,\"clicked\":true,\"retry\":false,"
	        "\"same_country\":true,\"proxy\":\"direct\",\"socks_username\":\"u:0\",\"socks_password\":\"pw\","
	        "\"offered\":[\"MAMCAQE=\",\"MAA=\"]}");
	assert_null(heard(&t));
	assert_string_equal(fake->calls, "start:77 ");
	const struct cert_request *r = &fake->check;
	assert_string_equal(r->key.first_party, "first.test");
	assert_int_equal(r->key.private_id, 3);
	assert_int_equal(r->key.container, 4);
	assert_string_equal(r->key.host, "site.test");
	assert_int_equal(r->key.port, 8443);
	assert_int_equal(r->error, -16370);
	assert_true(r->clicked && !r->retry && r->same_country);
	assert_int_equal(r->proxy, CERT_PROXY_DIRECT);
	assert_string_equal(r->socks_username, "u:0");
	assert_string_equal(r->socks_password, "pw");
	assert_int_equal(r->n_offered, 2);
	assert_int_equal(r->offered[0].len, 5);
	assert_memory_equal(fake->leaf, "\x30\x03\x02\x01\x01", 5);
	assert_int_equal(r->offered[1].len, 2);
	/* What only the shell may choose stays at its default. */
	assert_int_equal(r->first, CERT_FIRST_BROWSER);
	assert_int_equal(r->k, 0);
	assert_false(r->two_continents);
	talk_free(&t);
}

static void a_circuit_and_a_site_arrive_whole(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	say(&t, "{\"id\":5,\"kind\":\"circuit.new\"," SITE ",\"dry\":true,\"socks_username\":\"u\",\"socks_password\":\"p\"}");
	assert_true(fake->circuit.dry);
	assert_string_equal(fake->circuit.key.host, "site.test");
	assert_string_equal(fake->circuit.socks_username, "u");
	assert_string_equal(fake->circuit.socks_password, "p");
	say(&t, "{\"id\":6,\"kind\":\"cert.forget\"," SITE "}");
	assert_string_equal(text_of(heard(&t), "kind"), "ok");
	assert_int_equal(fake->forget.port, 443);
	assert_int_equal(fake->forget.private_id, 1);
	assert_string_equal(fake->calls, "circuit:5 forget ");
	talk_free(&t);
}

/* n certificates of len bytes each, in base64. */
static char *check_with_chain(size_t n, size_t len)
{
	size_t room = n * (len * 4 / 3 + 16) + 1024;
	char *text = malloc(room), *p = text;
	uint8_t *der = calloc(1, len);

	assert_true(text != NULL && der != NULL);
	p += sprintf(p, "{\"id\":9,\"kind\":\"cert.check\"," SITE ",\"error\":1,\"clicked\":false,\"retry\":false,"
	                "\"same_country\":false,\"proxy\":\"socks\",\"offered\":[");
	for (size_t i = 0; i < n; i++) {
		*p++ = '"';
		const char *end = encode_base64(p, der, len);
		p = strchr(end, '\0');
		p = stpcpy(p, i + 1 < n ? "\"," : "\"");
	}
	strcpy(p, "]}");
	free(der);
	return text;
}

static void chains_have_bounds(void **state)
{
	(void)state;
	const struct { size_t n, len; bool is_taken; } chains[] = {
		{ 1, CERT_MAX, true }, { 1, CERT_MAX + 1, false }, { 3, CHAIN_BYTES_MAX / 3, true },
		{ 4, CHAIN_BYTES_MAX / 3, false }, { CHAIN_MAX, 1000, true }, { CHAIN_MAX + 1, 10, false },
	};
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		struct said said;
		struct talk t = greeted(&said);
		char *text = check_with_chain(chains[i].n, chains[i].len);
		say(&t, text);
		free(text);
		if (chains[i].is_taken) {
			assert_null(heard(&t));
			assert_int_equal(fake->check.n_offered, chains[i].n);
			for (size_t k = 0; k < chains[i].n; k++)
				assert_int_equal(fake->check.offered[k].len, chains[i].len);
		} else {
			expect_error(&t, 9, ERR_MSG_FIELD, "offered");
		}
		talk_free(&t);
	}
}

static void names_of_every_length(void **state)
{
	(void)state;
	for (size_t n = 1; n < 300; n++) {
		struct said said;
		struct talk t = greeted(&said);
		char text[1024], host[300];
		memset(host, 'h', n);
		host[n] = '\0';
		snprintf(text, sizeof text, "{\"id\":9,\"kind\":\"cert.forget\",\"first_party\":\"\",\"private\":0,"
		         "\"container\":0,\"host\":\"%s\",\"port\":1}", host);
		say(&t, text);
		if (n < HOST_MAX) {
			assert_string_equal(text_of(heard(&t), "kind"), "ok");
			assert_string_equal(fake->forget.host, host);
		} else {
			expect_error(&t, 9, ERR_MSG_FIELD, "host");
		}
		talk_free(&t);
	}
}

/* hello */

static void hello_comes_first_and_once(void **state)
{
	(void)state;
	struct said said;
	struct talk t = talk_new(&said);
	say(&t, "{\"id\":6,\"kind\":\"status\"}");
	expect_error(&t, 6, ERR_MSG_HELLO, NULL);
	say(&t, CHECK(7));
	expect_error(&t, 7, ERR_MSG_HELLO, NULL);
	say(&t, "{\"id\":8,\"kind\":\"nonsense\"}");
	expect_error(&t, 8, ERR_MSG_HELLO, NULL);
	say(&t, "{\"id\":1,\"kind\":\"hello\",\"protocol\":1}");
	expect_error(&t, 1, ERR_MSG_FIELD, "version");
	assert_string_equal(fake->calls, "");
	say(&t, HELLO);
	assert_string_equal(text_of(heard(&t), "kind"), "hello");
	say(&t, HELLO);
	expect_error(&t, 1, ERR_MSG_HELLO, NULL);
	say(&t, "{\"id\":6,\"kind\":\"status\"}");
	assert_null(heard(&t));
	assert_string_equal(fake->calls, "status:6 ");
	talk_free(&t);
}

static void another_version_hears_it_once_and_nothing_else(void **state)
{
	(void)state;
	struct said said;
	struct talk t = talk_new(&said);
	say(&t, "{\"id\":1,\"kind\":\"hello\",\"protocol\":2,\"surprise\":[1]}");
	expect_error(&t, 1, ERR_MSG_VERSION, NULL);
	say(&t, HELLO);
	say(&t, CHECK(2));
	say(&t, "nonsense");
	say(&t, "{}");
	messages_refuse(t.m, ERR_MSG_TOO_BIG);
	fake->sink.tor(fake->sink.arg, false, ERR_TOR_ABSENT);
	fake->sink.newnym(fake->sink.arg);
	assert_null(heard(&t));
	assert_string_equal(fake->calls, "reportswipe ");
	talk_free(&t);
}

/* ids */

static void one_id_runs_once(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	say(&t, CHECK(2));
	assert_null(heard(&t));
	/* Under id 2 the error would read as the check's end. */
	say(&t, CHECK(2));
	expect_error(&t, 0, ERR_MSG_ID, NULL);
	say(&t, "{\"id\":2,\"kind\":\"status\"}");
	expect_error(&t, 0, ERR_MSG_ID, NULL);
	say(&t, "{\"id\":2,\"kind\":\"nonsense\"}");
	expect_error(&t, 0, ERR_MSG_ID, NULL);
	say(&t, "{\"id\":2,\"kind\":\"cancel\",\"target\":2}");
	expect_error(&t, 0, ERR_MSG_ID, NULL);
	assert_string_equal(fake->calls, "start:2 ");
	fake_end(fake, 2);
	fake->sink.result(fake->sink.arg, 2, reply_cancelled());
	assert_string_equal(text_of(heard(&t), "kind"), "cert.result");
	/* Free again. */
	say(&t, CHECK(2));
	assert_null(heard(&t));
	talk_free(&t);
}

static void one_end_each(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	const struct circuit_result circuit = { .circuits = 1 };
	say(&t, CHECK(2));
	fake->sink.progress(fake->sink.arg, 2, reply_progress());
	assert_string_equal(text_of(heard(&t), "kind"), "cert.progress");
	fake->sink.result(fake->sink.arg, 2, reply_cancelled());
	assert_string_equal(text_of(heard(&t), "reason"), "cancelled");
	/* Whatever else certcheck says of it is not passed on. */
	fake->sink.progress(fake->sink.arg, 2, reply_progress());
	fake->sink.result(fake->sink.arg, 2, reply_cancelled());
	fake->sink.circuit(fake->sink.arg, 2, &circuit);
	fake->sink.result(fake->sink.arg, 3, reply_cancelled());
	assert_null(heard(&t));
	talk_free(&t);
}

static void a_refused_start_ends_its_request(void **state)
{
	(void)state;
	const enum err refusals[] = { ERR_MSG_BUSY, ERR_TARGET_NAME, ERR_NOMEM, ERR_TOO_BIG, ERR_MSG_FIELD };
	struct said said;
	struct talk t = greeted(&said);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		fake->answer = refusals[i];
		say(&t, CHECK(2));
		expect_error(&t, 2, refusals[i], NULL);
		say(&t, "{\"id\":2,\"kind\":\"status\"}");
		expect_error(&t, 2, refusals[i], NULL);
		say(&t, "{\"id\":2,\"kind\":\"circuit.new\"," SITE ",\"dry\":false}");
		expect_error(&t, 2, refusals[i], NULL);
	}
	fake->answer = OK;
	say(&t, CHECK(2));
	assert_null(heard(&t));
	talk_free(&t);
}

static void not_too_many_at_once(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	char text[512];
	for (unsigned id = 10; id < 10 + REQUESTS_MAX + 5; id++) {
		snprintf(text, sizeof text, "{\"id\":%u,\"kind\":\"status\"}", id);
		say(&t, text);
		if (id < 10 + REQUESTS_MAX)
			assert_null(heard(&t));
		else
			expect_error(&t, id, ERR_MSG_BUSY, NULL);
	}
	/* What ends at once is still answered, cancel above all. */
	say(&t, "{\"id\":1000,\"kind\":\"cancel\",\"target\":10}");
	assert_int_equal(json_array_size(t.said.list), 2);
	json_array_clear(t.said.list);
	say(&t, "{\"id\":1001,\"kind\":\"status\"}");
	assert_null(heard(&t));
	talk_free(&t);
}

static void cancel_and_wipe(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	say(&t, CHECK(2));
	say(&t, CHECK(3));
	say(&t, "{\"id\":4,\"kind\":\"cancel\",\"target\":2}");
	assert_int_equal(json_array_size(t.said.list), 2);
	assert_string_equal(text_of(json_array_get(t.said.list, 0), "reason"), "cancelled");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(t.said.list, 0), "id")), 2);
	assert_string_equal(text_of(json_array_get(t.said.list, 1), "kind"), "ok");
	json_array_clear(t.said.list);
	/* Too late: ok all the same. */
	say(&t, "{\"id\":5,\"kind\":\"cancel\",\"target\":2}");
	assert_string_equal(text_of(heard(&t), "kind"), "ok");
	say(&t, "{\"id\":6,\"kind\":\"session.wipe\"}");
	assert_int_equal(json_array_size(t.said.list), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(t.said.list, 0), "id")), 3);
	json_array_clear(t.said.list);
	talk_free(&t);
}

static void the_end_is_silent(void **state)
{
	(void)state;
	struct said said;
	struct talk t = greeted(&said);
	say(&t, CHECK(2));
	messages_free(t.m);
	t.m = NULL;
	assert_null(heard(&t));
	talk_free(&t);
}

static void events(void **state)
{
	(void)state;
	struct said said;
	struct talk t = talk_new(&said);
	/* Before hello nothing is said, but nothing is lost: the last state follows it. */
	fake->sink.newnym(fake->sink.arg);
	fake->sink.tor(fake->sink.arg, true, OK);
	fake->sink.tor(fake->sink.arg, false, ERR_TOR_AUTH);
	assert_null(heard(&t));
	say(&t, HELLO);
	assert_int_equal(json_array_size(t.said.list), 2);
	const json_t *m = json_array_get(t.said.list, 1);
	assert_string_equal(text_of(m, "event"), "tor");
	assert_true(json_is_false(json_object_get(m, "up")));
	assert_string_equal(text_of(json_object_get(m, "error"), "name"), "ERR_TOR_AUTH");
	json_array_clear(t.said.list);
	fake->sink.tor(fake->sink.arg, true, OK);
	m = heard(&t);
	assert_true(json_is_true(json_object_get(m, "up")));
	assert_true(json_is_null(json_object_get(m, "error")));
	fake->sink.newnym(fake->sink.arg);
	assert_string_equal(text_of(heard(&t), "event"), "newnym");
	talk_free(&t);
}

/* Texts that no relay or site should be able to send do not break a reply. */
static void text_that_is_not_utf8(void **state)
{
	(void)state;
	struct cert_result r = *reply_match();
	struct cert_answer first = r.first[0];
	snprintf(first.words.subject, sizeof first.words.subject, "CN=\xff\xfe caf\xc3\xa9");
	snprintf(first.exit.nickname, sizeof first.exit.nickname, "\x80");
	r.first = &first;
	r.n_first = 1;
	json_t *m = encode_result(2, &r);
	assert_non_null(m);
	const json_t *a = json_array_get(json_object_get(m, "first"), 0);
	assert_string_equal(text_of(json_object_get(a, "certificate"), "subject"), "CN=?? caf??");
	assert_string_equal(text_of(json_object_get(a, "exit"), "nickname"), "?");
	json_decref(m);
}

/* A largest result stays below what the browser takes: every list full, every text full. */
static void the_largest_result_can_be_sent(void **state)
{
	(void)state;
	json_t *m = encode_result(MESSAGE_ID_MAX, reply_largest());
	struct buf text BUF_AUTO = buf_new(16u * 1024 * 1024);
	assert_non_null(m);
	assert_int_equal(json_give(m, &text), OK);
	json_decref(m);
	print_message("largest result: %zu bytes\n", text.len);
	assert_true(text.len < NATIVE_OUT_MAX);
}

static size_t allocations_left;
static void *failing_malloc(size_t n)
{
	return allocations_left > 0 ? allocations_left--, malloc(n) : NULL;
}

/* Memory that is out at every single allocation of every reply: NULL, no crash, and under ASan no leak. */
static void encoders_without_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(failing_malloc, free);
	for (unsigned which = 0; which < REPLY_ENCODERS; which++)
		for (size_t n = 0;; n++) {
			allocations_left = n;
			json_t *m = reply_encode(which);
			if (m != NULL && allocations_left > 0) {
				json_decref(m);
				break;
			}
			json_decref(m);
		}
	json_init();
}

static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	return *s ^= *s << 5;
}

/* Each mutation of a whole conversation is answered: with an error, or by what was asked; never twice. */
static void random_mutations(void **state)
{
	(void)state;
	static const char likely[] = "{}[]\",:\\0u1e-.n\xc3\xa9";
	static const char *const texts[] = {
		CHECK(2), "{\"id\":4,\"kind\":\"circuit.new\"," SITE ",\"dry\":true,\"socks_username\":\"u\",\"socks_password\":\"p\"}",
		"{\"id\":5,\"kind\":\"cancel\",\"target\":2}", "{\"id\":6,\"kind\":\"cert.forget\"," SITE "}",
		"{\"id\":7,\"kind\":\"status\"}", HELLO,
	};
	uint32_t seed = 99;
	unsigned taken = 0, refused = 0;
	for (int i = 0; i < 10000; i++) {
		const char *text = texts[next_random(&seed) % (sizeof texts / sizeof *texts)];
		char copy[512];
		size_t n = strlen(text);
		memcpy(copy, text, n);
		for (unsigned m = next_random(&seed) % 3 + 1; m > 0; m--)
			copy[next_random(&seed) % n] =
				next_random(&seed) % 2 ? likely[next_random(&seed) % sizeof likely] : (char)next_random(&seed);
		struct said said;
		struct talk t = greeted(&said);
		say_text(&t, copy, n);
		if (fake->calls[0] != '\0')
			taken++;
		else
			refused++;
		assert_true(fake->calls[0] != '\0' || json_array_size(t.said.list) == 1);
		json_array_clear(t.said.list);
		talk_free(&t);
	}
	assert_in_range(taken, 100, 9500);
	assert_in_range(refused, 500, 9900);
}

static int init(void **state)
{
	(void)state;
	json_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_examples_are_taken),
		cmocka_unit_test(bad_examples_give_their_error),
		cmocka_unit_test(replies_are_the_examples),
		cmocka_unit_test(a_check_arrives_whole),
		cmocka_unit_test(a_circuit_and_a_site_arrive_whole),
		cmocka_unit_test(chains_have_bounds),
		cmocka_unit_test(names_of_every_length),
		cmocka_unit_test(hello_comes_first_and_once),
		cmocka_unit_test(another_version_hears_it_once_and_nothing_else),
		cmocka_unit_test(one_id_runs_once),
		cmocka_unit_test(one_end_each),
		cmocka_unit_test(a_refused_start_ends_its_request),
		cmocka_unit_test(not_too_many_at_once),
		cmocka_unit_test(cancel_and_wipe),
		cmocka_unit_test(the_end_is_silent),
		cmocka_unit_test(events),
		cmocka_unit_test(text_that_is_not_utf8),
		cmocka_unit_test(the_largest_result_can_be_sent),
		cmocka_unit_test(encoders_without_memory),
		cmocka_unit_test(random_mutations),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
