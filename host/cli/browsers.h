/* Browsers of this user, found by the profiles they left, and where each looks for native-messaging manifests. Reads only.
 * Used by the verbs install, uninstall and doctor. */
#ifndef CLI_BROWSERS_H
#define CLI_BROWSERS_H

#include <stdbool.h>
#include <stddef.h>

#define MANIFEST_FILE "org.secondexit.host.json"

enum browser_kind {
	BROWSER_FIREFOX,
	BROWSER_TOR,
	BROWSER_FLATPAK,   /* in a sandbox that can't start our program: manifests is empty */
};

struct browser {
	enum browser_kind kind;
	bool is_launcher;        /* torbrowser-launcher's: its AppArmor profile applies */
	bool is_snap;            /* Firefox from a snap: asks the desktop's portal to start our program */
	char name[64];           /* for people: "Firefox", "Tor Browser" */
	char dir[1024];          /* what was found: profile folder or Tor Browser's own folder */
	char manifests[1024];    /* folder for manifests; may not exist yet */
	size_t parents;          /* how many folders at the end of manifests may be created: 1, or 2 */
};

/* Fills out[] with at most max browsers; returns how many. home: the user's home, absolute. extra: folders that the user says
 * hold a Tor Browser (the one with Browser/ in it); one that does not is not in the answer. Nothing
 * is found where no browser ever made a profile: a folder made there by us would be a stray one, which broke other
 * people's software before. */
size_t browsers_find(const char *home, const char *const *extra, size_t n_extra, struct browser *out, size_t max);

/* The user's home: $HOME, or where that is not set the password database's. NULL when it is no absolute path. */
const char *browsers_home(void);

#endif
