/* Printing (contract in cli/out.h). */
#include "cli/out.h"

#include "base/limits.h"
#include "base/rd.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 character at s (not empty) that a terminal may get, or 0. */
static size_t char_fits(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	if (u[0] >= 0x20 && u[0] < 0x7f)
		return 1;
	size_t n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls are control characters too. */
	return n == 2 && u[0] == 0xc2 && u[1] < 0xa0 ? 0 : n;
}

void out_clean(FILE *f, const char *s)
{
	while (*s) {
		size_t n = char_fits(s);
		if (n)
			fwrite(s, 1, n, f);
		else
			fputc('?', f);
		s += n ? n : 1;
	}
}

json_t *out_text(const char *s)
{
	char clean[2048];
	size_t at = 0;
	while (*s && at + 4 < sizeof clean) {
		size_t n = char_fits(s);
		if (n)
			memcpy(clean + at, s, n);
		else
			clean[at] = '?';
		at += n ? n : 1;
		s += n ? n : 1;
	}
	clean[at] = 0;
	json_t *text = json_string(clean);
	return text ? text : json_string("?");
}

void out_json(json_t *tree)
{
	char *line = tree ? json_dumps(tree, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS)) : NULL;
	puts(line ? line : "{\"error\":{\"code\":1001,\"name\":\"ERR_NOMEM\",\"text\":\"out of memory\"}}");
	/* One object a line is for pipes: whoever reads them wants each as it comes. */
	fflush(stdout);
	free(line);
	json_decref(tree);
}

json_t *out_err(enum err e)
{
	if (e == OK)
		return json_null();
	return json_pack("{s:i,s:s,s:s}", "code", (int)e, "name", err_name(e), "text", err_text(e));
}

void out_fp(const uint8_t fp[FP_LEN], char out[2 * FP_LEN + 1])
{
	sodium_bin2hex(out, 2 * FP_LEN + 1, fp, FP_LEN);
	for (char *c = out; *c; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
}

bool out_fp_parse(const char *hex, uint8_t fp[FP_LEN])
{
	size_t n = 0;
	if (*hex == '$')
		hex++;
	return strlen(hex) == 2 * FP_LEN && sodium_hex2bin(fp, FP_LEN, hex, 2 * FP_LEN, NULL, &n, NULL) == 0 && n == FP_LEN;
}

json_t *out_relay(const struct relay_info *r)
{
	char fp[2 * FP_LEN + 1];
	out_fp(r->fp, fp);
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:I}", "fingerprint", fp, "nickname", out_text(r->nickname), "address",
	                 out_text(r->address), "country", out_text(r->country), "family", out_text(r->family), "weight",
	                 (json_int_t)r->weight);
}

const char *out_remedy(enum err e)
{
	switch (e) {
	case ERR_TOR_ABSENT:
	case ERR_TOR_REFUSED:
	case ERR_TOR_LOST:
	case ERR_SOCKS_REFUSED:
		return "Start Tor Browser (or the system's tor) and try again; `secondexit doctor` says what was found.";
	case ERR_TOR_AUTH:
	case ERR_TOR_AUTH_SERVER:
	case ERR_TOR_FILTERED:
	case ERR_TOR_VERSION:
	case ERR_TOR_COMMAND:
		return "`secondexit doctor` says what is missing and how to mend it.";
	case ERR_TOR_BOOTSTRAP:
		return "Wait until tor is connected, then try again.";
	case ERR_ROOTS_NONE:
		return "Install the system's trust roots (Debian: sudo apt install ca-certificates).";
	case ERR_IO:
	case ERR_ROLE_DIED:
		return "secondexit-net, -parse, -fetch and -file must lie beside secondexit; install it again if not.";
	case ERR_EXIT_UNKNOWN:
		return "`secondexit exits` lists the exits that tor knows.";
	case ERR_EXIT_NONE:
		return "Try another first exit, or a smaller -k.";
	case ERR_EXIT_LITERAL:
		return "Check the site by its name, if it has one.";
	case ERR_TARGET_PRIVATE:
		return "Other exits can't see such an address: there is nothing to compare.";
	case ERR_TIMEOUT:
		return "Try again in a moment.";
	default:
		return NULL;
	}
}

void out_error(const char *verb, enum err e)
{
	const char *remedy = out_remedy(e);
	fprintf(stderr, "secondexit %s: %s (error %d)\n", verb, err_text(e), (int)e);
	if (remedy)
		fprintf(stderr, "%s\n", remedy);
}
