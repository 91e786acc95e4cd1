// uses: host/engine/torauth.c host/engine/torctl.c host/base/buf.c host/base/err.c host/base/log.c
// libs: -lsodium
/* Authentication against a control port of our own making: honest, lying, and curious about our files. The real tor is met in
 * test_torlink. */
#include "engine/torauth.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SERVER_KEY "Tor safe cookie authentication server-to-controller hash"
#define CLIENT_KEY "Tor safe cookie authentication controller-to-server hash"

static char folder[64];
static uint8_t cookie[32];

struct result { bool is_told; enum err err; char method[32], version[64]; };

static void on_auth(void *arg, enum err err, const char *method, const char *version)
{
	struct result *r = arg;

	assert_false(r->is_told);
	r->is_told = true;
	r->err = err;
	snprintf(r->method, sizeof r->method, "%s", method);
	snprintf(r->version, sizeof r->version, "%s", version);
}

struct talk { struct torctl *ctl; struct result result; size_t piece; };

static void begin(struct talk *t, const struct torauth_config *config)
{
	*t = (struct talk){ .ctl = torctl_new(NULL, NULL), .piece = 1 };
	assert_int_equal(torauth_start(t->ctl, config, on_auth, &t->result), OK);
}

/* What was sent since, as text without its CRLF. */
static const char *sent(struct talk *t)
{
	static char text[8192];
	struct buf *out = torctl_out(t->ctl);

	assert_in_range(out->len, 0, sizeof text - 1);
	memcpy(text, out->bytes, out->len);
	text[out->len] = '\0';
	text[strcspn(text, "\r")] = '\0';
	buf_drop(out, out->len);
	return text;
}

static void answer(struct talk *t, const char *text)
{
	size_t n = strlen(text);

	for (size_t at = 0; at < n; at += t->piece)
		if (torctl_feed(t->ctl, text + at, t->piece < n - at ? t->piece : n - at) != OK)
			return;
}

static void end(struct talk *t)
{
	torctl_free(t->ctl, ERR_TOR_LOST);
	assert_true(t->result.is_told);
}

static void write_file(const char *name, const void *bytes, size_t n, char path[128])
{
	snprintf(path, 128, "%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void info(struct talk *t, const char *methods, const char *path)
{
	char text[512];

	assert_string_equal(sent(t), "PROTOCOLINFO 1");
	snprintf(text, sizeof text, "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=%s%s%s%s\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n", methods,
	         path ? " COOKIEFILE=\"" : "", path ? path : "", path ? "\"" : "");
	answer(t, text);
}

/* Reads AUTHCHALLENGE and computes both hashes as tor would, with this cookie. */
static void challenge(struct talk *t, const uint8_t with[32], char reply[512], char ours[65])
{
	uint8_t client[32], server[32], hash[32];
	char hash_hex[65], nonce_hex[65];
	const char *text = sent(t);
	crypto_auth_hmacsha256_state st;

	assert_memory_equal(text, "AUTHCHALLENGE SAFECOOKIE ", 25);
	assert_int_equal(strlen(text + 25), 64);
	assert_int_equal(sodium_hex2bin(client, 32, text + 25, 64, NULL, NULL, NULL), 0);
	randombytes_buf(server, sizeof server);
	for (int i = 0; i < 2; i++) {
		const char *key = i == 0 ? SERVER_KEY : CLIENT_KEY;
		crypto_auth_hmacsha256_init(&st, (const uint8_t *)key, strlen(key));
		crypto_auth_hmacsha256_update(&st, with, 32);
		crypto_auth_hmacsha256_update(&st, client, 32);
		crypto_auth_hmacsha256_update(&st, server, 32);
		crypto_auth_hmacsha256_final(&st, hash);
		sodium_bin2hex(i == 0 ? hash_hex : ours, 65, hash, 32);
	}
	for (char *p = hash_hex; *p; p++)
		*p = (char)(*p >= 'a' ? *p - 32 : *p);   /* tor prints upper case */
	sodium_bin2hex(nonce_hex, sizeof nonce_hex, server, 32);
	snprintf(reply, 512, "250 AUTHCHALLENGE SERVERHASH=%s SERVERNONCE=%s\r\n", hash_hex, nonce_hex);
}

static void test_null(void **state)
{
	struct torauth_config config = { 0 };
	struct talk t;

	(void)state;
	begin(&t, &config);
	info(&t, "NULL", NULL);
	assert_string_equal(sent(&t), "AUTHENTICATE");
	assert_false(t.result.is_told);
	answer(&t, "250 OK\r\n");
	end(&t);
	assert_int_equal(t.result.err, OK);
	assert_string_equal(t.result.method, "NULL");
	assert_string_equal(t.result.version, "0.4.9.11");
}

static void test_safecookie(void **state)
{
	struct torauth_config config = { 0 };
	struct talk t;
	char path[128], reply[512], ours[65], want[128];

	(void)state;
	write_file("control_auth_cookie", cookie, 32, path);
	for (size_t piece = 1; piece < 700; piece += 233) {
		begin(&t, &config);
		t.piece = piece;
		info(&t, "NULL,COOKIE,SAFECOOKIE,HASHEDPASSWORD", path);
		challenge(&t, cookie, reply, ours);
		answer(&t, reply);
		snprintf(want, sizeof want, "AUTHENTICATE %s", ours);
		assert_string_equal(sent(&t), want);
		answer(&t, "250 OK\r\n");
		end(&t);
		assert_int_equal(t.result.err, OK);
		assert_string_equal(t.result.method, "SAFECOOKIE");
	}
}

/* One who does not know the cookie gets no hash, no cookie and no password from us. */
static void test_safecookie_server_lies(void **state)
{
	struct torauth_config config = { .password = "secret" };
	struct talk t;
	char path[128], reply[512], ours[65];
	uint8_t other[32];

	(void)state;
	write_file("control_auth_cookie", cookie, 32, path);
	for (int bit = 0; bit < 256; bit++) {
		begin(&t, &config);
		info(&t, "SAFECOOKIE,COOKIE,HASHEDPASSWORD,NULL", path);
		memcpy(other, cookie, 32);
		other[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		challenge(&t, other, reply, ours);
		answer(&t, reply);
		assert_string_equal(sent(&t), "");
		assert_true(t.result.is_told);
		assert_int_equal(t.result.err, ERR_TOR_AUTH_SERVER);
		end(&t);
	}
}

/* Every bit of the hash counts. */
static void test_safecookie_hash_off_by_a_bit(void **state)
{
	struct torauth_config config = { 0 };
	struct talk t;
	char path[128], reply[512], ours[65];

	(void)state;
	write_file("control_auth_cookie", cookie, 32, path);
	for (int bit = 0; bit < 256; bit++) {
		begin(&t, &config);
		info(&t, "SAFECOOKIE", path);
		challenge(&t, cookie, reply, ours);
		char *digit = strstr(reply, "SERVERHASH=") + 11 + bit / 4, one[2] = { *digit, '\0' };
		*digit = "0123456789abcdef"[strtoul(one, NULL, 16) ^ (1ul << (bit % 4))];
		answer(&t, reply);
		assert_string_equal(sent(&t), "");
		end(&t);
		assert_int_equal(t.result.err, ERR_TOR_AUTH_SERVER);
	}
}

static void test_challenge_malformed(void **state)
{
	struct torauth_config config = { 0 };
	char path[128], reply[512], ours[65];

	(void)state;
	write_file("control_auth_cookie", cookie, 32, path);
	for (int kind = 0; kind < 9; kind++) {
		struct talk t;
		begin(&t, &config);
		info(&t, "SAFECOOKIE", path);
		challenge(&t, cookie, reply, ours);
		char *hash = strstr(reply, "SERVERHASH="), *nonce = strstr(reply, " SERVERNONCE=");
		switch (kind) {
		case 0: memmove(hash + 20, hash + 21, strlen(hash + 20)); break;              /* one digit short */
		case 1: hash[20] = 'x'; break;
		case 2: *nonce = '\0'; strcat(reply, "\r\n"); break;                           /* no nonce */
		case 3: memcpy(nonce + 1, "OTHERNONCE1", 11); break;
		case 4: memmove(nonce + 20, nonce + 21, strlen(nonce + 20)); break;
		case 5: memcpy(reply + 4, "AUTHCHALLENGF", 13); break;
		case 6: memcpy(reply, "250 OK\r\n", 9); break;
		case 7: memcpy(nonce + 1, "SERVERHASH=0 ", 13); break;                          /* twice */
		default: hash[11] = '"'; break;                                                /* a quote that never closes */
		}
		answer(&t, reply);
		assert_string_equal(sent(&t), "");
		end(&t);
		assert_int_equal(t.result.err, ERR_TOR_REPLY);
	}
}

/* Not exactly 32 bytes: some other file. Nothing of it may be shown. */
static void test_cookie_file_must_be_a_cookie(void **state)
{
	struct torauth_config config = { 0 };
	uint8_t bytes[64] = { 1 };
	char path[128];
	struct talk t;

	(void)state;
	for (size_t n = 0; n < sizeof bytes; n++) {
		if (n == 32)
			continue;
		write_file("control_auth_cookie", bytes, n, path);
		for (int i = 0; i < 3; i++) {
			begin(&t, &config);
			info(&t, i == 0 ? "COOKIE" : i == 1 ? "SAFECOOKIE" : "COOKIE,SAFECOOKIE", path);
			assert_string_equal(sent(&t), "");
			end(&t);
			assert_int_equal(t.result.err, ERR_TOR_AUTH);
		}
	}
	/* A relative path would be one of whatever folder we happen to be in. */
	write_file("relative_cookie", cookie, 32, path);
	assert_int_equal(chdir(folder), 0);
	snprintf(path, sizeof path, "%s/fifo_cookie", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	const char *const no_files[] = { path, folder, "/nonexistent/cookie", "relative_cookie", "" };
	for (size_t i = 0; i < 5; i++) {
		begin(&t, &config);
		info(&t, "COOKIE,SAFECOOKIE", no_files[i]);
		assert_string_equal(sent(&t), "");
		end(&t);
		assert_int_equal(t.result.err, ERR_TOR_AUTH);
	}
	unlink(path);
	assert_int_equal(chdir("/"), 0);
}

static void test_plain_cookie(void **state)
{
	struct torauth_config config = { 0 };
	char path[128], secret[128], want[96] = "AUTHENTICATE ";
	struct talk t;

	(void)state;
	write_file("control_auth_cookie", cookie, 32, path);
	write_file("key", cookie, 32, secret);
	sodium_bin2hex(want + 13, 65, cookie, 32);
	begin(&t, &config);
	info(&t, "COOKIE", path);
	assert_string_equal(sent(&t), want);
	answer(&t, "515 Authentication failed\r\n");
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_AUTH);
	/* A listener may not have just any file of 32 bytes shown to it ... */
	begin(&t, &config);
	info(&t, "COOKIE", secret);
	assert_string_equal(sent(&t), "");
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_AUTH);
	/* ... but the user may name one; then the listener's is not looked at. */
	config.cookie_path = secret;
	begin(&t, &config);
	info(&t, "COOKIE", "/nonexistent/cookie");
	assert_string_equal(sent(&t), want);
	answer(&t, "250 OK\r\n");
	end(&t);
	assert_int_equal(t.result.err, OK);
	assert_string_equal(t.result.method, "COOKIE");
	/* With SAFECOOKIE on offer the cookie itself is never shown. */
	begin(&t, &config);
	info(&t, "COOKIE,SAFECOOKIE", path);
	assert_memory_equal(sent(&t), "AUTHCHALLENGE", 13);
	answer(&t, "515 no\r\n");
	assert_string_equal(sent(&t), "");
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_AUTH);
}

static void test_escaped_path(void **state)
{
	struct torauth_config config = { 0 };
	char path[128];
	struct talk t;

	(void)state;
	write_file("a \"c\\ookie \xc3\xa9 cookie", cookie, 32, path);
	char escaped[256];
	snprintf(escaped, sizeof escaped, "%s/a \\\"c\\\\ookie \\303\\251 cookie", folder);
	begin(&t, &config);
	info(&t, "COOKIE", escaped);
	assert_memory_equal(sent(&t), "AUTHENTICATE ", 13);
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_LOST);
	unlink(path);
}

static void test_password(void **state)
{
	struct torauth_config config = { .password = "a \"b\\\r\n" };
	char path[128];
	struct talk t;

	(void)state;
	begin(&t, &config);
	info(&t, "HASHEDPASSWORD", NULL);
	assert_string_equal(sent(&t), "AUTHENTICATE 612022625c0d0a");
	answer(&t, "250 OK\r\n");
	end(&t);
	assert_int_equal(t.result.err, OK);
	assert_string_equal(t.result.method, "HASHEDPASSWORD");
	/* The file goes first, and only its first line. */
	write_file("pw", "pass word\nmore\n", 15, path);
	config.password_file = path;
	begin(&t, &config);
	info(&t, "NULL,HASHEDPASSWORD", NULL);
	assert_string_equal(sent(&t), "AUTHENTICATE 7061737320776f7264");
	answer(&t, "515 Bad authentication\r\n");
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_AUTH);
	/* An empty, missing or endless file is no password, and the environment's is not taken in its place. */
	const char *const none[] = { "/nonexistent", "/dev/zero", path };
	write_file("pw", "\n", 1, path);
	for (int i = 0; i < 3; i++) {
		config.password_file = none[i];
		begin(&t, &config);
		info(&t, "HASHEDPASSWORD", NULL);
		assert_string_equal(sent(&t), "");
		end(&t);
		assert_int_equal(t.result.err, ERR_TOR_AUTH);
	}
}

static void test_info_lies(void **state)
{
	static const char *const bad[] = {
		"250 OK\r\n", "250-PROTOCOLINFO 1\r\n250 OK\r\n", "250-VERSION Tor=\"1\"\r\n250 OK\r\n", "250-AUTHX METHODS=NULL\r\n250 OK\r\n",
		"250+AUTH\r\nAUTH METHODS=NULL\r\n.\r\n250 OK\r\n",
	};
	static const char *const useless[] = {
		"250-AUTH METHODS=\r\n250 OK\r\n", "250-AUTH METHODS=NULLX,XNULL,\r\n250 OK\r\n", "250-AUTH COOKIEFILE=\"/x\"\r\n250 OK\r\n",
		"250-AUTH METHODS=SAFECOOKIE\r\n250 OK\r\n", "510 Command filtered\r\n",
		"250-AUTH METHODS=\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n",
	};
	struct torauth_config config = { 0 };
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0] + sizeof useless / sizeof useless[0]; i++) {
		bool is_bad = i < sizeof bad / sizeof bad[0];
		begin(&t, &config);
		(void)sent(&t);
		answer(&t, is_bad ? bad[i] : useless[i - sizeof bad / sizeof bad[0]]);
		assert_string_equal(sent(&t), "");
		end(&t);
		if (i == 4)
			assert_int_equal(t.result.err, ERR_TOR_REPLY);
		else
			assert_int_equal(t.result.err, is_bad ? ERR_TOR_REPLY : ERR_TOR_AUTH);
	}
}

static void test_link_ends(void **state)
{
	struct torauth_config config = { 0 };
	char path[128];
	struct talk t;

	(void)state;
	write_file("control_auth_cookie", cookie, 32, path);
	begin(&t, &config);
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_LOST);
	begin(&t, &config);
	info(&t, "SAFECOOKIE", path);
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_LOST);
	begin(&t, &config);
	answer(&t, "SSH-2.0-OpenSSH\r\n");
	end(&t);
	assert_int_equal(t.result.err, ERR_TOR_REPLY);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/torauth-XXXXXX");
	randombytes_buf(cookie, sizeof cookie);
	return sodium_init() >= 0 && mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null), cmocka_unit_test(test_safecookie), cmocka_unit_test(test_safecookie_server_lies),
		cmocka_unit_test(test_safecookie_hash_off_by_a_bit),
		cmocka_unit_test(test_challenge_malformed), cmocka_unit_test(test_cookie_file_must_be_a_cookie),
		cmocka_unit_test(test_plain_cookie), cmocka_unit_test(test_escaped_path), cmocka_unit_test(test_password),
		cmocka_unit_test(test_info_lies), cmocka_unit_test(test_link_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
