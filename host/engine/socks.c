/* SOCKS5 as states (contract in socks.h). A state eats a whole message or nothing, so that it does not matter how
 * the bytes arrive. */
#include "engine/socks.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <string.h>

#define SOCKS_VERSION 5
#define AUTH_VERSION 1          /* RFC 1929: version of the sub-negotiation */
#define METHOD_USERPASS 2
#define COMMAND_CONNECT 1

enum atyp { ATYP_IPV4 = 1, ATYP_NAME = 3, ATYP_IPV6 = 4 };

static enum go socks_method(struct socks *s, struct rd *in, struct buf *out, uint64_t now);
static enum go socks_auth(struct socks *s, struct rd *in, struct buf *out, uint64_t now);
static enum go socks_reply(struct socks *s, struct rd *in, struct buf *out, uint64_t now);

/* The first two are answered by tor itself at once; the reply waits for a circuit, and the look's own deadline is the
 * one that counts there. */
static const struct {
	const char *name;
	enum go (*run)(struct socks *s, struct rd *in, struct buf *out, uint64_t now);
	unsigned limit_ms;
} states[] = {
	[SOCKS_METHOD] = { "method", socks_method, 5000 },
	[SOCKS_AUTH]   = { "auth",   socks_auth,   5000 },
	[SOCKS_REPLY]  = { "reply",  socks_reply,  60000 },
	[SOCKS_OPEN]   = { "open",   NULL, 0 },
	[SOCKS_BROKEN] = { "broken", NULL, 0 },
};

const char *socks_state_name(enum socks_state s)
{
	return states[s].name;
}

static void set_state(struct socks *s, enum socks_state state, uint64_t now)
{
	log_line("socks: %s -> %s", states[s->state].name, states[state].name);
	s->state = state;
	s->deadline = now + states[state].limit_ms;
}

static enum go fail(struct socks *s, enum err err)
{
	log_line("socks: %s failed: %s", states[s->state].name, err_name(err));
	s->err = err;
	s->state = SOCKS_BROKEN;
	return GO_FAILED;
}

enum err socks_reply_err(uint8_t reply)
{
	static const enum err rfc1928[] = {
		[1] = ERR_SOCKS_GENERAL, [2] = ERR_SOCKS_RULESET, [3] = ERR_SOCKS_NET, [4] = ERR_SOCKS_HOST,
		[5] = ERR_SOCKS_CONN, [6] = ERR_SOCKS_TTL, [7] = ERR_SOCKS_COMMAND, [8] = ERR_SOCKS_ADDRESS,
	};
	static const enum err tor[] = {
		ERR_ONION_NOT_FOUND, ERR_ONION_INVALID, ERR_ONION_INTRO, ERR_ONION_REND,
		ERR_ONION_NEEDS_AUTH, ERR_ONION_BAD_AUTH, ERR_ONION_ADDRESS, ERR_ONION_TIMEOUT,
	};

	if (reply >= 1 && reply < sizeof rfc1928 / sizeof rfc1928[0])
		return rfc1928[reply];
	if (reply >= 0xf0)
		return reply - 0xf0u < sizeof tor / sizeof tor[0] ? tor[reply - 0xf0] : ERR_SOCKS_ONION;
	return ERR_SOCKS_PROTOCOL;
}

/* RFC 1928 leaves names free; no name that anybody serves holds these. */
static bool name_is_clean(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (*c <= ' ' || *c == 0x7f)
			return false;
	return true;
}

/* Appends ATYP and DST.ADDR. */
static enum err put_address(struct buf *out, const char *host)
{
	char bare[HOST_MAX];
	uint8_t ip[16];
	size_t n = strnlen(host, HOST_MAX);

	if (n == 0 || n >= HOST_MAX || !name_is_clean(host))
		return ERR_TARGET_NAME;
	memcpy(bare, host, n + 1);
	if (inet_pton(AF_INET, host, ip) == 1) {
		buf_u8(out, ATYP_IPV4);
		buf_put(out, ip, 4);
		return OK;
	}
	if (bare[0] == '[' && bare[n - 1] == ']') {
		memmove(bare, bare + 1, n - 2);
		bare[n - 2] = '\0';
	}
	if (inet_pton(AF_INET6, bare, ip) == 1) {
		buf_u8(out, ATYP_IPV6);
		buf_put(out, ip, 16);
		return OK;
	}
	if (strpbrk(host, "[]:") != NULL)
		return ERR_TARGET_NAME;
	buf_u8(out, ATYP_NAME);
	buf_u8(out, (uint8_t)n);
	buf_put(out, host, n);
	return OK;
}

static enum err put_connect(struct buf *out, const char *host, uint16_t port)
{
	const uint8_t head[] = { SOCKS_VERSION, COMMAND_CONNECT, 0 };

	buf_put(out, head, sizeof head);
	enum err err = put_address(out, host);
	buf_u16(out, port);
	return err != OK ? err : buf_err(out);
}

enum err socks_start(struct socks *s, const char *username, const char *password, const char *host,
                     uint16_t port, struct buf *out, uint64_t now)
{
	/* Version, one method offered: without authentication a connection would share the circuits of every
	 * other program that gives no credentials. */
	static const uint8_t greeting[] = { SOCKS_VERSION, 1, METHOD_USERPASS };
	size_t n_user = strlen(username), n_pass = strlen(password);

	if (n_user == 0 || n_user >= SOCKS_CRED_MAX || n_pass == 0 || n_pass >= SOCKS_CRED_MAX || port == 0)
		return ERR_USAGE;
	/* The request is tried now, so that a bad host is refused before anything is sent. */
	struct buf trial BUF_AUTO = buf_new(HOST_MAX + 16);
	enum err err = put_connect(&trial, host, port);
	if (err != OK)
		return err;
	buf_put(out, greeting, sizeof greeting);
	if (buf_err(out) != OK)
		return buf_err(out);
	*s = (struct socks){ .username = username, .password = password, .host = host, .port = port };
	s->deadline = now + states[SOCKS_METHOD].limit_ms;
	return OK;
}

static enum go socks_method(struct socks *s, struct rd *in, struct buf *out, uint64_t now)
{
	struct rd r = *in;
	uint8_t version = rd_u8(&r), method = rd_u8(&r);

	if (r.bad)
		return in->left > 0 && in->at[0] != SOCKS_VERSION ? fail(s, ERR_SOCKS_PROTOCOL) : GO_WAIT;
	if (version != SOCKS_VERSION)
		return fail(s, ERR_SOCKS_PROTOCOL);
	/* 0xff: no acceptable method (RFC 1928 section 3). Any other is not one we offered. */
	if (method != METHOD_USERPASS)
		return fail(s, method == 0xff ? ERR_SOCKS_AUTH : ERR_SOCKS_PROTOCOL);
	*in = r;
	size_t n_user = strlen(s->username), n_pass = strlen(s->password);
	buf_u8(out, AUTH_VERSION);
	buf_u8(out, (uint8_t)n_user);
	buf_put(out, s->username, n_user);
	buf_u8(out, (uint8_t)n_pass);
	buf_put(out, s->password, n_pass);
	set_state(s, SOCKS_AUTH, now);
	return GO_WAIT;
}

static enum go socks_auth(struct socks *s, struct rd *in, struct buf *out, uint64_t now)
{
	struct rd r = *in;
	uint8_t version = rd_u8(&r), status = rd_u8(&r);

	if (r.bad)
		return in->left > 0 && in->at[0] != AUTH_VERSION ? fail(s, ERR_SOCKS_PROTOCOL) : GO_WAIT;
	if (version != AUTH_VERSION)
		return fail(s, ERR_SOCKS_PROTOCOL);
	if (status != 0)
		return fail(s, ERR_SOCKS_AUTH);
	*in = r;
	enum err err = put_connect(out, s->host, s->port);
	if (err != OK)
		return fail(s, err);
	set_state(s, SOCKS_REPLY, now);
	return GO_WAIT;
}

static enum go socks_reply(struct socks *s, struct rd *in, struct buf *out, uint64_t now)
{
	struct rd r = *in;
	uint8_t version = rd_u8(&r), reply = rd_u8(&r);

	(void)out;
	if (in->left > 0 && in->at[0] != SOCKS_VERSION)
		return fail(s, ERR_SOCKS_PROTOCOL);
	if (r.bad)
		return GO_WAIT;
	/* A refusal is final: some proxies close without the rest of it. */
	if (version != SOCKS_VERSION || reply != 0) {
		s->reply = reply;
		return fail(s, socks_reply_err(reply));
	}
	uint8_t reserved = rd_u8(&r), atyp = rd_u8(&r);
	if (r.bad)
		return GO_WAIT;
	if (reserved != 0 || (atyp != ATYP_IPV4 && atyp != ATYP_NAME && atyp != ATYP_IPV6))
		return fail(s, ERR_SOCKS_PROTOCOL);
	size_t n = atyp == ATYP_IPV4 ? 4 : atyp == ATYP_IPV6 ? 16 : rd_u8(&r);
	rd_take(&r, n);
	rd_u16(&r);
	if (r.bad)
		return GO_WAIT;
	*in = r;
	set_state(s, SOCKS_OPEN, now);
	return GO_DONE;
}

enum go socks_run(struct socks *s, struct rd *in, struct buf *out, uint64_t now)
{
	for (;;) {
		enum socks_state before = s->state;
		if (before == SOCKS_OPEN)
			return GO_DONE;
		if (before == SOCKS_BROKEN)
			return GO_FAILED;
		/* Bytes before time: what arrived in time counts even when we look late. */
		enum go go = states[before].run(s, in, out, now);
		if (go == GO_WAIT && buf_err(out) != OK)
			return fail(s, buf_err(out));
		if (go == GO_WAIT && s->state == before)
			return now >= s->deadline ? fail(s, ERR_TIMEOUT) : GO_WAIT;
		if (go != GO_WAIT)
			return go;
	}
}
