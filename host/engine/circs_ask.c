/* Questions to the tables of circs.c: which circuit carried the browser's connection, where clean circuits end, what
 * carries a tab's credentials. */
#include "engine/circs_table.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Host names without case and without a trailing dot. */
static bool same_host(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	na -= na > 0 && a[na - 1] == '.';
	nb -= nb > 0 && b[nb - 1] == '.';
	return na > 0 && na == nb && strncasecmp(a, b, na) == 0;
}

/* Tor Browser's user name: <first party>:<userContextId>. */
static bool is_of_party(const char *username, const char *party)
{
	size_t n = strlen(party);

	if (username == NULL || n == 0 || strncasecmp(username, party, n) != 0 || username[n] != ':')
		return false;
	const char *digits = username + n + 1;
	return *digits != '\0' && strspn(digits, "0123456789") == strlen(digits);
}

bool circs_path(const struct circs *c, uint32_t circuit, struct circs_path *out)
{
	const struct circuit *x = circs_circuit_of(c, circuit);

	if (x == NULL || x->n == 0)
		return false;
	*out = (struct circs_path){ .circuit = x->id, .is_onion = x->is_onion, .is_open = x->is_built && !x->is_closed, .n = x->n };
	memcpy(out->fp, x->fp, sizeof out->fp);
	return true;
}

/* ---- the browser's connection ---- */

struct found { struct circs_path *path; size_t n; bool has_gap; /* a circuit without a path */ };

/* Adds the circuit's path unless its exit is there already (or, without an exit, the circuit itself). */
static void found_add(const struct circs *c, struct found *f, uint32_t circuit)
{
	struct circs_path path;

	if (!circs_path(c, circuit, &path)) {
		f->has_gap = true;
		return;
	}
	if (f->n == CANDIDATES_MAX)
		return;
	for (size_t i = 0; i < f->n; i++) {
		const struct circs_path *old = &f->path[i];
		if (old->circuit == circuit)
			return;
		if (!old->is_onion && !path.is_onion && memcmp(old->fp[old->n - 1], path.fp[path.n - 1], FP_LEN) == 0)
			return;
	}
	f->path[f->n++] = path;
}

static bool has_credentials(const struct stream *s, const struct circs_wanted *want)
{
	const char *username = s->username != NULL ? s->username : "", *password = s->password != NULL ? s->password : "";

	return s->knows_credentials && strcmp(username, want->username) == 0 && strcmp(password, want->password) == 0;
}

/* A handshake needs an open stream: those that never succeeded carried nothing. */
static bool went_there(const struct stream *s, const struct circs_wanted *want)
{
	return s->was_open && s->is_user && !s->is_own && s->host != NULL && s->circuit != 0 && s->port == want->port &&
	       same_host(s->host, want->host);
}

enum kinship { EXACT, OF_PARTY, ANY };

static void from_streams(const struct circs *c, const struct circs_wanted *want, enum kinship kin, struct found *f)
{
	for (size_t i = c->n_streams; i-- > 0;) {
		const struct stream *s = &c->stream[i];
		if (!went_there(s, want))
			continue;
		if (kin == EXACT && !has_credentials(s, want))
			continue;
		if (kin == OF_PARTY && !is_of_party(s->username, want->first_party))
			continue;
		found_add(c, f, s->circuit);
	}
}

static bool circuit_is_own(const struct circuit *x)
{
	return x->username != NULL && strncmp(x->username, CIRCS_OWN_USER, strlen(CIRCS_OWN_USER)) == 0;
}

static bool carries(const struct circuit *x, const struct circs_wanted *want, bool exactly)
{
	if (circuit_is_own(x))
		return false;
	if (exactly)
		return same(x->username, want->username) && same(x->password, want->password);
	return is_of_party(x->username, want->first_party);
}

static void from_circuits(const struct circs *c, const struct circs_wanted *want, bool exactly, struct found *f)
{
	for (size_t i = c->n_circuits; i-- > 0;) {
		const struct circuit *x = &c->circuit[i];
		/* By credentials alone a closed one may be the right one; by the first party alone only a live one. */
		if (!x->is_built || (x->is_closed && !exactly))
			continue;
		if (carries(x, want, exactly))
			found_add(c, f, x->id);
	}
}

size_t circs_candidates(const struct circs *c, const struct circs_wanted *want, struct circs_path out[CANDIDATES_MAX])
{
	struct found f = { .path = out };
	bool has_user = want->username[0] != '\0' || want->password[0] != '\0';

	if (want->is_exact || has_user)
		from_streams(c, want, EXACT, &f);
	if (want->is_exact) {
		/* Anything else would be another connection, and its exit the wrong one to be independent of. */
		if (f.n == 0 && !f.has_gap && has_user)
			from_circuits(c, want, true, &f);
		return f.has_gap ? 0 : f.n;
	}
	from_streams(c, want, OF_PARTY, &f);
	from_streams(c, want, ANY, &f);
	if (f.n == 0 && !f.has_gap)
		from_circuits(c, want, false, &f);
	return f.has_gap ? 0 : f.n;
}

/* ---- clean circuits ---- */

static bool leg_is_clean(const struct circuit *x, uint64_t now_ms)
{
	return x->is_built && !x->is_closed && x->is_plain && !x->is_internal && !x->is_used && x->username == NULL &&
	       x->password == NULL && x->n >= 2 && now_ms - x->built_ms < CLEAN_AGE_MS;
}

/* Conflux sets are not counted on: a stream mapped to the exit of an unused one mostly got a circuit of its own, of four hops,
 * all the same (measured with tor 0.4.9.11: with sets about, 5 of 7 checks waited for that; with ConfluxEnabled 0 none). */
static bool is_clean(const struct circuit *x, uint64_t now_ms)
{
	return leg_is_clean(x, now_ms) && x->conflux[0] == '\0';
}

bool circs_is_clean(const struct circs *c, uint32_t circuit, uint64_t now_ms)
{
	const struct circuit *x = circs_circuit_of(c, circuit);

	return x != NULL && is_clean(x, now_ms);
}

bool circs_is_coming(const struct circs *c, uint32_t circuit)
{
	const struct circuit *x = circs_circuit_of(c, circuit);

	return x == NULL || (!x->is_built && !x->is_closed);
}

uint64_t circs_n_built(const struct circs *c)
{
	return c->n_built;
}

size_t circs_clean_exits(const struct circs *c, uint64_t now_ms, uint8_t (*out)[FP_LEN], size_t max)
{
	size_t n = 0;

	for (size_t i = c->n_circuits; i-- > 0 && n < max;) {
		const struct circuit *x = &c->circuit[i];
		bool is_known = false;
		if (!is_clean(x, now_ms))
			continue;
		for (size_t j = 0; j < n && !is_known; j++)
			is_known = memcmp(out[j], x->fp[x->n - 1], FP_LEN) == 0;
		if (!is_known)
			memcpy(out[n++], x->fp[x->n - 1], FP_LEN);
	}
	return n;
}

/* ---- what carries a tab's credentials ---- */

static bool is_listed(const uint32_t *ids, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* The circuit itself or another leg of its conflux set carries them. */
static bool set_carries(const struct circs *c, const struct circuit *x, const struct circs_wanted *want, bool exactly)
{
	if (carries(x, want, exactly))
		return true;
	for (size_t i = 0; i < c->n_circuits && x->conflux[0] != '\0'; i++)
		if (strcmp(c->circuit[i].conflux, x->conflux) == 0 && carries(&c->circuit[i], want, exactly))
			return true;
	return false;
}

size_t circs_carrying(const struct circs *c, const struct circs_wanted *want, uint32_t *ids, size_t max, size_t *streams)
{
	bool exactly = want->is_exact || (want->username[0] != '\0' && want->password[0] != '\0');
	size_t n = 0;

	*streams = 0;
	/* Without credentials "the same" would be every circuit that has none. */
	if (exactly && want->username[0] == '\0')
		return 0;
	for (size_t i = 0; i < c->n_circuits && n < max; i++)
		if (!c->circuit[i].is_closed && set_carries(c, &c->circuit[i], want, exactly))
			ids[n++] = c->circuit[i].id;
	for (size_t i = 0; i < c->n_streams; i++)
		if (c->stream[i].state < STREAM_FAILED && is_listed(ids, n, c->stream[i].circuit))
			++*streams;
	return n;
}

void circs_own_credentials(char username[SOCKS_CRED_MAX], char password[SOCKS_CRED_MAX])
{
	uint8_t bytes[32];
	char hex[65];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(hex, sizeof hex, bytes, 16);
	snprintf(username, SOCKS_CRED_MAX, "%s%s", CIRCS_OWN_USER, hex);
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(password, SOCKS_CRED_MAX, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(hex, sizeof hex);
}
