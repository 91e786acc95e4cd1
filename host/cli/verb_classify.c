/* `secondexit classify`: what a file is to somebody who opens it, and whether a small part of it commits to the rest: what the
 * check of a download goes by. The file is read by a process of its own (priv/filelink.h) and by nobody else. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "priv/filelink.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct classify_run {
	const struct cli_options *options;
	struct event_base *base;
	const char *path;
	enum err err;
	struct file_class_r class;
	struct file_commit_r commit;
};

static void classed_cb(void *arg, enum err err, const struct file_class_r *r)
{
	struct classify_run *run = arg;
	run->err = err;
	if (err == OK)
		run->class = *r;
	event_base_loopbreak(run->base);
}

static void committed_cb(void *arg, enum err err, const struct file_commit_r *r)
{
	struct classify_run *run = arg;
	run->err = err;
	if (err == OK)
		run->commit = *r;
	event_base_loopbreak(run->base);
}

static json_t *ranges_json(const struct file_commit_r *c)
{
	json_t *list = json_array();
	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(list, json_pack("[I,I]", (json_int_t)c->range[i].offset, (json_int_t)c->range[i].length));
	return list;
}

static void run_print(const struct classify_run *run)
{
	const struct file_class_r *r = &run->class;
	const struct file_commit_r *c = &run->commit;
	bool has_part = c->status == FILE_COMMIT_FITS || c->status == FILE_COMMIT_DIFFERS;

	if (run->options->is_json) {
		out_json(json_pack("{s:o,s:s,s:s,s:s,s:o,s:I,s:{s:s,s:s,s:s,s:s,s:I,s:I,s:o}}", "file", out_text(run->path),
		                   "class", file_class_word(r->class), "why", file_why_word(r->why), "format", r->format,
		                   "member", out_text(r->member), "members", (json_int_t)r->members, "commitment",
		                   "status", file_commit_word(c->status), "method", c->method, "digest", c->digest,
		                   "proves", c->proves == FILE_PROVES_CONTENT ? "content" : "bytes",
		                   "size", (json_int_t)c->size, "part", (json_int_t)c->part, "ranges", ranges_json(c)));
		return;
	}
	out_clean(stdout, run->path);
	printf(": %s, %s", file_class_word(r->class), file_why_text(r->why));
	if (r->format[0])
		printf(" (%s)", r->format);
	if (r->member[0]) {
		fputs(": ", stdout);
		out_clean(stdout, r->member);
	}
	printf("\n  %s", file_commit_text(c->status));
	if (has_part)
		printf(": %s, %s, %" PRIu64 " of %" PRIu64 " bytes in %u range%s", c->method, c->digest, c->part, c->size, c->n,
		       c->n == 1 ? "" : "s");
	if (c->status == FILE_COMMIT_FITS && c->proves == FILE_PROVES_CONTENT)
		printf(" (the unpacked content, not every byte)");
	putchar('\n');
}

static enum err run_wait(struct classify_run *run, enum err asked)
{
	run->err = asked;
	if (asked == OK && event_base_dispatch(run->base) < 0)
		return ERR_IO;
	return run->err;
}

static enum err run_file(struct classify_run *run, struct filelink *link, struct file_ask *ask, bool has_name, int fd)
{
	if (!has_name) {
		const char *slash = strrchr(run->path, '/');
		snprintf(ask->name, sizeof ask->name, "%s", slash ? slash + 1 : run->path);
	}
	int again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	enum err err = run_wait(run, filelink_classify(link, ask, fd, 0, classed_cb, run, NULL));
	if (err == OK)
		err = again < 0 ? ERR_IO : run_wait(run, filelink_commit(link, again, 0, committed_cb, run, NULL));
	else if (again >= 0)
		close(again);
	return err;
}

static const struct { const char *name; uint8_t os; } systems[] = {
	{ "linux", FILE_ON_LINUX }, { "macos", FILE_ON_MACOS }, { "windows", FILE_ON_WINDOWS }, { "android", FILE_ON_ANDROID },
	{ "any", FILE_ON_ANY },
};

static bool take_os(const char *value, uint8_t *os)
{
	for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
		if (strcmp(value, systems[i].name) == 0) {
			*os = systems[i].os;
			return true;
		}
	return false;
}

static int run_one(struct classify_run *run, struct filelink *link, struct file_ask *ask, bool has_name)
{
	int fd = open(run->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		fprintf(stderr, "secondexit classify: %s: ", strerror(errno));
		out_clean(stderr, run->path);
		fputc('\n', stderr);
		return CLI_USAGE;
	}
	enum err err = run_file(run, link, ask, has_name, fd);
	if (err == OK)
		run_print(run);
	else if (run->options->is_json)
		out_json(json_pack("{s:o,s:o}", "file", out_text(run->path), "error", out_err(err)));
	else
		out_error("classify", err);
	return err == OK ? CLI_OK : CLI_UNDECIDED;
}

static int classify_run(const struct cli_options *options, int argc, char **argv)
{
	struct classify_run run = { .options = options };
	struct file_ask ask = { .os = FILE_ON_HERE };
	bool has_name = false;
	int first = argc;

	for (int i = 1; i < argc && first == argc; i++) {
		const char *value;
		if (strcmp(argv[i], "--") == 0) {
			first = i + 1;
			break;
		}
		if ((value = args_value("--os", argc, argv, &i)) != NULL) {
			if (!take_os(value, &ask.os))
				return cli_usage_error(&verb_classify, "no such system", value);
		} else if ((value = args_value("--type", argc, argv, &i)) != NULL) {
			if ((size_t)snprintf(ask.type, sizeof ask.type, "%s", value) >= sizeof ask.type)
				return cli_usage_error(&verb_classify, "value too long", value);
		} else if ((value = args_value("--name", argc, argv, &i)) != NULL) {
			if ((size_t)snprintf(ask.name, sizeof ask.name, "%s", value) >= sizeof ask.name)
				return cli_usage_error(&verb_classify, "value too long", value);
			has_name = true;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			return cli_usage_error(&verb_classify, "unknown option", argv[i]);
		} else {
			first = i;
		}
	}
	if (first >= argc)
		return cli_usage_error(&verb_classify, "which file?", NULL);
	signal(SIGPIPE, SIG_IGN);
	run.base = event_base_new();
	struct filelink *link = run.base ? filelink_new(run.base) : NULL;
	int status = CLI_UNDECIDED;
	if (link != NULL)
		for (status = CLI_OK; first < argc; first++) {
			run.path = argv[first];
			int one = run_one(&run, link, &ask, has_name);
			status = one > status ? one : status;
		}
	filelink_free(link);
	if (run.base)
		event_base_free(run.base);
	return status;
}

const struct verb verb_classify = {
	.name = "classify",
	.summary = "what is this file to somebody who opens it?",
	.usage = "classify [--os SYSTEM] [--name NAME] [--type TYPE] FILE...\n"
	         "\n"
	         "Says of each file: executable, transparent or other, by its content, its name\n"
	         "and the type that a server gave, the most dangerous of the three; of archives by\n"
	         "what they hold. And whether a signed part of it commits to the rest, so that a\n"
	         "check of a download need not fetch all again. Nothing goes over the network.\n"
	         "  --os SYSTEM   linux, macos, windows, android or any (this one)\n"
	         "  --name NAME   instead of the file's own\n"
	         "  --type TYPE   a Content-Type",
	.run = classify_run,
};
