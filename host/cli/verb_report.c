/* `secondexit report`: shows, keeps, mails or sends a report that a browser or `cert --report` wrote. What is sent is what is shown. */
#include "cli/args.h"
#include "cli/links.h"
#include "cli/out.h"
#include "cli/report_file.h"
#include "feature/backend.h"
#include "feature/reports.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The Tor Project's list, as its site names it. */
#define BAD_RELAYS "bad-relays@lists.torproject.org"
#define SEND_ID 1

struct report_options { const char *from, *out, *onion, *key, *mail; bool shows, mails, sends; };

struct report_run {
	const struct cli_options *options;
	struct links links;
	enum err err;
	enum report_answer answer;
	unsigned attempts;
};

static int take(int argc, char **argv, struct report_options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value;
		if ((value = args_value("--from", argc, argv, &i)) != NULL)
			o->from = value;
		else if ((value = args_value("--out", argc, argv, &i)) != NULL)
			o->out = value;
		else if ((value = args_value("--collector", argc, argv, &i)) != NULL)
			o->onion = value;
		else if ((value = args_value("--key", argc, argv, &i)) != NULL)
			o->key = value;
		else if ((value = args_value("--to", argc, argv, &i)) != NULL)
			o->mail = value;
		else if (strcmp(argv[i], "--show") == 0)
			o->shows = true;
		else if (strcmp(argv[i], "--mail") == 0)
			o->mails = true;
		else if (strcmp(argv[i], "--send") == 0)
			o->sends = true;
		else
			return cli_usage_error(&verb_report, "unknown option", argv[i]);
	}
	if (o->from == NULL || o->from[0] == '\0')
		return cli_usage_error(&verb_report, "--from FILE is needed", NULL);
	if (o->sends != (o->onion != NULL) || o->sends != (o->key != NULL))
		return cli_usage_error(&verb_report, "--send, --collector and --key go together", NULL);
	if (o->mail != NULL && (!o->mails || strchr(o->mail, '@') == NULL || strpbrk(o->mail, " ?&%#\"<>\\") != NULL))
		return cli_usage_error(&verb_report, "--to needs --mail, and one address, not", o->mail);
	o->shows |= !o->mails && !o->sends && o->out == NULL;
	return CLI_OK;
}

static enum err file_read(const char *path, struct buf *text)
{
	uint8_t piece[16384];
	const bool is_stdin = strcmp(path, "-") == 0;
	const int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return ERR_IO;
	while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_put(text, piece, (size_t)n);
	if (!is_stdin)
		close(fd);
	return n < 0 ? ERR_IO : buf_err(text);
}

/* A field holds what relays and sites said: it is shown without what would act on a terminal. Its file's form has line ends. */
static void show(const struct buf *text)
{
	char *line = NULL;
	size_t from = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (text->bytes[i] != '\n')
			continue;
		line = strndup((const char *)text->bytes + from, i - from);
		if (line != NULL)
			out_clean(stdout, line);
		free(line);
		fputc('\n', stdout);
		from = i + 1;
	}
}

/* RFC 6068: what is not unreserved is percent-encoded. */
static void put_escaped(const uint8_t *bytes, size_t n)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < n; i++)
		if (bytes[i] == '\n')
			fputs("%0D%0A", stdout);
		else if (bytes[i] != '\0' && strchr(plain, bytes[i]) != NULL)
			fputc(bytes[i], stdout);
		else
			printf("%%%02X", bytes[i]);
}

static void mail(const char *to, const struct report *r, const struct buf *text)
{
	char subject[128], fp[2 * FP_LEN + 1];

	out_fp(r->first[0].exit.fp, fp);
	snprintf(subject, sizeof subject, "Bad relay: %s (%s)", fp, report_kind_name(r->kind));
	printf("mailto:%s?subject=", to);
	put_escaped((const uint8_t *)subject, strlen(subject));
	fputs("&body=", stdout);
	put_escaped(text->bytes, text->len);
	fputc('\n', stdout);
}

static void sent_cb(void *arg, uint32_t id, enum err err, const struct report_sent *s)
{
	struct report_run *run = arg;

	(void)id;
	run->err = err;
	if (s != NULL) {
		run->answer = s->answer;
		run->attempts = s->attempts;
	}
	links_stop(&run->links);
}

static void progress_cb(void *arg, uint32_t id, const struct report_progress *p)
{
	const struct report_run *run = arg;

	(void)id;
	if (run->options->is_json)
		out_json(json_pack("{s:s,s:i,s:s,s:o,s:I}", "kind", "report.progress", "attempt", (int)p->attempt, "state",
		                   p->is_waiting ? "waiting" : "sending", "error", out_err(p->error), "wait_ms", (json_int_t)p->wait_ms));
	else if (p->is_waiting)
		fprintf(stderr, "Not delivered (%s); again in %u s.\n", err_text(p->error), (unsigned)(p->wait_ms / 1000));
	else
		fprintf(stderr, "Sending, attempt %u …\n", p->attempt);
}

static enum err send_it(struct report_run *run, const struct report_options *o, const struct buf *text, char *wrong)
{
	const struct report_sink sink = { run, NULL, progress_cb, sent_cb };
	struct report_send_request m = { .text = (const char *)text->bytes, .len = text->len };

	if (o->onion == NULL || strlen(o->onion) >= sizeof m.onion)
		return ERR_REPORT_ONION;
	if (o->key == NULL || strlen(o->key) >= sizeof m.key)
		return ERR_REPORT_KEY;
	memcpy(m.onion, o->onion, strlen(o->onion) + 1);
	memcpy(m.key, o->key, strlen(o->key) + 1);
	enum err err = links_open(run->options, &run->links);
	if (err != OK)
		return err;
	struct reports *r = reports_new(backend_report_ops(run->links.backend), &sink);
	err = r != NULL ? reports_send(r, SEND_ID, &m, wrong) : ERR_NOMEM;
	if (err == OK) {
		links_run(&run->links, 0);
		err = run->err;
	}
	reports_free(r);
	links_close(&run->links);
	return err;
}

static int fail(const struct cli_options *options, enum err err, const char *wrong)
{
	if (options->is_json)
		out_json(json_pack("{s:o,s:o}", "error", out_err(err), "field", wrong[0] != '\0' ? json_string(wrong) : json_null()));
	else
		out_error("report", err);
	if (!options->is_json && wrong[0] != '\0')
		fprintf(stderr, "The field: %s\n", wrong);
	return CLI_UNDECIDED;
}

static int send_and_say(const struct cli_options *options, const struct report_options *o, const struct buf *text)
{
	struct report_run run = { .options = options };
	char wrong[REPORT_WRONG_MAX] = "";
	enum err err = send_it(&run, o, text, wrong);

	if (err != OK)
		return fail(options, err, wrong);
	const bool is_known = run.answer == REPORT_KNOWN;
	if (options->is_json)
		out_json(json_pack("{s:s,s:s,s:i}", "kind", "report.sent", "answer", is_known ? "known" : "stored", "attempts", (int)run.attempts));
	else
		puts(is_known ? "The collector has this report already." : "The collector has stored the report.");
	return CLI_OK;
}

static int report_run(const struct cli_options *options, int argc, char **argv)
{
	struct report_options o = { 0 };
	struct buf text BUF_AUTO = buf_new(REPORT_FILE_MAX), pretty BUF_AUTO = buf_new(REPORT_FILE_MAX);
	char wrong[REPORT_WRONG_MAX] = "";
	struct report *r = NULL;
	int status = take(argc, argv, &o);

	if (status != CLI_OK)
		return status;
	if (sodium_init() < 0)
		return fail(options, ERR_BUG, wrong);
	enum err err = o.from != NULL ? file_read(o.from, &text) : ERR_USAGE;
	if (err == OK)
		err = report_decode(rd_of(text.bytes, text.len), false, &r, wrong);
	if (err == OK)
		err = report_encode(r, true, &pretty);
	if (err == OK && o.shows)
		show(&pretty);
	if (err == OK && o.out != NULL)
		err = report_file_write(o.out, &pretty);
	if (err == OK && o.mails)
		mail(o.mail != NULL ? o.mail : BAD_RELAYS, r, &pretty);
	report_free(r);
	if (err != OK)
		return fail(options, err, wrong);
	return o.sends ? send_and_say(options, &o, &pretty) : CLI_OK;
}

const struct verb verb_report = {
	.name = "report",
	.summary = "shows, keeps, mails or sends a report of a bad relay",
	.usage = "report --from FILE [--show] [--out FILE]\n"
	         "              [--mail [--to ADDRESS]] [--send --collector ONION --key KEY]\n"
	         "\n"
	         "Takes a report that was kept by the browser's form or by the verbs cert and\n"
	         "https. It is checked, and what is shown is what is sent.\n"
	         "  --from FILE         the report; - is standard input\n"
	         "  --show              prints it; done when nothing else is asked for\n"
	         "  --out FILE          writes it to a new file\n"
	         "  --mail              prints a mailto: address with the report in it. Mail\n"
	         "                      programs don't go through Tor by themselves.\n"
	         "  --to ADDRESS        instead of " BAD_RELAYS "\n"
	         "  --send              seals it and sends it over Tor, several times if need be\n"
	         "  --collector ONION   the collector's onion service\n"
	         "  --key KEY           its public key, 64 hexadecimal digits",
	.run = report_run,
};
