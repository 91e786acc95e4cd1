/* `secondexit exits`: the exits that tor knows and that a check may draw, the heaviest first. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/links.h"
#include "cli/out.h"
#include "priv/netlink.h"
#include <stdlib.h>
#include <string.h>

struct exits {
	struct links links;
	struct relay_info *list;
	size_t n, room;
	uint64_t weight;   /* of all */
	enum err err;
};

/* Nicknames, addresses and countries are plain ASCII, or somebody lies. */
static void one_byte_a_column(char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s >= 0x7f)
			*s = '?';
}

static void exits_cb(void *arg, enum err err, const struct relay_info *r)
{
	struct exits *x = arg;
	if (!r) {
		x->err = x->err != OK ? x->err : err;
		links_stop(&x->links);
		return;
	}
	if (x->n == x->room) {
		size_t room = x->room ? x->room * 2 : 512;
		struct relay_info *grown = realloc(x->list, room * sizeof *grown);
		if (!grown) {
			x->err = ERR_NOMEM;
			return;
		}
		x->list = grown;
		x->room = room;
	}
	struct relay_info *mine = &x->list[x->n++];
	*mine = *r;
	one_byte_a_column(mine->nickname);
	one_byte_a_column(mine->address);
	one_byte_a_column(mine->country);
	x->weight += r->weight;
}

static int heavier(const void *a, const void *b)
{
	const struct relay_info *x = a, *y = b;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return memcmp(x->fp, y->fp, FP_LEN);
}

/* 0 to 1: the chance that tor draws this one of the exits listed. */
static double share(const struct exits *x, const struct relay_info *r)
{
	return x->weight ? (double)r->weight / (double)x->weight : 0;
}

static size_t countries(const struct exits *x)
{
	bool seen[26 * 26] = { false };
	size_t n = 0;
	for (size_t i = 0; i < x->n; i++) {
		const char *c = x->list[i].country;
		if (c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z')
			continue;
		bool *s = &seen[(c[0] - 'A') * 26 + c[1] - 'A'];
		n += !*s;
		*s = true;
	}
	return n;
}

static void print_text(const struct exits *x, bool is_independent)
{
	printf("%-40s  %6s  %-2s  %-19s  %-39s  %s\n", "FINGERPRINT", "SHARE", "CC", "NICKNAME", "ADDRESS", "FAMILY");
	for (size_t i = 0; i < x->n; i++) {
		const struct relay_info *r = &x->list[i];
		char fp[2 * FP_LEN + 1];
		out_fp(r->fp, fp);
		printf("%s  %5.2f%%  %-2s  %-19s  %-39s  ", fp, 100 * share(x, r), r->country, r->nickname, r->address);
		out_clean(stdout, r->family[0] ? r->family : "-");
		putchar('\n');
	}
	printf("%zu %s in %zu countries%s.\n", x->n, x->n == 1 ? "exit" : "exits", countries(x),
	       is_independent ? ", none of them tied to the given one by family or network" : "");
}

static void print_json(const struct exits *x)
{
	for (size_t i = 0; i < x->n; i++) {
		json_t *line = out_relay(&x->list[i]);
		json_object_set_new(line, "share", json_real(share(x, &x->list[i])));
		out_json(line);
	}
}

/* 1 to 65535, digits alone; 0: not that. */
static uint16_t port_parse(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);
	return *text >= '0' && *text <= '9' && *rest == '\0' && n <= UINT16_MAX ? (uint16_t)n : 0;
}

/* CLI_OK, or the status to end with. */
static int request_take(struct net_exits *m, int argc, char **argv, bool *is_independent)
{
	*is_independent = false;
	for (int i = 1; i < argc; i++) {
		const char *fp = args_value("--independent-of", argc, argv, &i);
		const char *port = fp ? NULL : args_value("--port", argc, argv, &i);
		if (!fp && !port)
			return cli_usage_error(&verb_exits, "unexpected argument", argv[i]);
		if (fp && !out_fp_parse(fp, m->fp))
			return cli_usage_error(&verb_exits, "--independent-of needs a fingerprint of 40 hex digits, not", fp);
		if (port && !(m->port = port_parse(port)))
			return cli_usage_error(&verb_exits, "--port needs a number from 1 to 65535, not", port);
		*is_independent |= fp != NULL;
	}
	return CLI_OK;
}

static int exits_run(const struct cli_options *options, int argc, char **argv)
{
	struct exits x = { 0 };
	struct net_exits request = { 0 };
	bool is_independent;
	int status = request_take(&request, argc, argv, &is_independent);
	if (status != CLI_OK)
		return status;
	enum err err = links_open(options, &x.links);
	if (err == OK)
		err = netlink_exits(x.links.net, &request, exits_cb, &x, NULL);
	if (err == OK) {
		links_run(&x.links, 0);
		err = x.err;
	}
	links_close(&x.links);
	if (err != OK && options->is_json)
		out_json(json_pack("{s:o}", "error", out_err(err)));
	else if (err != OK)
		out_error("exits", err);
	if (err == OK) {
		if (x.n)
			qsort(x.list, x.n, sizeof *x.list, heavier);
		if (options->is_json)
			print_json(&x);
		else
			print_text(&x, is_independent);
	}
	free(x.list);
	return err == OK ? CLI_OK : CLI_UNDECIDED;
}

const struct verb verb_exits = {
	.name = "exits",
	.summary = "list the exits that a check may use",
	.usage = "exits [--independent-of FINGERPRINT] [--port N]\n"
	         "\n"
	         "Lists the exits that tor knows, the likeliest first: fingerprint, share of what\n"
	         "tor's random choice gives it, country, nickname, address, family.\n"
	         "  --independent-of FINGERPRINT   only exits that share neither family nor\n"
	         "                                 network (IPv4 /16, IPv6 /32) with this relay\n"
	         "  --port N                       only exits whose policy allows this port",
	.run = exits_run,
};
