/* One question about a site from the shell (contract in cli/ask.h). There is no browser's stream here, so the first exit is
 * the one given, or one drawn. */
#include "cli/ask.h"
#include "cli/args.h"
#include "cli/cert_text.h"
#include "cli/links.h"
#include "cli/out.h"
#include "cli/report_file.h"
#include "engine/target.h"
#include "feature/backend.h"
#include "feature/reports.h"
#include "message/encode.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_ID 1

struct ask {
	const struct cli_options *options;
	struct links links;
	bool shows_progress;
	enum verdict verdict;
	const struct certcheck *check;
	const char *report;          /* where a mismatch is written; NULL: nowhere */
	enum err report_err;
};

/* The same report that a browser's form would show, to a new file. */
static enum err report_keep(const struct ask *run, const struct cert_result *r)
{
	const struct report_sink nobody = { 0 };
	struct reports *all = reports_new(backend_report_ops(run->links.backend), &nobody);

	if (all == NULL)
		return ERR_NOMEM;
	reports_note_cert(all, r, certcheck_chains(run->check));
	enum err err = report_file_keep(all, run->report);
	reports_free(all);
	return err;
}

static void progress_cb(void *arg, uint32_t id, const struct cert_progress *p)
{
	struct ask *run = arg;
	if (run->options->is_json)
		out_json(encode_progress(id, p));
	else if (run->shows_progress)
		cert_text_progress(stderr, p);
}

static void result_cb(void *arg, uint32_t id, const struct cert_result *r)
{
	struct ask *run = arg;
	if (run->options->is_json)
		out_json(encode_result(id, r));
	else
		cert_text_result(stdout, r);
	run->verdict = r->verdict;
	if (run->report != NULL && r->verdict == VERDICT_MISMATCH)
		run->report_err = report_keep(run, r);
	links_stop(&run->links);
}

static void no_circuit(void *arg, uint32_t id, const struct circuit_result *r) { (void)arg, (void)id, (void)r; }
static void no_status(void *arg, uint32_t id, const struct cert_status *s) { (void)arg, (void)id, (void)s; }
static void no_tor(void *arg, bool is_up, enum err why) { (void)arg, (void)is_up, (void)why; }
static void no_newnym(void *arg) { (void)arg; }

bool ask_site_parse(const char *text, struct site_key *key)
{
	char host[HOST_MAX];
	const char *port = NULL, *end = text + strlen(text);
	if (text[0] == '[') {
		const char *close = strchr(text, ']');
		if (!close || (close[1] && close[1] != ':'))
			return false;
		end = close;
		port = close[1] ? close + 2 : NULL;
		text++;
	} else {
		const char *colon = strchr(text, ':');
		if (colon && !strchr(colon + 1, ':')) {
			end = colon;
			port = colon + 1;
		}
	}
	if (end <= text || (size_t)(end - text) >= sizeof host)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = 0;
	key->port = 443;
	if (port) {
		char *rest;
		unsigned long n = strtoul(port, &rest, 10);
		if (*port < '0' || *port > '9' || *rest || n < 1 || n > 65535)
			return false;
		key->port = (uint16_t)n;
	}
	memcpy(key->host, host, sizeof host);
	/* A shell has no first party; the site itself keeps its checks apart from those of others. */
	memcpy(key->first_party, host, sizeof host);
	return true;
}

int ask_take(const struct verb *v, struct cert_request *r, const char **report, int argc, char **argv,
             bool (*own)(struct cert_request *r, const char *arg))
{
	const char *site = NULL;
	*report = NULL;
	for (int i = 1; i < argc; i++) {
		const char *file = args_value("--report", argc, argv, &i);
		if (file) {
			if (!file[0])
				return cli_usage_error(v, "--report needs a file", NULL);
			*report = file;
			continue;
		}
		const char *fp = args_value("--first-exit", argc, argv, &i);
		if (fp) {
			if (!out_fp_parse(fp, r->first_exit))
				return cli_usage_error(v, "--first-exit needs a fingerprint of 40 hex digits, not", fp);
			r->first = CERT_FIRST_GIVEN;
		} else if (own && own(r, argv[i])) {
			continue;
		} else if (strcmp(argv[i], "--") == 0 && i + 1 < argc && !site) {
			site = argv[++i];
		} else if (argv[i][0] == '-' || site) {
			return cli_usage_error(v, argv[i][0] == '-' ? "unknown option" : "one site at a time, not also", argv[i]);
		} else {
			site = argv[i];
		}
	}
	if (!site)
		return cli_usage_error(v, "no site given", NULL);
	if (strstr(site, "://"))
		return cli_usage_error(v, "give the host alone, as example.org or example.org:443, not", site);
	if (!ask_site_parse(site, &r->key))
		return cli_usage_error(v, "not HOST or HOST:PORT", site);
	return CLI_OK;
}

static enum err ask(struct ask *run, const struct cert_request *r)
{
	const struct cert_sink sink = {
		.arg = run, .progress = progress_cb, .result = result_cb, .circuit = no_circuit, .status = no_status,
		.tor = no_tor, .newnym = no_newnym,
	};
	enum err err = links_open(run->options, &run->links);
	if (err != OK)
		return err;
	struct certcheck *c = certcheck_new(backend_ops(run->links.backend), &sink);
	run->check = c;
	err = c ? certcheck_start(c, ASK_ID, r) : ERR_NOMEM;
	if (err == OK)
		links_run(&run->links, 0);
	certcheck_free(c);
	links_close(&run->links);
	return err;
}

int ask_run(const struct verb *v, const struct cli_options *options, const struct cert_request *r, const char *report)
{
	struct ask run = { .options = options, .report = report, .shows_progress = isatty(STDERR_FILENO) };
	enum err err = ask(&run, r);
	if (err != OK) {
		if (options->is_json)
			out_json(json_pack("{s:o}", "error", out_err(err)));
		else
			out_error(v->name, err);
		return err == ERR_TARGET_NAME ? CLI_USAGE : CLI_UNDECIDED;
	}
	if (run.report_err != OK)
		fprintf(stderr, "secondexit %s: the report could not be written to `%s`: %s\n", v->name, report, err_text(run.report_err));
	return run.verdict == VERDICT_MATCH || run.verdict == VERDICT_EXEMPT ? CLI_OK
	     : run.verdict == VERDICT_MISMATCH ? CLI_FOUND : CLI_UNDECIDED;
}

