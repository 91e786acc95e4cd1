/* secondexit: what this start is for. A browser starts a native-messaging host with the manifest's path and the
 * extension's id as arguments (Mozilla: "Native messaging"); everything else is a verb from a shell. The inner
 * roles are programs of their own (priv/role.c). */
#include "base/log.h"
#include "cli/cli.h"
#include "feature/backend.h"
#include "wire/browser.h"
#include "wire/json.h"
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXTENSION_ID "secondexit@secondexit.org"
/* Every shared option with its value, the path and the id fit; a longer line is the shell's. */
#define ARGS_MAX 32

/* The browser's folder, whose root module is asked for trust roots: that of the program that started us. */
static void browser_dir_find(char *out, size_t cap)
{
	char link[64], path[4096];

	snprintf(link, sizeof link, "/proc/%ld/exe", (long)getppid());
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash - path) >= cap)
		return;
	*slash = '\0';
	memcpy(out, path, strlen(path) + 1);
}

static void stop_cb(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	log_line("ended by signal %d", (int)number);
	event_base_loopbreak(arg);
}

/* The roles are started after hello's answer is on its way: nobody waits for them, and the browser measures us by hello. */
static void start_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	enum err err = backend_start(arg);
	if (err != OK)
		log_line("the net role can't be started: %s", err_name(err));
}

/* Everything the host needs while a browser is there. */
struct native {
	struct event_base *base;
	struct event *on_term, *on_int, *on_hup, *on_start;
	struct backend *backend;
	struct browser *browser;
};

/* Input that is there is served before the timer of the start runs out. */
static const struct timeval start_after = { 0, 2000 };

static bool native_open(struct native *n, const struct cli_options *options)
{
	n->base = event_base_new();
	if (n->base == NULL)
		return false;
	n->on_term = evsignal_new(n->base, SIGTERM, stop_cb, n->base);
	n->on_int = evsignal_new(n->base, SIGINT, stop_cb, n->base);
	n->on_hup = evsignal_new(n->base, SIGHUP, stop_cb, n->base);
	n->backend = backend_new(n->base, &options->net, &options->parse);
	if (n->on_term == NULL || n->on_int == NULL || n->on_hup == NULL || n->backend == NULL)
		return false;
	n->on_start = evtimer_new(n->base, start_cb, n->backend);
	n->browser = browser_new(n->base, STDIN_FILENO, STDOUT_FILENO, backend_ops(n->backend), backend_clip_ops(n->backend),
	                         backend_download_ops(n->backend), backend_report_ops(n->backend));
	return n->on_start != NULL && n->browser != NULL && event_add(n->on_term, NULL) == 0 &&
	       event_add(n->on_int, NULL) == 0 && event_add(n->on_hup, NULL) == 0 &&
	       event_add(n->on_start, &start_after) == 0;
}

static void native_close(struct native *n)
{
	struct event *const events[] = { n->on_term, n->on_int, n->on_hup, n->on_start };

	/* The checks before the links they use. */
	browser_free(n->browser);
	backend_free(n->backend);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (n->base != NULL)
		event_base_free(n->base);
}

static int native_run(struct cli_options *options)
{
	struct native n = { 0 };
	int status = CLI_FOUND;

	/* A browser that closes its end is told by write's error, not by a signal. */
	signal(SIGPIPE, SIG_IGN);
	if (options->parse.browser_dir[0] == '\0')
		browser_dir_find(options->parse.browser_dir, sizeof options->parse.browser_dir);
	json_init();
	if (sodium_init() < 0)
		return status;
	if (native_open(&n, options)) {
		event_base_dispatch(n.base);
		status = browser_end(n.browser) == OK ? CLI_OK : CLI_FOUND;
	} else {
		fputs("secondexit: standard input and output must be pipes from a browser.\n", stderr);
	}
	native_close(&n);
	return status;
}

/* A manifest's path as a browser passes it. No verb starts with a slash. */
static bool is_native(int argc, char **argv)
{
	return argc >= 2 && argv[1][0] == '/';
}

int main(int argc, char **argv)
{
	char *kept[ARGS_MAX + 1];
	int n = argc < ARGS_MAX ? argc : ARGS_MAX;
	struct cli_options options;
	const char *wrong, *why;

	/* Options may stand before the manifest's path (a wrapper of the tests puts them there): look behind them, on a
	 * copy, because cli_run takes them out itself. */
	memcpy(kept, argv, (size_t)n * sizeof *kept);
	kept[n] = NULL;
	if (argc > ARGS_MAX || cli_options_take(&n, kept, &options, &wrong, &why) != OK || !is_native(n, kept))
		return cli_run(argc, argv);
	if (n != 3 || strcmp(kept[2], EXTENSION_ID) != 0) {
		fputs("secondexit: started for another extension than " EXTENSION_ID ".\n", stderr);
		return CLI_USAGE;
	}
	return native_run(&options);
}
