/* Reports in memory, and the words of their format (contracts in report/report.h, report/report_in.h). */
#include "report/report_in.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const report_members[] = { "secondexit_report", "kind", "host", "port", "path", "time", "verdict", "reason", "k",
	"asked", "answered", "roots", "ticker", "first", "others", "reproduce", "software", NULL };
const char *const report_exit_members[] = { "fingerprint", "nickname", "address", "country", "family", "flags", NULL };
const char *const report_seen_members[] = { "exit", "status", "error", "source", "agrees", "valid", "signed", "why", "sha256",
	"chain", "chain_left_out", "http_status", "length", "ranges", "address", NULL };
const char *const report_range_members[] = { "offset", "length", "bytes", NULL };
const char *const report_software_members[] = { "secondexit", "edition", "tor", "browser", NULL };

const char *const report_kinds[REPORT_KINDS] = { "certificate", "https", "download", "copy" };
const char *const report_statuses[REPORT_STATUSES] = { "failed", "certificate", "no_tls", "file", "address", "absent" };
const char *const report_sources[3] = { NULL, "browser", "probe" };
const char *const report_agreements[4] = { NULL, "same_certificate", "same_key", "differs" };
const char *const report_editions[4] = { NULL, "standard", "privileged", "shell" };
const char *const report_rootses[4] = { NULL, "browser", "system", "none" };

const char *report_kind_name(enum report_kind k)
{
	return (unsigned)k < REPORT_KINDS ? report_kinds[k] : "";
}

bool report_kind_is_fetched(const char *name)
{
	return strcmp(name, report_kind_name(REPORT_DOWNLOAD)) == 0 || strcmp(name, report_kind_name(REPORT_COPY)) == 0;
}

const char *report_status_name(enum report_status s)
{
	return (unsigned)s < REPORT_STATUSES ? report_statuses[s] : "";
}

bool report_status_fits(enum report_kind kind, enum report_status status)
{
	switch (status) {
	case REPORT_SAW_FAILED:      return true;
	case REPORT_SAW_CERTIFICATE: return kind == REPORT_CERTIFICATE || kind == REPORT_HTTPS;
	case REPORT_SAW_NO_TLS:      return kind == REPORT_HTTPS;
	case REPORT_SAW_FILE:        return kind == REPORT_DOWNLOAD;
	case REPORT_SAW_ADDRESS:
	case REPORT_SAW_ABSENT:      return kind == REPORT_COPY;
	case REPORT_STATUSES:        break;
	}
	return false;
}

struct report *report_new(void)
{
	return calloc(1, sizeof(struct report));
}

void report_free(struct report *r)
{
	if (r == NULL)
		return;
	if (r->bytes != NULL)
		sodium_memzero(r->bytes, r->room);
	free(r->bytes);
	sodium_memzero(r, sizeof *r);
	free(r);
}

/* --- hours of the Gregorian calendar; both ways by counting, so that neither can be wrong alone ------------------------- */

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1970 to the first of January. */
static uint32_t year_days(unsigned year)
{
	uint32_t days = 0;

	for (unsigned y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	return days;
}

/* Decimal digits alone; 10000 otherwise. */
static unsigned digits(const char *s, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 10000;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	return v;
}

bool report_hour_read(const char *s, uint32_t *hour)
{
	if (strlen(s) != REPORT_TIME_LEN || s[4] != '-' || s[7] != '-' || s[10] != 'T' || strcmp(s + 13, ":00Z") != 0)
		return false;
	const unsigned year = digits(s, 4), month = digits(s + 5, 2), day = digits(s + 8, 2), h = digits(s + 11, 2);
	if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) || h > 23)
		return false;
	uint32_t days = year_days(year) + day - 1;
	for (unsigned m = 1; m < month; m++)
		days += month_days(year, m);
	*hour = days * 24 + h;
	return true;
}

bool report_hour_write(uint32_t hour, char text[static REPORT_TIME_LEN + 1])
{
	uint32_t days = hour / 24;
	unsigned year = 2000, month = 1;

	if (days < year_days(2000) || days >= year_days(2100))
		return false;
	while (days >= year_days(year + 1))
		year++;
	days -= year_days(year);
	for (; days >= month_days(year, month); month++)
		days -= month_days(year, month);
	char line[64];
	snprintf(line, sizeof line, "%04u-%02u-%02uT%02u:00Z", year % 10000, month % 100, ((unsigned)days + 1) % 100, (unsigned)(hour % 24));
	memcpy(text, line, REPORT_TIME_LEN + 1);
	return true;
}
