// secondexit-fetch with servers that lie: bounded, a typed error, and the next fetch is served all the same.
// uses: host/priv/fetchmsg.c host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c host/base/clock.c
// libs: -lssl -lcrypto -lz
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fetchpeer.h"

#include <zlib.h>

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const char many_kib[100 * 1024] = { 0 };

/* It lives, and serves somebody else. */
static void still_there(void)
{
	const struct fetch_ask m = peer_ask("http://other.test/");
	const struct served how = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" };

	assert_true(peer_fetch(&m, &how, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_equal(got.body.len, 2);
}

static void one(const char *what, const struct fetch_ask *m, const struct served *how, enum err err)
{
	if (!peer_fetch(m, how, 20000))
		fail_msg("%s: the program is gone", what);
	if (!got.has_tail || got.tail.err != (uint32_t)err)
		fail_msg("%s: %s, not %s", what, got.has_tail ? err_name((enum err)got.tail.err) : "no end", err_name(err));
	still_there();
}

/* ---- heads ---- */

static void lies_in_the_head(void **state)
{
	(void)state;
	static const struct { const char *bytes; enum err err; } rows[] = {
		{ "", ERR_CLOSED },
		{ "SSH-2.0-OpenSSH_9.2\r\n", ERR_HTTP_PROTOCOL },
		{ "<html>0.9</html>\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 099 No\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 2000 No\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 -20 No\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/3.1 200 OK\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nxxxx", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ "HTTP/1.1 100 Continue\r\n\r\n", ERR_HTTP_PROTOCOL },
	};
	const struct fetch_ask m = peer_ask("http://site.test/");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct served how = { .bytes = rows[i].bytes };
		peer_fetch(&m, &how, 20000);
		/* Where libcurl or the kernel is first, both words are true. */
		if (!got.has_tail || (got.tail.err != (uint32_t)rows[i].err && got.tail.err != ERR_CLOSED))
			fail_msg("%s: %s", rows[i].bytes, got.has_tail ? err_name((enum err)got.tail.err) : "no end");
		assert_false(got.has_head);
		still_there();
	}
	const struct served nul = { .bytes = "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", .n = 46 };
	one("a NUL", &m, &nul, ERR_HTTP_PROTOCOL);
}

static void endless_heads(void **state)
{
	(void)state;
	char *line = malloc(sizeof many_kib);
	const struct fetch_ask m = peer_ask("http://site.test/");
	static const char *const loops[] = {
		"X-Pad: 0123456789012345678901234567890123456789\r\n",     /* many lines */
		" folded folded folded folded folded folded\r\n",           /* one folded line */
		"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n",                    /* interim answers */
		"0123456789abcdef0123456789abcdef",                         /* one line without an end */
	};
	const char *const begins[] = { "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", "", "HTTP/1.1 200 OK\r\nX: " };

	for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
		const struct served how = { .bytes = begins[i], .loop = loops[i], .stays_open = true };
		if (i == 2) {
			const struct served interim = { .bytes = loops[2], .loop = loops[2], .stays_open = true };
			one(loops[i], &m, &interim, ERR_HTTP_HEADERS);
		} else {
			one(loops[i], &m, &how, ERR_HTTP_HEADERS);
		}
		assert_false(got.head.status != 200);
	}
	/* 100 KB of status line. */
	memset(line, 'x', sizeof many_kib);
	memcpy(line, "HTTP/1.1 200 ", 13);
	const struct served status = { .bytes = line, .n = sizeof many_kib, .loop = "xxxxxxxxxxxxxxxx", .stays_open = true };
	one("a long status line", &m, &status, ERR_HTTP_HEADERS);
	free(line);
	/* Endless trailers behind a body. */
	const struct served trailers = { .bytes = CHUNKED "1\r\na\r\n0\r\n", .loop = "X-Trailer: 0123456789012345678901234567890\r\n", .stays_open = true };
	one("trailers", &m, &trailers, ERR_HTTP_HEADERS);
}

/* ---- bodies ---- */

static void lies_in_the_body(void **state)
{
	(void)state;
	static const struct { const char *bytes; enum err err; } rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ERR_HTTP_SHORT },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", ERR_HTTP_SHORT },
		{ CHUNKED, ERR_HTTP_SHORT },
		{ CHUNKED "5\r\nhel", ERR_HTTP_SHORT },
		{ CHUNKED "5\r\nhello\r\n", ERR_HTTP_SHORT },
		{ CHUNKED "5\r\nhello\r\n0\r\n", ERR_HTTP_SHORT },
		{ CHUNKED "xyz\r\nhello\r\n0\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ CHUNKED "-5\r\nhello\r\n0\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ CHUNKED "ffffffffffffffffffff\r\nhello\r\n0\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ CHUNKED "5\r\nhelloXX5\r\nhello\r\n0\r\n\r\n", ERR_HTTP_PROTOCOL },
		{ CHUNKED "7fffffffffffffff\r\nhello", ERR_HTTP_SHORT },
	};
	const struct fetch_ask m = peer_ask("http://site.test/");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct served how = { .bytes = rows[i].bytes };
		one(rows[i].bytes, &m, &how, rows[i].err);
	}
	/* Beyond its length nothing is read. */
	const struct served longer = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello and more" };
	assert_true(peer_fetch(&m, &longer, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_equal(got.body.len, 2);
	/* No end at all: max_body is it. */
	const struct served endless = { .bytes = "HTTP/1.1 200 OK\r\n\r\n", .loop = many_kib, .n_loop = sizeof many_kib };
	assert_true(peer_fetch(&m, &endless, 10000));
	assert_int_equal(got.tail.err, ERR_HTTP_BODY);
	assert_int_equal(got.body.len, m.max_body);
	assert_true(got.tail.body == m.max_body);
	const struct served chunks = { .bytes = CHUNKED, .loop = "1\r\na\r\n", .stays_open = true };
	struct fetch_ask few = m;
	few.max_body = 1000;
	one("endless chunks", &few, &chunks, ERR_HTTP_BODY);
	still_there();
}

/* An answer to HEAD with a body, 204 with one, 304 with a length. */
static void bodies_where_none_belongs(void **state)
{
	(void)state;
	struct fetch_ask m = peer_ask("http://site.test/");
	const struct served none = { .bytes = "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello" };
	assert_true(peer_fetch(&m, &none, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_equal(got.body.len, 0);
	m.is_head = 1;
	const struct served head = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" };
	assert_true(peer_fetch(&m, &head, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_equal(got.body.len, 0);
}

/* ---- compression ---- */

static size_t gzip(const uint8_t *in, size_t n, uint8_t *out, size_t cap)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)in;
	z.avail_in = (unsigned)n;
	z.next_out = out;
	z.avail_out = (unsigned)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t made = z.total_out;
	deflateEnd(&z);
	return made;
}

static size_t peak_kb(void)
{
	char path[64], line[256];
	size_t kb = 0;

	snprintf(path, sizeof path, "/proc/%d/status", peer_role.pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtoul(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kb;
}

static void bombs(void **state)
{
	(void)state;
	const size_t plain = 200u << 20;
	uint8_t *zeros = calloc(1, plain), *bomb = malloc(1 << 20), *twice = malloc(1 << 20);
	char *all = malloc(1 << 20);
	size_t n = gzip(zeros, plain, bomb, 1 << 20), n2 = gzip(bomb, n, twice, 1 << 20);
	const struct { const char *coding; const uint8_t *bytes; size_t n; } rows[] = {
		{ "gzip", bomb, n }, { "gzip, gzip", twice, n2 },
	};

	free(zeros);
	for (size_t i = 0; i < 2; i++) {
		int head = snprintf(all, 1 << 20, "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", rows[i].coding, rows[i].n);
		memcpy(all + head, rows[i].bytes, rows[i].n);
		struct served how = { .bytes = all, .n = (size_t)head + rows[i].n };
		struct fetch_ask m = peer_ask("http://site.test/");
		m.is_decoded = 1;
		m.max_body = 2 << 20;
		one(rows[i].coding, &m, &how, ERR_HTTP_BODY);
		/* Asked for as it is, it is as small as it is. */
		m.is_decoded = 0;
		assert_true(peer_fetch(&m, &how, 30000));
		assert_int_equal(got.tail.err, OK);
		assert_int_equal(got.body.len, rows[i].n);
		/* Nobody takes what is decoded: it stays bounded. */
		m.is_decoded = 1;
		m.max_body = FETCH_DECODED_MAX;
		got.keeps = true;
		/* A busy machine has less done in half a second; never more. */
		for (int ms = 500; ms <= 16000; ms *= 2) {
			assert_true(peer_fetch(&m, &how, ms));
			if (got.body.len >= FETCH_WINDOW)
				break;
		}
		got.keeps = false;
		assert_int_equal(got.body.len, FETCH_WINDOW);
		still_there();
	}
#ifndef __SANITIZE_ADDRESS__
	assert_true(peak_kb() < 48 * 1024);
#endif
	print_message("memory: %zu KB at most\n", peak_kb());
	free(bomb);
	free(twice);
	free(all);
}

static void broken_compression(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\n\xff\xff\xff\xff\xff",
		"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip\r\nContent-Length: 5\r\n\r\nhello",
	};
	struct fetch_ask m = peer_ask("http://site.test/");

	m.is_decoded = 1;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct served how = { .bytes = rows[i] };
		one(rows[i], &m, &how, ERR_HTTP_ENCODING);
	}
}

/* ---- time ---- */

static void slow_servers(void **state)
{
	(void)state;
	struct fetch_ask m = peer_ask("http://site.test/");
	const struct served silent = { .stays_open = true };
	const struct served stops = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .stays_open = true };
	char drip[4000];

	m.stall_ms = 300;
	one("silence", &m, &silent, ERR_TIMEOUT);
	one("silence in the middle", &m, &stops, ERR_HTTP_STALLED);
	m.stall_ms = 5000;
	m.deadline_ms = 700;
	one("silence until the deadline", &m, &stops, ERR_TIMEOUT);
	/* A byte a millisecond is never silent: the deadline ends it. */
	memset(drip, 'x', sizeof drip);
	memcpy(drip, "HTTP/1.1 200 OK\r\n\r\n", 19);
	m.stall_ms = 300;
	const struct served dripping = { .bytes = drip, .n = sizeof drip, .piece = 1, .stays_open = true };
	assert_true(peer_fetch(&m, &dripping, 30000));
	assert_int_equal(got.tail.err, ERR_TIMEOUT);
	assert_in_range(got.tail.elapsed_ms, 600, 5000);
	still_there();
}

/* ---- TLS ---- */

static void tls_that_fails(void **state)
{
	(void)state;
	const struct fetch_ask m = peer_ask("https://site.test/");
	EVP_PKEY *a = peer_key_ec("P-256"), *b = peer_key_ec("P-256"), *false_key = peer_key_false(a, b);
	X509 *cert = peer_cert(b, EVP_sha256(), "site.test", 0);
	SSL_CTX *liar = peer_context(cert, false_key, TLS1_2_VERSION);
	SSL_CTX *cut = peer_context(cert, b, 0);
	const struct served plain = { .bytes = "HTTP/1.1 400 Bad Request\r\n\r\n" };

	/* Its server answers plain text at once: nothing decrypts it, so it never "is asked". */
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	got_reset();
	fetchmsg_put_ask(&payload, &m);
	peer_put(FETCH_GET, 900001, &payload, pair[1]);
	close(pair[1]);
	assert_int_equal(send(pair[0], plain.bytes, strlen(plain.bytes), 0), (ssize_t)strlen(plain.bytes));
	while (!got.has_tail)
		assert_true(peer_read(900001));
	assert_int_equal(got.tail.err, ERR_TLS_PROTOCOL);
	assert_false(got.tail.has_leaf);
	close(pair[0]);

	const struct served forged = { .bytes = "HTTP/1.1 200 OK\r\n\r\n", .tls = liar };
	one("a false signature", &m, &forged, ERR_TLS_SIGNATURE);
	/* Closed in the middle of the body, without a word of TLS. */
	const struct served half = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .tls = cut };
	one("cut", &m, &half, ERR_HTTP_SHORT);
	SSL_CTX_free(liar);
	SSL_CTX_free(cut);
	X509_free(cert);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	EVP_PKEY_free(false_key);
}

/* ---- bytes at random ---- */

static void random_answers(void **state)
{
	(void)state;
	static const char *const words[] = {
		"HTTP/1.1 200 OK\r\n", "HTTP/1.0 404 \r\n", "HTTP/2 200\r\n", "HTTP/1.1 100 \r\n\r\n", "\r\n", "\r\n\r\n", "\n", " ", "Content-Length: ", "5",
		"Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n", "Connection: close\r\n", "hello", "\x1f\x8b\x08", "0\r\n", "ffff\r\n", ":", "\xff",
		"Transfer-Encoding: gzip, chunked\r\n", "Location: /\r\n", "Set-Cookie: a=b\r\n", "Alt-Svc: h3=\":443\"\r\n", "Trailer: x\r\n",
	};
	struct fetch_ask m = peer_ask("http://site.test/");
	unsigned seed = 12345;

	m.deadline_ms = 3000;
	for (int i = 0; i < 1500; i++) {
		char bytes[1024] = "";
		for (int w = 0; w < 12; w++) {
			seed = seed * 1103515245 + 12345;
			strcat(bytes, words[(seed >> 16) % (sizeof words / sizeof words[0])]);
		}
		m.is_decoded = (uint8_t)(i & 1);
		const struct served how = { .bytes = bytes };
		if (!peer_fetch(&m, &how, 30000) || !got.has_tail)
			fail_msg("run %d: %s", i, bytes);
	}
	still_there();
}

/* ---- main's faults, which can't be: the program ends rather than guess ---- */

static void ends_by(void (*fault)(void))
{
	int status = 0;

	peer_end();
	peer_start(NULL);
	fault();
	for (int i = 0; i < 3000 && waitpid(peer_role.pid, &status, WNOHANG) == 0; i++)
		usleep(10000);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	close(peer_role.fd);
	peer_start(NULL);
}

static void put_get(int fd, uint32_t id)
{
	const struct fetch_ask m = peer_ask("http://site.test/");
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);

	fetchmsg_put_ask(&payload, &m);
	peer_put(FETCH_GET, id, &payload, fd);
}

static int a_socket(void)
{
	static int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	return pair[1];
}

static void without_a_connection(void) { put_get(-1, 1); }
static void two_of_one_id(void) { put_get(a_socket(), 1); put_get(a_socket(), 1); }
static void a_descriptor_with_a_cancel(void) { peer_put(FETCH_CANCEL, 1, NULL, a_socket()); }
static void an_unknown_frame(void) { peer_put(77, 1, NULL, -1); }
static void configured_twice(void) { peer_put(FETCH_CONFIG, 0, NULL, -1); }
static void id_0(void) { put_get(a_socket(), 0); }
static void a_cut_request(void) { struct buf b BUF_AUTO = buf_new(4); buf_u8(&b, 1); peer_put(FETCH_GET, 1, &b, a_socket()); }

static void faults_end_it(void **state)
{
	(void)state;
	ends_by(without_a_connection);
	ends_by(two_of_one_id);
	ends_by(a_descriptor_with_a_cancel);
	ends_by(an_unknown_frame);
	ends_by(configured_twice);
	ends_by(id_0);
	ends_by(a_cut_request);
	still_there();
}

static int start(void **state)
{
	(void)state;
	peer_start(NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	got_reset();
	peer_end();
	return 0;
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(900);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lies_in_the_head), cmocka_unit_test(endless_heads), cmocka_unit_test(lies_in_the_body),
		cmocka_unit_test(bodies_where_none_belongs), cmocka_unit_test(bombs), cmocka_unit_test(broken_compression),
		cmocka_unit_test(slow_servers), cmocka_unit_test(tls_that_fails), cmocka_unit_test(random_answers),
		cmocka_unit_test(faults_end_it),
	};
	return cmocka_run_group_tests(tests, start, end);
}
