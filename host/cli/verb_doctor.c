/* `secondexit doctor`: what is found on this machine, what is missing, and the one command that mends each. Asks the same
 * inner programs that a check asks, so what it says is what a check would meet. */
#include "base/limits.h"
#include "cli/apparmor.h"
#include "cli/cli.h"
#include "cli/links.h"
#include "cli/manifest.h"
#include "cli/out.h"
#include "priv/role.h"
#include "priv/netlink.h"
#include "priv/parselink.h"
#include <event2/event.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* Tor is asked again until it is up or this time has passed: connecting and loading 10,000 relays take below 1 s. */
#define TOR_WAIT_MS 6000
#define TOR_AGAIN_MS 200

/* GOOD: fine. NOTE: works, with less comfort or not for this browser. BAD: a check can't work. */
enum level { GOOD, NOTE, BAD };

struct doctor {
	const struct cli_options *options;
	struct links links;
	struct event *again;
	unsigned waited_ms;
	bool is_net_done, is_parse_done;
	enum err net_err, parse_err;
	struct net_status net;
	struct parse_roots_r roots;
	unsigned bad;
};

__attribute__((format(printf, 5, 6)))
static void say(struct doctor *d, enum level level, const char *check, const char *mend, const char *format, ...)
{
	static const char *const words[] = { "ok", "note", "bad" };
	char text[1536];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	d->bad += level == BAD;
	if (d->options->is_json) {
		out_json(json_pack("{s:s,s:s,s:o,s:o}", "check", check, "state", words[level], "text", out_text(text), "mend",
		                   mend ? out_text(mend) : json_null()));
		return;
	}
	printf("%-5s %-10s ", level == BAD ? "BAD" : words[level], check);
	out_clean(stdout, text);
	putchar('\n');
	if (mend) {
		printf("%17s", "-> ");
		out_clean(stdout, mend);
		putchar('\n');
	}
}

static void finish(struct doctor *d)
{
	if (d->is_net_done && d->is_parse_done)
		links_stop(&d->links);
}

static void status_cb(void *arg, enum err err, const struct net_status *r)
{
	static const struct timeval soon = { 0, TOR_AGAIN_MS * 1000 };
	struct doctor *d = arg;
	d->net_err = err;
	if (r)
		d->net = *r;
	/* Absent and refused come at once and stay; only what may still change is waited for. */
	bool may_change = r && !r->state.is_up && (r->state.err == OK || r->state.err == ERR_TOR_BOOTSTRAP);
	if (may_change && d->waited_ms < TOR_WAIT_MS) {
		d->waited_ms += TOR_AGAIN_MS;
		event_add(d->again, &soon);
		return;
	}
	d->is_net_done = true;
	finish(d);
}

static void ask_net(struct doctor *d)
{
	d->net_err = netlink_status(d->links.net, status_cb, d, NULL);
	if (d->net_err != OK)
		d->is_net_done = true;
}

static void again_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ask_net(arg);
	finish(arg);
}

static void roots_cb(void *arg, enum err err, const struct parse_roots_r *r)
{
	struct doctor *d = arg;
	d->parse_err = err;
	if (r)
		d->roots = *r;
	d->is_parse_done = true;
	finish(d);
}

static enum err ask(struct doctor *d)
{
	enum err err = links_open(d->options, &d->links);
	if (err != OK)
		return err;
	d->again = evtimer_new(d->links.base, again_cb, d);
	if (!d->again)
		return ERR_NOMEM;
	d->parse_err = parselink_roots(d->links.parse, roots_cb, d, NULL);
	d->is_parse_done = d->parse_err != OK;
	ask_net(d);
	if (!d->is_net_done || !d->is_parse_done)
		links_run(&d->links, 0);
	return OK;
}

static void say_programs(struct doctor *d)
{
	bool net = d->net_err == ERR_IO || d->net_err == ERR_ROLE_DIED, parse = d->parse_err == ERR_IO || d->parse_err == ERR_ROLE_DIED;
	if (net || parse)
		say(d, BAD, "programs", "make install-user",
		    "%s%s%s can't be started; it must lie in the folder of this program", net ? "secondexit-net" : "",
		    net && parse ? " and " : "", parse ? "secondexit-parse" : "");
	else
		say(d, GOOD, "programs", NULL, "secondexit " SECONDEXIT_VERSION ", secondexit-net and secondexit-parse work");
	char path[4096];
	if (!role_find("secondexit-fetch", path, sizeof path))
		say(d, BAD, "fetching", "make install-user",
		    "secondexit-fetch is not there; addresses can't be compared over other exits without it");
	if (!role_find("secondexit-file", path, sizeof path))
		say(d, BAD, "files", "make install-user", "secondexit-file is not there; downloads can't be looked into without it");
}

static const char torrc_mend[] =
	"printf 'ControlPort 9051\\nCookieAuthentication 1\\nCookieAuthFileGroupReadable 1\\n' | sudo tee -a /etc/tor/torrc && "
	"sudo systemctl restart tor && sudo usermod -aG debian-tor \"$USER\"   (then log in again)";

static const char *tor_mend(enum err e)
{
	switch (e) {
	case ERR_TOR_ABSENT:
	case ERR_TOR_REFUSED:
	case ERR_TOR_LOST:
		return "Start Tor Browser (or a tor that has a ControlPort; --control and --socks name one elsewhere)";
	case ERR_TOR_AUTH:
		return torrc_mend;
	case ERR_TOR_AUTH_SERVER:
		return "Something else than tor answers at this port: find out what, with `ss -ltnp`.";
	case ERR_TOR_BOOTSTRAP:
		return "Wait until Tor Browser says that it is connected, then run `secondexit doctor` again.";
	case ERR_TOR_FILTERED:
		return "On Tails or Whonix, allow STREAM and CIRC events and MAPADDRESS in onion-grater's profile.";
	case ERR_TOR_VERSION:
		return "Update Tor Browser, or: sudo apt install tor";
	default:
		return out_remedy(e);
	}
}

static void say_tor(struct doctor *d)
{
	const struct net_status *s = &d->net;
	enum err err = d->net_err != OK ? d->net_err : s->state.is_up ? OK : s->state.err != OK ? s->state.err : ERR_TIMEOUT;
	if (err == ERR_IO || err == ERR_ROLE_DIED)
		return;   /* said already */
	if (err != OK) {
		say(d, BAD, "tor", tor_mend(err), "%s%s%s", err_text(err), s->control[0] ? ": " : "", s->control);
		return;
	}
	say(d, GOOD, "tor", NULL, "tor %s, control %s (%s), SOCKS %s", s->tor_version, s->control, s->auth, s->socks);
	if (s->exits <= d->options->k)
		say(d, BAD, "exits", tor_mend(ERR_TOR_BOOTSTRAP), "tor knows %u relays and %u usable exits: too few to compare",
		    s->relays, s->exits);
	else
		say(d, GOOD, "exits", NULL, "tor knows %u relays, %u of them usable exits", s->relays, s->exits);
	if (s->has_streams)
		say(d, GOOD, "streams", NULL, "the browser's own exit can be found");
	else
		say(d, BAD, "streams", tor_mend(ERR_TOR_FILTERED), "tor does not tell which circuit a page came through");
	if (s->has_mapaddress)
		say(d, GOOD, "mapaddress", NULL, "exits can be chosen");
	else
		say(d, NOTE, "mapaddress", NULL, "exits can't be chosen, only tried until one suits: checks take longer");
	if (s->has_geoip)
		say(d, GOOD, "countries", NULL, "known");
	else
		say(d, NOTE, "countries", "sudo apt install tor-geoipdb && sudo systemctl restart tor",
		    "not known: tor has no GeoIP data, so checks within one country are not offered");
}

static void say_roots(struct doctor *d)
{
	static const char mend[] = "sudo apt install ca-certificates";
	if (d->parse_err == ERR_IO || d->parse_err == ERR_ROLE_DIED)
		return;
	if (d->parse_err != OK)
		say(d, BAD, "roots", NULL, "%s", err_text(d->parse_err));
	else if (d->roots.source == ROOTS_BROWSER)
		say(d, GOOD, "roots", NULL, "%u trust roots of the browser, from %s", d->roots.n, d->roots.path);
	else if (d->roots.source == ROOTS_SYSTEM)
		say(d, GOOD, "roots", NULL, "%u trust roots of the system, from %s (the browser's own go first where it has a file "
		    "of them)", d->roots.n, d->roots.path);
	else
		say(d, BAD, "roots", mend, "no trust roots found: nothing could be called a match");
}

static void say_apparmor(struct doctor *d, const char *program)
{
	char mend[1536];
	if (!apparmor_denies("", program))
		return;
	snprintf(mend, sizeof mend,
	         "echo '\"%s\" PUx,' | sudo tee -a /etc/apparmor.d/local/torbrowser.Browser.firefox && "
	         "sudo apparmor_parser -r /etc/apparmor.d/torbrowser.Browser.firefox", program);
	say(d, BAD, "apparmor", mend, "torbrowser-launcher's AppArmor profile keeps Tor Browser from starting SecondExit");
}

static void say_browser(struct doctor *d, const struct browser *b, const char *program)
{
	static const char mend[] = "secondexit install";
	char named[1024];
	if (b->kind == BROWSER_FLATPAK) {
		say(d, NOTE, "browser", NULL, "%s in %s: a Flatpak can't start SecondExit; use a browser outside of Flatpak", b->name,
		    b->dir);
		return;
	}
	switch (manifest_state(b, program, named)) {
	case MANIFEST_RIGHT:
		say(d, GOOD, "browser", NULL, "%s in %s knows SecondExit", b->name, b->dir);
		break;
	case MANIFEST_OTHER:
		if (access(named, X_OK) == 0)
			say(d, NOTE, "browser", mend, "%s in %s starts another copy: %s", b->name, b->dir, named);
		else
			say(d, BAD, "browser", mend, "%s in %s looks for SecondExit at %s, which is not there", b->name, b->dir, named);
		break;
	case MANIFEST_FOREIGN:
		say(d, BAD, "browser", NULL, "%s: %s/" MANIFEST_FILE " is not SecondExit's; look at it, remove it, then "
		    "`secondexit install`", b->name, b->manifests);
		break;
	case MANIFEST_UNREADABLE:
		say(d, BAD, "browser", NULL, "%s: %s/" MANIFEST_FILE " can't be read", b->name, b->manifests);
		break;
	default:
		say(d, BAD, "browser", mend, "%s in %s does not know SecondExit", b->name, b->dir);
	}
	if (b->is_snap)
		say(d, NOTE, "snap", "sudo apt install xdg-desktop-portal",
		    "Firefox from a snap asks the desktop whether it may start SecondExit: answer yes when it does");
	if (b->is_launcher)
		say_apparmor(d, program);
}

static void say_browsers(struct doctor *d)
{
	static struct browser list[BROWSERS_MAX];
	const char *home = browsers_home();
	char program[1024];
	if (!home || !manifest_program(program)) {
		say(d, BAD, "browser", NULL, "the home folder or the path of this program can't be told");
		return;
	}
	size_t n = browsers_find(home, NULL, 0, list, BROWSERS_MAX);
	for (size_t i = 0; i < n; i++)
		say_browser(d, &list[i], program);
	if (n == 0)
		say(d, NOTE, "browser", "secondexit install --tor-browser DIR",
		    "none found in %s; start it once, or say where Tor Browser is", home);
}

static int doctor_run(const struct cli_options *options, int argc, char **argv)
{
	struct doctor d = { .options = options };
	if (argc > 1)
		return cli_usage_error(&verb_doctor, "unexpected argument", argv[1]);
	enum err err = ask(&d);
	if (err == OK) {
		say_programs(&d);
		say_tor(&d);
		say_roots(&d);
		say_browsers(&d);
		if (!options->is_json && d.bad)
			printf("\n%u %s to mend.\n", d.bad, d.bad == 1 ? "thing" : "things");
		else if (!options->is_json)
			puts("\nAll that a check needs is there.");
	} else {
		out_error("doctor", err);
	}
	if (d.again)
		event_free(d.again);
	links_close(&d.links);
	return err != OK ? CLI_UNDECIDED : d.bad ? CLI_FOUND : CLI_OK;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "what is found here, what is missing, how to mend it",
	.usage = "doctor\n"
	         "\n"
	         "Looks for tor, its relays, trust roots and browsers as a check would, and names\n"
	         "one command for each thing that is missing. Changes nothing. Exit status 1 when\n"
	         "something has to be mended.",
	.run = doctor_run,
};
