/* The shell's side of the program: the table of verbs and the options that all of them share. main.c hands
 * every start to it that did not come from a browser. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "priv/netmsg.h"
#include "priv/parsemsg.h"
#include <stdbool.h>

/* Exit status of every verb (DESIGN.md, Shell verbs). */
enum cli_exit { CLI_OK = 0, CLI_FOUND = 1, CLI_USAGE = 2, CLI_UNDECIDED = 3 };

/* --control, --socks, --cookie, --password-file → net; --test-ca, --browser-dir → parse; --json; -k N. */
struct cli_options {
	struct net_config net;
	struct parse_config parse;
	bool is_json;          /* one JSON object per line on standard output, nothing else there */
	unsigned k;            /* 1..K_MAX, K_DEFAULT when not given */
};

/* run gets the shared options, already taken out of argv, and what is left: argv[0] is the verb's name. It prints,
 * and returns an enum cli_exit. After a wrong argument it calls cli_usage_error and returns its result. */
struct verb {
	const char *name;
	const char *summary;   /* one line, lower case, no full stop: `secondexit --help` shows it */
	const char *usage;     /* "cert HOST[:PORT] [--first-exit FP]", then a newline and any further text */
	int (*run)(const struct cli_options *options, int argc, char **argv);
};

/* One file each, verb_NAME.c; verb_install.c has two. */
extern const struct verb verb_cert, verb_https, verb_scan, verb_download, verb_classify, verb_exits, verb_report, verb_doctor, verb_install, verb_uninstall;

/* Takes the shared options out of argv (`--name VALUE` and `--name=VALUE`, before or behind the verb, up to
 * `--`), compacting it and *argc; argv[0] stays. ERR_USAGE: *wrong names the argument, *why says what is wrong
 * with it (static); out is then unspecified. */
MUST_USE enum err cli_options_take(int *argc, char **argv, struct cli_options *out,
                                   const char **wrong, const char **why);
/* Prints "secondexit VERB: why: `what`" and the usage to standard error. Returns CLI_USAGE. what may be NULL. */
int cli_usage_error(const struct verb *v, const char *why, const char *what);
/* The whole program from the shell: --help, --version, VERB --help, VERB …. Returns the exit status. */
int cli_run(int argc, char **argv);

#endif
