/* Host strings: names and literals (contract in engine/target.h). */
#include "engine/target.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- literals ---- */

struct net4 { uint32_t net; unsigned bits; };

/* IANA's special-purpose IPv4 registry: none of these is a public host. */
static const struct net4 special4[] = {
	{ 0x00000000, 8 },  { 0x0a000000, 8 },  { 0x64400000, 10 }, { 0x7f000000, 8 },  { 0xa9fe0000, 16 }, { 0xac100000, 12 },
	{ 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 }, { 0xc0a80000, 16 }, { 0xc6120000, 15 }, { 0xc6336400, 24 },
	{ 0xcb007100, 24 }, { 0xe0000000, 4 },  { 0xf0000000, 4 },
};

static bool is_special4(uint32_t ip)
{
	for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++)
		if ((ip ^ special4[i].net) >> (32 - special4[i].bits) == 0)
			return true;
	return false;
}

static uint32_t ip4_at(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool starts(const uint8_t ip[16], const uint8_t *prefix, unsigned bits)
{
	if (memcmp(ip, prefix, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (uint8_t)(ip[bits / 8] ^ prefix[bits / 8]) >> (8 - bits % 8) == 0;
}

/* Only 2000::/3 is given out; within it the special ones, and every form that hides an IPv4 address. */
static bool is_special6(const uint8_t ip[16])
{
	static const uint8_t global[] = { 0x20 }, teredo_and_kin[] = { 0x20, 0x01, 0x00 }, docs[] = { 0x20, 0x01, 0x0d, 0xb8 },
	                     docs2[] = { 0x3f, 0xff, 0x00 }, to4[] = { 0x20, 0x02 },
	                     nat64[] = { 0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0 };

	if (starts(ip, nat64, 96))
		return is_special4(ip4_at(ip + 12));
	if (!starts(ip, global, 3))
		return true;   /* ::, ::1, v4-mapped and -compatible, fc00::/7, fe80::/10, ff00::/8 and what nobody has */
	if (starts(ip, to4, 16))
		return is_special4(ip4_at(ip + 2));
	return starts(ip, teredo_and_kin, 23) || starts(ip, docs, 32) || starts(ip, docs2, 20);
}

static enum err parse_v6(const char *host, size_t n, struct target *out)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[16];

	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n >= sizeof text)
		return ERR_TARGET_NAME;
	memcpy(text, host, n);
	text[n] = '\0';
	/* A zone ("%eth0") is refused by inet_pton. */
	if (inet_pton(AF_INET6, text, ip) != 1)
		return ERR_TARGET_NAME;
	if (is_special6(ip))
		return ERR_TARGET_PRIVATE;
	out->kind = TARGET_IPV6;
	inet_ntop(AF_INET6, ip, out->host, sizeof out->host);
	return OK;
}

/* ---- names ---- */

static bool is_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

static bool is_hex_number(const char *s, size_t n)
{
	if (n < 2 || s[0] != '0' || s[1] != 'x')
		return false;
	return strspn(s + 2, "0123456789abcdef") >= n - 2;
}

static bool labels_are_fine(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	for (;;) {
		size_t n = strspn(name, allowed);
		if (n == 0 || n > 63)
			return false;
		if (name[n] == '\0')
			return true;
		if (name[n] != '.')
			return false;
		name += n + 1;
	}
}

static bool ends_in(const char *name, const char *label)
{
	const char *last = strrchr(name, '.');

	return strcmp(last != NULL ? last + 1 : name, label) == 0;
}

static enum err parse_v4(const char *host, struct target *out)
{
	struct in_addr ip;

	/* Browsers turn every other spelling (octal, hex, fewer parts) into a dotted quad before they connect; inet_pton takes nothing
	 * else, and refuses leading zeros. */
	if (inet_pton(AF_INET, host, &ip) != 1)
		return ERR_TARGET_NAME;
	if (is_special4(ntohl(ip.s_addr)))
		return ERR_TARGET_PRIVATE;
	out->kind = TARGET_IPV4;
	inet_ntop(AF_INET, &ip, out->host, sizeof out->host);
	return OK;
}

enum err target_parse(const char *host, struct target *out)
{
	struct target t = { .kind = TARGET_NAME };
	size_t n = strnlen(host, HOST_MAX);

	if (n == 0 || n == HOST_MAX)
		return ERR_TARGET_NAME;
	if (host[0] == '[' || memchr(host, ':', n) != NULL) {
		enum err err = parse_v6(host, n, &t);
		if (err == OK)
			*out = t;
		return err;
	}
	for (size_t i = 0; i < n; i++)
		t.host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
	if (t.host[n - 1] == '.')   /* one dot, the root's; a second one leaves an empty label */
		t.host[--n] = '\0';
	if (n == 0 || n > 253 || !labels_are_fine(t.host))
		return ERR_TARGET_NAME;
	if (ends_in(t.host, "onion"))
		return ERR_TARGET_PRIVATE;
	/* Tor itself reads these: "x.FINGERPRINT.exit" would choose the exit, ".virtual" is where mappings live. */
	if (ends_in(t.host, "exit") || ends_in(t.host, "virtual") || ends_in(t.host, "noconnect"))
		return ERR_TARGET_NAME;
	/* A name whose last label is a number is an address or nothing (URL standard, "ends in a number"). */
	const char *last = strrchr(t.host, '.');
	last = last != NULL ? last + 1 : t.host;
	if (is_digits(last, strlen(last)) || is_hex_number(last, strlen(last))) {
		enum err err = parse_v4(t.host, &t);
		if (err == OK)
			*out = t;
		return err;
	}
	*out = t;
	return OK;
}

bool target_is_onion(const char *host)
{
	/* The last byte of 35 is the version, 3: its five low bits are the last letter. */
	return strspn(host, "abcdefghijklmnopqrstuvwxyz234567") == 56 && host[55] == 'd' && strcmp(host + 56, ".onion") == 0;
}
