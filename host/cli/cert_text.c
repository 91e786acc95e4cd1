/* The certificate check in words (contract in cli/cert_text.h). No word is said twice: first what each exit showed, then
 * what follows from it, then what may be done. */
#include "cli/cert_text.h"

#include "cli/out.h"
#include <sodium.h>
#include <string.h>
#include <time.h>

static const char *const step_words[] = {
	[CERT_STEP_CHOOSING] = "choosing an exit",
	[CERT_STEP_BUILDING] = "building a circuit",
	[CERT_STEP_CONNECTING] = "connecting to the site",
	[CERT_STEP_HANDSHAKING] = "asking for the certificate",
	[CERT_STEP_DONE] = "done",
	[CERT_STEP_FAILED] = "no answer",
};

static void put_exit(FILE *f, const struct relay_info *r)
{
	char fp[2 * FP_LEN + 1];
	out_fp(r->fp, fp);
	out_clean(f, r->nickname);
	fputs(" (", f);
	out_clean(f, r->country);
	fputs(", ", f);
	out_clean(f, r->address);
	fprintf(f, ", %s", fp);
	if (r->family[0]) {
		fputs(", family ", f);
		out_clean(f, r->family);
	}
	fputc(')', f);
}

static void put_slot(FILE *f, unsigned slot)
{
	if (slot == 0)
		fputs("First exit", f);
	else
		fprintf(f, "Exit %u", slot);
}

void cert_text_progress(FILE *f, const struct cert_progress *p)
{
	fprintf(f, "%5.1f s  ", (double)p->elapsed_ms / 1000);
	put_slot(f, p->slot);
	fprintf(f, ": %s", (size_t)p->step < sizeof step_words / sizeof *step_words ? step_words[p->step] : "?");
	if (p->exit) {
		fputs(", ", f);
		out_clean(f, p->exit->nickname);
	}
	fputc('\n', f);
}

static void put_day(FILE *f, uint64_t unix_time)
{
	char day[32];
	time_t t = (time_t)unix_time;
	struct tm tm;
	/* A certificate may name years that have no calendar here. */
	if (unix_time > 253402300799u || !gmtime_r(&t, &tm) || strftime(day, sizeof day, "%Y-%m-%d", &tm) == 0)
		snprintf(day, sizeof day, "far future");
	fputs(day, f);
}

static void put_line(FILE *f, const char *label, const char *text)
{
	fprintf(f, "    %-12s", label);
	out_clean(f, text[0] ? text : "-");
	fputc('\n', f);
}

static void put_certificate(FILE *f, const struct cert_answer *a)
{
	char hex[65];
	sodium_bin2hex(hex, sizeof hex, a->leaf, 32);
	put_line(f, "SHA-256", hex);
	put_line(f, "for", a->words.names[0] ? a->words.names : a->words.subject);
	put_line(f, "issued by", a->words.is_self_signed ? "itself (self-signed)" : a->words.issuer);
	fprintf(f, "    %-12s", "dates");
	put_day(f, a->words.not_before);
	fputs(" to ", f);
	put_day(f, a->words.not_after);
	fputc('\n', f);
	fprintf(f, "    %-12s", "judged");
	if (a->is_valid)
		fputs("valid for this name", f);
	else {
		fputs("not valid: ", f);
		out_clean(f, a->why);
	}
	fputc('\n', f);
}

/* earlier: an answer above with the same certificate, or NULL. */
static void put_answer(FILE *f, const struct cert_answer *a, const struct cert_answer *earlier)
{
	put_slot(f, a->slot);
	if (a->source == CERT_SOURCE_BROWSER)
		fputs(", as the browser saw it", f);
	if (a->has_exit) {
		fputs(": ", f);
		put_exit(f, &a->exit);
	}
	fputc('\n', f);
	if (!a->has_cert) {
		fprintf(f, "    %s: %s (error %d)\n", a->is_none ? "no HTTPS" : "no answer", err_text(a->error), (int)a->error);
		return;
	}
	bool is_repeated = earlier != NULL;
	if (is_repeated && earlier->slot == 0)
		fprintf(f, "    the same certificate%s\n", a->is_valid && !earlier->is_valid ? ", and it is valid" : "");
	else if (is_repeated)
		fprintf(f, "    ANOTHER certificate, the same as exit %u's\n", earlier->slot);
	else if (a->agrees == CERT_AGREES_KEY)
		fputs("    another certificate with the same key\n", f);
	else if (a->agrees == CERT_AGREES_NOT)
		fputs("    ANOTHER certificate\n", f);
	if (!is_repeated)
		put_certificate(f, a);
	if (!a->counts && a->slot != 0)
		fputs("    (not independent of the first exit: may disagree, can't confirm)\n", f);
}

const char *cert_text_reason(enum reason r)
{
	switch (r) {
	case REASON_SAME_CERT: return "The other exits were shown the same certificate.";
	case REASON_SAME_KEY: return "The other exits were shown certificates with the same key, which the site proved to hold.";
	case REASON_OTHERS_VALID: return "Another exit was shown a valid certificate for this name, the first exit was not: "
	                                 "someone near the first exit is reading along, or tries to.";
	case REASON_FIRST_NOW_VALID: return "Asked again, the first exit shows a valid certificate: it intercepts some connections "
	                                    "and spares others.";
	case REASON_OTHERS_AGREE: return "All other exits agree on another certificate than the first exit's: someone near the "
	                                 "first exit is reading along, or tries to.";
	case REASON_REMEMBERED: return "This certificate was found to be an interceptor's earlier in this session.";
	case REASON_TOO_FEW: return "Too few exits answered in time.";
	case REASON_DISSENT: return "Some exits agree with the first one, some do not. None is called a liar by majority.";
	case REASON_ROTATES: return "No two exits were shown the same certificate: the site may use many.";
	case REASON_FIRST_DIFFERS: return "The first exit does not show the same certificate each time.";
	case REASON_FIRST_UNKNOWN: return "The browser's own circuit could not be found.";
	case REASON_FIRST_SILENT: return "No certificate came through the first exit.";
	case REASON_NO_INDEPENDENT: return "No exit is left that is independent of the first one.";
	case REASON_NO_ROOTS: return "No trust roots were found to judge certificates by.";
	case REASON_TOR: return "Tor could not be used.";
	case REASON_TIMEOUT: return "The time was over before enough exits answered.";
	case REASON_NEEDS_CLICK: return "This check waits for a click.";
	case REASON_PRIVATE_TARGET: return "A private address: no exit may be asked for it.";
	case REASON_NO_HTTPS: return "No exit finds HTTPS there: the site has none, or is down.";
	case REASON_HTTPS_THERE: return "All exits reach the site over HTTPS with a valid certificate.";
	case REASON_HTTPS_OPTIONAL: return "The site shows plain pages to everybody, and has HTTPS beside them.";
	case REASON_HTTPS_WITHHELD: return "Another exit reaches the site over HTTPS with a valid certificate, the first exit does not: "
	                                   "someone near the first exit keeps visitors on unprotected connections, or its line "
	                                   "to the site is broken.";
	case REASON_HTTPS_SELECTIVE: return "HTTPS is there through the first exit too when we ask: it chooses whom to attack, or the "
	                                    "connection failed by chance.";
	case REASON_HTTPS_BACK: return "HTTPS is there now, through the first exit itself.";
	case REASON_HTTPS_UNCLEAR: return "Some exits are shown a certificate, none a valid one.";
	case REASON_HTTPS_WAS_THERE: return "HTTPS was there earlier in this session; now no exit finds it.";
	case REASON_CANCELLED: return "Cancelled.";
	case REASON_ONION: return "An onion service: there is no exit that could lie.";
	case REASON_NOT_TOR: return "The connection did not go through an exit.";
	case REASON_EXCLUDED: return "Excluded by the user.";
	default: return "";
	}
}

/* What the verdict is good for, and what it is not. */
static void put_limits(FILE *f, const struct cert_result *r)
{
	if (r->question == QUESTION_HTTPS) {
		if (r->verdict == VERDICT_MISMATCH)
			fputs("Do not use the site without HTTPS through this exit.\n", f);
		return;
	}
	if (r->verdict == VERDICT_MATCH) {
		fputs("That speaks for the certificate being the site's own, if it is not intercepted near the site itself.\n", f);
		if (r->n_chance >= r->k && r->k > 0)
			fprintf(f, "Chance that one operator with the largest share on record ran all of these exits: %.3f.\n",
			        r->chance[r->k - 1]);
		if (r->weaker)
			fputs("Weaker than usual: all exits stand in one country.\n", f);
	}
	if (r->verdict == VERDICT_MISMATCH)
		fputs("Do not sign in there and do not download from there through this exit.\n", f);
}

static void put_next(FILE *f, const struct cert_result *r)
{
	const char *remedy = r->error != OK ? out_remedy(r->error) : NULL;
	if (r->error != OK)
		fprintf(f, "Cause: %s (error %d).\n", err_text(r->error), (int)r->error);
	if (remedy)
		fprintf(f, "%s\n", remedy);
	else if (r->verdict == VERDICT_UNDECIDED && r->retry_useful)
		fputs("Trying again may help.\n", f);
	if (r->same_country_possible)
		fputs("Sites that use many certificates may show one per country: try --same-country (weaker).\n", f);
}

static const struct cert_answer *same_above(const struct cert_answer *list, size_t n, const struct cert_answer *a)
{
	for (size_t i = 0; i < n && a->has_cert; i++)
		if (list[i].has_cert && memcmp(list[i].leaf, a->leaf, 32) == 0)
			return &list[i];
	return NULL;
}

void cert_text_result(FILE *f, const struct cert_result *r)
{
	static const char *const words[] = {
		[VERDICT_UNDECIDED] = "COULD NOT DECIDE", [VERDICT_MATCH] = "MATCH", [VERDICT_MISMATCH] = "MISMATCH",
		[VERDICT_EXEMPT] = "EXEMPT",
	};
	for (size_t i = 0; i < r->n_first; i++)
		put_answer(f, &r->first[i], same_above(r->first, i, &r->first[i]));
	for (size_t i = 0; i < r->n_others; i++) {
		const struct cert_answer *a = &r->others[i], *above = same_above(r->first, r->n_first, a);
		put_answer(f, a, above ? above : same_above(r->others, i, a));
	}
	fprintf(f, "%s%s: %s\n", r->n_first || r->n_others ? "\n" : "", words[r->verdict], cert_text_reason(r->reason));
	put_limits(f, r);
	put_next(f, r);
}
