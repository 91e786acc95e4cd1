/* Where browsers are (contract in cli/browsers.h). What was seen:
 * - Firefox reads ~/.mozilla/native-messaging-hosts, also where its profiles are in ~/.config/mozilla (new profiles
 *   since version 147); a ~/.mozilla that holds nothing but that folder does not make it change its profile.
 * - Tor Browser reads Browser/TorBrowser/Data/Browser/.mozilla/native-messaging-hosts under its own folder. Its start
 *   script makes Browser/ its home, so where Browser/.mozilla exists that is served too.
 * - Manifests that lie elsewhere are ignored without a word. */
#include "cli/browsers.h"

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 1024

struct finding_browsers {
	const char *home;
	struct browser *out;
	size_t n, max;
};

const char *browsers_home(void)
{
	const char *home = getenv("HOME");
	/* Set to something odd: guessing another home would write where nobody asked for it. */
	if (home)
		return home[0] == '/' ? home : NULL;
	const struct passwd *p = getpwuid(getuid());
	return p && p->pw_dir && p->pw_dir[0] == '/' ? p->pw_dir : NULL;
}

/* False when the path does not fit: then it is nobody's. */
__attribute__((format(printf, 2, 3)))
static bool path_make(char out[PATH_ROOM], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(out, PATH_ROOM, format, args);
	va_end(args);
	return n > 0 && n < PATH_ROOM;
}

static bool is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static struct browser *found(struct finding_browsers *f, enum browser_kind kind, const char *name, const char *dir)
{
	char real[PATH_MAX];
	const char *path = realpath(dir, real) ? real : dir;
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->out[i].dir, path) == 0 && f->out[i].kind == kind)
			return NULL;
	if (f->n == f->max || strlen(path) >= sizeof f->out->dir)
		return NULL;
	struct browser *b = &f->out[f->n++];
	*b = (struct browser){ .kind = kind, .parents = 1 };
	snprintf(b->name, sizeof b->name, "%s", name);
	memcpy(b->dir, path, strlen(path) + 1);   /* fits: asked above */
	return b;
}

static void find_firefox(struct finding_browsers *f)
{
	char old[PATH_ROOM], new[PATH_ROOM];
	const char *config = getenv("XDG_CONFIG_HOME");
	if (!path_make(old, "%s/.mozilla", f->home) ||
	    !(config && config[0] == '/' ? path_make(new, "%s/mozilla", config) : path_make(new, "%s/.config/mozilla", f->home)))
		return;
	bool has_new = is_dir(new);
	if (!is_dir(old) && !has_new)
		return;
	struct browser *b = found(f, BROWSER_FIREFOX, "Firefox", has_new ? new : old);
	if (!b)
		return;
	/* Not the real path of a linked folder: the browser, too, goes by the name. */
	if (!path_make(b->manifests, "%s/native-messaging-hosts", old))
		f->n--;
	else if (has_new)
		b->parents = 2;
}

static void find_firefox_mac(struct finding_browsers *f)
{
	char dir[PATH_ROOM], profiles[PATH_ROOM];
	if (!path_make(dir, "%s/Library/Application Support/Mozilla", f->home) ||
	    !path_make(profiles, "%s/Library/Application Support/Firefox", f->home) || (!is_dir(dir) && !is_dir(profiles)))
		return;
	struct browser *b = found(f, BROWSER_FIREFOX, "Firefox", is_dir(dir) ? dir : profiles);
	if (b && !path_make(b->manifests, "%s/NativeMessagingHosts", dir))
		f->n--;
	else if (b && !is_dir(dir))
		b->parents = 2;
}

static void find_tor_mac(struct finding_browsers *f)
{
	char dir[PATH_ROOM];
	if (!path_make(dir, "%s/Library/Application Support/TorBrowser-Data/Browser", f->home) || !is_dir(dir))
		return;
	struct browser *b = found(f, BROWSER_TOR, "Tor Browser", dir);
	if (b && !path_make(b->manifests, "%s/Mozilla/NativeMessagingHosts", b->dir))
		f->n--;
	else if (b)
		b->parents = 2;
}

/* Snap and Flatpak: Firefox in a box of its own. The snap asks the portal, which reads the user's real ~/.mozilla; the
 * Flatpak has no way out at the time of writing. */
static void find_boxed(struct finding_browsers *f)
{
	char dir[PATH_ROOM];
	if (path_make(dir, "%s/snap/firefox/common/.mozilla", f->home) && is_dir(dir)) {
		struct browser *b = found(f, BROWSER_FIREFOX, "Firefox (snap)", dir);
		if (b && !path_make(b->manifests, "%s/.mozilla/native-messaging-hosts", f->home))
			f->n--;
		else if (b) {
			b->is_snap = true;
			b->parents = 2;
		}
	}
	static const struct { const char *name, *app; } flatpaks[] = {
		{ "Firefox (Flatpak)", "org.mozilla.firefox" },
		{ "Tor Browser Launcher (Flatpak)", "org.torproject.torbrowser-launcher" },
		{ "Tor Browser Launcher (Flatpak)", "com.github.micahflee.torbrowser-launcher" },
	};
	for (size_t i = 0; i < sizeof flatpaks / sizeof *flatpaks; i++)
		if (path_make(dir, "%s/.var/app/%s", f->home, flatpaks[i].app) && is_dir(dir))
			found(f, BROWSER_FLATPAK, flatpaks[i].name, dir);
}

/* dir is a Tor Browser's own folder when it holds the home of a profile. */
static bool try_tor(struct finding_browsers *f, const char *dir, bool is_launcher)
{
	char home[PATH_ROOM], second[PATH_ROOM];
	if (!path_make(home, "%s/Browser/TorBrowser/Data/Browser", dir) || !is_dir(home))
		return false;
	struct browser *b = found(f, BROWSER_TOR, "Tor Browser", dir);
	if (!b)
		return true;
	b->is_launcher = is_launcher;
	b->parents = 2;
	if (!path_make(b->manifests, "%s/.mozilla/native-messaging-hosts", home)) {
		f->n--;
		return true;
	}
	if (!path_make(second, "%s/Browser/.mozilla", dir) || !is_dir(second))
		return true;
	b = found(f, BROWSER_TOR, "Tor Browser", second);
	if (b && !path_make(b->manifests, "%s/native-messaging-hosts", second))
		f->n--;
	else if (b)
		b->is_launcher = is_launcher;
	return true;
}

/* dir itself, and every folder in it that is named like an unpacked Tor Browser. */
static void find_tor_in(struct finding_browsers *f, const char *dir, bool is_launcher)
{
	char path[PATH_ROOM];
	DIR *d = opendir(dir);
	if (!d)
		return;
	for (const struct dirent *e; (e = readdir(d));)
		if ((strncmp(e->d_name, "tor-browser", 11) == 0 || strncmp(e->d_name, ".tor-browser", 12) == 0) &&
		    path_make(path, "%s/%s", dir, e->d_name) && !try_tor(f, path, is_launcher)) {
			/* One level down: tor-browser-linux-x86_64-15.0/tor-browser, and AUR's ~/.tor-browser/app. */
			char below[PATH_ROOM];
			if (!path_make(below, "%s/tor-browser", path) || !try_tor(f, below, is_launcher))
				if (path_make(below, "%s/app", path))
					try_tor(f, below, is_launcher);
		}
	closedir(d);
}

/* Desktop and Downloads have other names in other languages: xdg-user-dirs' file tells. Lines are
 * XDG_DESKTOP_DIR="$HOME/Schreibtisch". */
static void find_tor_in_user_dirs(struct finding_browsers *f)
{
	char path[PATH_ROOM], line[PATH_ROOM];
	if (!path_make(path, "%s/.config/user-dirs.dirs", f->home))
		return;
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		char dir[PATH_ROOM], *start = strstr(line, "=\"$HOME/");
		if (!start || strncmp(line, "XDG_", 4) != 0)
			continue;
		start += strlen("=\"$HOME/");
		start[strcspn(start, "\"\n")] = 0;
		if (*start && path_make(dir, "%s/%s", f->home, start))
			find_tor_in(f, dir, false);
	}
	fclose(file);
}

/* Wherever it was unpacked: a Tor Browser that runs now is found by its process (Linux). */
static void find_tor_running(struct finding_browsers *f)
{
	char link[64], exe[PATH_ROOM];
	const struct passwd *p = getpwuid(getuid());
	/* Another home than the user's own (tests, sudo) is not the home of what runs. */
	DIR *d = p && p->pw_dir && strcmp(p->pw_dir, f->home) == 0 ? opendir("/proc") : NULL;
	if (!d)
		return;
	for (const struct dirent *e; (e = readdir(d));) {
		struct stat st;
		if (!isdigit((unsigned char)e->d_name[0]) || strlen(e->d_name) > 20)
			continue;
		snprintf(link, sizeof link, "/proc/%.20s", e->d_name);
		if (stat(link, &st) != 0 || st.st_uid != getuid())
			continue;
		snprintf(link, sizeof link, "/proc/%.20s/exe", e->d_name);
		ssize_t n = readlink(link, exe, sizeof exe - 1);
		if (n <= 0)
			continue;
		exe[n] = 0;
		char *end = strstr(exe, "/Browser/firefox");
		if (!end)
			continue;
		*end = 0;
		try_tor(f, exe, strstr(exe, "/torbrowser/tbb/") != NULL);
	}
	closedir(d);
}

static void find_tor(struct finding_browsers *f)
{
	static const char *const folders[] = {
		"", "/Desktop", "/Downloads", "/Applications", "/Apps", "/apps", "/bin", "/opt", "/Programs", "/.local/opt",
		"/.local/share", "/.local/lib", "/.tb", NULL,
	};
	char path[PATH_ROOM];
	const char *data = getenv("XDG_DATA_HOME");
	static const char *const machines[] = { "x86_64", "i686", "aarch64", NULL };
	for (const char *const *m = machines; *m; m++) {
		if (path_make(path, "%s/.local/share/torbrowser/tbb/%s", f->home, *m))
			find_tor_in(f, path, true);
		if (data && data[0] == '/' && path_make(path, "%s/torbrowser/tbb/%s", data, *m))
			find_tor_in(f, path, true);
	}
	for (const char *const *folder = folders; *folder; folder++)
		if (path_make(path, "%s%s", f->home, *folder))
			find_tor_in(f, path, false);
	find_tor_in_user_dirs(f);
	find_tor_mac(f);
	find_tor_running(f);
}

size_t browsers_find(const char *home, const char *const *extra, size_t n_extra, struct browser *out, size_t max)
{
	struct finding_browsers f = { .home = home, .out = out, .max = max };
	find_firefox(&f);
	find_firefox_mac(&f);
	find_boxed(&f);
	for (size_t i = 0; i < n_extra; i++)
		try_tor(&f, extra[i], false);
	find_tor(&f);
	return f.n;
}
