/* The native-messaging manifest: SecondExit's one file in a browser's folder. Used by install, uninstall and doctor. */
#ifndef CLI_MANIFEST_H
#define CLI_MANIFEST_H

#include "base/err.h"
#include "cli/browsers.h"

enum manifest_state {
	MANIFEST_ABSENT,
	MANIFEST_RIGHT,     /* ours, and byte for byte what we would write */
	MANIFEST_OTHER,     /* ours, but for another program, or of another version */
	MANIFEST_FOREIGN,   /* of our name, but not ours: left alone */
	MANIFEST_UNREADABLE,
};

/* Full path of the running program; false when it can't be told. */
bool manifest_program(char out[1024]);
/* State of b's manifest, for this program. named (may be NULL) gets the program that a manifest of ours names, else "". */
enum manifest_state manifest_state(const struct browser *b, const char *program, char named[1024]);
/* Writes it, whole or not at all. What b->parents allows is created. Returns 0 or errno. */
int manifest_write(const struct browser *b, const char *program);
/* Removes it and what b->parents counts, if that is empty then. Returns 0 or errno. */
int manifest_remove(const struct browser *b);

#endif
