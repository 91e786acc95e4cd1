/* `secondexit download`: fetches a file through two exits that are independent of each other and gives it its name when both have the same, or
 * compares a file that is here with what other exits bring. The engine of the browser's downloads (feature/download.h). */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/links.h"
#include "cli/out.h"
#include "cli/report_file.h"
#include "feature/backend.h"
#include "feature/download.h"
#include "feature/reports.h"
#include "message/encode.h"
#include "priv/fetchmsg.h"
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOWNLOAD_ID 1
/* What Tor Browser sends of itself on every system it makes look alike, and Firefox for a file that is navigated to. */
#define USER_AGENT "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
#define ACCEPT "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
#define ACCEPT_LANGUAGE "en-US,en;q=0.5"
#define WHOLE_MAX (100ull * 1024 * 1024)
#define BUDGET (4ull * 1024 * 1024)

struct run {
	const struct cli_options *options;
	struct links links;
	bool shows_progress;
	enum verdict verdict;
	const char *report;        /* where a mismatch is written; NULL: nowhere */
	enum err report_err;
};

/* ---- text ---- */

static void print_bytes(FILE *f, uint64_t n)
{
	if (n >= 10 * 1024 * 1024)
		fprintf(f, "%" PRIu64 " MiB", n / (1024 * 1024));
	else if (n >= 10 * 1024)
		fprintf(f, "%" PRIu64 " KiB", n / 1024);
	else
		fprintf(f, "%" PRIu64 " bytes", n);
}

static const char *verdict_text(const struct download_result *r)
{
	if (r->verdict == VERDICT_MATCH)
		return r->method == DL_METHOD_RANGES ? "match, as far as was looked" : "match";
	return r->verdict == VERDICT_MISMATCH ? "MISMATCH" : "undecided";
}

static const char *method_text(enum dl_method m)
{
	switch (m) {
	case DL_METHOD_DIGEST: return "by the digest that the site's answers carry";
	case DL_METHOD_COMMITMENT: return "by the part that commits to the rest of the file";
	case DL_METHOD_WHOLE: return "by every byte";
	case DL_METHOD_RANGES: return "by samples";
	case DL_METHOD_NONE: case DL_METHODS: break;
	}
	return "nothing was compared";
}

static void print_answer(FILE *f, const struct download_answer *a)
{
	char fp[2 * FP_LEN + 1];

	fprintf(f, "  %u ", a->slot);
	if (a->has_exit) {
		out_fp(a->exit.fp, fp);
		fprintf(f, "%s ", fp);
		out_clean(f, a->exit.nickname);
		fprintf(f, " %s", a->exit.country[0] ? a->exit.country : "??");
	}
	if (!a->has_answer) {
		fprintf(f, ": %s", err_text(a->error));
		if (a->http_status)
			fprintf(f, " (%u)", a->http_status);
		fputc('\n', f);
		return;
	}
	fprintf(f, ": %s", a->agrees == 1 ? "the same" : a->agrees == 0 ? "another file" : "nothing to compare");
	if (a->has_sha256) {
		fputs(", SHA-256 ", f);
		for (size_t i = 0; i < sizeof a->sha256; i++)
			fprintf(f, "%02x", a->sha256[i]);
	}
	fputc('\n', f);
}

static void print_result(FILE *f, const struct download_result *r)
{
	fprintf(f, "%s: %s (%s)\n", verdict_text(r), method_text(r->method), reason_name(r->reason));
	if (r->error != OK)
		fprintf(f, "  %s\n", err_text(r->error));
	if (r->has_local) {
		fputs("  ", f);
		print_bytes(f, r->size);
		if (r->has_sha256) {
			fputs(", SHA-256 ", f);
			for (size_t i = 0; i < sizeof r->sha256; i++)
				fprintf(f, "%02x", r->sha256[i]);
		}
		fputs("\n  ", f);
		print_bytes(f, r->fetched);
		fputs(" came through the other exits\n", f);
	}
	if (r->has_missed)
		fprintf(f, "  a change of one block of 4 KiB would have been missed with probability %.3g, of 64 KiB in one piece with %.3g, of 1%% of the file with %.3g\n",
		        r->missed_block, r->missed_64k, r->missed_percent);
	for (size_t i = 0; i < r->n_others; i++)
		print_answer(f, &r->others[i]);
	for (size_t i = 0; i < r->n_ranges; i++)
		fprintf(f, "  differs: %" PRIu64 " bytes from %" PRIu64 "\n", r->range[i].length, r->range[i].offset);
	if (r->has_more_ranges)
		fputs("  and in more places\n", f);
	if (r->state == DL_STATE_FINISHED) {
		fputs("  ", f);
		out_clean(f, r->path);
		fputc('\n', f);
	}
}

/* ---- the sink ---- */

/* As a browser's form would show it, to a new file. */
static enum err report_keep(const struct run *run, const struct download_result *r)
{
	const struct report_sink nobody = { 0 };
	struct reports *all = reports_new(backend_report_ops(run->links.backend), &nobody);

	if (all == NULL)
		return ERR_NOMEM;
	reports_note_download(all, r);
	enum err err = report_file_keep(all, run->report);
	reports_free(all);
	return err;
}

static void progress_cb(void *arg, uint32_t id, const struct download_progress *p)
{
	struct run *run = arg;

	if (run->options->is_json) {
		out_json(encode_download_progress(id, p));
	} else if (run->shows_progress) {
		fprintf(stderr, "%u %s", p->slot, download_step_name(p->step));
		if (p->bytes) {
			fputc(' ', stderr);
			print_bytes(stderr, p->bytes);
		}
		fputc('\n', stderr);
	}
}

static void result_cb(void *arg, uint32_t id, const struct download_result *r)
{
	struct run *run = arg;

	if (run->options->is_json)
		out_json(encode_download_result(id, r));
	else
		print_result(stdout, r);
	run->verdict = r->verdict;
	if (run->report != NULL && r->verdict == VERDICT_MISMATCH)
		run->report_err = report_keep(run, r);
	links_stop(&run->links);
}

static void no_class(void *arg, uint32_t id, enum err err, const struct download_classified *r)
{
	(void)arg, (void)id, (void)err, (void)r;
}

/* Ended by a key: what is not finished is removed. */
static void signal_cb(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	event_base_loopbreak(arg);
}

static enum err download(struct run *run, const struct download_request *r)
{
	const struct download_sink sink = { run, progress_cb, result_cb, no_class };
	enum err err = links_open(run->options, &run->links);

	if (err != OK)
		return err;
	struct downloads *d = downloads_new(backend_download_ops(run->links.backend), &sink);
	err = d ? download_start(d, DOWNLOAD_ID, r) : ERR_NOMEM;
	struct event *on_int = evsignal_new(run->links.base, SIGINT, signal_cb, run->links.base);
	struct event *on_term = evsignal_new(run->links.base, SIGTERM, signal_cb, run->links.base);
	if (on_int == NULL || on_term == NULL || event_add(on_int, NULL) != 0 || event_add(on_term, NULL) != 0)
		err = ERR_NOMEM;
	if (err == OK)
		links_run(&run->links, 0);
	downloads_free(d);
	if (on_int != NULL)
		event_free(on_int);
	if (on_term != NULL)
		event_free(on_term);
	links_close(&run->links);
	return err;
}

/* ---- arguments ---- */

static bool size_parse(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	unsigned shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' || *end == 'm' ? 20 : *end == 'G' || *end == 'g' ? 30 : 0;
	end += shift != 0;
	if (text[0] < '0' || text[0] > '9' || errno != 0 || *end != '\0' || n > (UINT64_C(1) << 53) >> shift)
		return false;
	*out = (uint64_t)n << shift;
	return true;
}

static bool url_take(const char *url, struct download_request *r)
{
	static struct fetch_ask ask;

	if (strlen(url) > CLIP_URL_MAX || fetch_url_split(url, &ask) != OK)
		return false;
	size_t n = strlen(ask.host);
	bool is_literal = ask.host[0] == '[' && n > 2;
	snprintf(r->key.host, sizeof r->key.host, "%.*s", (int)(is_literal ? n - 2 : n), ask.host + is_literal);
	r->key.port = ask.port;
	/* A first party of its own keeps its downloads apart from those of another. */
	memcpy(r->key.first_party, r->key.host, sizeof r->key.first_party);
	r->url[0] = url;
	r->n_urls = 1;
	return true;
}

/* An absolute path of a file that is there, no link. */
static bool file_take(const char *file, struct download_request *r)
{
	struct stat st;
	char *dir, *copy = strdup(file), *slash = copy ? strrchr(copy, '/') : NULL;

	if (!copy)
		return false;
	if (slash)
		*slash = '\0';
	dir = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	int n = dir ? snprintf(r->path, sizeof r->path, "%s%s%s", dir, strcmp(dir, "/") == 0 ? "" : "/", slash ? slash + 1 : file) : -1;
	free(dir);
	free(copy);
	if (n < 0 || (size_t)n >= sizeof r->path || lstat(r->path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	r->local_size = (int64_t)st.st_size;
	return true;
}

/* CLI_OK, or the status to end with. */
static int take(struct download_request *r, const char **report, int argc, char **argv)
{
	const struct verb *v = &verb_download;
	const char *url = NULL, *file = NULL, *dir = NULL, *value;
	bool only_names = false;

	for (int i = 1; i < argc; i++) {
		if (!only_names && (value = args_value("--dir", argc, argv, &i)))
			dir = value;
		else if (!only_names && (value = args_value("--name", argc, argv, &i)))
			snprintf(r->name, sizeof r->name, "%s", value);
		else if (!only_names && (value = args_value("--whole-max", argc, argv, &i))) {
			if (!size_parse(value, &r->whole_max))
				return cli_usage_error(v, "--whole-max needs a number of bytes, as 100M, not", value);
		} else if (!only_names && (value = args_value("--budget", argc, argv, &i))) {
			if (!size_parse(value, &r->budget))
				return cli_usage_error(v, "--budget needs a number of bytes, as 4M, not", value);
		} else if (!only_names && (value = args_value("--size-max", argc, argv, &i))) {
			if (!size_parse(value, &r->copy_max) || r->copy_max == 0)
				return cli_usage_error(v, "--size-max needs a number of bytes, as 100M, not", value);
		} else if (!only_names && (value = args_value("--first-exit", argc, argv, &i))) {
			if (!out_fp_parse(value, r->given))
				return cli_usage_error(v, "--first-exit needs a fingerprint of 40 hex digits, not", value);
			r->has_given = true;
		} else if (!only_names && (value = args_value("--report", argc, argv, &i))) {
			if (!value[0])
				return cli_usage_error(v, "--report needs a file", NULL);
			*report = value;
		} else if (!only_names && strcmp(argv[i], "--") == 0)
			only_names = true;
		else if (!only_names && argv[i][0] == '-')
			return cli_usage_error(v, "unknown option", argv[i]);
		else if (!url)
			url = argv[i];
		else if (!file)
			file = argv[i];
		else
			return cli_usage_error(v, "one file at a time, not also", argv[i]);
	}
	if (!url)
		return cli_usage_error(v, "no address given", NULL);
	if (!url_take(url, r))
		return cli_usage_error(v, "not an http or https address", url);
	if (file && (dir || r->name[0]))
		return cli_usage_error(v, "--dir and --name are for a file that is fetched, not for", file);
	if (file && !file_take(file, r))
		return cli_usage_error(v, "not a file", file);
	r->is_fetch = !file;
	if (file && (r->has_given || *report))
		return cli_usage_error(v, "--first-exit and --report are for what is fetched, not for", file);
	if (r->has_given && dir)
		return cli_usage_error(v, "with --first-exit nothing is kept, not in", dir);
	/* Its copy has no name while it is there. */
	if (r->has_given && (dir = getenv("TMPDIR")) == NULL)
		dir = "/tmp";
	char *real = realpath(dir ? dir : ".", NULL);
	if (!file && (!real || strlen(real) >= sizeof r->dir)) {
		free(real);
		return cli_usage_error(v, "not a folder", dir);
	}
	snprintf(r->dir, sizeof r->dir, "%s", file ? "" : real);
	free(real);
	return CLI_OK;
}

static int download_run(const struct cli_options *options, int argc, char **argv)
{
	static struct download_request r;
	struct run run = { .options = options, .shows_progress = isatty(STDERR_FILENO) };

	r = (struct download_request){
		.proxy = CERT_PROXY_SOCKS, .local_size = -1, .length = -1, .whole_max = WHOLE_MAX, .budget = BUDGET, .clicked = true, .has_no_first = true,
		.user_agent = USER_AGENT, .accept = ACCEPT, .accept_language = ACCEPT_LANGUAGE,
	};
	int status = take(&r, &run.report, argc, argv);
	if (status != CLI_OK)
		return status;
	enum err err = download(&run, &r);
	if (run.report_err != OK)
		fprintf(stderr, "secondexit download: the report could not be written to `%s`: %s\n", run.report, err_text(run.report_err));
	if (err != OK) {
		if (options->is_json)
			out_json(json_pack("{s:o}", "error", out_err(err)));
		else
			out_error(verb_download.name, err);
		return err == ERR_TARGET_NAME ? CLI_USAGE : CLI_UNDECIDED;
	}
	return run.verdict == VERDICT_MATCH ? CLI_OK : run.verdict == VERDICT_MISMATCH ? CLI_FOUND : CLI_UNDECIDED;
}

const struct verb verb_download = {
	.name = "download",
	.summary = "is it the file that other exits bring?",
	.usage = "download URL [FILE] [--dir FOLDER] [--name NAME]\n"
	         "             [--whole-max BYTES] [--budget BYTES] [--size-max BYTES]\n"
	         "             [--first-exit FINGERPRINT] [--report FILE]\n"
	         "\n"
	         "Without FILE: fetches the file through one exit and compares it with what others\n"
	         "bring, which share neither family nor network with it nor with each other. It is\n"
	         "NAME.part until they agree; without a match nothing is left. With FILE: compares\n"
	         "the file that is here. By the strongest way there is: a digest in the site's\n"
	         "answers, a part of the file that commits to the rest, every byte, samples.\n"
	         "Match: the others have the same file. Mismatch: they agree on another one.\n"
	         "  --dir FOLDER       where the file goes (here)\n"
	         "  --name NAME        what it is called (the end of URL)\n"
	         "  --whole-max BYTES  up to this size all bytes are compared (100M)\n"
	         "  --budget BYTES     above it, how much samples may cost each exit (4M)\n"
	         "  --size-max BYTES   a file that is longer is given up (no limit)\n"
	         "  --first-exit FINGERPRINT\n"
	         "                     looks at this exit: the file comes through it, is compared,\n"
	         "                     and is not kept\n"
	         "  --report FILE      on a mismatch, writes a report to this new file;\n"
	         "                     `secondexit report` sends it",
	.run = download_run,
};
