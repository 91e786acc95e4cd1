/* `secondexit scan`: the detector that the extension asks before a copy, for a shell: text in, addresses out. The text
 * goes to the parse role, which does the looking, and nowhere else. */
#include "cli/cli.h"
#include "cli/links.h"
#include "cli/out.h"
#include "priv/parselink.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scan_run {
	const struct cli_options *options;
	struct links links;
	struct buf text;
	size_t at;                /* everything before it is told */
	bool is_found;
	enum err err;
};

/* All there is, to the cap. */
static enum err text_read(int fd, struct buf *text)
{
	uint8_t bytes[64 * 1024];

	for (;;) {
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return OK;
		buf_put(text, bytes, (size_t)n);
		explicit_bzero(bytes, (size_t)n);
		if (buf_err(text) != OK)
			return buf_err(text);
	}
}

static json_t *text_json(struct parse_text t)
{
	json_t *s = json_stringn(t.at, t.n);
	return s ? s : json_string("?");
}

static void hit_print(const struct scan_run *run, const struct scan_hit *h)
{
	size_t offset = run->at + h->offset;

	if (run->options->is_json) {
		out_json(json_pack("{s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:b,s:i}", "family", text_json(h->coin),
		                   "ticker", text_json(h->ticker), "form", text_json(h->form), "network", text_json(h->network),
		                   "address", text_json(h->address), "offset", (json_int_t)offset,
		                   "length", (json_int_t)h->length, "normalised", (int)h->is_normalised,
		                   "checksum_bits", (int)h->checksum_bits));
		return;
	}
	/* The parse role's texts are clean by parsemsg. */
	printf("%zu+%u  %.*s  %.*s (%.*s, %.*s%s)%s%s\n", offset, (unsigned)h->length, (int)h->address.n, h->address.at,
	       (int)h->coin.n, h->coin.at, (int)h->ticker.n, h->ticker.at, (int)h->form.n, h->form.at,
	       h->network.n == 4 && memcmp(h->network.at, "main", 4) == 0 ? "" : ", not for real money",
	       h->is_normalised ? ", something hidden was in it" : "",
	       h->checksum_bits == 0 ? ", by its looks alone" : "");
}

static enum err scan_ask(struct scan_run *run);

static void scanned_cb(void *arg, enum err err, const struct parse_scan_r *r)
{
	struct scan_run *run = arg;

	for (size_t i = 0; err == OK && i < r->n; i++)
		hit_print(run, &r->hit[i]);
	run->is_found |= err == OK && r->n > 0;
	/* One answer has room for so many; the rest is asked for behind the last. */
	if (err == OK && r->has_more && r->n > 0) {
		run->at += r->hit[r->n - 1].offset + r->hit[r->n - 1].length;
		err = scan_ask(run);
		if (err == OK)
			return;
	}
	run->err = err;
	links_stop(&run->links);
}

static enum err scan_ask(struct scan_run *run)
{
	const struct parse_scan m = { .n = 1, .len = { (uint32_t)(run->text.len - run->at) } };
	const uint8_t *const text[] = { run->text.bytes + run->at };

	return parselink_scan(run->links.parse, &m, text, scanned_cb, run, NULL);
}

static int scan_fail(const struct cli_options *options, enum err err)
{
	if (options->is_json)
		out_json(json_pack("{s:o}", "error", out_err(err)));
	else if (err == ERR_TOO_BIG)
		fprintf(stderr, "secondexit scan: %s: at most %u MiB (error %d)\n", err_text(err), CLIP_TEXT_MAX / (1024 * 1024),
		        (int)err);
	else
		out_error("scan", err);
	return CLI_UNDECIDED;
}

static int scan_run(const struct cli_options *options, int argc, char **argv)
{
	struct scan_run run = { .options = options, .text = buf_new(CLIP_TEXT_MAX) };
	const char *file = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0 && i + 1 < argc && !file)
			file = argv[++i];
		else if ((argv[i][0] == '-' && argv[i][1]) || file)
			return cli_usage_error(&verb_scan, file ? "one file at a time, not also" : "unknown option", argv[i]);
		else
			file = argv[i];
	}
	int fd = !file || strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "secondexit scan: %s: ", strerror(errno));
		out_clean(stderr, file);
		fputc('\n', stderr);
		return CLI_USAGE;
	}
	enum err err = text_read(fd, &run.text);
	if (fd != STDIN_FILENO)
		close(fd);
	if (err == OK)
		err = links_open(options, &run.links);
	if (err == OK) {
		err = scan_ask(&run);
		if (err == OK) {
			links_run(&run.links, 0);
			err = run.err;
		}
		links_close(&run.links);
	}
	buf_free(&run.text);
	if (err != OK)
		return scan_fail(options, err);
	return run.is_found ? CLI_FOUND : CLI_OK;
}

const struct verb verb_scan = {
	.name = "scan",
	.summary = "which cryptocurrency addresses stand in a text?",
	.usage = "scan [FILE]\n"
	         "\n"
	         "Reads FILE, or standard input, up to 8 MiB, and prints every cryptocurrency\n"
	         "address in it: where, how many bytes, the address as wallets write it, whose.\n"
	         "Exit status: 0 none found, 1 found. Nothing goes over the network.",
	.run = scan_run,
};
