// secondexit-fetch with honest servers: what it sends, what it hands over, and that it keeps to the connection it
// was given.
// uses: host/priv/fetchmsg.c host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c host/base/clock.c
// libs: -lssl -lcrypto
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fetchpeer.h"

#define OK_LENGTH(n) "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " #n "\r\n\r\n"

static void body_is(const char *text)
{
	assert_int_equal(got.body.len, strlen(text));
	if (got.body.len > 0)
		assert_memory_equal(got.body.bytes, text, got.body.len);
}

static void a_page(void **state)
{
	(void)state;
	struct fetch_ask m = peer_ask("http://Site.Test:8080/a/../b?c=d#e");
	const struct served how = { .bytes = OK_LENGTH(5) "hello" };

	strcpy(m.lines, "User-Agent: Mozilla/5.0\nAccept: text/html\nAccept-Language: en-US\nReferer: http://other.test/\n");
	assert_true(peer_fetch(&m, &how, 30000));
	assert_true(got.has_tail);
	assert_int_equal(got.tail.err, OK);
	assert_true(got.tail.is_framed);
	assert_false(got.tail.has_leaf);
	assert_int_equal(got.tail.body, 5);
	assert_int_equal(got.head.status, 200);
	assert_int_equal(got.head.http, 11);
	assert_true(got.head.has_length);
	assert_int_equal(got.head.length, 5);
	assert_string_equal(got.lines, "Content-Type: text/html\nContent-Length: 5\n");
	body_is("hello");
	/* To the byte: the target as it was written, a browser's order, nothing more. */
	assert_string_equal(got.request,
		"GET /a/../b?c=d HTTP/1.1\r\nHost: site.test:8080\r\nUser-Agent: Mozilla/5.0\r\nAccept: text/html\r\n"
		"Accept-Language: en-US\r\nAccept-Encoding: identity\r\nReferer: http://other.test/\r\nConnection: keep-alive\r\n\r\n");
}

static void nothing_is_added(void **state)
{
	(void)state;
	const struct fetch_ask m = peer_ask("http://site.test");
	const struct served how = { .bytes = OK_LENGTH(0), .stays_open = true };

	assert_true(peer_fetch(&m, &how, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_string_equal(got.request, "GET / HTTP/1.1\r\nHost: site.test\r\nAccept-Encoding: identity\r\nConnection: keep-alive\r\n\r\n");
}

static void head_and_range(void **state)
{
	(void)state;
	struct fetch_ask m = peer_ask("http://site.test/f.bin");
	struct served how = { .bytes = OK_LENGTH(123456789012), .stays_open = true };

	m.is_head = 1;
	assert_true(peer_fetch(&m, &how, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_true(got.tail.is_framed);
	assert_true(got.head.length == 123456789012);
	assert_int_equal(got.body.len, 0);
	assert_memory_equal(got.request, "HEAD /f.bin HTTP/1.1\r\n", 22);

	m.is_head = 0;
	strcpy(m.lines, "Range: bytes=10-13\nIf-Range: \"x\"\n");
	how.bytes = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-13/100\r\nContent-Length: 4\r\n\r\nabcd";
	assert_true(peer_fetch(&m, &how, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_equal(got.head.status, 206);
	body_is("abcd");
	assert_non_null(strstr(got.request, "\r\nRange: bytes=10-13\r\n"));
}

static void every_status_is_an_answer(void **state)
{
	(void)state;
	static const struct { const char *bytes; uint16_t status; bool is_framed; } rows[] = {
		{ "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n", 302, true },
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", 404, true },
		{ "HTTP/1.0 503 No\r\n\r\nbusy", 503, false },
		{ "HTTP/1.1 204 No Content\r\n\r\n", 204, true },
		{ "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", 401, true },
		{ "HTTP/1.1 407 Proxy\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n", 407, true },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", 200, true },
	};
	const struct fetch_ask m = peer_ask("http://site.test/");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct served how = { .bytes = rows[i].bytes };
		assert_true(peer_fetch(&m, &how, 30000));
		assert_int_equal(got.tail.err, OK);
		assert_int_equal(got.head.status, rows[i].status);
		assert_int_equal(got.tail.is_framed, rows[i].is_framed);
		/* Once: no redirect, no second try with a password. */
		assert_null(strstr(got.request + 4, "GET "));
		assert_null(strstr(got.lines, "Link"));
		assert_null(strstr(got.lines, "Trailer"));
	}
}

/* However the answer is cut into pieces. */
static void in_pieces(void **state)
{
	(void)state;
	const struct fetch_ask m = peer_ask("http://site.test/");
	static const char bytes[] = "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

	for (size_t piece = 1; piece < 20; piece += 3) {
		const struct served how = { .bytes = bytes, .piece = piece };
		assert_true(peer_fetch(&m, &how, 30000));
		assert_int_equal(got.tail.err, OK);
		body_is("abcde");
		assert_memory_equal(got.lines, "X: y z\nTransfer-Encoding: chunked\n", strlen(got.lines));
	}
}

static SSL_CTX *site_tls(uint8_t leaf[32], int version)
{
	EVP_PKEY *key = peer_key_ec("P-256");
	X509 *cert = peer_cert(key, EVP_sha256(), "somebody else", 0);
	unsigned n = 32;

	X509_digest(cert, EVP_sha256(), leaf, &n);
	SSL_CTX *c = peer_context(cert, key, version);
	X509_free(cert);
	EVP_PKEY_free(key);
	return c;
}

/* Self-signed, for another name: taken, and named. */
static void https(void **state)
{
	(void)state;
	const struct fetch_ask m = peer_ask("https://site.test/x");
	uint8_t leaf[32];

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		SSL_CTX *c = site_tls(leaf, version);
		const struct served how = { .bytes = OK_LENGTH(6) "secret", .tls = c, .stays_open = true };
		assert_true(peer_fetch(&m, &how, 30000));
		assert_int_equal(got.tail.err, OK);
		body_is("secret");
		assert_true(got.tail.has_leaf && got.head.has_leaf);
		assert_memory_equal(got.head.leaf, leaf, 32);
		assert_memory_equal(got.tail.leaf, leaf, 32);
		assert_non_null(strstr(got.request, "Host: site.test\r\n"));
		SSL_CTX_free(c);
	}
}

/* Each coding's bytes of "hello": made with gzip, zlib, brotli, zstd. */
static void decoded(void **state)
{
	(void)state;
	static const struct { const char *coding; size_t n; const char *bytes; } rows[] = {
		{ "gzip", 25, "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0" },
		{ "deflate", 13, "\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15" },
		{ "br", 9, "\x0b\x02\x80" "hello\x03" },
		{ "zstd", 18, "\x28\xb5\x2f\xfd\x04\x58\x29\0\0hello\xa3\x6d\x9f\x88" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char all[512];
		int n = snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
		                 rows[i].coding, rows[i].n);
		memcpy(all + n, rows[i].bytes, rows[i].n);
		const struct served how = { .bytes = all, .n = (size_t)n + rows[i].n };
		struct fetch_ask m = peer_ask("http://site.test/");
		m.is_decoded = 1;
		assert_true(peer_fetch(&m, &how, 30000));
		if (got.tail.err != OK)
			fail_msg("%s: %u", rows[i].coding, got.tail.err);
		body_is("hello");
		assert_non_null(strstr(got.request, "Accept-Encoding: gzip, deflate\r\n"));
		/* Identity: the bytes as they came. */
		m.is_decoded = 0;
		assert_true(peer_fetch(&m, &how, 30000));
		assert_int_equal(got.tail.err, OK);
		assert_int_equal(got.body.len, rows[i].n);
		assert_memory_equal(got.body.bytes, rows[i].bytes, rows[i].n);
	}
	uint8_t leaf[32];
	SSL_CTX *c = site_tls(leaf, 0);
	const struct served how = { .bytes = OK_LENGTH(0), .tls = c };
	struct fetch_ask m = peer_ask("https://site.test/");
	m.is_decoded = 1;
	assert_true(peer_fetch(&m, &how, 30000));
	assert_non_null(strstr(got.request, "Accept-Encoding: gzip, deflate, br, zstd\r\n"));
	SSL_CTX_free(c);
}

static size_t role_kb(const char *what)
{
	char path[64], line[256];
	size_t kb = 0;

	snprintf(path, sizeof path, "/proc/%d/status", peer_role.pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, what, strlen(what)) == 0)
			kb = strtoul(line + strlen(what), NULL, 10);
	if (f != NULL)
		fclose(f);
	return kb;
}

/* 64 MiB through a window; and without an acknowledgement nothing beyond it. */
static void back_pressure(void **state)
{
	(void)state;
	static char block[65536];
	const struct served how = { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n", .loop = block, .n_loop = sizeof block };
	struct fetch_ask m = peer_ask("http://site.test/");

	m.max_body = 1ull << 40;
	m.deadline_ms = 60000;   /* under sanitizers, on a busy machine */
	for (int tls = 0; tls < 2; tls++) {
		uint8_t leaf[32];
		struct served over = how;
		m.is_https = (uint8_t)tls;
		over.tls = tls ? site_tls(leaf, 0) : NULL;
		got.keeps = false;
		assert_true(peer_fetch(&m, &over, 60000));
		assert_int_equal(got.tail.err, OK);
		assert_int_equal(got.body.len, 60000000);
		size_t before = role_kb("VmRSS:");
		got.keeps = true;
		assert_true(peer_fetch(&m, &over, 1500));
		got.keeps = false;
		assert_false(got.has_tail);
		assert_int_equal(got.body.len, FETCH_WINDOW);
		size_t after = role_kb("VmHWM:");
#ifndef __SANITIZE_ADDRESS__
		assert_true(after < 32 * 1024);
#endif
		print_message("memory: %zu KB, %zu KB at most\n", before, after);
		SSL_CTX_free(over.tls);
	}
}

/* The end waits behind bytes that nobody has taken. */
static void the_end_waits(void **state)
{
	(void)state;
	static char all[FETCH_WINDOW + 100];
	const struct served how = { .bytes = all, .n = sizeof all };
	struct fetch_ask m = peer_ask("http://site.test/");

	memset(all, 'x', sizeof all);
	int n = snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\n\r\n");
	all[n] = 'x';
	m.stall_ms = 300;
	m.deadline_ms = 2000;
	got.keeps = true;
	/* Held: silence is ours, not the server's; the deadline comes all the same. */
	assert_true(peer_fetch(&m, &how, 30000));
	got.keeps = false;
	assert_int_equal(got.tail.err, ERR_TIMEOUT);
	assert_int_equal(got.body.len, FETCH_WINDOW);
	assert_true(got.tail.elapsed_ms >= 1900);
	assert_true(peer_fetch(&m, &how, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_equal(got.body.len, sizeof all - (size_t)n);
	assert_false(got.tail.is_framed);
}

/* None of what a person's shell may hold reaches libcurl or OpenSSL: it would break the fetch, or write a file. */
static void the_environment_is_not_read(void **state)
{
	(void)state;
	static const char *const environment[] = {
		"http_proxy=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "ALL_PROXY=socks5://127.0.0.1:1", "HTTPS_PROXY=x:1",
		"SSLKEYLOGFILE=/tmp/secondexit-keys", "SSL_CERT_FILE=/nowhere", "OPENSSL_CONF=/nowhere", "CURL_SSL_BACKEND=gnutls",
		"HOME=/nowhere", "NETRC=/nowhere", "CURL_HOME=/nowhere", NULL
	};
	uint8_t leaf[32];
	SSL_CTX *c = site_tls(leaf, 0);
	const struct served how = { .bytes = OK_LENGTH(0), .tls = c };
	const struct fetch_ask m = peer_ask("https://site.test/");

	peer_end();
	peer_start(environment);
	assert_true(peer_fetch(&m, &how, 30000));
	assert_int_equal(got.tail.err, OK);
	assert_int_not_equal(access("/tmp/secondexit-keys", F_OK), 0);
	SSL_CTX_free(c);
	peer_end();
	peer_start(NULL);
}

/* The filter of these tests bites. */
static void the_filter_works(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!peer_jail())
			_exit(1);
		_exit(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 2 : 3);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
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

/* All of it arrives, as it is; nobody is asked to go on first, and the answer comes. */
static void a_post(void **state)
{
	(void)state;
	static uint8_t bytes[REPORT_ENVELOPE_MAX];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	static const size_t lengths[] = { 1, 4096, 4097, sizeof bytes };
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct fetch_ask m = peer_ask("http://site.test/report");
		const size_t n = lengths[i];
		const struct served how = { .bytes = OK_LENGTH(4) "done", .body = n, .stays_open = true };
		char lines[512];
		m.post = rd_of(bytes, n);
		m.max_body = 40;
		assert_true(peer_fetch(&m, &how, 10000));
		assert_int_equal(got.tail.err, OK);
		body_is("done");
		snprintf(lines, sizeof lines, "POST /report HTTP/1.1\r\nHost: site.test\r\nContent-Type: application/octet-stream\r\nAccept-Encoding: identity\r\n"
		         "Connection: keep-alive\r\nContent-Length: %zu\r\n\r\n", n);
		assert_memory_equal(got.request, lines, strlen(lines));
		assert_int_equal(got.n_request - strlen(lines), n);
		assert_memory_equal(got.request + strlen(lines), bytes, n);
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(900);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_filter_works), cmocka_unit_test(a_page), cmocka_unit_test(nothing_is_added),
		cmocka_unit_test(a_post), cmocka_unit_test(head_and_range), cmocka_unit_test(every_status_is_an_answer), cmocka_unit_test(in_pieces),
		cmocka_unit_test(https), cmocka_unit_test(decoded), cmocka_unit_test(back_pressure), cmocka_unit_test(the_end_waits),
		cmocka_unit_test(the_environment_is_not_read),
	};
	return cmocka_run_group_tests(tests, start, end);
}
