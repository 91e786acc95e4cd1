/* `secondexit install`, `secondexit uninstall`: native-messaging manifests for every browser of this user. Run again at
 * will; nothing is written where nothing changes. */
#include "base/limits.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/manifest.h"
#include "cli/out.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One browser's outcome: a word for programs, a sentence for people, and whether it is a failure. */
struct outcome { const char *word, *text; bool is_bad; };

static void tell(const struct cli_options *options, const struct browser *b, struct outcome o, int error)
{
	if (options->is_json) {
		out_json(json_pack("{s:o,s:o,s:o,s:s,s:o}", "browser", out_text(b->name), "folder", out_text(b->dir), "manifest",
		                   b->manifests[0] ? out_text(b->manifests) : json_null(), "outcome", o.word, "error",
		                   error ? json_string(strerror(error)) : json_null()));
		return;
	}
	out_clean(stdout, b->name);
	fputs(" in ", stdout);
	out_clean(stdout, b->dir);
	printf(":\n  %s%s%s\n", o.text, error ? ": " : "", error ? strerror(error) : "");
	if (b->manifests[0] && !o.is_bad) {
		fputs("  ", stdout);
		out_clean(stdout, b->manifests);
		puts("/" MANIFEST_FILE);
	}
}

static bool install_one(const struct cli_options *options, const struct browser *b, const char *program)
{
	static const struct outcome boxed = { "impossible", "runs in a box that can't start other programs; install Firefox or "
	                                      "Tor Browser outside of Flatpak", true };
	struct outcome o;
	int error = 0;
	if (b->kind == BROWSER_FLATPAK) {
		tell(options, b, boxed, 0);
		return false;
	}
	switch (manifest_state(b, program, NULL)) {
	case MANIFEST_RIGHT:
		o = (struct outcome){ "unchanged", "already there", false };
		break;
	case MANIFEST_FOREIGN:
		o = (struct outcome){ "foreign", "left alone: a file of that name is there that is not SecondExit's", true };
		break;
	default:
		error = manifest_write(b, program);
		o = error ? (struct outcome){ "failed", "could not be written", true }
		          : (struct outcome){ "written", "written", false };
	}
	tell(options, b, o, error);
	return !o.is_bad;
}

static bool uninstall_one(const struct cli_options *options, const struct browser *b, const char *program)
{
	struct outcome o;
	int error = 0;
	if (b->kind == BROWSER_FLATPAK)
		return true;
	switch (manifest_state(b, program, NULL)) {
	case MANIFEST_ABSENT:
		o = (struct outcome){ "absent", "was not there", false };
		break;
	case MANIFEST_FOREIGN:
		o = (struct outcome){ "foreign", "left alone: a file of that name is there that is not SecondExit's", false };
		break;
	default:
		error = manifest_remove(b);
		o = error ? (struct outcome){ "failed", "could not be removed", true }
		          : (struct outcome){ "removed", "removed", false };
	}
	tell(options, b, o, error);
	return !o.is_bad;
}

/* Takes --tor-browser DIR any number of times; each must hold a Tor Browser. */
static int extra_take(const struct verb *v, int argc, char **argv, const char *extra[BROWSERS_MAX], size_t *n)
{
	for (int i = 1; i < argc; i++) {
		const char *value = args_value("--tor-browser", argc, argv, &i);
		if (!value)
			return cli_usage_error(v, "unexpected argument", argv[i]);
		/* Freed by the end of the program: a verb runs once. */
		char *path = realpath(value, NULL);
		struct browser one[2];
		if (!path || *n == BROWSERS_MAX || browsers_find("/nonexistent", (const char *[]){ path }, 1, one, 2) == 0) {
			free(path);
			return cli_usage_error(v, "no Tor Browser in this folder (it holds Browser/TorBrowser/Data/Browser)", value);
		}
		extra[(*n)++] = path;
	}
	return CLI_OK;
}

static int run(const struct verb *v, const struct cli_options *options, int argc, char **argv,
               bool (*one)(const struct cli_options *, const struct browser *, const char *))
{
	static struct browser list[BROWSERS_MAX];
	const char *extra[BROWSERS_MAX], *home = browsers_home();
	size_t n_extra = 0, good = 0;
	char program[1024];
	int status = extra_take(v, argc, argv, extra, &n_extra);
	if (status == CLI_OK && (!home || !manifest_program(program))) {
		fprintf(stderr, "secondexit %s: the home folder or the path of this program can't be told\n", v->name);
		status = CLI_UNDECIDED;
	}
	if (status == CLI_OK) {
		size_t n = browsers_find(home, extra, n_extra, list, BROWSERS_MAX);
		for (size_t i = 0; i < n; i++)
			good += one(options, &list[i], program);
		status = good == n ? CLI_OK : CLI_FOUND;
		if (n == 0 && v == &verb_install)
			status = CLI_FOUND;
		if (n == 0 && !options->is_json)
			puts("No browser has a profile in this home. Start Firefox or Tor Browser once, then try again;\n"
			     "a Tor Browser in an unusual place is named by --tor-browser DIR.");
		else if (good && !options->is_json && v == &verb_install)
			puts("Restart the browser. If the extension is not in it yet, install that too (README.md).");
	}
	for (size_t i = 0; i < n_extra; i++)
		free((void *)extra[i]);
	return status;
}

static int install_run(const struct cli_options *options, int argc, char **argv)
{
	return run(&verb_install, options, argc, argv, install_one);
}

static int uninstall_run(const struct cli_options *options, int argc, char **argv)
{
	return run(&verb_uninstall, options, argc, argv, uninstall_one);
}

const struct verb verb_install = {
	.name = "install",
	.summary = "tell the browsers of this user where SecondExit is",
	.usage = "install [--tor-browser DIR]...\n"
	         "\n"
	         "Writes one small file, org.secondexit.host.json, for Firefox and for every Tor\n"
	         "Browser found, so that the extension may start this program. Nothing else is\n"
	         "changed; `secondexit uninstall` removes it.\n"
	         "  --tor-browser DIR   a Tor Browser in an unusual place: the folder that holds\n"
	         "                      Browser/",
	.run = install_run,
};

const struct verb verb_uninstall = {
	.name = "uninstall",
	.summary = "undo install",
	.usage = "uninstall [--tor-browser DIR]...\n"
	         "\n"
	         "Removes the files that `secondexit install` wrote, and nothing else.\n"
	         "  --tor-browser DIR   as for install",
	.run = uninstall_run,
};
