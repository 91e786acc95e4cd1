/* Authentication to the control port (contract in engine/torauth.h; control-spec 3.5, 3.21, 3.24). The choice of the method is
 * made once: tor closes the connection after a refusal. */
#include "engine/torauth.h"
#include "base/log.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest password that is read; as hex digits it must fit into a command. */
#define PASSWORD_MAX 1024
#define NONCE_LEN 32
#define HASH_LEN 32
#define HEX_LEN (2 * HASH_LEN + 1)

enum { METHOD_NULL = 1, METHOD_COOKIE = 2, METHOD_SAFECOOKIE = 4, METHOD_PASSWORD = 8 };

/* In sodium_malloc's memory: guarded, locked where the system lets us, wiped when freed. */
struct torauth {
	struct torctl *ctl;
	torauth_fn *done;
	void *arg;
	const char *method;
	unsigned offered;
	bool saw_auth, is_path_given, has_password, has_challenge;
	char path[4096];
	char tor_version[64];
	char password[PASSWORD_MAX + 1];
	uint8_t cookie[TORAUTH_COOKIE_LEN];
	uint8_t client_nonce[NONCE_LEN], server_nonce[NONCE_LEN], server_hash[HASH_LEN];
	char word[2 * PASSWORD_MAX + 1];   /* of the AUTHENTICATE being sent */
};

static void auth_end(struct torauth *a, enum err err)
{
	torauth_fn *done = a->done;
	void *arg = a->arg;
	const char *method = err == OK ? a->method : "";
	char version[sizeof a->tor_version];

	memcpy(version, a->tor_version, sizeof version);
	sodium_free(a);
	done(arg, err, method, version);
}

/* A refusal by tor means that we are not let in; everything else keeps its meaning. */
static enum err auth_err(enum err err)
{
	return err == ERR_TOR_COMMAND ? ERR_TOR_AUTH : err;
}

/* Reads at most max bytes of a regular file; -1 when it can't be read or holds more. */
static ssize_t read_small(const char *path, uint8_t *out, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t n = 0;
	uint8_t more;

	if (fd < 0)
		return -1;
	bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	while (good && n < max) {
		ssize_t got = read(fd, out + n, max - n);
		if (got <= 0) {
			good = got == 0;
			break;
		}
		n += (size_t)got;
	}
	if (good && n == max && read(fd, &more, 1) != 0)
		good = false;
	close(fd);
	return good ? (ssize_t)n : -1;
}

static void on_authenticated(void *arg, enum err err, int code, const char *text)
{
	struct torauth *a = arg;

	(void)text;
	if (err == ERR_TOR_COMMAND)
		log_line("control port refused %s with %d", a->method, code);
	auth_end(a, auth_err(err));
}

static enum err send_authenticate(struct torauth *a, const void *bytes, size_t n)
{
	const char *words[] = { "AUTHENTICATE", a->word, NULL };
	struct torctl_ask ask = { .done = on_authenticated, .arg = a };

	if (n == 0)
		words[1] = NULL;
	else
		sodium_bin2hex(a->word, sizeof a->word, bytes, n);
	enum err err = torctl_send(a->ctl, words, &ask);
	sodium_memzero(a->word, sizeof a->word);
	return err;
}

/* ---- SAFECOOKIE ---- */

static void safecookie_hash(const struct torauth *a, const char *key, uint8_t out[HASH_LEN])
{
	crypto_auth_hmacsha256_state st;

	crypto_auth_hmacsha256_init(&st, (const uint8_t *)key, strlen(key));
	crypto_auth_hmacsha256_update(&st, a->cookie, sizeof a->cookie);
	crypto_auth_hmacsha256_update(&st, a->client_nonce, sizeof a->client_nonce);
	crypto_auth_hmacsha256_update(&st, a->server_nonce, sizeof a->server_nonce);
	crypto_auth_hmacsha256_final(&st, out);
	sodium_memzero(&st, sizeof st);
}

/* Exactly 32 bytes of hex, nothing else. */
static bool hex32(const char *hex, uint8_t out[32])
{
	size_t n;
	const char *end;

	return strlen(hex) == 64 && sodium_hex2bin(out, 32, hex, 64, NULL, &n, &end) == 0 && n == 32;
}

static bool read_challenge(struct torauth *a, const char *text)
{
	char value[256];
	struct torctl_arg arg = { .value = value, .room = sizeof value };
	bool bad, has_hash = false, has_nonce = false;

	if (strncmp(text, "AUTHCHALLENGE ", 14) != 0)
		return false;
	text += 14;
	while (torctl_next_arg(&text, &arg, &bad)) {
		if (strcmp(arg.key, "SERVERHASH") == 0) {
			if (has_hash || !hex32(value, a->server_hash))
				return false;
			has_hash = true;
		} else if (strcmp(arg.key, "SERVERNONCE") == 0) {
			if (has_nonce || !hex32(value, a->server_nonce))
				return false;
			has_nonce = true;
		}
	}
	return !bad && has_hash && has_nonce;
}

static void on_challenge(void *arg, enum err err, int code, const char *text)
{
	struct torauth *a = arg;
	uint8_t hash[HASH_LEN];

	(void)code;
	if (err != OK) {
		auth_end(a, auth_err(err));
		return;
	}
	if (!read_challenge(a, text)) {
		auth_end(a, ERR_TOR_REPLY);
		return;
	}
	safecookie_hash(a, "Tor safe cookie authentication server-to-controller hash", hash);
	bool knows = sodium_memcmp(hash, a->server_hash, sizeof hash) == 0;
	if (!knows) {
		/* Whoever this is does not know the cookie: it learns nothing from us. */
		sodium_memzero(hash, sizeof hash);
		auth_end(a, ERR_TOR_AUTH_SERVER);
		return;
	}
	safecookie_hash(a, "Tor safe cookie authentication controller-to-server hash", hash);
	err = send_authenticate(a, hash, sizeof hash);
	sodium_memzero(hash, sizeof hash);
	if (err != OK)
		auth_end(a, err);
}

static enum err send_challenge(struct torauth *a)
{
	char hex[HEX_LEN];
	const char *words[] = { "AUTHCHALLENGE", "SAFECOOKIE", hex, NULL };
	struct torctl_ask ask = { .done = on_challenge, .arg = a };

	randombytes_buf(a->client_nonce, sizeof a->client_nonce);
	sodium_bin2hex(hex, sizeof hex, a->client_nonce, sizeof a->client_nonce);
	return torctl_send(a->ctl, words, &ask);
}

/* ---- choice ---- */

static bool read_cookie(struct torauth *a)
{
	/* A relative path would be one of somebody else's folder. */
	if (a->path[0] != '/')
		return false;
	return read_small(a->path, a->cookie, sizeof a->cookie) == TORAUTH_COOKIE_LEN;
}

/* A plain cookie shows 32 bytes of a file to whoever listens. Where only the peer told us which file, it must at least
 * be called a cookie (control-spec 3.24 tells why SAFECOOKIE exists). */
static bool may_show_cookie(const struct torauth *a)
{
	const char *name = strrchr(a->path, '/');

	return a->is_path_given || (name != NULL && strstr(name, "cookie") != NULL);
}

static enum err choose_method(struct torauth *a)
{
	bool has_cookie = (a->offered & (METHOD_COOKIE | METHOD_SAFECOOKIE)) != 0 && read_cookie(a);

	/* Where the cookie can be proved it is never shown: this comes first, and returns. */
	if ((a->offered & METHOD_SAFECOOKIE) != 0 && has_cookie) {
		a->method = "SAFECOOKIE";
		return send_challenge(a);
	}
	if ((a->offered & METHOD_PASSWORD) != 0 && a->has_password) {
		a->method = "HASHEDPASSWORD";
		return send_authenticate(a, a->password, strlen(a->password));
	}
	if ((a->offered & METHOD_COOKIE) != 0 && has_cookie && may_show_cookie(a)) {
		a->method = "COOKIE";
		return send_authenticate(a, a->cookie, sizeof a->cookie);
	}
	if ((a->offered & METHOD_NULL) != 0) {
		a->method = "NULL";
		return send_authenticate(a, NULL, 0);
	}
	return ERR_TOR_AUTH;
}

/* ---- PROTOCOLINFO ---- */

static unsigned methods_of(const char *list)
{
	static const struct { const char *name; unsigned bit; } known[] = {
		{ "NULL", METHOD_NULL }, { "COOKIE", METHOD_COOKIE },
		{ "SAFECOOKIE", METHOD_SAFECOOKIE }, { "HASHEDPASSWORD", METHOD_PASSWORD },
	};
	unsigned bits = 0;

	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			if (strlen(known[i].name) == n && strncmp(list, known[i].name, n) == 0)
				bits |= known[i].bit;
		list += n;
		list += *list == ',';
	}
	return bits;
}

static void on_info_line(void *arg, const struct torctl_line *line)
{
	struct torauth *a = arg;
	char value[sizeof a->path];
	struct torctl_arg kv = { .value = value, .room = sizeof value };
	const char *at = line->text;
	bool bad;

	if (line->is_data)
		return;
	bool is_auth = strncmp(at, "AUTH ", 5) == 0 && !a->saw_auth, is_version = strncmp(at, "VERSION ", 8) == 0;
	if (!is_auth && !is_version)
		return;
	a->saw_auth = a->saw_auth || is_auth;
	at += is_auth ? 5 : 8;
	while (torctl_next_arg(&at, &kv, &bad)) {
		if (is_auth && strcmp(kv.key, "METHODS") == 0)
			a->offered = methods_of(value);
		else if (is_auth && strcmp(kv.key, "COOKIEFILE") == 0 && !a->is_path_given)
			memcpy(a->path, value, kv.len + 1);
		else if (is_version && strcmp(kv.key, "Tor") == 0)
			snprintf(a->tor_version, sizeof a->tor_version, "%.*s", (int)sizeof a->tor_version - 1, value);
	}
}

static void on_info(void *arg, enum err err, int code, const char *text)
{
	struct torauth *a = arg;

	(void)code;
	(void)text;
	if (err == OK)
		err = a->saw_auth ? choose_method(a) : ERR_TOR_REPLY;
	if (err != OK)
		auth_end(a, auth_err(err));
}

/* First line of the file, or the password of the environment. */
static void take_password(struct torauth *a, const struct torauth_config *config)
{
	ssize_t n = -1;

	if (config->password_file != NULL && config->password_file[0] != '\0') {
		n = read_small(config->password_file, (uint8_t *)a->password, PASSWORD_MAX);
		if (n >= 0)
			a->password[n] = '\0';
		a->password[strcspn(a->password, "\r\n")] = '\0';
	} else if (config->password != NULL && strlen(config->password) <= PASSWORD_MAX) {
		n = (ssize_t)strlen(config->password);
		memcpy(a->password, config->password, (size_t)n + 1);
	}
	a->has_password = n >= 0 && a->password[0] != '\0';
}

enum err torauth_start(struct torctl *c, const struct torauth_config *config, torauth_fn *done, void *arg)
{
	static const char *const words[] = { "PROTOCOLINFO", "1", NULL };

	if (sodium_init() < 0)
		return ERR_BUG;
	struct torauth *a = sodium_malloc(sizeof *a);
	if (a == NULL)
		return ERR_NOMEM;
	memset(a, 0, sizeof *a);
	a->ctl = c;
	a->done = done;
	a->arg = arg;
	a->method = "";
	if (config->cookie_path != NULL && config->cookie_path[0] != '\0' && strlen(config->cookie_path) < sizeof a->path) {
		memcpy(a->path, config->cookie_path, strlen(config->cookie_path) + 1);
		a->is_path_given = true;
	}
	take_password(a, config);
	struct torctl_ask ask = { .line = on_info_line, .done = on_info, .arg = a };
	enum err err = torctl_send(c, words, &ask);
	if (err != OK)
		sodium_free(a);
	return err;
}
