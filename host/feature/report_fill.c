/* Filling reports (contract in report_fill.h). */
#include "feature/report_fill.h"
#include "engine/relays.h"
#include <stdio.h>
#include <string.h>

static void copy(char *to, size_t cap, const char *from)
{
	size_t n = strnlen(from, cap - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

/* What tor says of relays is printable ASCII; what is not is left out rather than repeated. */
static void copy_ascii(char *to, size_t cap, const char *from)
{
	for (const char *s = from; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return;
	copy(to, cap, from);
}

static void fill_exit(struct report_exit *e, const struct relay_info *relay)
{
#define FLAG(bit, name) { bit, name },
	static const struct { uint16_t bit; const char *name; } flags[] = { RELAY_FLAG_TABLE(FLAG) };
#undef FLAG
	memcpy(e->fp, relay->fp, FP_LEN);
	copy_ascii(e->nickname, sizeof e->nickname, relay->nickname);
	copy_ascii(e->address, sizeof e->address, relay->address);
	copy_ascii(e->country, sizeof e->country, relay->country);
	copy_ascii(e->family, sizeof e->family, relay->family);
	for (size_t i = 0; i < sizeof flags / sizeof *flags && e->n_flags < REPORT_FLAGS_MAX; i++)
		if ((relay->flags & flags[i].bit) != 0)
			copy(e->flags[e->n_flags++], REPORT_FLAG_MAX, flags[i].name);
}

static bool fill_question(struct report *r, enum report_kind kind, const struct site_key *key, enum verdict verdict,
                          enum reason reason)
{
	r->kind = kind;
	copy(r->host, sizeof r->host, key->host);
	r->port = key->port;
	r->reason = reason;
	return verdict == VERDICT_MISMATCH;
}

static void fill_counts(struct report *r, unsigned k, unsigned asked, unsigned answered)
{
	r->k = k;
	r->asked = asked;
	r->answered = answered;
}

/* "secondexit VERB HOST:PORT --first-exit FINGERPRINT"; of what is fetched "secondexit download http://HOST:PORT/ --first-exit …": a path stands in
 * a report only when the user adds it, and then the form puts it here too. */
static void fill_command(struct report *r, const char *verb, const char *scheme)
{
	char fp[2 * FP_LEN + 1];
	const bool is_v6 = strchr(r->host, ':') != NULL;
	const char *end = scheme[0] != '\0' ? "/" : "";

	for (size_t i = 0; i < FP_LEN; i++)
		snprintf(fp + 2 * i, 3, "%02X", r->first[0].exit.fp[i]);
	snprintf(r->reproduce, sizeof r->reproduce, "secondexit %s %s%s%s%s:%u%s --first-exit %s", verb, scheme, is_v6 ? "[" : "", r->host,
	         is_v6 ? "]" : "", r->port, end, fp);
}

static const char *scheme_of(const char *url)
{
	return strncmp(url, "https:", 6) == 0 ? "https://" : "http://";
}

/* ---- certificates, and HTTPS that is withheld ---- */

static enum report_tri tri(bool b)
{
	return b ? REPORT_YES : REPORT_NO;
}

/* One phrase without control characters, cut at a character's end. */
static void copy_why(char *to, size_t cap, const char *why)
{
	size_t n = strnlen(why, cap - 1);

	while (n > 0 && ((unsigned char)why[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)why[i] < 0x20 || (unsigned char)why[i] >= 0x7f ? '?' : why[i];
	to[n] = '\0';
}

static void fill_chain(struct report_seen *s, const struct chain *chain)
{
	if (chain == NULL)
		return;
	s->n_chain = chain->n;
	for (size_t i = 0; i < chain->n; i++)
		s->chain[i] = (struct report_bytes){ chain->cert[i].der, chain->cert[i].len };
	s->chain_left_out = (uint32_t)chain->left_out;
}

static void fill_answer(struct report_seen *s, const struct relay_info *exit, const struct cert_answer *a, const struct chains *chains)
{
	fill_exit(&s->exit, exit);
	s->source = a->source == CERT_SOURCE_BROWSER ? REPORT_SOURCE_BROWSER : REPORT_SOURCE_PROBE;
	if (!a->has_cert) {
		s->status = a->is_none ? REPORT_SAW_NO_TLS : REPORT_SAW_FAILED;
		s->error = (uint32_t)a->error;
		return;
	}
	s->status = REPORT_SAW_CERTIFICATE;
	s->agrees = a->agrees == CERT_AGREES_CERT ? REPORT_AGREES_CERT : a->agrees == CERT_AGREES_KEY ? REPORT_AGREES_KEY :
	            a->agrees == CERT_AGREES_NOT ? REPORT_AGREES_NOT : REPORT_AGREES_NONE;
	s->is_valid = tri(a->is_valid);
	s->is_signed = tri(a->is_signed);
	copy_why(s->why, sizeof s->why, a->is_valid ? "" : a->why);
	s->has_sha256 = true;
	memcpy(s->sha256, a->leaf, sizeof s->sha256);
	fill_chain(s, chains_find(chains, a->leaf));
}

/* The browser's own chain came through one of the candidates. */
static void fill_firsts(struct report *r, const struct cert_result *res, const struct chains *chains)
{
	for (size_t i = 0; i < res->n_first; i++) {
		const struct cert_answer *a = &res->first[i];
		if (a->has_exit && r->n_first < REPORT_FIRST_MAX)
			fill_answer(&r->first[r->n_first++], &a->exit, a, chains);
		for (size_t k = 0; !a->has_exit && a->has_cert && k < res->n_paths && r->n_first < REPORT_FIRST_MAX; k++) {
			const struct net_path *path = &res->paths[k];
			if (path->n > 0 && !path->is_onion)
				fill_answer(&r->first[r->n_first++], &path->hop[path->n - 1], a, chains);
		}
	}
}

bool report_fill_cert(struct report *r, const struct cert_result *res, const struct chains *chains)
{
	const bool is_https = res->question == QUESTION_HTTPS;

	if (!fill_question(r, is_https ? REPORT_HTTPS : REPORT_CERTIFICATE, res->key, res->verdict, res->reason))
		return false;
	fill_counts(r, res->k, res->asked, res->answered);
	r->roots = res->roots == ROOTS_BROWSER ? REPORT_ROOTS_BROWSER : res->roots == ROOTS_SYSTEM ? REPORT_ROOTS_SYSTEM : REPORT_ROOTS_NO;
	fill_firsts(r, res, chains);
	/* Those that answered before those that did not. */
	for (int failed = 0; failed < 2; failed++)
		for (size_t i = 0; i < res->n_others && r->n_others < REPORT_OTHERS_MAX; i++) {
			const struct cert_answer *a = &res->others[i];
			if (a->has_exit && (a->has_cert || a->is_none) == (failed == 0))
				fill_answer(&r->others[r->n_others++], &a->exit, a, chains);
		}
	if (r->n_first == 0)
		return false;
	fill_command(r, is_https ? "https" : "cert", "");
	return true;
}

/* ---- copied addresses ---- */

static uint32_t http_status(unsigned status)
{
	return status >= 100 && status <= 599 ? status : 0;
}

bool report_fill_clip(struct report *r, const struct clip_result *res)
{
	if (!fill_question(r, REPORT_COPY, res->key, res->verdict, res->reason))
		return false;
	fill_counts(r, res->k, res->asked, res->answered);
	copy(r->ticker, sizeof r->ticker, res->ticker);
	for (size_t i = 0; i < res->n_first && i < REPORT_FIRST_MAX; i++) {
		struct report_seen *s = &r->first[r->n_first++];
		fill_exit(&s->exit, &res->first[i]);
		s->status = REPORT_SAW_ADDRESS;
		s->address = res->address;
	}
	for (size_t i = 0; i < res->n_others && r->n_others < REPORT_OTHERS_MAX; i++) {
		const struct clip_answer *a = &res->others[i];
		if (!a->has_exit)
			continue;
		struct report_seen *s = &r->others[r->n_others++];
		fill_exit(&s->exit, &a->exit);
		if (!a->has_page) {
			s->error = (uint32_t)a->error;
			continue;
		}
		s->status = a->address != NULL ? REPORT_SAW_ADDRESS : REPORT_SAW_ABSENT;
		s->address = a->address;
		s->http_status = http_status(a->http_status);
	}
	if (r->n_first == 0)
		return false;
	/* The page is fetched and compared as any other file. */
	fill_command(r, "download", r->port == 443 ? "https://" : "http://");
	return true;
}

/* ---- downloads ---- */

static void put_range(struct report_seen *s, uint64_t offset, uint64_t length, struct report_bytes bytes)
{
	if (length > 0 && s->n_ranges < REPORT_RANGES_MAX)
		s->ranges[s->n_ranges++] = (struct report_range){ offset, length, bytes };
}

/* Where copies differ, as far as this one reaches, and how it begins there; shown may be NULL. */
static void fill_ranges(struct report_seen *s, const struct download_result *res, const struct dl_shown *shown)
{
	uint64_t end = 0;

	for (size_t k = 0; k < res->n_ranges; k++) {
		const struct dl_range *range = &res->range[k];
		uint64_t length = range->length, size = s->has_length ? s->length : REPORT_NUMBER_MAX;
		if (range->length == 0 || range->offset < end || range->offset >= size)
			continue;
		length = length < size - range->offset ? length : size - range->offset;
		end = range->offset + length;
		const struct dl_shown begin = shown != NULL ? shown[k] : (struct dl_shown){ 0 };
		uint32_t n = (uint32_t)(begin.n < length ? begin.n : length);
		put_range(s, range->offset, n, (struct report_bytes){ begin.bytes, n });
		put_range(s, range->offset + n, length - n, (struct report_bytes){ 0 });
	}
}

/* The exit that brought the file here: the browser's own, or that of the host's copy. */
static void fill_here(struct report_seen *s, const struct relay_info *exit, const struct download_result *res)
{
	fill_exit(&s->exit, exit);
	s->status = REPORT_SAW_FILE;
	s->has_sha256 = res->has_sha256;
	memcpy(s->sha256, res->sha256, sizeof s->sha256);
	s->has_length = res->has_local && res->size <= REPORT_NUMBER_MAX;
	s->length = res->size;
	fill_ranges(s, res, res->ours);
}

static void fill_there(struct report_seen *s, const struct download_answer *a, const struct download_result *res)
{
	fill_exit(&s->exit, &a->exit);
	if (!a->has_answer) {
		s->error = (uint32_t)a->error;
		return;
	}
	s->status = REPORT_SAW_FILE;
	s->has_sha256 = a->has_sha256;
	memcpy(s->sha256, a->sha256, sizeof s->sha256);
	s->http_status = http_status(a->http_status);
	s->has_length = a->length >= 0 && a->length <= REPORT_NUMBER_MAX;
	s->length = s->has_length ? (uint64_t)a->length : 0;
	if (a->slot == res->theirs_slot)
		fill_ranges(s, res, res->theirs);
}

bool report_fill_download(struct report *r, const struct download_result *res)
{
	bool is_copy = false;

	if (!fill_question(r, REPORT_DOWNLOAD, res->key, res->verdict, res->reason))
		return false;
	fill_counts(r, res->k, res->asked, res->answered);
	for (size_t i = 0; i < res->n_others && r->n_first < REPORT_FIRST_MAX; i++)
		if (res->others[i].is_copy && res->others[i].has_answer && res->others[i].has_exit) {
			is_copy = true;
			fill_here(&r->first[r->n_first++], &res->others[i].exit, res);
		}
	/* What the browser's exit would have brought is not known where the host fetched by itself. */
	for (size_t i = 0; i < res->n_first && !is_copy && r->n_first < REPORT_FIRST_MAX; i++)
		fill_here(&r->first[r->n_first++], &res->first[i], res);
	for (int failed = 0; failed < 2; failed++)
		for (size_t i = 0; i < res->n_others && r->n_others < REPORT_OTHERS_MAX; i++) {
			const struct download_answer *a = &res->others[i];
			if (a->has_exit && a->has_answer == (failed == 0) && !(a->is_copy && a->has_answer))
				fill_there(&r->others[r->n_others++], a, res);
		}
	if (r->n_first == 0)
		return false;
	fill_command(r, "download", scheme_of(res->url));
	return true;
}
