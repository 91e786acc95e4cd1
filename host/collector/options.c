/* Options (contract in collector/options.h). One table: name, where it goes, what it means. */
#include "collector/options.h"
#include "base/limits_collector.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_type { OPT_TEXT, OPT_NUMBER, OPT_FLAG, OPT_PORT };

struct option_row {
	const char *name, *value, *help;
	enum option_type type;
	size_t offset, size;
	unsigned least, most;
};

#define AT(member) offsetof(struct options, member), sizeof ((struct options *)0)->member
#define TEXT(name, value, member, help) { name, value, help, OPT_TEXT, AT(member), 0, 0 }
#define NUMBER(name, value, member, least, most, help) { name, value, help, OPT_NUMBER, AT(member), least, most }
#define FLAG(name, member, help) { name, "", help, OPT_FLAG, AT(member), 0, 0 }

static const struct option_row rows[] = {
	TEXT("--config", "FILE", config, "options, one a line, without the dashes"),
	TEXT("--store", "WHERE", store, "an SQLite file, or a PostgreSQL connection string"),
	TEXT("--key-file", "FILE", key_file, "the keys that open reports"),
	TEXT("--listen", "ADDRESS", listen, "for reports: 127.0.0.1:PORT or unix:/PATH"),
	TEXT("--web", "ADDRESS", web, "the reviewers' page, the same way, or none"),
	TEXT("--onion", "add|none", onion, "ask tor for an onion service, or torrc has one"),
	TEXT("--onion-key", "FILE", onion_key, "the onion service's key; made if missing"),
	NUMBER("--onion-port", "N", onion_port, 1, 65535, "the onion service's port"),
	TEXT("--control", "ADDRESS", control, "tor's control port, HOST:PORT or unix:/PATH"),
	TEXT("--socks", "ADDRESS", socks, "tor's SOCKS port, the same way"),
	TEXT("--cookie", "FILE", cookie, "tor's authentication cookie"),
	TEXT("--password-file", "FILE", password_file, "holds the control port's password"),
	TEXT("--hosts", "FILE", hosts, "to try a relay with: KIND HOST:PORT, or KIND URL"),
	TEXT("--denied", "FILE", denied, "hosts never to ask: HOST or .DOMAIN a line"),
	{ "--allow-port", "N", "one more port that may be asked", OPT_PORT, AT(ports), 1, 65535 },
	NUMBER("--rate", "N", rate, 0, 1000000, "reports taken in a minute, 0 no limit"),
	NUMBER("--relay-rate", "N", relay_rate, 0, 1000000, "reports about one relay in an hour, 0 no limit"),
	NUMBER("--trials", "N", trials, 0, VERIFY_TRIALS_MAX, "trials at the reported host, and at chosen ones"),
	NUMBER("--spread", "HOURS", spread_hours, 1, 720, "over which the trials are spread at random"),
	TEXT("--secondexit", "FILE", engine, "the program that looks through exits"),
	TEXT("--test-ca", "FILE", test_ca, "trust this CA (PEM) as well; for tests only"),
	NUMBER("--test-speed", "N", test_speed, 1, 1000000, "trials' time passes N times as fast; tests only"),
	FLAG("--json", is_json, "list, show: JSON instead of text"),
	TEXT("--format", "FORMAT", format, "export: json, csv or mail"),
	TEXT("--state", "STATE", state, "list, export: findings in this state alone"),
	TEXT("--relay", "FINGERPRINT", relay, "list, export: findings about this relay alone"),
	NUMBER("--limit", "N", limit, 1, 1000000, "list, export: so many at most"),
	FLAG("--rotate", is_rotation, "keygen: keep the old key beside the new one"),
};
#define ROWS (sizeof rows / sizeof *rows)

void options_help(void)
{
	for (size_t i = 0; i < ROWS; i++)
		printf("  %-15s %-12s %s\n", rows[i].name, rows[i].value, rows[i].help);
}

static const char *number_take(const struct option_row *row, const char *value, unsigned *out)
{
	char *rest;
	unsigned long n = strtoul(value, &rest, 10);

	if (*value < '0' || *value > '9' || *rest != '\0' || n < row->least || n > row->most)
		return "needs a number in its range";
	*out = (unsigned)n;
	return NULL;
}

/* What is wrong, or NULL. */
static const char *value_take(const struct option_row *row, const char *value, struct options *out)
{
	char *at = (char *)out + row->offset;
	size_t n = strlen(value);
	unsigned number;
	const char *why;

	switch (row->type) {
	case OPT_FLAG:
		*(bool *)at = true;
		return NULL;
	case OPT_TEXT:
		if (n == 0 || n >= row->size)
			return n == 0 ? "needs a value" : "value too long";
		memcpy(at, value, n + 1);
		return NULL;
	case OPT_NUMBER:
		return number_take(row, value, (unsigned *)at);
	case OPT_PORT:
		why = number_take(row, value, &number);
		if (why == NULL && out->n_ports == OPTIONS_PORTS_MAX)
			why = "too many ports";
		if (why == NULL)
			out->ports[out->n_ports++] = (uint16_t)number;
		return why;
	}
	return "unknown";
}

/* How many arguments row takes at arg; 0: it is another. */
static int row_match(const struct option_row *row, const char *arg, const char *next, const char **value)
{
	size_t n = strlen(row->name);

	if (strncmp(arg, row->name, n) != 0)
		return 0;
	if (row->type == OPT_FLAG) {
		*value = "";
		return arg[n] == '\0';
	}
	if (arg[n] == '=') {
		*value = arg + n + 1;
		return 1;
	}
	*value = next != NULL ? next : "";
	return arg[n] == '\0' ? 1 + (next != NULL) : 0;
}

/* "name value" or "name"; comments and empty lines. */
static const char *line_take(char *line, struct options *out)
{
	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return NULL;
	size_t n = strcspn(line, " \t");
	char *value = line + n + strspn(line + n, " \t");
	size_t end = strlen(value);
	while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
		value[--end] = '\0';
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == n + 2 && strncmp(rows[i].name + 2, line, n) == 0 && strcmp(rows[i].name, "--config") != 0)
			return value_take(&rows[i], value, out);
	return "unknown option";
}

static const char *file_take(const char *path, struct options *out)
{
	char line[LIST_LINE_MAX + 64];
	const char *why = NULL;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return "can't be read";
	while (why == NULL && fgets(line, sizeof line, f) != NULL)
		why = strchr(line, '\n') == NULL && !feof(f) ? "has a line that is too long" : line_take(line, out);
	fclose(f);
	return why;
}

#define STATE_DIR "/var/lib/secondexit-collector"

static const struct options defaults = {
	.store = STATE_DIR "/store.db", .key_file = STATE_DIR "/keys", .onion_key = STATE_DIR "/onion.key", .onion = "add",
	.listen = "127.0.0.1:8087", .web = "127.0.0.1:8088", .onion_port = 80, .rate = INTAKE_RATE_DEFAULT,
	.relay_rate = INTAKE_RELAY_RATE_DEFAULT, .trials = VERIFY_TRIALS_DEFAULT, .spread_hours = VERIFY_SPREAD_DEFAULT, .test_speed = 1,
	.format = "json", .limit = 100,
};

static int option_at(int argc, char **argv, int i, const struct option_row **row, const char **value)
{
	for (size_t r = 0; r < ROWS; r++) {
		int used = row_match(&rows[r], argv[i], i + 1 < argc ? argv[i + 1] : NULL, value);
		if (used > 0) {
			*row = &rows[r];
			return used;
		}
	}
	return 0;
}

/* The file first, wherever --config stands: the command line has the last word. */
static const char *config_take(int argc, char **argv, struct options *out, const char **wrong)
{
	const struct option_row *row;
	const char *value, *why = NULL;

	for (int i = 1, used; i < argc && why == NULL; i += used > 0 ? used : 1) {
		used = option_at(argc, argv, i, &row, &value);
		if (used > 0 && strcmp(row->name, "--config") == 0) {
			*wrong = argv[i];
			why = *value == '\0' ? "needs a value" : file_take(value, out);
		}
	}
	return why;
}

enum err options_take(int *argc, char **argv, struct options *out, const char **wrong, const char **why)
{
	const struct option_row *row;
	const char *value;
	int kept = 1;

	*out = defaults;
	*why = config_take(*argc, argv, out, wrong);
	for (int i = 1; i < *argc && *why == NULL;) {
		int used = option_at(*argc, argv, i, &row, &value);
		if (used == 0) {
			argv[kept++] = argv[i++];
			continue;
		}
		*wrong = argv[i];
		*why = value_take(row, value, out);
		i += used;
	}
	if (*why == NULL && strcmp(out->onion, "add") != 0 && strcmp(out->onion, "none") != 0) {
		*wrong = "--onion";
		*why = "is add or none";
	}
	if (*why != NULL)
		return ERR_USAGE;
	*argc = kept;
	argv[kept] = NULL;
	return OK;
}
